"""Beyond one process: the same stages on datatrove's executors, a shard of the clips a task.

datatrove (https://github.com/huggingface/datatrove) marks each rank that is done, and skips it when the same launch is
repeated; within a rank, what is done is kept clip by clip and reply by reply, as ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossomni.construction.models.building import Done, recall, work_through
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import RunError
from crossomni.ledger import write_json
from crossomni.optional import need

WORKS, LOGS = "works.json", "logs"


def write_works(folder: Path, works: Sequence[Work]) -> Path:
    """Say in ``folder`` what is to be done, for tasks on whatever machine; return the file."""
    path = folder / WORKS
    write_json(path, [work.to_json() for work in works])
    return path


def read_works(folder: Path) -> list[Work]:
    """What ``write_works`` wrote.

    Raises:
        RunError: when it is not there, or damaged.
    """
    path = folder / WORKS
    try:
        return [Work.from_json(one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: cannot be read ({error}). Launch the build again.") from error


def shard_folder(folder: Path, rank: int) -> Path:
    """Where a rank keeps what it has done."""
    return folder / f"shard_{rank:05}"


@dataclass(frozen=True)
class Stages:
    """All stages for the clips of one shard: a step for any of datatrove's executors.

    Args:
        models: the YAML file, at a path that every machine has.
        folder: with what ``write_works`` wrote; shared by all machines.
    """

    models: Path
    folder: Path

    def __call__(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """In datatrove's form; no documents are passed on.

        Raises:
            RunError: when a clip of the shard is not done, so that its rank is not marked and is run again.
        """
        models, mine = BuildModels.read(self.models), read_works(self.folder)[rank::world_size]
        own = shard_folder(self.folder, rank)
        work_through(models, mine, own)
        _check_all(recall(models, mine, [own]), mine, own)
        yield from ()


def work_in_shards(models: Path, works: Sequence[Work], folder: Path, shards: int) -> Done:
    """Work through the clips in so many processes of this machine, by datatrove's local executor.

    Raises:
        RunError: when a clip is not done in the end: a server did not reply, or a process was killed.
    """
    local = need("datatrove.executor.local", "a build in shards").LocalPipelineExecutor
    write_works(folder, works)
    local([Stages(models, folder)], tasks=shards, workers=shards, logging_dir=str(folder / LOGS)).run()
    return gathered(models, works, folder, shards)


def gathered(models: Path, works: Sequence[Work], folder: Path, shards: int) -> Done:
    """What all shards have done.

    Raises:
        RunError: when clips are missing; the message says how many.
    """
    done = recall(BuildModels.read(models), works, [shard_folder(folder, rank) for rank in range(shards)])
    _check_all(done, works, folder)
    return done


def _check_all(done: Done, works: Sequence[Work], folder: Path) -> None:
    if len(done.worked) < len(works):
        raise RunError(
            f"{folder}: {len(works) - len(done.worked)} of {len(works)} clips are not done, since a server did not "
            "reply or a process ended. Launch the same build again: what is done is kept."
        )
