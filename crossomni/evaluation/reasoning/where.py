"""The table of where a run failed: right and wrong answers by what their reasoning lacks, task by task."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crossomni.judging import PLACES, LogicPoints
from crossomni.records import Row
from crossomni.scoring import GROUPS
from crossomni.statistics import Estimate, wilson
from crossomni.tasks import TASKS

if TYPE_CHECKING:
    from rich.table import Table

Side = Literal["wrong", "right"]
SOUND = "sound"  # no point is missing
NO_REASONING, UNSCORED = "no-reasoning", "unscored"
LACKS = (*PLACES, SOUND, NO_REASONING, UNSCORED)

# Heading of a column with shares -> the side, and what its reasoning lacks.
_SHARES: Mapping[str, tuple[Side, tuple[str, ...]]] = {
    "wrong: at the source": ("wrong", ("source",)),
    "at the bridge": ("wrong", ("bridge",)),
    "at the target": ("wrong", ("target",)),
    "wrong all the same": ("wrong", (SOUND,)),
    "right: sound": ("right", (SOUND,)),
    "by other means": ("right", PLACES),
}
_CELL_WIDTH = len("1234, 56%")
_COUNTS = ("no reasoning", "unscored", "no reply", "rows")
_SHOWN = tuple(group for group in GROUPS if not group.macro)
NOTE = (
    "Percent of the wrong, or of the right, answers whose reasoning was scored, with Wilson's 95% interval. An answer "
    "is wrong at the first step that its reasoning misses, and wrong all the same where it misses none; it is right by "
    "other means where it misses one."
)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Rows of a task, or of several."""

    wrong: Mapping[str, int]  # by what the reasoning lacks, one of LACKS
    right: Mapping[str, int]
    no_reply: int  # rows that failed or are missing: there is nothing to look into

    def count(self, side: Side, lacks: Sequence[str]) -> int:
        """Answers of one side that lack one of these."""
        return sum(self._of(side)[one] for one in lacks)

    def share(self, side: Side, lacks: Sequence[str]) -> Estimate:
        """Their share, in percent, of those of the side that were scored; nan where none was."""
        scored = self.count(side, (*PLACES, SOUND))
        return wilson(self.count(side, lacks) / scored if scored else math.nan, scored).scaled(100)

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.wrong.values()) + sum(self.right.values()) + self.no_reply

    def _of(self, side: Side) -> Mapping[str, int]:
        return self.wrong if side == "wrong" else self.right


@dataclass(frozen=True, kw_only=True)
class Where:
    """A run's tallies by task id and by average (single, cross, overall)."""

    by: str  # who scored the reasoning
    tallies: Mapping[str, Tally]

    @classmethod
    def count(
        cls,
        *,
        by: str,
        rows: Sequence[Row],
        letters: Mapping[str, str | None],
        found: Mapping[str, tuple[str, LogicPoints | None]],
    ) -> Where:
        """Count a run's rows.

        Args:
            by: who scored the reasoning.
            rows: with their answers.
            letters: what was read in each reply, by row id; a row that is not in it has no reply.
            found: state and points by row id; a row that is not in it, and has a reply, is unscored.
        """
        counted: Counter[tuple[str, Side, str]] = Counter()
        silent: Counter[str] = Counter()
        for row in rows:
            assert row.task is not None  # a row has one
            if row.id not in letters:
                silent[row.task.id] += 1
                continue
            side: Side = "right" if letters[row.id] == row.answer else "wrong"
            counted[row.task.id, side, _lack(*found.get(row.id, ("", None)))] += 1
        return cls(
            by=by, tallies={group.name: _tally([t.id for t in group.tasks], counted, silent) for group in _SHOWN}
        )

    def to_json(self) -> dict[str, Any]:
        """All counts, and the shares of the table with their intervals (null where nothing was scored)."""
        return {
            "by": self.by,
            "groups": {
                name: {
                    "wrong": dict(tally.wrong),
                    "right": dict(tally.right),
                    "no_reply": tally.no_reply,
                    "rows": tally.rows,
                    "shares": {title: _bounds(tally.share(*what)) for title, what in _SHARES.items()},
                }
                for name, tally in self.tallies.items()
            },
        }

    def to_markdown(self) -> str:
        """The table, with a line that says what it shows."""
        lines = [self.head, ["---", *("---:" for _ in self.head[1:])]]
        lines += [[title, *cells] for title, cells in self.lines()]
        return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", f"{self.title}. {self.note}"])

    def tables(self) -> tuple[Table]:
        """One table, for a terminal of 100 columns."""
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, padding=0, title=escape(self.title), caption=self.note)
        for number, heading in enumerate(self.head):
            table.add_column(
                heading,
                justify="right" if number else "left",
                width=(_CELL_WIDTH if heading in _SHARES else max(map(len, heading.split()))) if number else None,
            )
        for title, cells in self.lines():
            table.add_row(title, *(cell.replace(" (", "\n(") for cell in cells), end_section=title == TASKS[-1].label)
        return (table,)

    @property
    def title(self) -> str:
        """Who looked."""
        return f"Where it failed, by {self.by}"

    @property
    def note(self) -> str:
        """How the table is read."""
        return NOTE

    @property
    def head(self) -> list[str]:
        """The table's headings."""
        return ["task", *_SHARES, *_COUNTS]

    def lines(self) -> Iterator[tuple[str, list[str]]]:
        """The table's lines: a title, and a cell for each further heading."""
        labels = {task.id: task.label for task in TASKS}
        for name, tally in self.tallies.items():
            shares = [_cell(tally.count(*what), tally.share(*what)) for what in _SHARES.values()]
            none, unscored = (
                tally.count("wrong", [lack]) + tally.count("right", [lack]) for lack in (NO_REASONING, UNSCORED)
            )
            yield labels.get(name, name.title()), [*shares, *map(str, (none, unscored, tally.no_reply, tally.rows))]


def _lack(state: str, points: LogicPoints | None) -> str:
    if points is not None:
        return points.place or SOUND
    return NO_REASONING if state in ("no-reasoning", "wrong-form") else UNSCORED


def _tally(tasks: Sequence[str], counted: Mapping[tuple[str, Side, str], int], silent: Mapping[str, int]) -> Tally:
    def side(which: Side) -> dict[str, int]:
        return {lack: sum(counted[task, which, lack] for task in tasks) for lack in LACKS}

    return Tally(wrong=side("wrong"), right=side("right"), no_reply=sum(silent[task] for task in tasks))


def _cell(count: int, share: Estimate) -> str:
    if math.isnan(share.value):
        return "–"
    return f"{count}, {share.value:.0f}% ({share.low:.0f}–{share.high:.0f})"


def _bounds(share: Estimate) -> list[float] | None:
    return None if math.isnan(share.value) else [share.value, share.low, share.high]
