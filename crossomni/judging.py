"""What a judge, a chat model, says of a reasoning path: the logic rubric of Table 18, for all nine tasks.

The paper prints the rubric for Vi→Te; here it is composed from files along the task's route. The judge sees what the
paper's judge sees, the task and the reasoning path, neither question nor clip: it tells whether the steps are taken, not
whether what they say is so. It gives the three points apart, in one line, so that one sees which step is missing; their
sum is the rubric's score.

The reasoning comes from a model, which may be in training against this very judge. So what cannot be a reasoning path
is refused before the judge sees it; a long one is cut; it stands between tags that its writer cannot know, and can open
or close none of its own; and a reply that is anything but the three points is no score. No score is never 0: it is a
state with a name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Literal, TypeVar, get_args

from crossomni.chat import Chat, ChatConfig, ChatReply, Messages, ask_all
from crossomni.errors import ChatError, InputError, RecordError
from crossomni.tasks import TASKS, Task

K = TypeVar("K")

Place = Literal["source", "bridge", "target"]
PLACES: tuple[Place, ...] = get_args(Place)
# scored: there are points. no-reasoning, wrong-form: a gate refused the text, no judge was asked. unparsed: the judge
# said something else than three points. failed: the judge's server gave no reply.
JudgeState = Literal["scored", "no-reasoning", "wrong-form", "unparsed", "failed"]
JUDGE_STATES: tuple[JudgeState, ...] = get_args(JudgeState)

FEWEST_WORDS = 8  # a referent, where it is found again, and a reason do not go into fewer
MOST_CHARACTERS = 16_000  # about 4,000 tokens; of a longer text the judge sees the beginning and the end

_FILES = Path(__file__).parent / "prompt_files"
_POINTS = re.compile(r"[01] [01] [01]")
_NO_TAGS = str.maketrans("<>", "‹›")


@dataclass(frozen=True)
class LogicPoints:
    """The three points of the logic rubric, each 0 or 1.

    >>> LogicPoints(1, 0, 1).score, LogicPoints(1, 0, 1).place
    (2, 'bridge')
    """

    source: int  # the referent is found in the source
    bridge: int  # it is found again in the target
    answer: int  # the answer is grounded in the target

    def __post_init__(self) -> None:
        if any(type(point) is not int or point not in (0, 1) for point in astuple(self)):
            raise RecordError(f"logic points are {astuple(self)!r}; wanted three numbers, each 0 or 1.")

    @property
    def score(self) -> int:
        """Table 18's score, 0 to 3."""
        return self.source + self.bridge + self.answer

    @property
    def place(self) -> Place | None:
        """Where the reasoning breaks: the first point that is missing; None where all are there."""
        return next((place for place, point in zip(PLACES, astuple(self), strict=True) if not point), None)

    @classmethod
    def read(cls, reply: str) -> LogicPoints | None:
        """The points of a judge's reply that is nothing but them; None for every other reply.

        >>> LogicPoints.read("1 0 1"), LogicPoints.read("Points: 1 0 1")
        (LogicPoints(source=1, bridge=0, answer=1), None)
        """
        line = reply.strip()
        return cls(*map(int, line.split(" "))) if _POINTS.fullmatch(line) else None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came of judging one reasoning path. ``points`` is None unless ``state`` is ``"scored"``."""

    state: JudgeState
    points: LogicPoints | None = None
    reply: str = ""  # the judge's, as it came; empty where none was asked
    error: str = ""  # where state is "failed": why there is no reply
    left_out: int = 0  # characters of the reasoning that the judge was not shown

    def __post_init__(self) -> None:
        if self.state not in JUDGE_STATES or (self.points is None) == (self.state == "scored"):
            raise RecordError(f"judged: state {self.state!r} does not go with points {self.points!r}.")


def gate(reasoning: str) -> Literal["no-reasoning", "wrong-form"] | None:
    """Why this text is no reasoning path, told without a judge; None where it may be one.

    ``wrong-form`` is a text of fewer than ``FEWEST_WORDS`` words (":" and "Thought process:" have moved judges), or one
    that holds the judge's own reply.

    >>> gate(" "), gate("Thought process:"), gate("The person in the red top wears round glasses, so she is Ada.")
    ('no-reasoning', 'wrong-form', None)
    """
    if not reasoning.strip():
        return "no-reasoning"
    words = re.findall(r"[^\W\d_]{2,}", reasoning)
    return "wrong-form" if len(words) < FEWEST_WORDS or re.search(rf"(?<!\w){_POINTS.pattern}(?!\w)", reasoning) else None


def logic_messages(task: Task, reasoning: str) -> Messages:
    """What the judge is asked about a reasoning path of this task. The same text is asked in the same words."""
    route = [_part(f"{one}_to_{other}") for one, other in pairwise(task.route)]
    text, _ = _shown(reasoning)
    prompt = Template(_part("logic")).substitute(
        source=task.source.value,
        target=task.target.value,
        found=_part(f"source_{task.source}"),
        joined=" ".join(route) or _part("same"),
        answered=_part(f"target_{task.target}"),
        # A digest of the text: its writer cannot put it there, for then it would be another one.
        mark=hashlib.sha256(text.encode()).hexdigest()[:12],
        reasoning=text,
    )
    return [{"role": "user", "content": prompt}]


def rubric_fingerprint() -> str:
    """64 hex digits that change with anything that the judge is asked."""
    asked = [logic_messages(task, "") for task in TASKS]
    return hashlib.sha256(json.dumps([asked, FEWEST_WORDS, MOST_CHARACTERS]).encode()).hexdigest()


async def judge_logic(chat: Chat, task: Task, reasoning: str) -> Judged:
    """One reasoning path, by a chat that is open. It raises nothing for a judge that fails: that is a state."""
    if refused := gate(reasoning):
        return Judged(state=refused)
    try:
        return _judged(await chat.ask(logic_messages(task, reasoning)), reasoning)
    except ChatError as error:
        return _judged(error, reasoning)


def judge_all(
    config: ChatConfig, items: Iterable[tuple[K, Task, str]], cache: Path | None = None
) -> Iterator[tuple[K, Judged]]:
    """Many reasoning paths, each with a key and its task: those that a gate refuses first, then as the judge replies.

    No server is needed where the gates refuse all.
    """
    asked: list[tuple[K, Task, str]] = []
    for key, task, reasoning in items:
        if refused := gate(reasoning):
            yield key, Judged(state=refused)
        else:
            asked.append((key, task, reasoning))
    if asked:
        requests = ((number, logic_messages(task, text)) for number, (_, task, text) in enumerate(asked))
        for number, outcome in ask_all(config, requests, cache=cache):
            key, _, reasoning = asked[number]
            yield key, _judged(outcome, reasoning)


def judge_config(spec: str, at_once: int = 64) -> ChatConfig:
    """The judge that ``openai:NAME@URL`` names.

    Raises:
        InputError: for any other form, or an address that is none.
    """
    kind, _, rest = spec.partition(":")
    name, at, url = rest.rpartition("@")
    if kind != "openai" or not at or not name:
        raise InputError(f"judge {spec!r}: wanted openai:NAME@http://HOST:PORT/v1.")
    return ChatConfig(url=url, model=name, at_once=at_once)


def _judged(outcome: ChatReply | ChatError, reasoning: str) -> Judged:
    _, left_out = _shown(reasoning)
    if isinstance(outcome, ChatError):
        return Judged(state="failed", error=f"{outcome.state}: {outcome}", left_out=left_out)
    points = LogicPoints.read(outcome.text)
    return Judged(
        state="scored" if points else "unparsed", points=points, reply=outcome.text, left_out=left_out
    )


def _shown(reasoning: str) -> tuple[str, int]:
    """The reasoning as the judge sees it, without tags and cut where it is long, and how many characters are out."""
    text = reasoning.translate(_NO_TAGS).encode("utf-8", "replace").decode().strip()
    left_out = len(text) - MOST_CHARACTERS
    if left_out <= 0:
        return text, 0
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n[{left_out} characters are left out here]\n{text[-half:]}", left_out


def _part(name: str) -> str:
    return (_FILES / f"_judge_{name}.txt").read_text(encoding="utf-8").strip()
