"""Answerers that neither see, hear nor read: what a score is worth begins where theirs ends.

Each names the letters it would take alike and draws one, from the seed and the row's id alone: the same whatever the
order, and whatever else is asked.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossomni.corpus import Corpus
from crossomni.errors import DataError, InputError
from crossomni.evaluation.models.protocol import Ask, Said
from crossomni.records import Annotation, Question, Receipt
from crossomni.tasks import Modality

Letters = Sequence[str]
Choose = Callable[[Question], Letters]


@dataclass(frozen=True)
class Baseline:
    """A rule as a model."""

    name: str
    choose: Choose  # the letters that the rule takes alike, at least one
    seed: int = 0

    @property
    def senses(self) -> frozenset[Modality]:
        """Text alone: a baseline's run is a declared knock-out of sound and sight."""
        return frozenset({Modality.TEXT})

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """One of the rule's letters for each question."""
        for ask in asks:
            draw = random.Random(f"{self.seed} {self.name} {ask.question.id}")
            yield Said(reply=draw.choice(self.choose(ask.question)), receipt=Receipt.text_only(prompt_tokens=None))


def uniform(corpus: Corpus) -> Choose:
    """Any letter."""
    return lambda question: question.letters


def most_frequent(corpus: Corpus) -> Choose:
    """The letter that is right most often in the train split (the first of them where several are)."""
    if "train" not in corpus.splits:
        raise InputError(f"{corpus.folder}: 'most-frequent' counts the train split's answers, and there is no train.")
    counts = Counter(row.answer for row in corpus.rows("train") if row.answer)
    if not counts:
        raise InputError(f"{corpus.folder}: 'most-frequent' counts the train split's answers, and they are held back.")
    letter = min(counts, key=lambda letter: (-counts[letter], letter))
    return lambda question: (letter,)


def longest_option(corpus: Corpus) -> Choose:
    """The option with the most characters."""

    def longest(question: Question) -> Letters:
        most = max(map(len, question.options))
        return [
            letter for letter, option in zip(question.letters, question.options, strict=True) if len(option) == most
        ]

    return longest


def elimination(corpus: Corpus) -> Choose:
    """Any option that is true of somebody or something in the clip, in the question's target modality.

    It knows what is there and not whose it is: above chance, it shows that an option can be ruled out unbound.

    Raises:
        InputError: for questions without a task.
    """

    if any(row.task is None for rows in corpus.rows_by_split.values() for row in rows):
        raise InputError(
            f"{corpus.folder}: 'elimination' looks at a question's target, and these have no task. Leave it out here."
        )

    @lru_cache(maxsize=8)  # rows come clip by clip
    def truth(clip_id: str) -> Annotation:
        annotation = corpus.annotation(clip_id)
        if annotation is None:
            raise DataError(f"clip {clip_id!r}: 'elimination' needs its truth, which nobody knows. Leave it out here.")
        return annotation

    def supported(question: Question) -> Letters:
        assert question.task is not None  # looked at above
        values = {
            fact.value.strip().casefold()
            for referent in truth(question.clip_id).referents
            for fact in referent.facts
            if fact.modality is question.task.target
        }
        left = [
            letter
            for letter, option in zip(question.letters, question.options, strict=True)
            if option.strip().casefold() in values
        ]
        return left or question.letters  # no option is known at all: nothing can be ruled out

    return supported


# SPEC -> the rule, made for a corpus.
BASELINES: Mapping[str, Callable[[Corpus], Choose]] = {
    "uniform": uniform,
    "most-frequent": most_frequent,
    "longest-option": longest_option,
    "elimination": elimination,
}
