"""Accuracies by group, for questions that have no task but groupings of their own, with intervals clustered by clip.

One bootstrap over clips serves all groups, as it does the tasks in ``crossomni.scoring``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossomni.errors import InputError
from crossomni.scoring import RESAMPLES, SEED, chance_of, mark
from crossomni.statistics import Estimate, clustered, resample_sums, wilson

Groups = Mapping[str, Mapping[str, str]]  # row id -> name of a grouping -> the row's value


@dataclass(frozen=True, kw_only=True)
class Share:
    """The accuracy on the rows of one group, in percent."""

    accuracy: Estimate
    n: int  # questions
    chance: float  # what picking at random gets right

    def to_json(self) -> dict[str, float]:
        """As ``scores.json`` has it."""
        found = self.accuracy
        return {"accuracy": found.value, "low": found.low, "high": found.high, "n": self.n, "chance": self.chance}

    @classmethod
    def from_json(cls, data: Mapping[str, float]) -> Share:
        """Read what ``to_json`` wrote."""
        accuracy = Estimate(*(data[name] for name in ("accuracy", "low", "high")))
        return cls(accuracy=accuracy, n=int(data["n"]), chance=data["chance"])


def breakdown(
    letters: Sequence[str | None],
    references: Sequence[str],
    clips: Sequence[str],
    option_counts: Sequence[int],
    values: Sequence[Mapping[str, str]],
    *,
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Share]]:
    """By grouping, and by its values in alphabetical order, the accuracy on their rows.

    ``values`` has for each row its value of each grouping; all rows have the same groupings.

    Raises:
        InputError: as ``scoring.mark`` does, and for a row that lacks a grouping which another has.
    """
    marks = mark(letters, references, None, clips, option_counts)
    names = list(values[0]) if values else []
    for row, own in enumerate(values):
        if list(own) != names:
            raise InputError(f"values[{row}] has the groupings {list(own)}; wanted {names}, as the first row has.")
    cells = [(name, value) for name in names for value in sorted({own[name] for own in values})]
    if not cells:
        return {}
    members = np.array([[own[name] == value for own in values] for name, value in cells])
    # (clips, groups): how many questions each clip has in each group, and how many of them are right
    count, right = (
        np.stack([np.bincount(marks.clip, weights=hits, minlength=marks.clip.max() + 1) for hits in table], axis=1)
        for table in (members, members & marks.correct)
    )
    sums = resample_sums(np.hstack([right, count]), resamples, SEED)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = sums[:, : len(cells)] / sums[:, len(cells) :]
    found: dict[str, dict[str, Share]] = {name: {} for name in names}
    for place, (name, value) in enumerate(cells):
        share = float(right[:, place].sum() / count[:, place].sum())
        held = int(np.sum(count[:, place] > 0))
        estimate = clustered(share, draws[:, place], held) or wilson(share, held)
        found[name][value] = Share(
            accuracy=estimate.scaled(100),
            n=int(members[place].sum()),
            chance=100 * chance_of([k for k, is_in in zip(option_counts, members[place], strict=True) if is_in]),
        )
    return found
