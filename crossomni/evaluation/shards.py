"""One of several processes that share a run, as ``accelerate launch`` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from crossomni.optional import need

_T = TypeVar("_T")


@dataclass(frozen=True)
class Shard:
    """This process's place among ``count``."""

    rank: int = 0
    count: int = 1

    @classmethod
    def of_this_process(cls) -> Shard:
        """By the variables that accelerate and torchrun set; alone without them."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    @property
    def is_main(self) -> bool:
        """Whether it is this process that gathers what the others found."""
        return self.rank == 0

    @property
    def name(self) -> str:
        """How its file is called."""
        return f"{self.rank:05d}-of-{self.count:05d}"

    def share(self, items: Iterable[_T]) -> Iterator[_T]:
        """This process's part: every item belongs to one process."""
        return (item for place, item in enumerate(items) if place % self.count == self.rank)

    def wait(self) -> None:
        """Go on when all processes have come so far."""
        if self.count > 1:
            need("accelerate", "a run in several processes").PartialState().wait_for_everyone()
