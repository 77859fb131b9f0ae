"""TVQA's own questions: JSON lines of ``qid, q, a0..a4, answer_idx, ts, vid_name, show_name``, read one by one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossomni.construction.sources.tvqa_names import ClipName, read_name
from crossomni.errors import DataError, InputError, RecordError

_ANSWERS = ("a0", "a1", "a2", "a3", "a4")
_SPAN = re.compile(r"\s*(nan|[0-9]+(?:\.[0-9]*)?)\s*-\s*(nan|[0-9]+(?:\.[0-9]*)?)\s*", re.IGNORECASE)
_SLIPS = {"How I Met You Mother": "How I Met Your Mother"}  # so the release spells it


@dataclass(frozen=True, kw_only=True)
class TvqaQuestion:
    """One question of TVQA, with five answers."""

    qid: int
    question: str
    answers: tuple[str, ...]
    answer_index: int | None  # 0 to 4; None in test_public, which holds it back
    span_seconds: tuple[float, float] | None  # what the question is about, from the clip's start; None for "NaN-NaN"
    name: ClipName

    def __post_init__(self) -> None:
        where = f"question {self.qid}"
        if not self.question.strip() or len(self.answers) != len(_ANSWERS):
            raise RecordError(f"{where}: {self.question!r} with {len(self.answers)} answers; wanted text and five.")
        if self.answer_index is not None and not 0 <= self.answer_index < len(_ANSWERS):
            raise RecordError(f"{where}: answer_idx is {self.answer_index}; wanted 0 to 4. Correct the line.")
        if self.span_seconds is not None and not 0 <= self.span_seconds[0] <= self.span_seconds[1] < math.inf:
            raise RecordError(f"{where}: ts goes from {self.span_seconds[0]} to {self.span_seconds[1]} s. Correct it.")


def read_questions(path: Path) -> Iterator[TvqaQuestion]:
    """The questions of one file, a line at a time; empty lines are passed over.

    Raises:
        DataError: naming file and line, for what is no question of TVQA's.
    """
    for where, question in try_questions(path):
        if isinstance(question, InputError):
            raise DataError(f"{where}: {question}") from question
        yield question


def try_questions(path: Path) -> Iterator[tuple[str, TvqaQuestion | InputError]]:
    """Each line's place, ``"<file>, line <number>"``, and its question or what is wrong with it.

    Raises:
        DataError: when the file itself cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}, line {number}", _try(line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}). Give the file of questions.") from error


def _try(line: bytes) -> TvqaQuestion | InputError:
    try:
        return parse_question(json.loads(line))
    except (ValueError, RecursionError) as error:
        return error if isinstance(error, InputError) else RecordError(f"not JSON ({error}). Write one object.")


def parse_question(data: Any) -> TvqaQuestion:
    """A question from one JSON object.

    Raises:
        RecordError: saying what is missing or wrong.
    """
    if not isinstance(data, Mapping):
        raise RecordError(f"{type(data).__name__} came; wanted one JSON object.")
    missing = [name for name in ("qid", "q", *_ANSWERS, "ts", "vid_name", "show_name") if name not in data]
    if missing:
        raise RecordError(f"question {data.get('qid')!r}: fields are missing: {', '.join(missing)}.")
    where, index = f"question {data['qid']!r}", data.get("answer_idx")
    wrong = [name for name in ("q", *_ANSWERS, "ts", "vid_name", "show_name") if not isinstance(data[name], str)]
    wrong += [name for name, value in (("qid", data["qid"]), ("answer_idx", index or 0)) if type(value) is not int]
    if wrong:
        raise RecordError(f"{where}: {wrong[0]} is {data.get(wrong[0])!r}; wanted text, and whole numbers for qid and "
                          "answer_idx. Correct the line.")  # fmt: skip
    name = read_name(data["vid_name"], where)
    show = _SLIPS.get(data["show_name"], data["show_name"])
    if show != name.show:
        raise RecordError(f"{where}: show_name is {data['show_name']!r}, but {name.id} is of {name.show}. Correct it.")
    return TvqaQuestion(
        qid=data["qid"],
        question=data["q"],
        answers=tuple(data[answer] for answer in _ANSWERS),
        answer_index=index,
        span_seconds=_span(data["ts"], where),
        name=name,
    )


def _span(text: str, where: str) -> tuple[float, float] | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise RecordError(f"{where}: ts is {text!r}; wanted seconds such as '76.01-84.2', or 'NaN-NaN'.")
    start, end = map(float, found.groups())
    return None if math.isnan(start) or math.isnan(end) else (start, end)
