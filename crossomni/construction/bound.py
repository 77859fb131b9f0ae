"""What the best possible answerer could reach with a modality removed, computed exactly from truth.

A clip is three lists of the same people: voices in the sound, bodies in the picture, entries in the biographies.
Lips join voice and body when sound and picture are both there; the looks that a biography tells join body and entry
when picture and text are both there. What joins nothing leaves every pairing equally likely. The best answerer knows
the question, the options, everything in the modalities that are left, and how plays are made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import permutations

from crossomni.errors import DataError
from crossomni.records import Annotation, Fact, Person, Referent, Row
from crossomni.tasks import Modality

_EVERYTHING = frozenset(Modality)


def best_accuracy(row: Row, annotation: Annotation, removed: Collection[Modality] = ()) -> Fraction:
    """The best answerer's chance of answering ``row`` right, in [1/4, 1], without the ``removed`` modalities.

    Raises:
        DataError: when the row's question cannot be found again in the truth.
    """
    assert row.task is not None
    referent, clue, asked = trace(row, annotation)
    left = _EVERYTHING - set(removed)
    peers: Sequence[Referent] = annotation.persons if isinstance(referent, Person) else annotation.things
    if row.task.target not in left:
        return Fraction(1, len(row.options))
    weights = [Fraction(0)] * len(row.options)
    worlds = 0
    for pairing in _pairings(len(peers), row.task.source, row.task.target, left):
        for start in _starts(peers, clue, left):
            worlds += 1
            value = peers[pairing[start]].fact(asked.modality, asked.kind)
            if value is not None and value.value in row.options:
                weights[row.options.index(value.value)] += 1
    return max(weights) / worlds


def _starts(peers: Sequence[Referent], clue: Fact, left: Collection[Modality]) -> list[int]:
    """Those in the source that the clue fits: one where it can be perceived, everybody where it cannot."""
    if clue.modality not in left:
        return list(range(len(peers)))
    return [index for index, peer in enumerate(peers) if _fits(peer, clue)]


def _pairings(people: int, source: Modality, target: Modality, left: Collection[Modality]) -> list[tuple[int, ...]]:
    """The ways in which those in the source can be those in the target, as far as what is left tells."""
    chain = [source, target]
    if Modality.VISION not in chain and source is not target:
        chain.insert(1, Modality.VISION)  # B.1: sound and text meet only through sight
    if all(modality in left for modality in chain):
        return [tuple(range(people))]
    return list(permutations(range(people)))


def trace(row: Row, annotation: Annotation) -> tuple[Referent, Fact, Fact]:
    """The referent, the clue and the asked fact of a row, found again from its id, its question and the truth.

    Raises:
        DataError: when they are not in the truth.
    """
    assert row.task is not None
    try:
        place, kinds = row.id.split("/")[2:4]
        referent = annotation.referents[int(place) - 1]
        clue_kind, asked_kind = kinds.split("-")
    except (ValueError, IndexError) as error:
        raise DataError(f"row {row.id!r}: its id does not lead to a referent of clip {annotation.clip.id}.") from error
    clue = _named(referent, row.task.source, clue_kind)
    asked = _named(referent, row.task.target, asked_kind)
    right = row.options[row.letters.index(row.answer)] if row.answer else asked and asked.value
    if clue is None or asked is None or right != asked.value:
        raise DataError(f"row {row.id!r}: clue or answer is not what the truth of clip {annotation.clip.id} says.")
    return referent, clue, asked


def says_what_it_asks(row: Row) -> bool:
    """Whether the row's id tells the facts that it asks by, as those of templates do and those of models do not."""
    return row.id.count("/") == 3  # clip, task, referent, facts


def _named(referent: Referent, modality: Modality, kind: str) -> Fact | None:
    if kind == "thing":
        return Fact(modality=modality, kind="thing", value=referent.name)
    return next((f for f in referent.facts if f.modality is modality and f.kind.replace(" ", "") == kind), None)


def _fits(peer: Referent, clue: Fact) -> bool:
    return peer.name == clue.value if clue.kind == "thing" else clue in peer.facts
