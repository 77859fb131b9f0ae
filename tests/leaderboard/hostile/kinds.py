"""What a hostile submission is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.leaderboard.making import Made


@dataclass(frozen=True)
class Kind:
    """One way to be hostile, careless or damaged."""

    name: str
    make: Callable[[Made], bytes]
    reason: str  # words of the line that refuses it


KINDS: list[Kind] = []


def kind(reason: str) -> Callable[[Callable[[Made], bytes]], Callable[[Made], bytes]]:
    """Add the function to the corpus under its own name."""

    def add(make: Callable[[Made], bytes]) -> Callable[[Made], bytes]:
        KINDS.append(Kind(make.__name__, make, reason))
        return make

    return add
