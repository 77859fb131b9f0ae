"""What a training tells while it goes: a line of ``history.jsonl`` for each logged step, and a bar in the terminal.

Without a terminal a plain line of the log, now and then, stands for the bar.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossomni.optional import need
from crossomni.training.results.history import History

_transformers = need("transformers", "a training")
_log = logging.getLogger(__name__)
_SECONDS = 30.0  # between two lines

# What the bar shows beside its steps, where it was logged.
_BESIDE = (("loss", "loss"), ("reward", "reward"), ("kl", "KL"), ("eval_loss", "held out"), ("eval_reward", "held out"))


class HistoryCallback(_transformers.TrainerCallback):  # type: ignore[misc, name-defined]
    """Writes what the trainer logs into a history, as it comes; of several processes the first one writes.

    When a training goes on at a checkpoint, steps that it takes again replace those that were there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._history: History | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Forget steps after the checkpoint; at step 0, what was measured before training stays."""
        if state.is_world_process_zero:
            self._opened().go_back(state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Write it down."""
        if state.is_world_process_zero and logs:
            self._opened().log(state.global_step, logs)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Give the file free; what is logged later opens it again."""
        self.close()

    def close(self) -> None:
        """Give the file free, also where the training was stopped by an error."""
        if self._history is not None:
            self._history.close()
            self._history = None

    def _opened(self) -> History:
        if self._history is None:
            self._history = History(self.path)
        return self._history


class BarCallback(_transformers.TrainerCallback):  # type: ignore[misc, name-defined]
    """A bar of optimiser steps with the latest loss or reward; without a terminal, a line every ``seconds``."""

    def __init__(self, description: str, seconds: float = _SECONDS) -> None:
        self.description = description
        self.seconds = seconds
        self._begun = self._told = 0.0  # by the clock
        self._start = 0  # the step that this sitting began with
        self._bar: Any = None
        self._latest: dict[str, str] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open the bar, at the checkpoint's step."""
        from tqdm import tqdm

        self._begun = self._told = time.monotonic()
        self._start = state.global_step
        if state.is_world_process_zero:
            self._bar = tqdm(
                desc=self.description, total=state.max_steps, initial=state.global_step, unit="step", disable=None
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Move on."""
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)
            if self._bar.disable:
                self._tell(state)

    def _tell(self, state: Any) -> None:
        now = time.monotonic()
        if now - self._told < self.seconds:
            return
        self._told = now
        figures = "".join(f", {said} {value}" for said, value in self._latest.items())
        left = (now - self._begun) / (state.global_step - self._start) * (state.max_steps - state.global_step)
        of = f"step {state.global_step:,} of {state.max_steps:,}"
        _log.info("%s: %s%s, about %s left", self.description, of, figures, self._bar.format_interval(left))

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Show the latest figures."""
        self._latest |= {said: f"{logs[name]:.3g}" for name, said in _BESIDE if logs and logs.get(name) is not None}
        if self._bar is not None:
            self._bar.set_postfix(self._latest)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Close it."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def watch(trainer: Any, history: Path, description: str) -> HistoryCallback:
    """Have a trainer write its history and show our bar in the place of its own; close the callback at the end.

    Args:
        trainer: a ``transformers.Trainer``, hence any of TRL's.
        history: the file, ``TrainingFolder.history_path``.
        description: what stands before the bar.
    """
    for callback in (_transformers.PrinterCallback, _transformers.ProgressCallback):
        trainer.remove_callback(callback)
    written = HistoryCallback(history)
    trainer.add_callback(written)
    trainer.add_callback(BarCallback(description))
    return written
