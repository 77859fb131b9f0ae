"""What a training says in the terminal: lines that are for its reader, and none of the libraries' own."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class _Plain(logging.Formatter):
    """A line as it is; before a warning its level."""

    def format(self, record: logging.LogRecord) -> str:
        said = super().format(record)
        return said if record.levelno < logging.WARNING else f"{record.levelname}: {said}"


def is_main() -> bool:
    """Whether this process tells; of those that ``accelerate launch`` starts, one does."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def telling() -> Iterator[None]:
    """Have the training wing tell what it does, above its bar, and quiet the libraries under it."""
    # Threads that wait for each other by spinning make a model many times slower on a busy machine; it has to be said
    # before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from huggingface_hub import utils as hub
    from tqdm.contrib.logging import logging_redirect_tqdm

    from crossomni.optional import need

    shards = need("transformers", "training").utils.logging  # its bars are of shards; lines say what goes on
    own, shown = logging.getLogger("crossomni.training"), logging.StreamHandler()
    shown.setFormatter(_Plain())
    with ExitStack() as before, warnings.catch_warnings():
        if shards.is_progress_bar_enabled():
            shards.disable_progress_bar()
            before.callback(shards.enable_progress_bar)
        if not sys.stderr.isatty() and not hub.are_progress_bars_disabled():  # type: ignore[attr-defined]
            hub.disable_progress_bars()  # type: ignore[attr-defined]
            before.callback(hub.enable_progress_bars)  # type: ignore[attr-defined]
        # peft and TRL call by its old name what saves memory in the backward pass; no user can mend that.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        before.callback(_set, own, propagate=own.propagate, level=own.level)
        _set(own, propagate=False, level=logging.INFO if is_main() else logging.WARNING)
        own.addHandler(shown)
        before.callback(own.removeHandler, shown)
        before.enter_context(logging_redirect_tqdm([own]))
        yield


def _set(logger: logging.Logger, *, propagate: bool, level: int) -> None:
    logger.propagate = propagate
    logger.setLevel(level)
