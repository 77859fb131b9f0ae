"""In which order rows are learned: at random, those about one clip side by side."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from crossomni.omni.branches import grouped


@dataclass
class ByClip:
    """Places of rows in random order, in which a batch holds rows about one clip as far as there are enough of them.

    A clip with more rows than a batch takes comes in several batches, at random among all others; what is left over of
    the clips stands together. Epoch and seed alone decide on the order, so that all processes have the same.
    """

    clips: Sequence[Hashable]  # of each row
    at_once: int  # rows in a batch
    seed: int
    epoch: int = 0

    def set_epoch(self, epoch: int) -> None:
        """Another order for each epoch; accelerate tells it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self.seed} {self.epoch}")
        whole: list[list[int]] = []
        rests: list[list[int]] = []
        for places in grouped(self.clips):
            draw.shuffle(places)
            for batch in self._cut(places):
                (whole if len(batch) == self.at_once else rests).append(batch)
        draw.shuffle(rests)
        mixed = self._cut([place for rest in rests for place in rest])
        # A batch that is not full can only be the last.
        last = mixed.pop() if mixed and len(mixed[-1]) < self.at_once else []
        batches = whole + mixed
        draw.shuffle(batches)
        yield from (place for batch in [*batches, last] for place in batch)

    def _cut(self, places: list[int]) -> list[list[int]]:
        return [places[start : start + self.at_once] for start in range(0, len(places), self.at_once)]
