"""A judge without a model: it knows playhouse's truth, and does not read language.

It checks which people, looks, lines, times and values a thought names, and whether they belong to the one whom the
row is about. So the wrong person with the right words scores low, which a judge that sees the text alone cannot tell.
It is for tests, demonstrations and training on playhouse: words other than the annotation's are not seen, a thought
that tells of all four alike before it settles is taken for a list, and one that is right in words of its own may score
low. ``crossomni judge`` measures how often.
"""

from __future__ import annotations

from functools import lru_cache

from crossomni.corpus import Corpus
from crossomni.judging import MOST_CHARACTERS, Judged, LogicPoints
from crossomni.records import Row
from crossomni.training.judges.protocol import RubricName, Thought
from crossomni.training.judges.steps import Reading, Settled, looks_told, read
from crossomni.truth.meant import Meant, meant
from crossomni.truth.mentions import Peers

NAME = "offline (playhouse truth)"
_REMEMBERED = 4096  # readings: both rubrics ask about the same thought
# What each part of the chain weighs in the context rubric; each modality of the route, and the answer, weigh 1.
_CLUE, _STAYS, _ANSWER = 0.5, 0.5, 1.0
# A step that settles on another one. It must cost less than a guess among four is worth, or silence would pay more.
_WRONG = -0.25
_LISTED = -0.25  # several values and no decision, which must pay less than a guess
_RIVAL = 0.5  # of a step where another one is named beside
_UNLED, _UNJOINED, _UNGROUNDED = 0.5, 0.75, 0.5
_OWN = 1.5  # a third of the sentences may be said before, or copied, without loss
# Share of the chain from which on each number of points is given. The scale has no 3 (Table 18).
_SCALE = ((0.9, 5), (0.65, 4), (0.4, 2), (0.15, 1))

_Asked = tuple[str, str, tuple[str, ...], str]  # what of a row says whom it is about


class OfflineJudge:
    """Judges thoughts by the truth of their clips (``Judge`` of the protocol). It knows truth; it does not read.

    ``logic``: the source is found where the clue leads to the right one, the bridge where every later modality finds
    the same one and is joined to the one before, the answer where the value is told of the one found in the target.
    ``context``: the share of this chain that is told, on the rubric's scale, so that half-right thoughts get part.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._meant: dict[_Asked, Meant | None] = {}
        self._peers: dict[tuple[str, type], Peers] = {}
        self._read = lru_cache(maxsize=_REMEMBERED)(self._reading)

    @property
    def name(self) -> str:
        """How logs and cards call it."""
        return NAME

    async def judge(self, rubric: RubricName, thought: Thought) -> Judged[int] | Judged[LogicPoints]:
        """Judge one thought; no gate stands before it (see ``judges.gates``).

        A row whose truth is not known is ``failed``, with the reason, and gets no points.
        """
        return self.judge_now(rubric, thought)

    def judge_now(self, rubric: RubricName, thought: Thought) -> Judged[int] | Judged[LogicPoints]:
        """The same without a loop: nothing is waited for."""
        row = thought.row
        if self._about(row) is None:
            return Judged(state="failed", error=self._why_unknown(row))
        reading = self._read(row, thought.thinking[:MOST_CHARACTERS])
        left_out = max(0, len(thought.thinking) - MOST_CHARACTERS)
        if rubric == "logic":
            return Judged(state="scored", points=reading.logic, left_out=left_out)
        return Judged(state="scored", points=context_points(reading), left_out=left_out)

    def _about(self, row: Row) -> Meant | None:
        asked = (row.clip_id, row.question, row.options, row.answer)
        if asked not in self._meant:
            annotation = self._corpus.annotation(row.clip_id)
            self._meant[asked] = None if annotation is None else meant(row, annotation)
        return self._meant[asked]

    def _why_unknown(self, row: Row) -> str:
        if self._corpus.annotation(row.clip_id) is None:
            return f"clip {row.clip_id!r} has no truth in {self._corpus.truth}; the offline judge needs playhouse data."
        return f"row {row.id!r}: truth does not tell whom the question means; the offline judge cannot judge it."

    def _reading(self, row: Row, thinking: str) -> Reading:
        truth = self._about(row)
        assert truth is not None
        key = (row.clip_id, type(truth.peers[0]))
        if key not in self._peers:
            self._peers[key] = Peers(truth.peers)
        return read(thinking, row, truth, self._peers[key])


def context_points(reading: Reading) -> int:
    """0, 1, 2, 4 or 5 points for the share of the chain that is told."""
    share = covered(reading)
    return next((points for least, points in _SCALE if share >= least), 0)


def covered(reading: Reading) -> float:
    """The share of the chain that is told of the right one, [0, 1]: clue, each modality of the route, answer."""
    first, *later = reading.route
    led = reading.is_led and reading.source.is_clearly(reading.who)
    worth = _worth(reading.source, reading.who)
    earned = _CLUE * led + (worth * looks_told(reading, first) * (1.0 if led else _UNLED) if worth > 0 else worth)
    most = _CLUE + 1 + _ANSWER
    joined = 1.0 if reading.is_joined else _UNJOINED
    for modality in later:
        worth = _worth(reading.found(modality), reading.who)
        earned += worth * looks_told(reading, modality) * joined if worth > 0 else worth
        most += 1
    if not later:
        earned += _STAYS * reading.stays
        most += _STAYS
    earned += _answered(reading)
    return max(0.0, earned / most) * min(1.0, _OWN * reading.own)


def _worth(settled: Settled, who: int) -> float:
    if settled.owner is None:
        return 0.0
    if settled.owner != who:
        return _WRONG
    return (1.0, _RIVAL)[settled.rivals] if settled.is_clearly(who) else 0.0


def _answered(reading: Reading) -> float:
    if reading.lists_values:
        return _LISTED
    worth = max(0.0, _ANSWER * _worth(reading.value, reading.who))
    if not worth or reading.is_grounded:
        return worth
    told = [s for s in reading.sentences if reading.who in s.values]
    of_another = any(one.owner != reading.who for s in told for one in s.shown)
    target = reading.found(reading.route[-1])
    elsewhere = target.owner is not None and target.owner != reading.who
    return 0.0 if of_another or elsewhere else worth * _UNGROUNDED
