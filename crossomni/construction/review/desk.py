"""Where a reviewer is: which item comes next, what was said of it, how far one has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crossomni.construction.review.items import CANNOT_TELL, KEYS, KINDS, ReviewFolder, ReviewItem
from crossomni.construction.review.labels import Label, Labels, reviewer_name
from crossomni.errors import InputError

ALL = "all"  # kinds
CANNOT_TELL_KEY = "0"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which items a reviewer wants to be led through."""

    kind: str = ALL
    alone: bool = False  # leave out what somebody else labelled: several people share the work

    def __post_init__(self) -> None:
        if self.kind not in (ALL, *KINDS):
            raise InputError(f"the kind is {self.kind!r}; wanted {ALL} or one of {', '.join(KINDS)}.")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How many items of a kind a reviewer labelled."""

    kind: str
    done: int
    items: int
    by_somebody: int


class Desk:
    """One review, looked at by any number of reviewers; it keeps nothing but what is in the files."""

    def __init__(self, folder: ReviewFolder) -> None:
        self._folder = folder
        self.items: Mapping[str, ReviewItem] = folder.items
        self._order = list(folder.items)
        self._place = {item: place for place, item in enumerate(self._order)}
        self._labels = Labels(folder)
        self.kinds = [kind for kind in KINDS if any(item.kind == kind for item in self.items.values())]
        self.most_choices = max(len(item.choices) for item in self.items.values())

    def label(self, reviewer: str, item_id: str, place: int) -> None:
        """Write down that a reviewer took the choice at ``place`` of an item; it stands when this returns.

        Raises:
            InputError: for a name, an item or a choice that cannot be.
            RunError: when it cannot be written.
        """
        item = self._item(item_id)
        if not 0 <= place < len(item.choices):
            raise InputError(f"item {item_id!r}: choice {place} came; wanted 0 to {len(item.choices) - 1}.")
        self._labels.add([Label.now(item_id, reviewer_name(reviewer), item.choices[place])])

    def said(self, reviewer: str, item_id: str) -> str:
        """What a reviewer said of an item last; empty text for nothing."""
        return self._labels.of(reviewer_name(reviewer)).get(item_id, "")

    def open_item(self, reviewer: str, wish: Wish, after: str = "") -> str:
        """The next item without the reviewer's label, from ``after`` on and then from the start; empty for none."""
        name, last = reviewer_name(reviewer), self._labels.last()
        done = {item for who, item in last if who == name or wish.alone}
        start = self._place[self._item(after).id] + 1 if after else 0
        for item_id in self._order[start:] + self._order[:start]:
            if item_id not in done and wish.kind in (ALL, self.items[item_id].kind):
                return item_id
        return ""

    def beside(self, item_id: str, step: int, wish: Wish) -> str:
        """The item one before (-1) or behind (+1) of the wished kind, labelled or not; itself at the ends."""
        place = self._place[self._item(item_id).id] + step
        while 0 <= place < len(self._order):
            if wish.kind in (ALL, self.items[self._order[place]].kind):
                return self._order[place]
            place += step
        return item_id

    def last_labelled(self, reviewer: str, wish: Wish) -> str:
        """The last item, in the order of items, that the reviewer labelled; empty for none."""
        done = self._labels.of(reviewer_name(reviewer))
        wished = [item for item in done if wish.kind in (ALL, self.items[item].kind)]
        return max(wished, key=self._place.__getitem__, default="")

    def progress(self, reviewer: str) -> list[Progress]:
        """By kind, how far a reviewer has come, and all of them."""
        name, last = reviewer_name(reviewer), self._labels.last()
        mine, anybody = {item for who, item in last if who == name}, {item for _, item in last}
        found = []
        for kind in self.kinds:
            of_kind = {item.id for item in self.items.values() if item.kind == kind}
            found.append(
                Progress(kind=kind, done=len(of_kind & mine), items=len(of_kind), by_somebody=len(of_kind & anybody))
            )
        return found

    def _item(self, item_id: str) -> ReviewItem:
        if item_id not in self.items:
            raise InputError(f"no item {item_id!r} in this review. Load the page again.")
        return self.items[item_id]


def key_of(item: ReviewItem, place: int) -> str:
    """The key that takes the choice at ``place``: 1 to 9, then a to z; 0 for those who cannot tell."""
    return CANNOT_TELL_KEY if item.choices[place] == CANNOT_TELL else KEYS[place]
