"""The steps of a thought, looked at beside what is so: who is found where, what joins them, whose value is told.

The reading is of mentions (``crossomni.truth``), not of language. It is made for a thought's writer who is in training
against it:

- a step is taken where one alone is named most, in sentences and not in words, and that is the right one. So a list of
  all four, or a guess at two, takes no step that one guess would not take more surely;
- a sentence counts once, however often it is said;
- the question's own words find nobody, and neither do the biography's sentences copied in a row;
- what stands in the same sentence as another's name, look or times is not joined to it;
- "not the one with the hat" names nobody, and denying the right one counts against the step.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from crossomni.judging import LogicPoints
from crossomni.records import Fact, Person, Referent, Row
from crossomni.tasks import Modality
from crossomni.truth.meant import Meant
from crossomni.truth.mentions import NAME, Mention, Peers, sentences, stems

LINE = "line"
_DENIED = -1  # in the place of an owner: the right one, said not to be it
_BIOGRAPHIES = 256  # of which the sentences are remembered
_LISTED = 3  # values of so many people in one sentence are the options
_MOST_RIVALS = 1  # others named at a step that is still taken
_POINTER = re.compile(r"\b(?:this|that|the same|same)\s+(?:\w+\s+)?(?:person|voice|speaker|one|thing|object|entry)\b")
_DENIAL = re.compile(
    r"\b(?:not|never|nor|neither|unlike|except|excluding|rather than|instead of|rul(?:e|es|ed|ing) out)\b|n['’]t\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;:]|\.(?!\d)|\bbut\b|\bso\b", re.IGNORECASE)
_QUOTED = re.compile(r"[“\"][^“”\"]*[”\"]")
# Beside the question's own, words that a sentence may hold and still be the question again.
_ASKING = frozenset(stems("question ask clue want is here it we must need find tell read say option"))


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """What one sentence of a thought tells. Owners are places among the peers, or -1 for the right one denied."""

    has_clue: bool
    has_pointer: bool  # "this person", "the same voice"
    shown: tuple[Mention, ...]  # names, looks, lines, times, beside the clue and the values asked for
    values: frozenset[int]  # whose values of the asked kind it tells; empty where it lists the options
    has_list: bool  # it does

    def owners(self, modality: Modality) -> frozenset[int]:
        """Who is shown in one modality."""
        return frozenset(one.owner for one in self.shown if modality in one.modalities)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Whom the sentences name most (None: nobody, or several alike), and how many beside."""

    owner: int | None
    rivals: int

    @classmethod
    def of(cls, named: Iterable[Iterable[int]]) -> Settled:
        """Each sentence names each of its owners once."""
        counted = Counter(owner for owners in named for owner in owners).most_common()
        if not counted or (len(counted) > 1 and counted[0][1] == counted[1][1]):
            return cls(owner=None, rivals=len(counted))
        return cls(owner=counted[0][0], rivals=len(counted) - 1)

    def is_clearly(self, owner: int) -> bool:
        """Whether it is this one, with one other named at most."""
        return self.owner == owner and self.rivals <= _MOST_RIVALS


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A thought beside the truth of its row."""

    meant: Meant
    route: tuple[Modality, ...]
    sentences: tuple[Sentence, ...]  # each once, without copies
    own: float  # share of the sentences that are neither said before nor copied, [0, 1]

    @property
    def who(self) -> int:
        """The right one."""
        return self.meant.referent

    @property
    def source(self) -> Settled:
        """Whom the clue is said to mean: in the sentences that name the clue, else in all. In a list it is nobody."""
        everybody = Settled.of(map(self._in_source, self.sentences))
        if everybody.owner is None and everybody.rivals >= _LISTED:
            return everybody
        finding = [s for s in self.sentences if s.has_clue and self._in_source(s)]
        return Settled.of(map(self._in_source, finding)) if finding else everybody

    @property
    def is_led(self) -> bool:
        """Whether the clue itself leads to the right one."""
        return any(s.has_clue and self.who in self._in_source(s) for s in self.sentences)

    def found(self, modality: Modality) -> Settled:
        """Whom all sentences together find in a modality.

        A thing's name joins its look to its entry. Once said it has found the thing; to find it again it is said again.
        """
        found = Settled.of(s.owners(modality) for s in self.sentences)
        if modality is not self.route[0] and found.owner == self.who and not isinstance(self._one, Person):
            said = sum(one.kind == NAME and one.owner == self.who for s in self.sentences for one in s.shown)
            return found if said > 1 else Settled(owner=None, rivals=found.rivals)
        return found

    @property
    def _one(self) -> Referent:
        return self.meant.peers[self.who]

    @property
    def value(self) -> Settled:
        """Whose value of the asked kind is settled on."""
        return Settled.of(s.values for s in self.sentences)

    @property
    def lists_values(self) -> bool:
        """Whether it names several values and settles on none."""
        return self.value.owner is None and (self.value.rivals > 0 or any(s.has_list for s in self.sentences))

    @property
    def logic(self) -> LogicPoints:
        """The three points of the logic rubric; each later one rests on the right person too."""
        source = self.is_led and self.source.is_clearly(self.who)
        later = all(self.found(m).is_clearly(self.who) for m in self.route[1:])
        joined = self._stays if len(self.route) == 1 else later and self.is_joined
        return LogicPoints(source=int(source), bridge=int(source and joined), answer=int(self.is_grounded))

    @property
    def is_joined(self) -> bool:
        """Whether each modality of the route leads to the next, in one sentence or two neighbours."""
        return all(self._join(one, other) for one, other in pairwise(self.route))

    @property
    def is_grounded(self) -> bool:
        """Whether the value is the right one's, told of nobody else, of one who is found in the target."""
        told = [s for s in self.sentences if self.who in s.values]
        target = self.source if len(self.route) == 1 else self.found(self.route[-1])
        return (
            self.value.is_clearly(self.who)
            and target.is_clearly(self.who)
            and all({one.owner for one in s.shown} <= {self.who} for s in told)
            and next(s for s in reversed(self.sentences) if s.values) in told
        )

    @property
    def stays(self) -> bool:
        """Within one modality: whether something further is told of the one who was found."""
        return self.is_led and self.source.is_clearly(self.who) and self._stays

    @property
    def _stays(self) -> bool:
        first = next((place for place, s in enumerate(self.sentences) if self.who in self._in_source(s)), None)
        if first is None or self.found(self.route[0]).owner != self.who:
            return False
        later = self.sentences[first + 1 :]
        return any(self._is_clean(s) and (s.shown or s.values == {self.who} or s.has_pointer) for s in later)

    def _in_source(self, sentence: Sentence) -> frozenset[int]:
        """Whom a sentence shows in the source, or where the route does not go: a wrong name is a wrong person."""
        named = sentence.owners(self.route[0])
        beside = {one.owner for one in sentence.shown if not one.modalities & set(self.route)}
        return named | beside if named else named

    def _join(self, one: Modality, other: Modality) -> bool:
        for place, sentence in enumerate(self.sentences):
            near = self.sentences[max(place - 1, 0) : place + 2]
            if self._tells(sentence, one) and any(self._tells(s, other) for s in near):
                return True
        return False

    def _tells(self, sentence: Sentence, modality: Modality) -> bool:
        """Whether it tells of the right one in this modality, and of nobody else."""
        if not self._is_clean(sentence):
            return False
        heard = modality is Modality.AUDIO and (
            (self.meant.clue.kind == LINE and sentence.has_clue)
            or (self.meant.asked.kind == LINE and sentence.values == {self.who})
        )
        return heard or self.who in sentence.owners(modality)

    def _is_clean(self, sentence: Sentence) -> bool:
        return all(one.owner == self.who for one in sentence.shown)


def read(thinking: str, row: Row, meant: Meant, peers: Peers) -> Reading:
    """Look at a thought about ``row``; ``peers`` are those of ``meant``."""
    assert row.task is not None  # a row has one
    said = [(text, stems(text)) for text in sentences(thinking)]
    said = [(text, words) for text, words in said if words]
    once = list({words: text for text, words in reversed(said)}.items())[::-1]
    asked = set(stems(row.question)) | _ASKING
    copied = _copied([words for words, _ in once], row.biography)
    left = [text for (words, text), copy in zip(once, copied, strict=True) if not copy and not asked.issuperset(words)]
    return Reading(
        meant=meant,
        route=row.task.route,
        sentences=tuple(_sentence(text, meant, peers) for text in left),
        own=(len(once) - sum(copied)) / len(said) if said else 1.0,
    )


@lru_cache(maxsize=_BIOGRAPHIES)
def _neighbours(biography: str) -> frozenset[tuple[tuple[str, ...], tuple[str, ...]]]:
    return frozenset(pairwise(stems(text) for text in sentences(biography)))


def _copied(told: Sequence[tuple[str, ...]], biography: str) -> list[bool]:
    """Which sentences stand in the biography one after the other, as they do here."""
    after = _neighbours(biography)
    first = [pair in after for pair in pairwise(told)]
    return [a or b for a, b in zip([*first, False], [False, *first], strict=True)] if told else []


def _sentence(text: str, meant: Meant, peers: Peers) -> Sentence:
    affirmed, denied = _sides(text)
    mentions = list(peers.mentions(affirmed))
    if denied:
        against = (one for one in peers.mentions(denied) if one.owner == meant.referent)
        mentions += [Mention(_DENIED, one.kind, one.modalities) for one in against]
    clues = [one for one in mentions if one.owner == meant.referent and _tells(one, meant.clue)]
    values = [one for one in mentions if _tells(one, meant.asked)]
    # Whoever names "the guitar" has found it, so that a name is both the clue and what is found.
    given = {id(one) for one in (*values, *(one for one in clues if one.kind != NAME))}
    owners = frozenset(one.owner for one in values)
    return Sentence(
        has_clue=bool(clues),
        has_pointer=_POINTER.search(text.lower()) is not None,
        shown=tuple(one for one in mentions if id(one) not in given),
        values=owners if len(owners) < _LISTED else frozenset(),
        has_list=len(owners) >= _LISTED,
    )


def _tells(mention: Mention, fact: Fact) -> bool:
    return mention.kind == fact.kind and fact.modality in mention.modalities


def _sides(text: str) -> tuple[str, str]:
    """What a sentence affirms, and what it denies. A quoted line denies nothing ("I did not see the train.")."""
    masked = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), text)
    affirmed, denied, at = [], [], 0
    while cue := _DENIAL.search(masked, at):
        end = _CLAUSE_END.search(masked, cue.end())
        stop = end.start() if end else len(masked)
        affirmed.append(text[at : cue.start()])
        denied.append(text[cue.end() : stop])
        at = stop
    return " ".join([*affirmed, text[at:]]), " ".join(denied)


def looks_told(reading: Reading, modality: Modality) -> float:
    """How fully the right one is told in a modality: 1, or 0.75 where one look of two is."""
    if modality is not Modality.VISION or not isinstance(reading.meant.peers[reading.who], Person):
        return 1.0
    told = {m.kind for s in reading.sentences for m in s.shown if m.owner == reading.who and modality in m.modalities}
    return 1.0 if len(told) > 1 else 0.75
