"""Beyond one process: the same stages on datatrove's executors, a shard of the clips a task.

datatrove (https://github.com/huggingface/datatrove) marks each rank that is done, and skips it when the same launch is
repeated; within a rank, what is done is kept clip by clip and reply by reply, as ever. Each rank has a folder of its
own, with its replies, its clips, and what it has spent: no file is written by two processes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossomni.construction.models.building import Done, OnProgress, recall, take_over, work_through
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.costs import Progress, summed
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import RunError
from crossomni.ledger import write_json
from crossomni.optional import need

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Launch:
    """What is launched: so many shards of these works by these models. Another one has other markers of datatrove's.

    Args:
        models: the YAML file, at a path that every machine has.
        folder: shared by all machines.
    """

    models: Path
    folder: Path
    shards: int
    digest: str

    @classmethod
    def of(cls, models: Path, works: Sequence[Work], folder: Path, shards: int) -> Launch:
        """Say in ``folder`` what is to be done, for tasks on whatever machine."""
        told = [work.to_json() for work in works]
        asked = BuildModels.read(models)
        digest = hashlib.sha256(json.dumps([asked.fingerprint, shards, told]).encode()).hexdigest()[:12]
        made = cls(models, folder, shards, digest)
        parts = {shard_folder(folder, rank): works[rank::shards] for rank in range(shards)}
        take_over(asked, parts, folder)
        write_json(made._works, told)
        return made

    @property
    def logs(self) -> Path:
        """Where datatrove keeps logs, and marks ranks that are done."""
        return self.folder / f"logs_{self.digest}"

    @property
    def works(self) -> list[Work]:
        """What is to be done.

        Raises:
            RunError: when that is not there any more, or damaged.
        """
        try:
            return [Work.from_json(one) for one in json.loads(self._works.read_text(encoding="utf-8"))]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self._works}: cannot be read ({error}). Launch the build again.") from error

    @property
    def progress(self) -> Progress:
        """Of all shards, over all runs."""
        return summed(Progress.read(shard_folder(self.folder, rank)) for rank in range(self.shards))

    @property
    def _works(self) -> Path:
        return self.folder / f"works_{self.digest}.json"


def shard_folder(folder: Path, rank: int) -> Path:
    """Where a rank keeps what it has done."""
    return folder / f"shard_{rank:05}"


@dataclass(frozen=True)
class Stages:
    """All stages for the clips of one shard: a step for any of datatrove's executors."""

    launch: Launch
    here: bool = False  # processes of this machine: Ctrl-C is for the one that has started them, which ends them

    def __call__(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """In datatrove's form; no documents are passed on.

        Raises:
            RunError: when a server did not reply about some clips, so that the rank is not marked, and is run again by
                the next launch.
        """
        if self.here:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        mine = self.launch.works[rank::world_size]
        done = work_through(BuildModels.read(self.launch.models), mine, shard_folder(self.launch.folder, rank))
        # Here a rank that raised would take the others with it; its mark goes when the build is launched again.
        if not self.here and (silent := done.worked.silent):
            raise RunError(f"shard {rank}: a server did not reply about {len(silent)} clips, {silent[0]} first.")
        yield from ()


def work_in_shards(
    models: Path,
    works: Sequence[Work],
    folder: Path,
    shards: int,
    on_progress: OnProgress = lambda progress: None,
) -> Done:
    """Work through the clips in so many processes of this machine, by datatrove's local executor.

    Args:
        on_progress: called now and then, with the clips that are done and what this run has spent, of all shards.

    Raises:
        RunError: when a process ended before it had done its clips.
    """
    local = need("datatrove.executor.local", "a build in shards").LocalPipelineExecutor
    launch = Launch.of(models, works, folder, shards)
    before, found = launch.progress, _reopened(launch, works)
    try:
        with _watched(launch, before, on_progress):
            local([Stages(launch, here=shards > 1)], tasks=shards, workers=shards, logging_dir=str(launch.logs)).run()
    except RunError as error:
        _log.warning("%s The same command asks again.", error)
    spent = launch.progress.since(before).spent
    return replace(gathered(models, works, folder, shards), spent=spent, before=before.spent, found=found)


def _reopened(launch: Launch, works: Sequence[Work]) -> int:
    """Take the mark from ranks with clips that are not done, and say how many clips are done."""
    models, found = BuildModels.read(launch.models), 0
    for rank in range(launch.shards):
        mine = works[rank :: launch.shards]
        done = recall(models, mine, [shard_folder(launch.folder, rank)]).found
        if done < len(mine):
            (launch.logs / "completions" / f"{rank:05}").unlink(missing_ok=True)
        found += done
    return found


@contextmanager
def _watched(launch: Launch, before: Progress, on_progress: OnProgress) -> Iterator[None]:
    """Tell how far the shards are, until they have ended."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            on_progress(launch.progress.since(before))

    watching = threading.Thread(target=look, name="shards", daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        on_progress(launch.progress.since(before))


def gathered(models: Path, works: Sequence[Work], folder: Path, shards: int, *, partly: bool = False) -> Done:
    """What all shards have done, clips to which a server did not reply as far as they came.

    Raises:
        RunError: when clips are missing, unless ``partly``; the message says how many.
    """
    done = recall(BuildModels.read(models), works, [shard_folder(folder, rank) for rank in range(shards)])
    if len(done.worked) < len(works) and not partly:
        raise RunError(
            f"{folder}: {len(works) - len(done.worked)} of {len(works)} clips are not done, since a process ended. "
            "Launch the same build again: what is done is kept."
        )
    return done
