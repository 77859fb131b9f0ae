"""What the stages hand on: drafts of questions, and items that were dropped with their reason."""

from __future__ import annotations

from dataclasses import dataclass

from crossomni.records import Annotation, Fact, Person, Referent
from crossomni.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A question before it has options: whose it is, the clue that finds them, the fact that is asked for."""

    annotation: Annotation
    referent: Referent
    clue: Fact
    asked: Fact
    question: str
    pair_id: str = ""  # a pair block's name; empty where the question stands alone

    @property
    def task(self) -> Task:
        """The clue's modality is the source, the asked fact's the target."""
        return Task(self.clue.modality, self.asked.modality)

    @property
    def peers(self) -> tuple[Referent, ...]:
        """Everybody the referent could be mistaken for: all persons of the clip, or all things."""
        return self.annotation.persons if isinstance(self.referent, Person) else self.annotation.things

    @property
    def id(self) -> str:
        """Clip, task, referent and kinds: no two drafts of a clip share all of them."""
        place = self.annotation.referents.index(self.referent) + 1
        kinds = f"{self.clue.kind}-{self.asked.kind}".replace(" ", "")
        return f"{self.annotation.clip.id}/{self.task.id}/{place}/{kinds}"


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """An item that went no further, by which stage and why. Reasons are few and fixed, so that they can be counted."""

    stage: str
    item: str
    reason: str
