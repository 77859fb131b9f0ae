"""Whom a row is about, by the truth of its clip: no row says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossomni.records import Annotation, Fact, Referent, Row
from crossomni.tasks import Modality
from crossomni.truth.mentions import NAME, stems


@dataclass(frozen=True, kw_only=True)
class Meant:
    """What a row is about, by the truth of its clip."""

    peers: tuple[Referent, ...]  # all persons, or all things
    referent: int  # index among the peers
    clue: Fact
    asked: Fact


def meant(row: Row, annotation: Annotation) -> Meant | None:
    """Whom the row is about, or None where truth does not tell (another's question, say).

    It is the one who has the right option in the target, and in the source what the question tells.
    """
    assert row.task is not None  # a row has one
    if row.answer not in row.letters:
        return None
    right = row.options[row.letters.index(row.answer)]
    question = stems(row.question)
    found: list[tuple[int, Meant]] = []
    peers: tuple[Referent, ...] = annotation.persons if "person" in question else annotation.things
    for place, one in enumerate(peers):
        for asked in _asked(one, row.task.target, right):
            if {f.value for p in peers if (f := p.fact(asked.modality, asked.kind))} != set(row.options):
                continue
            clues = [clue for clue in _clues(one, row.task.source) if clue != asked]
            told = [(len(stems(clue.value)), clue) for clue in clues if _holds(question, stems(clue.value))]
            if told:
                length, clue = max(told, key=lambda pair: pair[0])
                found.append((length, Meant(peers=peers, referent=place, clue=clue, asked=asked)))
    longest = max((length for length, _ in found), default=0)
    best = [one for length, one in found if length == longest]
    return best[0] if len(best) == 1 else None


def _asked(one: Referent, target: Modality, value: str) -> list[Fact]:
    return [fact for fact in one.facts if fact.modality is target and fact.value == value]


def _clues(one: Referent, source: Modality) -> list[Fact]:
    """What a question may tell of this one: facts, and of a thing what it is."""
    return [fact for fact in one.facts if fact.modality is source] + [
        Fact(modality=source, kind=NAME, value=one.name) for fact in one.bridge if fact.kind == "thing"
    ]


def _holds(words: Sequence[str], value: Sequence[str]) -> bool:
    size = len(value)
    return any(tuple(words[at : at + size]) == tuple(value) for at in range(len(words) - size + 1))
