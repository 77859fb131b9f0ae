"""The nine tasks: every pair of a source and a target modality (section 2.1.3).

Names, prompts, rubrics and groupings derive from the pair; nothing else spells the tasks out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crossomni.errors import InputError


class Modality(StrEnum):
    """Where something can be perceived. The value is the word of the dataset's columns."""

    AUDIO = "audio"
    VISION = "vision"
    TEXT = "text"

    @property
    def short(self) -> str:
        """Two letters, as in task ids: ``au``, ``vi``, ``te``."""
        return self.value[:2]


@dataclass(frozen=True)
class Task:
    """Find the referent in ``source``, answer from ``target``.

    >>> Task.parse("Au→Vi").id, Task.parse("au-vi").label, Task.parse("te").is_cross
    ('au-vi', 'Au→Vi', False)
    """

    source: Modality
    target: Modality

    @property
    def id(self) -> str:
        """``au`` for a single task, ``au-vi`` for a cross one."""
        return f"{self.source.short}-{self.target.short}" if self.is_cross else self.source.short

    @property
    def label(self) -> str:
        """The paper's way of writing it: ``Au``, ``Au→Vi``."""
        return "→".join(part.title() for part in self.id.split("-"))

    @property
    def is_cross(self) -> bool:
        """Whether source and target differ."""
        return self.source is not self.target

    @property
    def through_vision(self) -> bool:
        """Sound and text meet only through sight (B.1)."""
        return {self.source, self.target} == {Modality.AUDIO, Modality.TEXT}

    @property
    def route(self) -> tuple[Modality, ...]:
        """The modalities that an answer goes through, from source to target.

        >>> [str(modality) for modality in Task.parse("au-te").route]
        ['audio', 'vision', 'text']
        """
        if self.through_vision:
            return self.source, Modality.VISION, self.target
        return (self.source, self.target) if self.is_cross else (self.source,)

    @classmethod
    def parse(cls, name: str) -> Task:
        """Read an id (``au-vi``) or a label (``Au→Vi``, also ``Au->Vi``).

        Raises:
            InputError: for any other name.
        """
        key = name.strip().lower().replace("->", "-").replace("→", "-") if isinstance(name, str) else name
        for task in TASKS:
            if task.id == key:
                return task
        raise InputError(f"unknown task {name!r}. Tasks are {', '.join(task.id for task in TASKS)}.")

    def __str__(self) -> str:
        return self.id


SINGLE_TASKS = tuple(Task(m, m) for m in Modality)
CROSS_TASKS = tuple(Task(s, t) for s in Modality for t in (*Modality,) if s is not t)
# The order of the contract: single tasks, then cross tasks by source (au-vi, au-te, vi-au, vi-te, te-au, te-vi).
TASKS = SINGLE_TASKS + CROSS_TASKS
