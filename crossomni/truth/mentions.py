"""Which people of a clip a text speaks of, told by what is true of one of them alone.

A sentence mentions somebody where it holds one of their values (a line, a look, a town, a name) or the time at which
they speak. Words are compared without endings, articles and punctuation. Short words that mean many things, such as
colours and numbers, count only beside a word of their kind ("red top", "the hair is black").
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossomni.records import Person, Referent
from crossomni.tasks import Modality

NAME, TIMES = "name", "times"  # kinds of mentions beside the kinds of facts

_AUDIO, _VISION, _TEXT = Modality.AUDIO, Modality.VISION, Modality.TEXT
# A sentence that goes on after what it quotes ("… the train.” is heard") is one.
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[.!?])[\"'”’»)]+\s+(?=[^a-z])")
_LIST_MARK = re.compile(r"^\W*(?:step\s+)?\d{1,2}\s*[.):]\W*", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+(?:[.:]\d+)?")
_LEFT_OUT = frozenset({"a", "an", "the", "both", "his", "her", "their", "its", "my", "your", "s"})
_SPELLINGS = {"gray": "grey", "center": "centre", "middle": "centre"}
_DIGITS = {"1": "one", "2": "two", "3": "three", "4": "four"}
_ENDINGS = ("ing", "ed", "es", "s", "e")
_SHORTEST_STEM = 3
_WORDS = 2**14  # of which the stems are remembered
_SLACK = 2  # words that may stand between those of a value
_PART = 2  # different words that are in every such run
_RUN = 3  # words of a longer value, one after the other, that stand for all of it

_TIME = r"(\d+(?:[.:]\d+)?)\s*(s\b|sec\b|seconds?\b)?"
_SPAN = re.compile(rf"{_TIME}\s*(?:to|and|until|till|-|–|—)\s*{_TIME}", re.IGNORECASE)
_MOMENT = re.compile(_TIME, re.IGNORECASE)
_MOMENT_SECONDS = 0.05  # half a moment's length
_ROUNDED_SECONDS = 0.3  # times are told with one decimal, or read off a frame

# Kinds whose values are words of many uses, and the words of which one has to stand beside them.
_ANCHORS = {
    "top colour": "top shirt tshirt sweater jumper blouse",
    "hair colour": "hair haired",
    "trousers": "trousers pants jeans",
    "stars": "star stars",
    "expression": "face expression",
    "emotion": "tone voice emotion",
    "colour": "thing object item",
}
_CLEAR = frozenset({"smil", "frown", "surpris"})  # expressions that no emotion shares
_IS = frozenset({"is", "are", "was", "wer", "sound", "look", "seem", "appear", "be", "with"})
_WHERE = frozenset({"on", "in", "of", "with", "around", "over"})
_NEAR = 3  # words after a value in which its anchor may stand
# "Second from the left" tells a place, and no entrance.
_ORDINALS = frozenset({"first", "second", "third", "fourth", "1st", "2nd", "3rd", "4th"})


@dataclass(frozen=True)
class Mention:
    """A place of a text that can only mean one of the peers."""

    owner: int  # the peer's index
    kind: str
    modalities: frozenset[Modality]  # where this is perceived


class Peers:
    """Everybody whom a referent could be mistaken for, and what tells each from the others."""

    def __init__(self, referents: Sequence[Referent]) -> None:
        self.referents = tuple(referents)
        values = [(owner, *value) for owner, one in enumerate(referents) for value in _values(one) if value[1]]
        shared = Counter((kind, words) for _, kind, words, _ in values)
        # Longer ones first, so that "second lowest" is not read as "lowest", nor the top of "top hat" as clothing.
        self._values = sorted(
            (value for value in values if shared[value[1], value[2]] == 1), key=lambda v: len(v[2]), reverse=True
        )
        names = " ".join(one.name for one in referents if not isinstance(one, Person))
        self._anchors = {
            anchor: kind
            for kind, words in _ANCHORS.items()
            for anchor in stems(f"{words} {names}" if kind == "colour" else words)
        }

    def sentences(self, text: str) -> list[tuple[Mention, ...]]:
        """What each sentence of the text mentions."""
        return [self.mentions(sentence) for sentence in sentences(text)]

    def mentions(self, sentence: str) -> tuple[Mention, ...]:
        """What one sentence mentions."""
        return tuple(self._mentions(sentence))

    def _mentions(self, sentence: str) -> Iterator[Mention]:
        tokens: list[str | None] = list(stems(sentence))
        anchors = [(place, self._anchors[token]) for place, token in enumerate(tokens) if token in self._anchors]
        present = frozenset(tokens)
        for owner, kind, words, modalities in self._values:
            if words[0] not in present and (len(words) < _RUN or len(present.intersection(words)) < _PART):
                continue  # most values: quicker than to look for each at every place
            for places in _found(words, tokens):
                if self._counts(kind, places, tokens, anchors):
                    yield Mention(owner, kind, modalities)
                    for place in places:
                        tokens[place] = None
        yield from self._times(sentence)

    def _counts(
        self, kind: str, places: Sequence[int], tokens: Sequence[str | None], anchors: Sequence[tuple[int, str]]
    ) -> bool:
        """Whether a value that stands here is meant as a value of its kind."""
        first, last = places[0], places[-1]
        before = tokens[first - 1] if first else None
        if kind == "entrance":
            return before not in _ORDINALS
        if kind not in _ANCHORS or tokens[first] in _CLEAR:
            return True
        # The top of a top hat is taken; a thing's name stays the word that its colour stands beside.
        anchors = [(place, of) for place, of in anchors if tokens[place] is not None or of == "colour"]
        following = [of for place, of in anchors if last < place <= last + _NEAR]
        if following:
            return following[0] == kind
        subject = next((of for place, of in anchors if place < first), None)
        return before in _IS and subject == kind

    def _times(self, sentence: str) -> Iterator[Mention]:
        """Times at which one of the peers speaks, and no other."""
        spoken = [
            (owner, line.start_seconds, line.end_seconds)
            for owner, one in enumerate(self.referents)
            if isinstance(one, Person)
            for line in one.lines
        ]
        for start, end in _told_times(sentence):
            within = {
                owner
                for owner, first, last in spoken
                if min(end, last + _ROUNDED_SECONDS) - max(start, first - _ROUNDED_SECONDS) > (end - start) / 2
            }
            if len(within) == 1:
                yield Mention(within.pop(), TIMES, frozenset({_AUDIO}))


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the numbers of its lines.

    >>> sentences("1. Ada says “I am here.” twice.\\n2. She waves. She bows.")
    ['Ada says “I am here.” twice.', 'She waves.', 'She bows.']
    """
    lines = (_LIST_MARK.sub("", line) for line in text.splitlines())
    return [found for line in lines for sentence in _SENTENCE.split(line) if (found := sentence.strip())]


def stems(text: str) -> tuple[str, ...]:
    """The words of a text in small letters, without articles and without the endings of English.

    >>> stems("She is waving a hand.")
    ('she', 'is', 'wav', 'hand')
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("t-shirt", "tshirt")
    return tuple(_stem(token) for token in _TOKEN.findall(plain) if token not in _LEFT_OUT)


@lru_cache(maxsize=_WORDS)
def _stem(token: str) -> str:
    token = _SPELLINGS.get(token, token)
    for ending in _ENDINGS:
        if token.endswith(ending) and len(token) - len(ending) >= _SHORTEST_STEM:
            return token.removesuffix(ending)
    return token


def _values(one: Referent) -> Iterator[tuple[str, tuple[str, ...], frozenset[Modality]]]:
    """What is so of a referent: its kind, its words, and where it is perceived."""
    for fact in (*one.facts, *(one.bridge if isinstance(one, Person) else ())):
        words = stems(fact.value)
        yield fact.kind, words, frozenset({fact.modality})
        if fact.kind == "accessory" and len(words) > 1:
            yield fact.kind, _head(words), frozenset({fact.modality})
        if fact.kind == "stars":
            yield from (
                (fact.kind, (digit,), frozenset({fact.modality})) for digit, word in _DIGITS.items() if (word,) == words
            )
    if not isinstance(one, Person):
        yield NAME, stems(one.name), frozenset({_VISION, _TEXT})  # what a thing is joins its look to its biography
        return
    parts = [stems(part) for part in one.name.split() if part.isalpha() and part != "Person"]
    yield from ((NAME, words, frozenset({_TEXT})) for words in {stems(one.name), *parts} if words)


def _head(words: tuple[str, ...]) -> tuple[str]:
    """What is worn, without how it looks or where: the hat of a top hat, the flower of a flower on the head."""
    where = next((place for place, word in enumerate(words) if word in _WHERE), len(words))
    return (words[max(where - 1, 0)],)


def _found(words: tuple[str, ...], tokens: Sequence[str | None]) -> Iterator[tuple[int, ...]]:
    """Where a value stands: its words in order; of three words or more also in another order or with some between,
    or three of them one after the other.
    """
    size, place = len(words), 0
    while place < len(tokens):
        window = tokens[place : place + size]
        found: tuple[int, ...] = ()
        if tuple(window) == words:
            found = tuple(range(place, place + size))
        elif size >= _RUN and tokens[place] in words:
            found = _loosely(words, tokens, place)
        if found:
            yield found
        place = found[-1] + 1 if found else place + 1


def _loosely(words: tuple[str, ...], tokens: Sequence[str | None], place: int) -> tuple[int, ...]:
    wide = range(place, min(place + len(words) + _SLACK, len(tokens)))
    places = tuple(at for at in wide if tokens[at] in words)
    if {tokens[at] for at in places} == set(words):
        return places
    run = tuple(tokens[place : place + _RUN])
    runs = [words[start : start + _RUN] for start in range(len(words) - _RUN + 1)]
    return tuple(range(place, place + _RUN)) if run in runs else ()


def _told_times(sentence: str) -> Iterator[tuple[float, float]]:
    """Start and end in seconds of what is told as a time: "5.5 s", "from 5.5 to 7.5 s", "0:05"."""
    for a, _, b, unit in _SPAN.findall(sentence):
        if unit or ":" in b:
            yield _seconds(a)[0], _seconds(b)[1]
    for told, unit in _MOMENT.findall(_SPAN.sub(" ", sentence)):
        if unit or ":" in told:
            yield _seconds(told)


def _seconds(told: str) -> tuple[float, float]:
    """The moment that "5.5" means, and the whole second that "0:05" means."""
    minutes, colon, seconds = told.partition(":")
    if colon:
        start = 60 * float(minutes) + float(seconds)
        return start, start + 1
    return float(told) - _MOMENT_SECONDS, float(told) + _MOMENT_SECONDS
