"""How far a score can be trusted: what the runs inside a run's folder say about it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

from crossomni.evaluation.asked import Asked, asked_of
from crossomni.evaluation.config import ROTATIONS
from crossomni.evaluation.folder import RUN, SCORES, RunFolder
from crossomni.evaluation.reports.figures import estimate
from crossomni.evaluation.rotation import turned_back
from crossomni.pairing import PairedDifference, paired
from crossomni.records import Row
from crossomni.scoring import ALL, score
from crossomni.statistics import Estimate

Letters = tuple[str | None, ...]
SHOWN = ("single", "cross", ALL)


@dataclass(frozen=True, kw_only=True)
class Rotations:
    """One model asked with its options in every rotation. Accuracies in percent."""

    accuracies: tuple[float, ...]  # overall, by rotation
    mean: Estimate
    all_right: Estimate  # rows that are right in every rotation
    chosen: Mapping[str, float]  # by letter as it was said: share of the answers, in percent
    fair: Mapping[str, float]  # the same of whoever picks at random: 25 each where there are four options

    @property
    def worst(self) -> float:
        """The lowest accuracy of one rotation."""
        return min(self.accuracies)

    @property
    def bias(self) -> float:
        """Deviation of the letters' shares from fair ones, in points: 0 where an option's place does not matter."""
        return math.sqrt(fmean((share - self.fair[letter]) ** 2 for letter, share in self.chosen.items()))


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """One sampled model asked several times. In percentage points of the average's accuracy."""

    count: int
    mean: Mapping[str, float]  # by average: single, cross, overall
    between_repeats: Mapping[str, float]  # standard deviation from repeat to repeat
    between_clips: Mapping[str, float]  # standard error for having these clips and not others


@dataclass(frozen=True)
class Beside:
    """The run in ``folder``, and the runs in the folders inside it."""

    folder: RunFolder
    rows: Sequence[Row]

    @cached_property
    def runs(self) -> tuple[RunFolder, ...]:
        """Those that are finished, by name."""
        found = (path for path in sorted(self.folder.path.iterdir()) if (path / RUN).is_file())
        return tuple(RunFolder(path) for path in found if (path / SCORES).is_file())

    @cached_property
    def rotations(self) -> Rotations | None:
        """None unless the run was made with all four rotations."""
        turned = {0: self._letters(self.folder)} | self._numbered("rotation")
        if len(turned) < ROTATIONS:
            return None
        said: Counter[str | None] = Counter()
        for places, letters in turned.items():
            said.update(turned_back(letter, row, -places) for row, letter in zip(self.rows, letters, strict=True))
        read = said.total() - said.pop(None, 0)
        by_row = zip(self.rows, *turned.values(), strict=True)
        every = [row.answer if all(letter == row.answer for letter in found) else None for row, *found in by_row]
        four = (column if column is None else ROTATIONS * column for column in self._asked)
        mean = score([one for letters in turned.values() for one in letters], *four)  # type: ignore[arg-type]
        return Rotations(
            accuracies=tuple(self._score(turned[places])["overall"] for places in range(ROTATIONS)),
            mean=estimate(mean, "overall"),
            all_right=estimate(self._score(every), "overall"),
            chosen={letter: 100 * said[letter] / read if read else math.nan for letter in self._fair},
            fair=self._fair,
        )

    @cached_property
    def repeats(self) -> Repeats | None:
        """None unless the run was repeated."""
        letters = {0: self._letters(self.folder)} | self._numbered("repeat")
        if len(letters) < 2:
            return None
        scores = [self._score(one) for one in letters.values()]
        # Half the width of a 95% interval is 1.96 standard errors.
        errors = {n: [(s[f"{n}_high"] - s[f"{n}_low"]) / 2 / 1.96 for s in scores] for n in self.shown}
        return Repeats(
            count=len(letters),
            mean={name: fmean(one[name] for one in scores) for name in self.shown},
            between_repeats={name: stdev(one[name] for one in scores) for name in self.shown},
            between_clips={name: fmean(errors[name]) for name in self.shown},
        )

    @cached_property
    def knock_outs(self) -> Mapping[str, Mapping[str, PairedDifference]]:
        """For each knock-out, by group, the knocked-out run minus the plain one on the same questions."""
        plain = self._letters(self.folder)
        found = {}
        for run in self.runs:
            knock_out = _asked_of(run).get("knock_out")
            if knock_out and not _asked_of(self.folder).get("knock_out"):
                found[" and ".join(knock_out)] = paired(plain, self._letters(run), *self._asked)
        return found

    @property
    def shown(self) -> tuple[str, ...]:
        """The averages that are known of these rows."""
        return SHOWN if self._asked.tasks is not None else (ALL,)

    @property
    def _asked(self) -> Asked:
        return asked_of(self.rows)

    @cached_property
    def _fair(self) -> dict[str, float]:
        """By letter, its share of the answers, in percent, of whoever picks at random."""
        shares: defaultdict[str, float] = defaultdict(float)
        for row in self.rows:
            for letter in row.letters:
                shares[letter] += 100 / len(row.letters)
        return {letter: share / len(self.rows) for letter, share in sorted(shares.items())}

    def _numbered(self, what: str) -> dict[int, Letters]:
        """The letters of the runs that differ from the plain one in this number."""
        numbers = {run: _asked_of(run).get(what, 0) for run in self.runs}
        return {number: self._letters(run) for run, number in numbers.items() if number}

    def _letters(self, run: RunFolder) -> Letters:
        predictions = run.predictions(self.rows)
        return tuple(predictions[row.id].letter if row.id in predictions else None for row in self.rows)

    def _score(self, letters: Sequence[str | None]) -> dict[str, float]:
        return score(letters, *self._asked)


def _asked_of(run: RunFolder) -> Mapping[str, Any]:
    configuration: Mapping[str, Any] = run.whole_about()["configuration"]
    return configuration
