"""A build from the user's copy of TVQA: what is wanted, what there is to do, and the clips cut for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossomni import __version__
from crossomni.construction.drafts import Dropped
from crossomni.construction.models.building import CLIPS
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.settings import BuildModels
from crossomni.construction.sources.tvqa import Tvqa
from crossomni.construction.sources.tvqa_media import Film
from crossomni.construction.sources.tvqa_names import episode_groups
from crossomni.construction.sources.tvqa_split import split_clip
from crossomni.construction.splits import split_by_episode
from crossomni.errors import InputError
from crossomni.records import Clip

_MEDIA = "media"
_WEIGHED = 20  # clips whose media are weighed, of all
# What a build leaves in a data folder.
_OURS = {
    "README.md",
    "clips.jsonl",
    "data.json",
    "dropped.jsonl",
    "lineage.jsonl",
    "funnel.png",
    "train",
    "test",
    "truth",
}


@dataclass(frozen=True, kw_only=True)
class TvqaBuild:
    """What is built of what.

    Raises:
        InputError: at birth, when one of the folders is missing, or a number cannot be.
    """

    media: Path | None
    annotations: Path | None
    models: Path | None
    out: Path
    seed: int
    test_share: float
    pairs: int | None = None  # blocks of the test split
    shards: int = 1  # processes, by datatrove

    def __post_init__(self) -> None:
        for name in ("media", "annotations", "models"):
            if getattr(self, name) is None:
                raise InputError(f"--source tvqa: --{name} is missing; wanted --media, --annotations and --models.")
        for name in ("shards", "pairs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name} is {value}; wanted 1 or more.")
        if not 0 < self.test_share < 1:
            raise InputError(f"--test-share is {self.test_share}; wanted a number between 0 and 1, both excluded.")

    @property
    def work(self) -> Path:
        """Where clips, replies and what is done of them are kept, beside ``out``: one path for all machines."""
        return self.out.absolute().with_name(f"{self.out.name}-work")

    @property
    def models_file(self) -> Path:
        """The file that says who is asked."""
        assert self.models is not None
        return self.models.absolute()

    @property
    def source(self) -> Tvqa:
        """The user's copy."""
        assert self.media is not None
        assert self.annotations is not None
        return Tvqa(self.media, self.annotations)

    @property
    def has_begun(self) -> bool:
        """Whether any clip was worked on."""
        return any(self.work.glob(CLIPS)) or any(self.work.glob(f"shard_*/{CLIPS}"))

    def described(self, models: BuildModels) -> dict[str, Any]:
        """What data.json says of the build."""
        told = {
            "source": "tvqa",
            "seed": self.seed,
            "version": __version__,
            "test_share": self.test_share,
            "models": {role: one.chat.model for role, one in models.endpoints.items()},
            "settings": models.to_json(),
            "media": str(self.media),
            "licence": "other",
            "licence_name": "tvqa",
            "licence_link": "https://github.com/jayleicn/TVQA",
        }
        return told if self.pairs is None else told | {"pairs": self.pairs}

    def check_out(self, models: BuildModels) -> None:
        """Refuse a folder that holds something else than an earlier run of this very build, or that cannot be written.

        Raises:
            InputError: naming it.
        """
        self._check_place()
        out, described = self.out, self.described(models)
        if not out.exists() or (out.is_dir() and not any(out.iterdir())):
            return
        try:
            there = json.loads((out / "data.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            there = {}
        strange = {path.name for path in out.iterdir()} - _OURS if out.is_dir() else {out.name}
        if strange or {name: there.get(name) for name in described} != json.loads(json.dumps(described)):
            raise InputError(
                f"{out}: there already, and it holds something else. Give a new folder, or remove this one."
            )

    def _check_place(self) -> None:
        out = self.out
        if out.name in ("", ".."):
            raise InputError(f"--out is {out}, which has no name of its own; wanted a new folder, as in data/full.")
        for name in ("media", "annotations"):
            around = getattr(self, name)
            if out.resolve().is_relative_to(around.resolve()):
                # What is cut would be taken for the user's own by the next run.
                raise InputError(f"--out is {out}, inside --{name} {around}; wanted a folder outside of it.")
        above = next(place for place in out.absolute().parents if place.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise InputError(f"{out}: cannot be written, since {above} takes no new folder. Choose another place.")

    def works(self, clips: Sequence[tuple[Clip, Path]]) -> list[Work]:
        """What is to be done with each clip; whole episodes are of one split.

        Raises:
            InputError: for more pair blocks than the test clips have persons, of whom each gives one at most.
        """
        groups = episode_groups(clip.episode for clip, _ in clips)
        sides = split_by_episode({clip.id: groups[clip.episode] for clip, _ in clips}, self.test_share, self.seed)
        tested = [clip for clip, _ in clips if sides[clip.id] == "test"]
        if self.pairs is not None and self.pairs > (most := sum(len(_speakers(clip)) for clip in tested)):
            raise InputError(
                f"--pairs is {self.pairs}, a person each; {len(tested)} clips of the test split have {most} persons "
                "who speak. Ask for fewer, or for more clips or a larger --test-share."
            )
        return [
            Work(
                clip=clip,
                file=file,
                split=sides[clip.id],
                seed=self.seed,
                blocks=self.pairs is not None and sides[clip.id] == "test",
            )
            for clip, file in clips
        ]

    def planned(self, source: Tvqa) -> list[Work]:
        """Every clip as it would be cut; no media are touched."""
        return self.works([(part, Path()) for one in source.survey().kept for part in split_clip(one.clip)])

    def cut(self, source: Tvqa) -> Cutting:
        """The user's clips, to be cut along their subtitles: go through it, then ask it what came of it."""
        return Cutting(self, source)


def _speakers(clip: Clip) -> set[str]:
    return {line.speaker for line in clip.lines if line.speaker}


@dataclass
class Cutting:
    """Clips as they are cut, one each time it is asked for the next; what is there already is not made again."""

    wanted: TvqaBuild
    source: Tvqa
    cut: list[tuple[Clip, Path]] = field(default_factory=list)
    lost: list[Dropped] = field(default_factory=list)

    def __iter__(self) -> Iterator[None]:
        self.cut, self.lost = [], [*self.source.survey().dropped]
        for one in self.source.clips(self.wanted.work / _MEDIA):
            if isinstance(one, Dropped):
                self.lost.append(one)
            else:
                self.cut.append(one)
            yield

    @property
    def works(self) -> list[Work]:
        """What is to be done with the clips that were cut."""
        return self.wanted.works(self.cut)


def media_bytes(source: Tvqa, works: Iterable[Work]) -> int:
    """What cut clips take on disk, at most: what their frames and sound, or their videos, take now.

    Some films are weighed, evenly spaced; the others are taken to be like them. Clips become H.264, of which the frames
    of a second, three JPEG files, take up less.
    """
    kept = source.survey().kept
    weighed = kept[:: max(1, len(kept) // _WEIGHED)]
    seconds = sum(one.seconds for one in weighed)
    taken = sum(_bytes(one.film) for one in weighed)
    wanted = sum(work.clip.end_seconds - work.clip.start_seconds for work in works)
    return round(taken / seconds * wanted) if seconds else 0


def _bytes(film: Film) -> int:
    paths = [film] if isinstance(film, Path) else [*film.frames.paths(), film.sound]
    try:
        return sum(path.stat().st_size for path in paths)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror}). Fetch it again.") from error


def sides(works: Iterable[Work]) -> Mapping[str, str]:
    """The split of each clip, by its id."""
    return {work.clip.id: work.split for work in works}
