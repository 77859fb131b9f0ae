"""A company films plays: any number, in parallel, resumable, the same bytes for the same seed on one machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from crossomni import __version__
from crossomni.errors import DataError, InputError
from crossomni.ledger import write_json
from crossomni.playhouse.film import film
from crossomni.playhouse.scripts import clip_id, write_play
from crossomni.playhouse.truth import tell
from crossomni.records import Annotation

_SEASON_FILE = "playhouse.json"


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

    def annotations(self) -> tuple[Annotation, ...]:
        """The truth of every clip.

        Raises:
            DataError: when a clip has not been filmed yet.
        """
        missing = [clip for clip in self.clip_ids if not self.truth(clip).is_file()]
        if missing:
            raise DataError(f"{self.folder}: {len(missing)} clips are not filmed, the first is {missing[0]}.")
        return tuple(
            Annotation.from_json(json.loads(self.truth(clip).read_text(encoding="utf-8"))) for clip in self.clip_ids
        )


def open_season(season: Season) -> None:
    """Make the folder, or check that it belongs to this season.

    Raises:
        DataError: when another seed or version filmed there.
    """
    record = {"source": "playhouse", "seed": season.seed, "version": __version__}
    path = season.folder / _SEASON_FILE
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found != record:
            raise DataError(f"{path}: {found} was filmed here, {record} was asked for. Take another folder.")
        return
    if season.folder.exists() and (not season.folder.is_dir() or any(season.folder.iterdir())):
        raise DataError(f"{season.folder} is not empty and holds no season of playhouse. Take another folder.")
    for name in ("clips", "truth"):
        (season.folder / name).mkdir(parents=True, exist_ok=True)
    write_json(path, record)


def film_season(season: Season, workers: int) -> Iterator[str]:
    """Film what is missing and yield each clip's id as it is done, in no order.

    A clip's truth is written last: a clip is done when its truth is there, so that a killed run goes on cleanly.
    """
    open_season(season)
    missing = [index for index in range(season.clips) if not season.truth(clip_id(index)).is_file()]
    yield from (clip_id(index) for index in range(season.clips) if index not in set(missing))
    # Threads and forks do not mix: workers start fresh.
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(partial(film_one, season), index) for index in missing]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def film_one(season: Season, index: int) -> str:
    """Film one play and write its truth; return its id."""
    play = write_play(season.seed, index)
    video = season.video(play.clip_id)
    filmed = film(play, video)
    annotation = tell(play, filmed.lines, filmed.seconds)
    clip = replace(annotation.clip, sha256=sha256(video.read_bytes()).hexdigest())
    write_json(season.truth(play.clip_id), asdict(replace(annotation, clip=clip)))
    return play.clip_id
