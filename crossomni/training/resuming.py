"""Going on at a checkpoint: the same next step as if the training had never been stopped.

transformers keeps optimiser, schedule, random numbers and the place in the epoch. What it and TRL lose is mended here;
each of these went on without an error, and wrongly:

- the weights of a whole thinker: its checkpoint calls them as published ones do, transformers looks for the model's
  own names, finds hardly any, and trains on from the base;
- the order of rows after the first epoch, which a sampler of several processes begins anew;
- a training that had come to its end within an epoch took a further step each time that it was started again;
- tokens were counted from 0, and the mean loss of a sitting without a step was called 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossomni.training.thinkers import load_thinker

_STATE = "trainer_state.json"  # is written last into a checkpoint


def last_checkpoint(folder: Path) -> str | None:
    """The latest checkpoint that was written to its end; one that a kill cut short is passed over."""
    whole = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal() and _state(path)]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


class Resuming:
    """What a trainer has to do besides to go on exactly; stands before a trainer among its bases."""

    _epochs_done = 0
    _total_train_tokens: int

    def _load_from_checkpoint(self: Any, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load weights, under the names that the model itself has, and what transformers does not look for."""
        state = _state(Path(resume_from_checkpoint))
        self._epochs_done = int(state.get("epoch") or 0)
        if hasattr(self, "_total_train_tokens"):
            counts = [logged["num_tokens"] for logged in state.get("log_history", ()) if "num_tokens" in logged]
            self._total_train_tokens = counts[-1] if counts else 0
        whole = self.model if model is None else model
        if hasattr(whole, "peft_config") or self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
            return
        whole.load_state_dict(load_thinker(resume_from_checkpoint).state_dict())

    def get_train_dataloader(self: Any) -> Any:
        """Rows in the order of the epoch that the training has come to."""
        loader = super().get_train_dataloader()  # type: ignore[misc]
        inner = loader
        while getattr(inner, "batch_sampler", None) is not None:
            inner = inner.batch_sampler
        sampler: Any = getattr(inner, "sampler", None)
        if hasattr(sampler, "set_epoch"):
            sampler.set_epoch(self._epochs_done)
        return loader

    def _run_epoch(self: Any, *given: Any, **named: Any) -> None:
        if self.state.global_step >= self.state.max_steps:  # transformers asks so only after a further step
            self.control.should_training_stop = True
            return
        super()._run_epoch(*given, **named)  # type: ignore[misc]

    def log(self: Any, logs: dict[str, float], *given: Any, **named: Any) -> None:
        """As transformers; without a step there is no mean loss."""
        if self.state.global_step == getattr(self, "_initial_global_step", None):
            logs.pop("train_loss", None)
        super().log(logs, *given, **named)  # type: ignore[misc]


def _state(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint's last file says; nothing where it is not there, or not whole."""
    try:
        told = json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
