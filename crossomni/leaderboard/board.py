"""A board: who stands where, as records that the terminal, the page and downloads are made from.

A board is a pure function of a store of submissions and of labels. It holds nothing of any single row, so that showing
it shows no label.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossomni.errors import RecordError
from crossomni.grids import without_nan
from crossomni.leaderboard.configuration import as_text
from crossomni.leaderboard.entries import Entry
from crossomni.leaderboard.entries import Refused as Refused  # part of a board: users take it from here

if TYPE_CHECKING:
    from crossomni.leaderboard.labels import Labels
    from crossomni.leaderboard.store import Store

# What makes a spreadsheet take text for a formula; some take the wide signs, too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True, kw_only=True)
class Standing(Entry):
    """One line of a board: an entry and its place."""

    rank: tuple[int, int]  # best and worst place that the intervals of `overall` allow, among the same data and labels

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "rank", tuple(self.rank))
        if not 1 <= self.rank[0] <= self.rank[1]:
            raise RecordError(f"standing {self.name!r}: its places are {self.rank}; wanted 1 <= best <= worst.")

    @property
    def place(self) -> str:
        """``"3"``, or ``"2–5"`` where the intervals leave it open."""
        best, worst = self.rank
        return str(best) if best == worst else f"{best}–{worst}"


@dataclass(frozen=True, kw_only=True)
class Board:
    """Standings, best first within the same data and labels; files that were refused; the last hash of the chain."""

    standings: tuple[Standing, ...]
    refused: tuple[Refused, ...]
    head: str  # empty where nothing has been taken into the chain

    def to_json(self) -> dict[str, Any]:
        """A plain dict; what is not known is None, since JSON has no nan."""
        return {
            "standings": [without_nan(asdict(one)) for one in self.standings],
            "refused": [asdict(one) for one in self.refused],
            "head": self.head,
        }

    def to_csv(self) -> str:
        """A line a standing, scores as columns of their own; what is not known is an empty cell.

        A text that a spreadsheet would take for a formula has an apostrophe before it.
        """
        names = [f.name for f in fields(Standing) if f.name not in ("scores", "rank")]
        metrics = list(dict.fromkeys(metric for one in self.standings for metric in one.scores))
        file = io.StringIO()
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["rank_best", "rank_worst", *names, *metrics])
        for one in self.standings:
            words = [_cell(getattr(one, name)) for name in names]
            scores = without_nan([one.scores.get(metric) for metric in metrics])
            table.writerow([*one.rank, *words, *("" if value is None else value for value in scores)])
        return file.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, tuple):
        value = " ".join(value)
    elif isinstance(value, Mapping):
        value = as_text(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def build_board(store: Store, labels: Sequence[Labels], cache: Path | None = None, *, processes: int = 1) -> Board:
    """Score all that is in the store again, and rank it beside the paper's rows.

    A file that is no good submission is among ``refused`` and stops nothing. The same store and labels give the same
    board, with a cache or without.

    Args:
        labels: of the data that the board is about; submissions on other data are refused.
        cache: a folder on the board's side, where what a submission's file came to is kept by its hash.
        processes: that read and score at once, where there is much to do.
    """
    from crossomni.leaderboard.chain import head, missing
    from crossomni.leaderboard.from_paper import published_entries
    from crossomni.leaderboard.ranking import places
    from crossomni.leaderboard.scored import score_all

    scored = score_all(store, labels, cache, processes)
    entries = [*(one for one in scored if isinstance(one, Entry)), *published_entries()]
    refused = [*(one for one in scored if isinstance(one, Refused)), *missing(store)]
    standings = [
        Standing(**{f.name: getattr(entry, f.name) for f in fields(Entry)}, rank=place)
        for entry, place in zip(entries, places(entries), strict=True)
    ]
    standings.sort(key=_order)
    return Board(
        standings=tuple(standings),
        refused=tuple(sorted(refused, key=lambda one: (one.file, one.reason))),
        head=head(store),
    )


def _order(one: Standing) -> tuple[Any, ...]:
    overall = one.scores.get("overall", float("nan"))
    known = overall == overall
    kinds = ("hidden", "open", "published")
    return kinds.index(one.labels), one.data, not known, -overall if known else 0.0, one.at, one.key


def standing_of(data: Mapping[str, Any]) -> Standing:
    """Read one of the standings that ``Board.to_json`` wrote."""
    scores = {name: float("nan") if value is None else value for name, value in data["scores"].items()}
    return Standing(**{**data, "scores": scores})
