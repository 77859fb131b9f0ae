"""A question with its options turned, and the way back."""

from __future__ import annotations

from dataclasses import replace

from crossomni.records import Question


def rotated(question: Question, places: int) -> Question:
    """The question with its options turned: the one at ``places`` comes first, and the answer's letter goes along."""
    places %= len(question.options)
    if not places:
        return question
    answer = question.answer and question.letters[question.letters.index(question.answer) - places]
    return replace(question, options=question.options[places:] + question.options[:places], answer=answer)


def turned_back(letter: str | None, question: Question, places: int) -> str | None:
    """The letter, in the question's own order, of an option that was chosen after ``rotated(question, places)``."""
    if letter is None:
        return None
    return question.letters[(question.letters.index(letter) + places) % len(question.letters)]
