"""The three points of the logic rubric without a judge: what a reasoning path points at, against what is so.

Every step is looked at for itself, given the one before it. The clue is the question's own words and shows nothing; the
referent counts as found in the source where something else of theirs is told there, a look or a name, say. It counts as
found again where each later modality of the route is told of the same one, right or wrong. The answer is grounded where
the value that is settled on belongs to the one found in the target. So a chain that goes wrong loses the point at which
it went wrong, and keeps the others.

It is made for reasoning in the steps of our rationales. Free wording is read worse, and mostly too strictly: what is
told in words other than the annotation's is not seen, what is said of people who are ruled out counts as said, and who
is only called "she" or "there" is not found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crossomni.judging import LogicPoints
from crossomni.records import Fact, Row
from crossomni.tasks import Modality
from crossomni.truth.meant import Meant
from crossomni.truth.mentions import NAME, Mention, Peers

_Sentence = tuple[Mention, ...]


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Whom a reasoning path points at, by name; empty text where at nobody."""

    points: LogicPoints
    source: str  # found in the source
    target: str  # found again in the target
    answer: str  # whose value is settled on


def follow(reasoning: str, row: Row, truth: Meant) -> Followed:
    """The three points of a reasoning path for a row whose truth is known."""
    assert row.task is not None  # a row has one
    peers = Peers(truth.peers)
    chain = _Chain(truth, row.task.route, tuple(peers.sentences(reasoning)))
    source, target, owner = chain.source, chain.target, chain.answer
    points = LogicPoints(
        source=int(source == truth.referent),
        bridge=int(chain.is_joined),
        answer=int(owner is not None and owner == target),
    )

    def name(who: int | None) -> str:
        return "" if who is None else truth.peers[who].name

    return Followed(points=points, source=name(source), target=name(target), answer=name(owner))


@dataclass(frozen=True)
class _Chain:
    """The sentences of a reasoning path, by the step that they belong to."""

    truth: Meant
    route: tuple[Modality, ...]
    sentences: tuple[_Sentence, ...]

    @property
    def finding(self) -> list[_Sentence]:
        """Those that name the clue."""
        return [s for s in self.sentences if self._clues(s)]

    @property
    def answering(self) -> list[_Sentence]:
        """Those that name values of the asked kind."""
        return [s for s in self.sentences if self._values(s)]

    @property
    def joining(self) -> list[_Sentence]:
        """The rest."""
        return [s for s in self.sentences if not self._values(s) and not self._clues(s)]

    @property
    def source(self) -> int | None:
        """Whom the clue is said to mean."""
        near = _most(self._shown(self.finding, self.route[0]))
        return near if near is not None else _most(self._shown(self.sentences, self.route[0]))

    @property
    def target(self) -> int | None:
        """Who is found in the target."""
        if len(self.route) == 1:
            joined = _only_most(self._shown(self.joining, self.route[0]))
            return joined if joined is not None else self.source
        return self._found_again(self.route[-1])

    @property
    def is_joined(self) -> bool:
        """Whether all modalities of the route, where one is joined to the next, point at one and the same."""
        source = self.source
        if source is None:
            return False
        here = Counter(self._shown(self.joining, self.route[0]))
        if here and here[source] < max(here.values()):
            return False
        return all(self._found_again(modality) == source for modality in self.route[1:])

    @property
    def answer(self) -> int | None:
        """Whose value is settled on: in the last sentence that names one alone, else the one named most."""
        answering = self.answering
        for sentence in reversed(answering):
            owners = {mention.owner for mention in self._values(sentence)}
            if len(owners) == 1:
                about = set(self._shown([sentence], self.route[-1]))
                return owners.pop() if not about or owners <= about else None
        return _only_most(mention.owner for sentence in answering for mention in self._values(sentence))

    def _found_again(self, modality: Modality) -> int | None:
        """Who is found in a later modality: where it is joined to the others, else where the answer is given."""
        joined = list(self._shown(self.joining, modality))
        if joined:
            return _only_most(joined)
        told = _most(self._shown(self.answering, modality))
        return told if told is not None else _most(self._shown(self.finding, modality))

    def _shown(self, sentences: Iterable[_Sentence], modality: Modality) -> Iterator[int]:
        """Owners of all that is told of this modality beside the question's own words and what it asks for."""
        for sentence in sentences:
            # "The guitar": whoever names it has found it, so that a name is both the clue and what is found.
            given = [*self._values(sentence), *(one for one in self._clues(sentence) if one.kind != NAME)]
            yield from (one.owner for one in sentence if modality in one.modalities and one not in given)

    def _clues(self, sentence: _Sentence) -> list[Mention]:
        return [one for one in sentence if one.owner == self.truth.referent and _tells(one, self.truth.clue)]

    def _values(self, sentence: _Sentence) -> list[Mention]:
        return [one for one in sentence if _tells(one, self.truth.asked)]


def _tells(mention: Mention, fact: Fact) -> bool:
    """Whether this is a mention of such a fact, whosoever's."""
    return mention.kind == fact.kind and fact.modality in mention.modalities


def _most(owners: Iterable[int]) -> int | None:
    """Who is named most; of several, who comes first."""
    counted = Counter(owners)
    return max(counted, key=counted.__getitem__) if counted else None


def _only_most(owners: Iterable[int]) -> int | None:
    """Who is named most; None where that is nobody, or several."""
    counted = Counter(owners).most_common(2)
    return counted[0][0] if counted and (len(counted) == 1 or counted[0][1] > counted[1][1]) else None
