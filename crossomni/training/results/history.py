"""What a training logged: one record a step, in the order of steps, whatever stopped it and however it went on.

Names are those of TRL's own log, so that trackers and this file agree. Beside TRL's (``loss``, ``learning_rate``,
``kl``, ``reward``, ``completions/mean_length`` …) the training wing logs

- ``reward/NAME/mean``, ``reward/NAME/std`` (over completions, in [0, 1]), ``reward/NAME/unscored`` (a share) and
  ``reward/NAME/length_correlation`` (of the judge's score with the thought's length, in [-1, 1]),
- ``unscored`` and ``failed_rows``: shares of a step's completions,
- ``canary/RUBRIC/KIND``: what the judge gave a thought of known worth, in [0, 1], and ``canary/alarms``, a count,

and what is measured on held-out rows has ``eval_`` before its name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crossomni.errors import RunError
from crossomni.ledger import Ledger, read_records

_NOT_METRICS = ("step", "epoch")


@dataclass(frozen=True)
class Step:
    """What was logged at one optimiser step (0: before the first); nan where a value was no number."""

    step: int
    values: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is not finite as text, since JSON has no such numbers."""
        return {"step": self.step} | {
            name: value if math.isfinite(value) else str(value) for name, value in self.values.items()
        }


class History:
    """The file that a training writes while it goes; held by one process.

    Each step has one record. What is logged again at the same step joins its record, the later value in the place of
    the earlier one.

    Raises:
        RunError: when another process holds the file, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._ledger = Ledger(path)
        try:
            self._steps = {step.step: step for step in _steps(self._ledger.records(), path)}
        except BaseException:
            self.close()
            raise

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is there, in the order of steps."""
        return tuple(self._steps.values())

    def log(self, step: int, logs: Mapping[str, Any]) -> None:
        """Write down what was logged at a step; what is no number (None: nothing could be measured) is left out.

        Raises:
            RunError: when the step lies before the last one, without ``go_back``, or the file cannot be written.
        """
        last = next(reversed(self._steps), step)
        if step < last:
            raise RunError(f"{self._ledger.path}: step {step} came after step {last}. Go back to a checkpoint first.")
        values = {name: float(value) for name, value in logs.items() if _is_metric(name, value)}
        before = self._steps.get(step)
        self._steps[step] = Step(step, {**before.values, **values} if before else values)
        if before is None:
            self._ledger.append(self._steps[step].to_json())
        else:
            self._ledger.replace(each.to_json() for each in self._steps.values())

    def go_back(self, step: int) -> None:
        """Forget what came after a checkpoint's step: the training takes those steps again."""
        kept = {number: each for number, each in self._steps.items() if number <= step}
        if len(kept) < len(self._steps):
            self._ledger.replace(each.to_json() for each in kept.values())
            self._steps = kept

    def close(self) -> None:
        """Give the file free; closing twice does nothing."""
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def read_history(path: Path) -> tuple[Step, ...]:
    """Every step of a history, also while it is being written; empty where there is no file yet.

    Raises:
        RunError: naming a record that is damaged, or a step that is there twice.
    """
    return tuple(_steps(read_records(path), path)) if path.exists() else ()


def _steps(records: Iterable[Mapping[str, Any]], path: Path) -> Iterator[Step]:
    last = -1
    for number, record in enumerate(records, start=1):
        step = record.get("step")
        if not isinstance(step, int) or step <= last:
            raise RunError(f"{path}, line {number}: step {step!r} after {last}; wanted a later one. Remove the line.")
        try:
            values = {name: float(value) for name, value in record.items() if name != "step"}
        except (TypeError, ValueError) as error:
            raise RunError(f"{path}, line {number}: has no number ({error}). Remove the line.") from error
        last = step
        yield Step(step, values)


def _is_metric(name: str, value: Any) -> bool:
    return name not in _NOT_METRICS and isinstance(value, Real) and not isinstance(value, bool)
