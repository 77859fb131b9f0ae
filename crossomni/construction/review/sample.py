"""The four samples of section 2.4, drawn from a corpus: voices, descriptions, biographies, questions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeVar

from crossomni.construction.review.items import (
    CANNOT_TELL,
    CORRECT,
    KINDS,
    MOST_CHOICES,
    NOT_CORRECT,
    NOTHING,
    SOMETHING,
    VOICE_LABELS,
    Kind,
    ReviewItem,
)
from crossomni.errors import InputError
from crossomni.records import Annotation, Fact, Person, Referent, Row
from crossomni.tasks import Modality

if TYPE_CHECKING:
    from crossomni.corpus import Corpus

_Thing = TypeVar("_Thing")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many of each are wanted; of voices, clips, with all the labels of all their persons (B.4)."""

    voice: int = 1000
    description: int = 1000
    biography: int = 1000
    question: int = 1000

    def __post_init__(self) -> None:
        for kind, count in asdict(self).items():
            if count < 0:
                raise InputError(f"the sample of kind {kind} is to have {count}; wanted 0 or more.")
        if not any(asdict(self).values()):
            raise InputError("nothing is to be drawn: all four samples are 0. Ask for at least one.")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A sample."""

    items: tuple[ReviewItem, ...]  # by kind in the order of KINDS, the items of a clip side by side
    counts: Mapping[Kind, int]  # as in Sizes: of voices, clips
    wanted: Mapping[Kind, int]

    @property
    def told(self) -> list[str]:
        """What was drawn, a line a kind; where there were fewer than wanted, it says so."""
        return [self._line(kind) for kind in KINDS if self.wanted[kind]]

    def _line(self, kind: Kind) -> str:
        count, wanted = self.counts[kind], self.wanted[kind]
        items = sum(item.kind == kind for item in self.items)
        what = f"{count} clips, {items} labels" if kind == "voice" else f"{items}"
        return f"{kind}: {what}" + (f" ({wanted} were wanted; no more are there)" if count < wanted else "")


def draw(corpus: Corpus, sizes: Sizes, seed: int) -> Drawn:
    """Draw the samples, each as evenly over the clips as can be; the same seed draws the same.

    Raises:
        InputError: when nothing can be drawn, or a voice label has too many values to choose from.
    """
    rows: dict[str, list[Row]] = {}
    for split in corpus.splits:
        for row in corpus.rows(split):
            rows.setdefault(row.clip_id, []).append(row)
    annotations = {clip_id: found for clip_id in rows if (found := corpus.annotation(clip_id)) is not None}
    videos = {clip_id: of_clip[0].video for clip_id, of_clip in rows.items()}
    wanted: dict[Kind, int] = {kind: getattr(sizes, kind) for kind in KINDS}

    voiced = {clip_id: [found] for clip_id, found in annotations.items() if any(map(_voice, found.persons))}
    clips = _spread(voiced, wanted["voice"], seed, "voice")
    looks = _spread(_referents(annotations, _look), wanted["description"], seed, "description")
    lives = _spread(_referents(annotations, lambda one: one.biography), wanted["biography"], seed, "biography")
    asked = _spread(rows, wanted["question"], seed, "question")
    choices = _choices(annotations) if clips else {}
    items = (
        *(item for clip_id, found in clips for item in _voice_items(found, videos[clip_id], choices)),
        *(_description(*one, clip_id, videos[clip_id]) for clip_id, one in looks),
        *(_biography(*one, clip_id, videos[clip_id]) for clip_id, one in lives),
        *(_question(row) for _, row in asked),
    )
    if not items:
        raise InputError(
            f"{corpus.folder}: nothing to review in it: no annotations beside the clips, and no questions were asked "
            "for. Ask for --questions, or give data that `crossomni build` wrote."
        )
    counts: dict[Kind, int] = {
        "voice": len(clips),
        "description": len(looks),
        "biography": len(lives),
        "question": len(asked),
    }
    return Drawn(items=items, counts=counts, wanted=wanted)


def _spread(by_clip: Mapping[str, list[_Thing]], count: int, seed: int, kind: str) -> list[tuple[str, _Thing]]:
    """``count`` of them, the first of each clip before the second of any; those of a clip side by side."""
    chance = random.Random(f"{seed}/{kind}")
    clips = sorted(by_clip)
    chance.shuffle(clips)
    shuffled = {clip_id: chance.sample(by_clip[clip_id], len(by_clip[clip_id])) for clip_id in clips}
    ranked = sorted((place, rank) for rank, clip_id in enumerate(clips) for place in range(len(by_clip[clip_id])))
    taken = sorted((rank, place) for place, rank in ranked[:count])
    return [(clips[rank], shuffled[clips[rank]][place]) for rank, place in taken]


def _referents(
    annotations: Mapping[str, Annotation], known: Callable[[Referent], str]
) -> dict[str, list[tuple[int, Referent]]]:
    """By clip, the persons and things of which ``known`` says something, with their places: names may be alike."""
    found = {
        clip_id: [(place, one) for place, one in enumerate(of.referents) if known(one).strip()]
        for clip_id, of in annotations.items()
    }
    return {clip_id: those for clip_id, those in found.items() if those}


# --- voices ---


def _voice(person: Person) -> list[Fact]:
    """What the pipeline says of a person's voice, of what people label again."""
    facts = (person.fact(Modality.AUDIO, label) for label in VOICE_LABELS)
    return [fact for fact in facts if fact is not None]


def _choices(annotations: Mapping[str, Annotation]) -> dict[str, tuple[str, ...]]:
    """By label, every value that it has anywhere in the corpus."""
    seen: dict[str, set[str]] = {}
    for found in annotations.values():
        for fact in (fact for person in found.persons for fact in _voice(person)):
            seen.setdefault(fact.kind, set()).add(fact.value)
    for kind, values in seen.items():
        if not 2 <= len(values) <= MOST_CHOICES or CANNOT_TELL in values:
            shown = ", ".join(sorted(values)[:5])
            raise InputError(
                f"voice label {kind!r}: {len(values)} values in the corpus ({shown}, …); wanted 2 to {MOST_CHOICES} "
                f"that people can choose from, none of them {CANNOT_TELL!r}. Annotate with a fixed list, or take "
                "--voices 0."
            )
    return {kind: (*sorted(values), CANNOT_TELL) for kind, values in seen.items()}


def _voice_items(found: Annotation, video: str, choices: Mapping[str, tuple[str, ...]]) -> Iterator[ReviewItem]:
    clip_id = found.clip.id
    for number, person in enumerate(found.persons):
        said = "\n".join(f"“{line.text}” ({_clock(line.start_seconds)})" for line in person.lines)
        for fact in _voice(person):
            yield ReviewItem(
                id=f"voice/{clip_id}/{number}/{fact.kind}",
                kind="voice",
                aspect=fact.kind,
                clip_id=clip_id,
                video=video,
                about=f"{person.name}, who says:\n{said}" if said else person.name,
                claim="",
                asks=f"Listen to the voice. What is its {fact.kind}?",
                choices=choices[fact.kind],
                automatic=fact.value,
            )


def _clock(seconds: float) -> str:
    """As a player shows it.

    >>> _clock(75.4)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


# --- descriptions, biographies, questions ---


def _look(referent: Referent) -> str:
    facts = [*referent.facts, *referent.bridge]
    return "\n".join(f"{fact.kind}: {fact.value}" for fact in facts if fact.modality is Modality.VISION)


def _description(place: int, referent: Referent, clip_id: str, video: str) -> ReviewItem:
    return ReviewItem(
        id=f"description/{clip_id}/{place}",
        kind="description",
        clip_id=clip_id,
        video=video,
        about=_found_by(referent),
        claim=_look(referent),
        asks="Does this description agree with what the clip shows?",
        choices=(CORRECT, NOT_CORRECT, CANNOT_TELL),
        automatic=CORRECT,
    )


def _found_by(referent: Referent) -> str:
    """The name, and for a person the first line: whose look it is can be told by who speaks."""
    if isinstance(referent, Person) and referent.lines:
        line = referent.lines[0]
        return f"{referent.name}, who says “{line.text}” ({_clock(line.start_seconds)})"
    return referent.name


def _biography(place: int, referent: Referent, clip_id: str, video: str) -> ReviewItem:
    return ReviewItem(
        id=f"biography/{clip_id}/{place}",
        kind="biography",
        clip_id=clip_id,
        video=video,
        about=referent.name,
        claim=referent.biography,
        asks="Is anything in this biography inappropriate or illegal?",
        choices=(NOTHING, SOMETHING, CANNOT_TELL),
        automatic=NOTHING,
    )


def _question(row: Row) -> ReviewItem:
    assert row.task is not None
    options = "\n".join(f"{letter}. {option}" for letter, option in zip(row.letters, row.options, strict=True))
    answer = f"\n\nAnswer: {row.answer}" if row.answer else ""
    judged = "and is the answer right" if row.answer else "by exactly one of the options"
    return ReviewItem(
        id=f"question/{row.id}",
        kind="question",
        clip_id=row.clip_id,
        video=row.video,
        about=f"Task {row.task.label}: find in {row.task.source}, answer from {row.task.target}",
        claim=f"{row.question}\n\n{options}{answer}\n\nBiographies:\n{row.biography}",
        asks=f"Can this be answered from the clip and the biographies, {judged}?",
        choices=(CORRECT, NOT_CORRECT, CANNOT_TELL),
        automatic=CORRECT,
    )
