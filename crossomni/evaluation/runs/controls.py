"""What a declared knock-out does to the questions and clips of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from crossomni.corpus import Corpus
from crossomni.errors import KnockOutError
from crossomni.evaluation.config import SENSES, KnockOut
from crossomni.media import AlteredClip, ClipFile, FrameCache
from crossomni.records import Question, Row
from crossomni.tasks import Modality

_SHIFT = 0.5  # of the clip's length: no line stays with its mouth


class Controls:
    """Leaves out, exchanges or masks what a run declares as knocked out.

    What is exchanged comes from the clip's partner: the clip half the split away, of another episode.

    Raises:
        KnockOutError: where there is no other clip to take from, where a clip's names are not known, or where no row
            has the biography that is to be left out.
    """

    def __init__(self, knock_out: Sequence[KnockOut], corpus: Corpus, rows: Sequence[Row]) -> None:
        self._out = frozenset(knock_out)
        self._corpus = corpus
        self._first = {row.clip_id: row for row in reversed(rows)}  # each clip's first row
        self._order = list(dict.fromkeys(row.clip_id for row in rows))
        self._names = {clip: self._known_names(clip) for clip in self._order} if "names" in self._out else {}
        if self._out & {"biography", "biography-shuffled"} and not any(row.biography for row in rows):
            raise KnockOutError(
                f"knock-out {', '.join(sorted(self._out))}: none of the {len(rows)} rows has a biography. Leave it out."
            )
        if any(name.endswith(("-swapped", "-shuffled")) for name in self._out):
            _ = self._partners

    @property
    def senses_left_out(self) -> frozenset[Modality]:
        """The senses that are not given at all."""
        return frozenset(SENSES[name] for name in self._out if name in SENSES)

    def question(self, row: Row) -> Question:
        """The question as it is asked."""
        question: Question = row
        if "biography" in self._out:
            question = replace(question, biography="")
        elif "biography-shuffled" in self._out:
            question = replace(question, biography=self._first[self._partners[row.clip_id]].biography)
        return mask_names(question, self._names[row.clip_id]) if "names" in self._out else question

    def clip(self, row: Row, cache: FrameCache | None) -> ClipFile:
        """The clip as it is shown and heard."""
        own = ClipFile(self._corpus.media(row), cache)
        if not self._out & {"sound-muted", "sound-swapped", "sound-shifted", "sight-swapped"}:
            return own
        other = own
        if self._out & {"sound-swapped", "sight-swapped"}:
            other = ClipFile(self._corpus.media(self._first[self._partners[row.clip_id]]), cache)
        return AlteredClip(
            own,
            picture=other if "sight-swapped" in self._out else None,
            sound=other if "sound-swapped" in self._out else None,
            muted="sound-muted" in self._out,
            shift=_SHIFT if "sound-shifted" in self._out else 0.0,
        )

    @cached_property
    def _partners(self) -> Mapping[str, str]:
        """For each clip, the one whose sound, pictures or biography stand in for its own."""
        partners = {}
        half = len(self._order) // 2
        turned = self._order[half:] + self._order[:half]
        for place, clip in enumerate(self._order):
            episode = self._first[clip].episode
            others = [o for o in turned[place:] + turned[:place] if self._first[o].episode != episode]
            if not others:
                raise KnockOutError(
                    f"knock-out {', '.join(sorted(self._out))}: there is no clip of another episode to take from among "
                    f"{len(self._order)} clips. Ask more rows."
                )
            partners[clip] = others[0]
        return partners

    def _known_names(self, clip_id: str) -> tuple[str, ...]:
        annotation = self._corpus.annotation(clip_id)
        if annotation is not None:
            return tuple(person.name for person in annotation.persons)
        lines = self._corpus.clips[clip_id].lines if clip_id in self._corpus.clips else ()
        names = tuple(dict.fromkeys(line.speaker for line in lines if line.speaker))
        if not names:
            raise KnockOutError(
                f"knock-out names: of clip {clip_id!r} no names are known, neither from truth nor from the speakers "
                "of its lines. Ask data that have them."
            )
        return names


def mask_names(question: Question, names: Sequence[str]) -> Question:
    """Replace each person's name in biography, question and options by ``Person 1``, ``Person 2``, …

    A part of a name counts as the name where no other person has it. Names that are spoken in the clip stay.
    """
    words: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        for part in {name, *name.split()}:
            words[part] = "" if part in words else f"Person {number}"
    known = sorted((part for part, mask in words.items() if mask), key=len, reverse=True)
    if not known:
        return question
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, known))})\b")

    def masked(text: str) -> str:
        return pattern.sub(lambda found: words[found.group()], text)

    return replace(
        question,
        question=masked(question.question),
        biography=masked(question.biography),
        options=tuple(map(masked, question.options)),
    )
