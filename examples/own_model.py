"""A model of your own, evaluated by

    crossomni evaluate --model python:examples/own_model.py:FirstOption --out runs/first

A model that sees and hears names Modality.AUDIO and Modality.VISION in ``senses``, takes ``ask.clip.frames(32)`` and
``ask.clip.sound()``, and reports in the receipt what it really took: a clip that it did not hear stops the run.
"""

from collections.abc import Iterator, Sequence

from crossomni.evaluation.models import Ask, Said
from crossomni.records import Receipt
from crossomni.tasks import Modality


class FirstOption:
    """Says A to everything."""

    name = "first option"
    senses = frozenset({Modality.TEXT})

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """One reply for each question on a clip; ``ask.prompt`` is what the user's message says."""
        for ask in asks:
            yield Said(reply="The answer is A.", receipt=Receipt.text_only(len(ask.prompt.split())))
