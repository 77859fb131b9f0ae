"""In which order rows are learned: at random, those about one clip side by side; in GRPO, in whole batches."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from crossomni.errors import InputError
from crossomni.omni.branches import grouped
from crossomni.optional import need


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


@dataclass(kw_only=True)
class ByPrompt:
    """Places of prompts as GRPO takes them: in the orders of TRL's ``RepeatSampler``, but none is left out.

    That leaves out the prompts of an epoch that fill no batch. Here the last batch is filled up with the first prompts
    of that epoch's own order, which come twice. Epoch and seed alone decide on an order, so that all processes have
    the same, and one that goes on at a checkpoint the one that was begun.

    Raises:
        InputError: when there are fewer prompts than a batch takes.
    """

    prompts: int
    batch: int  # prompts of one generation
    rollouts: int  # so often a prompt comes, one after the other
    uses: int  # so often a batch comes: once for each slice of a generation that a loss is taken of
    seed: int
    shuffled: bool = True
    epoch: int = 0

    def __post_init__(self) -> None:
        if self.prompts < self.batch:
            raise InputError(
                f"train_dataset has {self.prompts} prompts; a batch takes {self.batch}. Take more rows, or a smaller "
                "batch."
            )

    def set_epoch(self, epoch: int) -> None:
        """Another order for each epoch; accelerate tells it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.prompts // self.batch) * self.batch * self.rollouts * self.uses

    def __iter__(self) -> Iterator[int]:
        order = self._order()
        order += order[: -len(order) % self.batch]
        for start in range(0, len(order), self.batch):
            repeated = [place for place in order[start : start + self.batch] for _ in range(self.rollouts)]
            yield from repeated * self.uses

    def _order(self) -> list[int]:
        if not self.shuffled:
            return list(range(self.prompts))
        torch = need("torch", "training")
        draw = torch.Generator()
        draw.manual_seed(self.seed)
        for _ in range(self.epoch):  # TRL draws one order after the other
            torch.randperm(self.prompts, generator=draw)
        order: list[int] = torch.randperm(self.prompts, generator=draw).tolist()
        return order
