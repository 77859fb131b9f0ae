"""Which letter the right option of each row gets: balanced within each task, and over the split."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

from crossomni.records import letters


class Letters:
    """Letters for the rows of one split, dealt from decks of their own."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._of_deck: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._of_all: Counter[str] = Counter()

    def deal(self, deck: str) -> str:
        """A letter: of those that the deck has dealt least often, one that all decks together have dealt least often.

        So no letter of a deck is dealt twice more than another, and what decks leave over evens out between them.

        >>> dealt = Letters(random.Random(0))
        >>> sorted(dealt.deal(deck) for deck in ("au", "vi", "te", "vi"))
        ['A', 'B', 'C', 'D']
        """
        mine = self._of_deck[deck]
        dealt = min(letters(4), key=lambda letter: (mine[letter], self._of_all[letter], self._rng.random()))
        mine[dealt] += 1
        self._of_all[dealt] += 1
        return dealt
