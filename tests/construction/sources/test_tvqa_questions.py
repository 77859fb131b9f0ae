import json
from pathlib import Path
from typing import Any

import pytest

from crossomni.construction.sources.tvqa_names import read_name
from crossomni.construction.sources.tvqa_questions import TvqaQuestion, read_questions
from crossomni.errors import DataError

NAME = "met_s01e02_seg01_clip_00"
LINE: dict[str, Any] = {
    "qid": 7,
    "q": "Who waits?",
    **{f"a{place}": f"answer {place}" for place in range(5)},
    "answer_idx": 3,
    "ts": "76.01-84.2",
    "vid_name": NAME,
    "show_name": "How I Met You Mother",
}


def write(folder: Path, *lines: str | dict[str, Any]) -> Path:
    """A file of these lines."""
    path = folder / "tvqa_train.jsonl"
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_a_line_is_a_question(tmp_path: Path) -> None:
    """All that a line tells is in its question, also where the release misspells a show."""
    wanted = TvqaQuestion(
        qid=7,
        question="Who waits?",
        answers=("answer 0", "answer 1", "answer 2", "answer 3", "answer 4"),
        answer_index=3,
        span_seconds=(76.01, 84.2),
        name=read_name(NAME, "here"),
    )
    assert [wanted] == list(read_questions(write(tmp_path, LINE, "")))


@pytest.mark.parametrize(
    ("ts", "span"),
    [("NaN-NaN", None), ("nan-nan", None), ("3-NaN", None), ("0-5.4", (0, 5.4)), (" 1. - 2 ", (1, 2))],
)
def test_times_are_seconds_or_none(ts: str, span: tuple[float, float] | None, tmp_path: Path) -> None:
    """``NaN`` says that nobody knows where in the clip the answer is."""
    (found,) = read_questions(write(tmp_path, {**LINE, "ts": ts}))
    assert span == found.span_seconds


def test_answers_may_be_held_back(tmp_path: Path) -> None:
    """A line of test_public has no answer."""
    (found,) = read_questions(write(tmp_path, {key: LINE[key] for key in LINE if key != "answer_idx"}))
    assert found.answer_index is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ts": "later"}, "ts is 'later'"),
        ({"ts": "8-7"}, "ts goes from 8.0 to 7.0"),
        ({"answer_idx": 5}, "answer_idx is 5"),
        ({"answer_idx": "3"}, "answer_idx is '3'"),
        ({"qid": True}, "qid is True"),
        ({"a4": None}, "a4 is None"),
        ({"q": " "}, "wanted text and five"),
        ({"vid_name": "../../etc/passwd"}, "the clip is called '../../etc/passwd'"),
        ({"show_name": "Friends"}, "show_name is 'Friends', but met_s01e02_seg01_clip_00 is of How I Met Your Mother"),
    ],
)
def test_a_wrong_field_is_refused_with_its_line(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    """What a question cannot be is refused in one line that names file, line and field."""
    path = write(tmp_path, LINE, {**LINE, **change})
    with pytest.raises(DataError) as caught:
        list(read_questions(path))
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"), [("{", "not JSON"), ("[]", "list came"), ('{"qid": 1}', "fields are missing: q, a0")]
)
def test_what_is_no_question_is_refused(line: str, says: str, tmp_path: Path) -> None:
    """A line that holds something else is refused with its place."""
    with pytest.raises(DataError, match=f"line 2: .*{says}"):
        list(read_questions(write(tmp_path, LINE, line)))


def test_questions_come_one_by_one(tmp_path: Path) -> None:
    """A file is not read whole: what is right before a wrong line comes first."""
    assert 7 == next(read_questions(write(tmp_path, LINE, "{"))).qid


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is refused by name."""
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read"):
        list(read_questions(tmp_path / "none.jsonl"))
