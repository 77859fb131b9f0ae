"""What a judge, a chat model, says of a reasoning path: the two rubrics of Table 18, for all nine tasks.

The paper prints the logic rubric for Vi→Te; here it is composed from files along the task's route. The judge sees what
the paper's judge sees: the task and the reasoning path, neither question nor clip. So it tells whether the steps are
taken, and not whether what they say is so. It gives the three points apart, so that one sees which step is missing;
their sum is the rubric's score.

The reasoning comes from a model, which may be in training against this very judge. So what cannot be a reasoning path
is refused before the judge sees it; a long one is cut; it stands between tags that its writer cannot know, and can open
or close none of its own; and a reply that is anything but the points is no score. No score is never 0: it is a state
with a name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import astuple, dataclass
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from string import Template
from typing import Generic, Literal, TypeVar, get_args

from crossomni.chat import Chat, ChatConfig, ChatReply, Messages, ask_all
from crossomni.errors import ChatError, InputError, RecordError
from crossomni.tasks import TASKS, Task

K = TypeVar("K")
P = TypeVar("P")  # the points of a rubric

Place = Literal["source", "bridge", "target"]
PLACES: tuple[Place, ...] = get_args(Place)
# scored: there are points. no-reasoning, wrong-form, copied: a gate refused the text, no judge was asked (copied: it
# repeats the prompt, which only a gate can tell that knows the row). unparsed: the judge said something else than
# points. failed: the judge's server gave no reply.
JudgeState = Literal["scored", "no-reasoning", "wrong-form", "copied", "unparsed", "failed"]
JUDGE_STATES: tuple[JudgeState, ...] = get_args(JudgeState)

FEWEST_WORDS = 8  # a referent, where it is found again, and a reason do not go into fewer
MOST_CHARACTERS = 16_000  # about 4,000 tokens; of a longer text the judge sees the beginning and the end

_FILES = Path(__file__).parent / "prompt_files"
_LOGIC = r"[01] [01] [01]"
_CONTEXT_POINTS = (0, 1, 2, 4, 5)
_LOGIC_POINTS = tuple(product((0, 1), repeat=3))
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


@dataclass(frozen=True, kw_only=True)
class Rubric(Generic[P]):
    """What a judge is asked about a reasoning path, and how its reply is read."""

    asked: str
    form: str  # of the reply
    replies: Mapping[str, P]  # every reply that gives points, and the points

    def read(self, reply: str) -> P | None:
        """The points; None for every reply that is not the points and nothing else."""
        return self.replies.get(reply.strip())

    def messages(self, reasoning: str, salt: str = "") -> Messages:
        """The one message that the judge gets. The same text is asked about in the same words.

        Args:
            reasoning: by whomever; no tag that it opens or closes is one for the judge.
            salt: a text that the writer of the reasoning has never seen, for writers who are trained against the judge.
        """
        text, _ = _shown(reasoning)
        # A digest of the text: its writer cannot put it there, for then it would be another one. With the salt it
        # cannot even be tried out.
        mark = hashlib.sha256(f"{salt}{text}".encode()).hexdigest()[:12]
        block = Template(_part("reasoning")).substitute(mark=mark, reasoning=text)
        return [{"role": "user", "content": f"{self.asked}\n\n{block}\n\n{self.form}"}]


@dataclass(frozen=True, kw_only=True)
class Judged(Generic[P]):
    """What came of judging one reasoning path. ``points`` is None unless ``state`` is ``"scored"``."""

    state: JudgeState
    points: P | None = None
    reply: str = ""  # the judge's, as it came; empty where none was asked
    error: str = ""  # where state is "failed": why there is no reply
    left_out: int = 0  # characters of the reasoning that the judge was not shown

    def __post_init__(self) -> None:
        if self.state not in JUDGE_STATES or (self.points is None) == (self.state == "scored"):
            raise RecordError(f"judged: state {self.state!r} does not go with points {self.points!r}.")


def logic_rubric(task: Task) -> Rubric[LogicPoints]:
    """Are the steps of this task's route taken? Three points, of which ``LogicPoints`` keeps each.

    >>> logic_rubric(Task.parse("vi-te")).read("1 0 1"), logic_rubric(Task.parse("vi-te")).read("Points: 1 0 1")
    (LogicPoints(source=1, bridge=0, answer=1), None)
    """
    route = [_part(f"{one}_to_{other}") for one, other in pairwise(task.route)]
    asked = Template(_part("logic")).substitute(
        source=task.source.value,
        target=task.target.value,
        found=_part(f"source_{task.source}"),
        joined=" ".join(route) or _part("same"),
        answered=_part(f"target_{task.target}"),
    )
    return Rubric(
        asked=asked, form=_part("logic_form"), replies={" ".join(map(str, p)): LogicPoints(*p) for p in _LOGIC_POINTS}
    )


def context_rubric(reference: str) -> Rubric[int]:
    """How much of a reference is covered? 0, 1, 2, 4 or 5 points; the scale has no 3.

    >>> context_rubric("Ada sings.").read("4"), context_rubric("Ada sings.").read("3")
    (4, None)
    """
    asked = Template(_part("context")).substitute(reference=reference)
    return Rubric(asked=asked, form=_part("context_form"), replies={str(p): p for p in _CONTEXT_POINTS})


def gate(reasoning: str) -> Literal["no-reasoning", "wrong-form"] | None:
    """Why this text is no reasoning path, told without a judge; None where it may be one.

    ``wrong-form`` is a text of fewer than ``FEWEST_WORDS`` words (":" and "Thought process:" have moved judges), or one
    that holds a reply to the logic rubric.

    >>> gate(" "), gate("Thought process:"), gate("The person in the red top wears round glasses, so she is Ada.")
    ('no-reasoning', 'wrong-form', None)
    """
    if not reasoning.strip():
        return "no-reasoning"
    few = len(re.findall(r"[^\W\d_]{2,}", reasoning)) < FEWEST_WORDS
    return "wrong-form" if few or re.search(rf"(?<!\w){_LOGIC}(?!\w)", reasoning) else None


async def judge(chat: Chat, rubric: Rubric[P], reasoning: str) -> Judged[P]:
    """One reasoning path, by a chat that is open. A judge that fails raises nothing: that is a state."""
    if refused := gate(reasoning):
        return Judged(state=refused)
    try:
        return outcome_of(rubric, reasoning, await chat.ask(rubric.messages(reasoning)))
    except ChatError as error:
        return outcome_of(rubric, reasoning, error)


def judge_all(
    config: ChatConfig, items: Iterable[tuple[K, Rubric[P], str]], cache: Path | None = None
) -> Iterator[tuple[K, Judged[P]]]:
    """Many reasoning paths, each with a key and its rubric: those that a gate refuses first, then as the judge replies.

    No server is needed where the gates refuse all.
    """
    asked: list[tuple[K, Rubric[P], str]] = []
    for key, rubric, reasoning in items:
        if refused := gate(reasoning):
            yield key, Judged(state=refused)
        else:
            asked.append((key, rubric, reasoning))
    if not asked:
        return
    requests = ((number, rubric.messages(text)) for number, (_, rubric, text) in enumerate(asked))
    with closing(ask_all(config, requests, cache=cache)) as outcomes:
        for number, outcome in outcomes:
            key, rubric, reasoning = asked[number]
            yield key, outcome_of(rubric, reasoning, outcome)


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


def logic_fingerprint() -> str:
    """64 hex digits that change with anything that a judge of logic is asked, and with the gates' bounds."""
    asked = [logic_rubric(task).messages("") for task in TASKS]
    return hashlib.sha256(json.dumps([asked, FEWEST_WORDS, MOST_CHARACTERS]).encode()).hexdigest()


def outcome_of(rubric: Rubric[P], reasoning: str, outcome: ChatReply | ChatError) -> Judged[P]:
    """What a judge's reply, or its failure, says of a reasoning path."""
    _, left_out = _shown(reasoning)
    if isinstance(outcome, ChatError):
        return Judged(state="failed", error=f"{outcome.state}: {outcome}", left_out=left_out)
    points = rubric.read(outcome.text)
    state: JudgeState = "unparsed" if points is None else "scored"
    return Judged(state=state, points=points, reply=outcome.text, left_out=left_out)


def _shown(reasoning: str) -> tuple[str, int]:
    """The reasoning as the judge sees it, without tags and cut where it is long, and how many characters are out."""
    text = reasoning.translate(_NO_TAGS).encode("utf-8", "replace").decode().strip()
    left_out = len(text) - MOST_CHARACTERS
    if left_out <= 0:
        return text, 0
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n[{left_out} characters are left out here]\n{text[-half:]}", left_out


@cache
def _part(name: str) -> str:
    return (_FILES / f"_judge_{name}.txt").read_text(encoding="utf-8").strip()
