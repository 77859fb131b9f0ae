"""Which systems a reader wants to see, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crossomni.errors import InputError
from crossomni.leaderboard.board import Standing
from crossomni.leaderboard.page.columns import COLUMNS, LABELS

ALL = "all"
FIRST_ROWS = 100  # of a board that is longer, until more are asked for
MOST_TEXT = 200  # letters that are looked for


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a reader asks of the board. ``all`` leaves out nothing."""

    text: str = ""  # each of its words is in the name, the model, the submitter, the notes or the link
    prompt: str = ALL
    labels: str = ALL
    data: str = ALL
    receipts: str = ALL
    sort: str = "overall"
    downwards: bool = True
    rows: int = FIRST_ROWS

    def __post_init__(self) -> None:
        if self.sort not in COLUMNS:
            raise InputError(f"the board has no column {self.sort!r}. Columns are {', '.join(COLUMNS)}.")
        if len(self.text) > MOST_TEXT:
            raise InputError(f"{len(self.text)} letters to look for; wanted {MOST_TEXT} at most. Look for fewer words.")

    def __contains__(self, standing: Standing) -> bool:
        wanted = (self.prompt, self.labels, self.data, self.receipts)
        there = (standing.prompt, standing.labels, standing.data, standing.receipts)
        if any(want not in (ALL, has) for want, has in zip(wanted, there, strict=True)):
            return False
        said = (standing.name, standing.model, standing.submitter, standing.notes, standing.link)
        text = "\n".join(said).casefold()
        return all(word in text for word in self.text.casefold().split())


@dataclass(frozen=True, kw_only=True)
class Section:
    """Systems that answered the same questions under the same labels: what can be ranked together."""

    data: str
    labels: str
    standings: tuple[Standing, ...]


def arrange(standings: Iterable[Standing], wish: Wish) -> tuple[Section, ...]:
    """The wished systems, in order, section by section: hidden labels first, what the paper printed last.

    Figures on other questions, or under labels that everybody could look at, are never sorted among each other.
    """
    parts: dict[tuple[str, str], list[Standing]] = {}
    for standing in standings:
        if standing in wish:
            parts.setdefault((standing.labels, standing.data), []).append(standing)
    order = list(LABELS)
    return tuple(
        Section(data=data, labels=labels, standings=tuple(_sorted(parts[labels, data], wish)))
        for labels, data in sorted(parts, key=lambda part: (order.index(part[0]), part[1]))
    )


def _sorted(standings: list[Standing], wish: Wish) -> list[Standing]:
    column = COLUMNS[wish.sort]
    keyed = [(column.sortable(standing), standing) for standing in standings]
    known = [(value, standing) for value, standing in keyed if value is not None]
    known.sort(key=lambda pair: pair[1].key)  # an order of its own for those that are equal, in both directions
    known.sort(key=lambda pair: pair[0], reverse=wish.downwards)
    return [standing for _, standing in known] + [standing for value, standing in keyed if value is None]
