"""A company films plays: any number, in parallel, resumable, the same bytes for the same seed on one machine."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path

from crossomni import __version__
from crossomni.corpus import file_sha256
from crossomni.errors import DataError, InputError
from crossomni.ledger import write_json
from crossomni.notes import read_annotation, read_object
from crossomni.playhouse.film import film
from crossomni.playhouse.scripts import clip_id, write_play
from crossomni.playhouse.truth import tell
from crossomni.records import Annotation

logger = logging.getLogger(__name__)

_SEASON_FILE = "playhouse.json"
_SHOWN = 10  # clips that a warning's one line names


@dataclass(frozen=True, kw_only=True)
class Season:
    """A folder of filmed plays: ``clips/<clip>.mp4`` and ``truth/<clip>.json``."""

    clips: int
    seed: int
    folder: Path

    def __post_init__(self) -> None:
        if self.clips < 1:
            raise InputError(f"--clips is {self.clips}; wanted at least 1.")

    def video(self, clip: str) -> Path:
        """Where a clip's film lies."""
        return self.folder / "clips" / f"{clip}.mp4"

    def truth(self, clip: str) -> Path:
        """Where a clip's truth lies."""
        return self.folder / "truth" / f"{clip}.json"

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """All clips of the season, in order."""
        return tuple(clip_id(index) for index in range(self.clips))

    def fault(self, clip: str) -> str:
        """Why a clip has to be filmed, or filmed again; empty text where its film is there as its truth names it."""
        if not self.truth(clip).is_file():
            return "it is not filmed"
        try:
            wanted = read_annotation(self.truth(clip)).clip.sha256
        except DataError as error:
            return str(error).removesuffix(".")
        if not self.video(clip).is_file():
            return f"{self.video(clip)} is missing"
        if file_sha256(self.video(clip)) != wanted:
            return f"{self.video(clip)} is not the file that was filmed"
        return ""

    def annotations(self) -> tuple[Annotation, ...]:
        """The truth of every clip.

        Raises:
            DataError: when a clip has not been filmed yet, or its truth is damaged.
        """
        missing = [clip for clip in self.clip_ids if not self.truth(clip).is_file()]
        if missing:
            raise DataError(f"{self.folder}: {len(missing)} clips are not filmed, the first is {missing[0]}.")
        return tuple(read_annotation(self.truth(clip)) for clip in self.clip_ids)


def open_season(season: Season) -> None:
    """Make the folder, or check that it belongs to this season.

    Raises:
        DataError: when another seed or version filmed there, or the folder's own file is damaged.
    """
    record = {"source": "playhouse", "seed": season.seed, "version": __version__}
    path = season.folder / _SEASON_FILE
    if path.is_file():
        found = read_object(path)
        if found != record:
            raise DataError(f"{path}: {found} was filmed here, {record} was asked for. Take another folder.")
        return
    if season.folder.exists() and (not season.folder.is_dir() or any(season.folder.iterdir())):
        raise DataError(f"{season.folder} is not empty and holds no season of playhouse. Take another folder.")
    for name in ("clips", "truth"):
        (season.folder / name).mkdir(parents=True, exist_ok=True)
    write_json(path, record)


@contextmanager
def held(season: Season) -> Iterator[None]:
    """Open the season's folder, keep other processes out of it, and clear away what a killed one left half-written.

    Raises:
        DataError: when another process holds it, and as ``open_season`` does.
    """
    if season.folder.exists() and not season.folder.is_dir():
        raise DataError(f"{season.folder} is a file; wanted a folder. Take another one.")
    season.folder.mkdir(parents=True, exist_ok=True)
    folder = os.open(season.folder, os.O_RDONLY)  # itself, since it is there before anything in it
    try:
        _lock(season.folder, folder)
        open_season(season)
        for unfinished in (*season.folder.glob("clips/.*.part"), *season.folder.glob("truth/.*.json.*")):
            unfinished.unlink()
        yield
    finally:
        os.close(folder)


def _lock(path: Path, folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(
            f"{path}: another process films or builds there. Wait for its end, or take another folder."
        ) from None
    except OSError as error:  # some network drives lock no folders
        logger.warning("%s: cannot be held (%s); let no other process film there.", path, error.strerror)


def film_season(season: Season, workers: int) -> Iterator[str]:
    """Film what is missing or damaged and yield each clip's id as it is done, in no order.

    A clip's truth is written last, and names the hash of the film: a clip is done when both are there and agree, so
    that a killed run goes on cleanly. What is filmed again because it is damaged is said in a warning.

    Raises:
        InputError: when a process that films is killed, or there is no memory for it.
    """
    open_season(season)
    faults = {index: fault for index, clip in enumerate(season.clip_ids) if (fault := season.fault(clip))}
    _warn_of_damage(season, faults)
    yield from (clip for index, clip in enumerate(season.clip_ids) if index not in faults)
    # Threads and forks do not mix: workers start fresh.
    processes = get_context("spawn")
    with ProcessPoolExecutor(max_workers=workers, mp_context=processes, initializer=_follow_parent) as pool:
        jobs = [pool.submit(partial(film_one, season), index) for index in faults]
        try:
            for job in as_completed(jobs):
                yield job.result()
        except BrokenProcessPool as error:
            raise InputError(
                f"{season.folder}: a process that films was killed from outside, or had no memory left. "
                "Take fewer --workers where memory is short."
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _warn_of_damage(season: Season, faults: dict[int, str]) -> None:
    damaged = [fault for index, fault in faults.items() if season.truth(clip_id(index)).is_file()]
    if damaged:
        more = f"; and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
        logger.warning("%d clips are filmed again: %s%s.", len(damaged), "; ".join(damaged[:_SHOWN]), more)


def _follow_parent() -> None:
    """Let a process that films end with the one that started it, however that ends.

    A pool's processes wait for work, which a parent that was killed does not send any more.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent lets films under way be finished

    def wait() -> None:
        parent = parent_process()
        assert parent is not None, "this runs in a pool's process"
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def film_one(season: Season, index: int) -> str:
    """Film one play and write its truth; return its id."""
    play = write_play(season.seed, index)
    video = season.video(play.clip_id)
    filmed = film(play, video)
    annotation = tell(play, filmed.lines, filmed.seconds)
    clip = replace(annotation.clip, sha256=file_sha256(video))
    write_json(season.truth(play.clip_id), asdict(replace(annotation, clip=clip)))
    return play.clip_id
