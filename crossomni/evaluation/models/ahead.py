"""Work done ahead, and work done in batches that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from crossomni.errors import ModelError
from crossomni.optional import need

_A = TypeVar("_A")
_B = TypeVar("_B")


def ahead(items: Iterable[_A], prepare: Callable[[_A], _B]) -> Iterator[tuple[_A, Future[_B]]]:
    """Each item with what ``prepare`` makes of it, the next one being prepared while this one is used.

    What ``prepare`` raises is raised by the future's ``result``. No more than one item is ahead.
    """
    with ThreadPoolExecutor(1) as thread:
        waiting: tuple[_A, Future[_B]] | None = None
        for item in items:
            due, waiting = waiting, (item, thread.submit(prepare, item))
            if due is not None:
                yield due
        if waiting is not None:
            yield waiting


@contextmanager
def memory_errors() -> Iterator[None]:
    """A processor's want of memory, as the error that an accelerator raises for it."""
    try:
        yield
    except RuntimeError as error:
        if "can't allocate memory" in str(error):
            raise need("torch", "a model").OutOfMemoryError(str(error)) from error
        raise


def in_batches(
    items: Sequence[_A], size: int, run: Callable[[Sequence[_A]], Sequence[_B]]
) -> Iterator[tuple[_A, _B | ModelError]]:
    """Each item with its result; a batch that does not fit into memory is halved, and so are those after it.

    An item that does not fit alone gets an error in the place of its result, and the others go on.
    """
    torch = need("torch", "a model")
    place = 0
    while place < len(items):
        batch = items[place : place + size]
        results: Sequence[_B | ModelError] | None = None
        try:
            with memory_errors():
                results = run(batch)
        except torch.OutOfMemoryError as error:
            reason = " ".join(str(error).split())
        if results is None:
            # Only here: as long as the error is at hand, its frames hold what did not fit.
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            if len(batch) > 1:
                size = len(batch) // 2
                continue
            results = [ModelError(f"out of memory ({reason}). Give fewer --frames or --pixels.")]
        yield from zip(batch, results, strict=True)
        place += len(batch)
