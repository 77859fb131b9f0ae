"""What stages hand on where models work: notes of a clip, and items that become rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.asking import NO_REPLY, Asked
from crossomni.construction.models.voices import Measured
from crossomni.records import Annotation, Clip, Person, Thing
from crossomni.tasks import Modality, Task


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What models say of a clip (section 2.2.2), before it is checked. Mappings are by name."""

    description: str
    second: str  # another description of the same clip, made from other frames by a prompt of its own
    seen: Mapping[str, tuple[str, ...]]  # descriptions of each person, each from other frames
    traits: Mapping[str, tuple[tuple[str, str], ...]]  # (kind, value) of each voice
    things: Mapping[str, str]  # looks
    roles: Mapping[str, str] = field(default_factory=dict)  # who somebody is, where the subtitles say so
    measured: Mapping[str, Measured] = field(default_factory=dict)  # of each voice that is heard
    looks: Mapping[str, str] = field(default_factory=dict)  # of each person, the description that the check keeps
    biographies: Mapping[str, str] = field(default_factory=dict)  # of persons and things
    voices_differ: bool = True  # where they do not, what a voice is like leads to nobody

    def cue(self, name: str) -> str:
        """The name, with the role where one is known: what person-centric prompts go by (Table 13)."""
        return with_role(name, self.roles)


def with_role(name: str, roles: Mapping[str, str]) -> str:
    """A name, and behind a comma who that is.

    >>> with_role("Ann", {"Ann": "a nurse"}), with_role("Bob", {})
    ('Ann, a nurse', 'Bob')
    """
    return f"{name}, {roles[name]}" if name in roles else name


@dataclass(frozen=True, kw_only=True)
class Known:
    """A clip's annotation, and what its picture shows as a whole: all that questions are written from."""

    annotation: Annotation
    description: str
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def called(self) -> dict[str, str]:
        """Names, by all that somebody or something in the clip is called: also of speakers of whom less is known."""
        own = self.annotation
        names = [*(one.name for one in own.referents), *(line.speaker for line in own.clip.lines if line.speaker)]
        return {words: name for name in names for words in (name, with_role(name, self.roles))}

    @property
    def material(self) -> str:
        """For a prompt."""
        own = self.annotation
        lines = [
            f"- {line.start_seconds:.1f} to {line.end_seconds:.1f} s, {line.speaker or 'somebody'}: “{line.text}”"
            for line in own.clip.lines
        ]
        voices = [f"- {person.name}: {', '.join(_voice(person))}" for person in own.persons if _voice(person)]
        parts = {
            "What the video shows": [self.description],
            "Persons": [f"- {with_role(person.name, self.roles)}: {_look(person)}" for person in own.persons],
            "Objects": [f"- {thing.name}: {_look(thing)}" for thing in own.things],
            "What is said": lines,
            "Voices": voices,
            "Biographies": [f"{one.name}: {one.biography}" for one in own.referents],
        }
        return "\n\n".join("\n".join([f"{title}:", *told]) for title, told in parts.items() if told)


def _look(referent: Person | Thing) -> str:
    found = referent.fact(Modality.VISION, "look")
    return found.value if found else ""


def _voice(person: Person) -> list[str]:
    return [fact.value for fact in person.facts if fact.modality is Modality.AUDIO and fact.kind != "line"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question on its way to a row."""

    id: str
    task: Task
    name: str  # of the referent
    stem: str  # the question, ``[]`` where it names its referent
    clue: str  # the words that lead to the referent
    answer: str
    wrong: tuple[str, ...] = ()
    rationale: tuple[str, ...] = ()  # four steps
    pair_id: str = ""
    asked: tuple[Asked, ...] = ()

    @property
    def question(self) -> str:
        """As it is asked."""
        text = self.stem.replace("[]", self.clue)
        return text[0].upper() + text[1:]

    def to_json(self) -> dict[str, Any]:
        """A plain dict, for the ledger."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return own | {"task": self.task.id, "asked": [one.to_json() for one in self.asked]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Item:
        """Read what ``to_json`` wrote."""
        asked = tuple(Asked(**one) for one in data["asked"])
        several = {name: tuple(data[name]) for name in ("wrong", "rationale")}
        return cls(**{**data, **several, "task": Task.parse(data["task"]), "asked": asked})


@dataclass(frozen=True, kw_only=True)
class Worked:
    """All that came of a clip."""

    clip: Clip
    annotation: Annotation | None  # None where the clip was dropped
    items: tuple[Item, ...]
    dropped: tuple[Dropped, ...]
    asked: tuple[Asked, ...]  # about the clip as a whole

    @property
    def is_done(self) -> bool:
        """Whether no request about it was left without a reply."""
        return not any(NO_REPLY in drop.reason for drop in self.dropped)

    def to_json(self) -> dict[str, Any]:
        """A plain dict, for the ledger."""
        return {
            "clip": self.clip.id,
            "annotation": None if self.annotation is None else self.annotation.to_json(),
            "items": [item.to_json() for item in self.items],
            "dropped": [{"stage": one.stage, "item": one.item, "reason": one.reason} for one in self.dropped],
            "asked": [one.to_json() for one in self.asked],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], clip: Clip) -> Worked:
        """Read what ``to_json`` wrote."""
        found = data["annotation"]
        return cls(
            clip=clip,
            annotation=None if found is None else Annotation.from_json(found),
            items=tuple(Item.from_json(one) for one in data["items"]),
            dropped=tuple(Dropped(**one) for one in data["dropped"]),
            asked=tuple(Asked(**one) for one in data["asked"]),
        )
