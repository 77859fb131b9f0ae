"""The rewards of Table 18, as plain functions in TRL's form: ``f(completions, **columns) -> list``.

A completion is a reply's text, or a list of messages; the columns are the dataset's, a list each, as TRL hands them on.
Each reward lies in [0, 1]; **None** is a completion that has no score, which is not 0. TRL adds the rewards of several
functions up and lets None count as 0 beside a number; so train on ``combined_reward``, which is None as soon as one of
its parts is, and shows the parts apart:

    GRPOTrainer(…, reward_funcs=partial(combined_reward, judge=judge))

``format``: the whole reply is one think block and the letter (Table 17). ``accuracy``: the letter that is read in the
reply is the row's. ``context``: how much of the row's rationale the thinking covers, a judge's 0, 1, 2, 4 or 5 points
over 5. ``logic``: which of the three steps of the row's task the thinking takes, a judge's 0 to 3 points over 3.

What no judge is asked about is a **known** zero: no think block, or an empty one; a text too short for a reasoning
path, or with a reply to the judge in it; a copy of the question, the options or the biography. Were these unscored, a
policy could leave the reward by saying nothing. A judge that failed, or said something else than points, leaves the
completion unscored: that is no fault of the policy's.

A judge is an object as ``judges.protocol.Judge``, or a function from a prompt's messages to the reply's text, which may
be a coroutine function.
"""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossomni.answers import read_answer
from crossomni.errors import InputError
from crossomni.judging import Judged, LogicPoints
from crossomni.records import Row, letters
from crossomni.tasks import Task
from crossomni.training.config import REWARDS, WEIGHTS
from crossomni.training.judges.chat_judge import Ask, as_judge
from crossomni.training.judges.gates import refused
from crossomni.training.judges.protocol import MOST_POINTS, RUBRICS, Judge, RubricName, Thought

Completion = str | Sequence[Mapping[str, Any]]
Outcome = Judged[int] | Judged[LogicPoints]
Reward = float | None

ROW_COLUMNS = ("id", "task", "question", "options", "answer", "biography", "rationale", "clip_id")
_KNOWN_ZERO = ("no-reasoning", "wrong-form", "copied")
# One block without a tag in it, then the letter; white space around each. Takes time in proportion to the length.
_FORM = re.compile(r"\s*<think>(?P<thinking>[^<]*(?:<(?!/?[A-Za-z][^<>]*>)[^<]*)*)</think>\s*(?P<letter>[A-Z])\s*")


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One completion's rewards."""

    parts: Mapping[str, Reward]  # of the rewards that were asked for, by name
    combined: Reward  # their weighted mean; None where one of them is
    thinking: str  # what stands in the think block
    judged: Mapping[str, Outcome] = field(default_factory=dict)  # by rubric; gates' refusals too

    @property
    def words(self) -> int:
        """The thinking's length."""
        return len(self.thinking.split())


def format_reward(completions: Sequence[Completion], **columns: Any) -> list[Reward]:
    """1 where the whole reply is a think block with something in it, then the letter alone (Table 17), else 0.

    No second block, no tag inside of it, no word before, between or after; white space does not matter. With a column
    ``options`` the letter is one of the row's, else one of A to D.

    >>> format_reward(["<think>\\nShe sings.\\n</think>\\nB", "<think>She sings.</think> The answer is B."])
    [1.0, 0.0]
    """
    texts = _texts(completions, columns)
    options = columns.get("options") or [("",) * 4] * len(texts)
    rewards = [_format(text, its) for text, its in zip(texts, options, strict=True)]
    return _told([Scored(parts={"format": one}, combined=one, thinking="") for one in rewards], columns)


def accuracy_reward(completions: Sequence[Completion], **columns: Any) -> list[Reward]:
    """1 where the letter that ``crossomni.answers.read_answer`` reads in the reply is the row's ``answer``, else 0.

    A reply in which no letter is read is wrong. A row without an answer (its label is held back) leaves its completion
    unscored.

    Raises:
        InputError: when there is no column ``answer``. Without ``options`` there are four whose texts are not known.
    """
    texts = _texts(completions, columns)
    answers = _column(columns, "answer")
    options = columns.get("options") or [None] * len(texts)
    rewards = [_accuracy(text, its, answer) for text, its, answer in zip(texts, options, answers, strict=True)]
    return _told([Scored(parts={"accuracy": one}, combined=one, thinking="") for one in rewards], columns)


async def context_reward(
    completions: Sequence[Completion], *, judge: Judge | Ask | None = None, **columns: Any
) -> list[Reward]:
    """How much of the row's rationale the thinking covers: a judge's 0, 1, 2, 4 or 5 points over 5 (Table 18).

    A row without a rationale leaves its completion unscored.

    Raises:
        InputError: when there is no judge, or one of ``ROW_COLUMNS`` is missing.
    """
    return _told(await score(completions, judge=judge, weights={"context": 1.0}, **columns), columns)


async def logic_reward(
    completions: Sequence[Completion], *, judge: Judge | Ask | None = None, **columns: Any
) -> list[Reward]:
    """Which steps of the row's task the thinking takes: a judge's 0 to 3 points over 3 (Table 18).

    Raises:
        InputError: when there is no judge, or one of ``ROW_COLUMNS`` is missing.
    """
    return _told(await score(completions, judge=judge, weights={"logic": 1.0}, **columns), columns)


async def combined_reward(
    completions: Sequence[Completion],
    *,
    judge: Judge | Ask | None = None,
    weights: Mapping[str, float] | None = None,
    **columns: Any,
) -> list[Reward]:
    """The weighted mean of format, accuracy, context and logic; None where one of those asked for is None.

    Where TRL gives ``log_metric`` and ``log_extra``, each part is logged: ``reward/NAME/mean`` and ``/std`` of the
    completions that have a score, ``/unscored`` (a share), for judged ones ``/length_correlation`` (Pearson's r with
    the words of thinking), and a column ``reward/NAME`` beside each completion.

    Args:
        completions: the replies.
        judge: asked for context and logic, all at once.
        weights: of the four, by name; one that is 0 or missing is not asked for. All alike by default.
        columns: ``ROW_COLUMNS``, and what TRL adds.

    Raises:
        InputError: when a weight is no weight, a judge is missing where one is needed, or a column is.
    """
    return _told(await score(completions, judge=judge, weights=weights, **columns), columns)


async def score(
    completions: Sequence[Completion],
    *,
    judge: Judge | Ask | None = None,
    weights: Mapping[str, float] | None = None,
    **columns: Any,
) -> list[Scored]:
    """What ``combined_reward`` is made of, for each completion."""
    asked = _asked(WEIGHTS if weights is None else weights)
    rubrics = [rubric for rubric in RUBRICS if rubric in asked]
    if rubrics and judge is None:
        raise InputError(f"rewards: {' and '.join(rubrics)} ask a judge, and none came. Give judge=, or weight them 0.")
    thoughts = thoughts_of(completions, **columns)
    texts = _texts(completions, columns)
    judged = await _judged(thoughts, rubrics, judge)
    return [
        _scored(asked, text, thought, outcomes) for text, thought, outcomes in zip(texts, thoughts, judged, strict=True)
    ]


def thoughts_of(completions: Sequence[Completion], **columns: Any) -> list[Thought]:
    """What a judge is asked about: each completion's row, and the text of its think block (empty without one).

    Raises:
        InputError: when one of ``ROW_COLUMNS`` is missing, or has another length.
    """
    texts = _texts(completions, columns)
    known = {name: _column(columns, name) for name in ROW_COLUMNS}
    rows = [_row({name: values[place] for name, values in known.items()}) for place in range(len(texts))]
    return [
        Thought(row=row, thinking=read_answer(text, row.options).thinking)
        for text, row in zip(texts, rows, strict=True)
    ]


def summary(scored: Sequence[Scored]) -> dict[str, float]:
    """What a batch's rewards are like, by the names under which ``combined_reward`` logs them.

    ``mean`` and ``std`` (of these completions, not an estimate) are left out where nothing has a score, and
    ``length_correlation`` where the scores or the lengths are all the same.
    """
    found: dict[str, float] = {}
    for name in scored[0].parts if scored else ():
        known = [(one.parts[name], one.words) for one in scored]
        pairs = [(float(value), words) for value, words in known if value is not None]
        found[f"reward/{name}/unscored"] = 1 - len(pairs) / len(scored)
        if not pairs:
            continue
        values, words = zip(*pairs, strict=True)
        found[f"reward/{name}/mean"] = statistics.fmean(values)
        found[f"reward/{name}/std"] = statistics.pstdev(values)
        if name in RUBRICS and len(set(values)) > 1 and len(set(words)) > 1:
            found[f"reward/{name}/length_correlation"] = statistics.correlation(values, words)
    return found


async def _judged(
    thoughts: Sequence[Thought], rubrics: Sequence[RubricName], judge: Judge | Ask | None
) -> list[dict[str, Outcome]]:
    """What came of judging each thought, by rubric. What a gate refuses is not asked about."""
    asked = None if judge is None else as_judge(judge)
    outcomes: list[dict[str, Outcome]] = []
    waiting: dict[tuple[int, RubricName], asyncio.Task[Outcome]] = {}
    try:
        for place, thought in enumerate(thoughts):
            refusal = refused(thought)
            outcomes.append({} if refusal is None else dict.fromkeys(rubrics, refusal))
            if refusal is not None or asked is None:
                continue
            for rubric in rubrics:
                if rubric == "logic" or thought.row.rationale.strip():
                    waiting[place, rubric] = asyncio.create_task(asked.judge(rubric, thought))
        await asyncio.gather(*waiting.values())
    finally:
        for task in waiting.values():
            task.cancel()  # where one raised, the others are not waited for
    for (place, rubric), task in waiting.items():
        outcomes[place][rubric] = task.result()
    return outcomes


def _scored(asked: Mapping[str, float], text: str, thought: Thought, judged: Mapping[str, Outcome]) -> Scored:
    parts: dict[str, Reward] = {}
    for name in asked:
        if name == "format":
            parts[name] = _format(text, thought.row.options)
        elif name == "accuracy":
            parts[name] = _accuracy(text, thought.row.options, thought.row.answer)
        else:
            parts[name] = _points(judged.get(name), MOST_POINTS[name])
    known = [(weight, part) for weight, part in zip(asked.values(), parts.values(), strict=True) if part is not None]
    combined = None
    if len(known) == len(asked):
        combined = sum(weight * part for weight, part in known) / sum(asked.values())
    return Scored(parts=parts, combined=combined, thinking=thought.thinking, judged=judged)


def _points(judged: Outcome | None, most: int) -> Reward:
    if judged is None:
        return None
    if judged.state in _KNOWN_ZERO:
        return 0.0
    points = judged.points
    if points is None:
        return None
    return (points.score if isinstance(points, LogicPoints) else points) / most


def _format(text: str, options: Sequence[str]) -> float:
    found = _FORM.fullmatch(text)
    return float(found is not None and bool(found["thinking"].strip()) and found["letter"] in letters(len(options)))


def _accuracy(text: str, options: Sequence[str] | None, answer: str) -> Reward:
    return float(read_answer(text, options).letter == answer) if answer else None


def _asked(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights above 0, in the order of ``REWARDS``."""
    if unknown := sorted({*weights} - {*REWARDS}):
        raise InputError(f"rewards: weights has {', '.join(unknown)}; wanted some of {', '.join(REWARDS)}.")
    if wrong := next((name for name, weight in weights.items() if not 0 <= weight < float("inf")), None):
        raise InputError(f"rewards: the weight of {wrong} is {weights[wrong]}; wanted 0 or more.")
    asked = {name: float(weights[name]) for name in REWARDS if weights.get(name)}
    if not asked:
        raise InputError(f"rewards: no weight is above 0; wanted one of {', '.join(REWARDS)} at least.")
    return asked


def _texts(completions: Sequence[Completion], columns: Mapping[str, Any]) -> list[str]:
    """Each completion as text, the columns' lengths checked."""
    for name, values in columns.items():
        if isinstance(values, list | tuple) and len(values) != len(completions):
            raise InputError(
                f"rewards: column {name!r} has {len(values)} values, but there are {len(completions)} completions. "
                "Give one for each."
            )
    return [_text(completion) for completion in completions]


def _text(completion: Completion) -> str:
    if isinstance(completion, str):
        return completion
    try:
        said = [message["content"] for message in completion if message["role"] == "assistant"]
        return "\n".join(one if isinstance(one, str) else "".join(part["text"] for part in one) for one in said)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"rewards: a completion is {completion!r:.80}; wanted text, or messages with role and content "
            f"({type(error).__name__} {error})."
        ) from error


def _column(columns: Mapping[str, Any], name: str) -> Sequence[Any]:
    values = columns.get(name)
    if values is None or isinstance(values, str):
        wanted = ", ".join(ROW_COLUMNS)
        raise InputError(f"rewards: no column {name!r} came; wanted a list of it. Keep {wanted} in the dataset.")
    return list(values)


def _row(values: Mapping[str, Any]) -> Row:
    return Row(**{**values, "task": Task.parse(values["task"]), "options": tuple(values["options"])})


def _told(scored: Sequence[Scored], columns: Mapping[str, Any]) -> list[Reward]:
    """The rewards, the parts logged where TRL gave something to log with."""
    log_metric: Callable[[str, float], None] | None = columns.get("log_metric")
    log_extra: Callable[[str, list[Any]], None] | None = columns.get("log_extra")
    if log_metric is not None:
        for name, value in summary(scored).items():
            log_metric(name, value)
    if log_extra is not None and scored:
        for name in scored[0].parts:
            log_extra(f"reward/{name}", [one.parts[name] for one in scored])
        for rubric in (one for one in RUBRICS if one in scored[0].parts):
            log_extra(f"judged/{rubric}", [one.judged[rubric].state if rubric in one.judged else "" for one in scored])
    return [one.combined for one in scored]
