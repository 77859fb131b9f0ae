"""``crossomni build --source tvqa``: a dataset from the user's own clips, by models behind endpoints."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossomni.errors import DataError, InputError

if TYPE_CHECKING:
    from crossomni.chat.spending import Spent
    from crossomni.construction.build import Built
    from crossomni.construction.drafts import Dropped
    from crossomni.construction.models.clip_work import Work
    from crossomni.construction.models.estimate import Estimate
    from crossomni.construction.models.settings import BuildModels
    from crossomni.construction.sources.tvqa import Tvqa
    from crossomni.records import Clip

logger = logging.getLogger(__name__)
_MEDIA = "media"
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
        InputError: at birth, when one of the folders is missing.
    """

    media: Path | None
    annotations: Path | None
    models: Path | None
    out: Path
    seed: int
    test_share: float
    pairs: int | None
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
        """Where clips, replies and what is done of them are kept, beside ``out``."""
        return self.out.with_name(f"{self.out.name}-work")


def build_tvqa(wanted: TvqaBuild, *, dry_run: bool) -> None:
    """Look through the user's copy, say what is half there, and build from the rest; or only say what it would take."""
    from rich.console import Console

    from crossomni.construction.models.settings import BuildModels
    from crossomni.construction.sources.tvqa import Tvqa

    assert wanted.media is not None
    assert wanted.annotations is not None
    assert wanted.models is not None
    models = BuildModels.read(wanted.models)
    _check_out(wanted.out, _described(wanted, models))
    source = Tvqa(wanted.media, wanted.annotations)
    survey = source.survey()
    Console().print(survey.grid.table())
    if not survey.kept:
        raise InputError(f"{wanted.media}: none of its clips can be used; the table above says why.")
    if dry_run:
        _tell_estimate(models, _planned(wanted, source), wanted)
    else:
        _build(wanted, models, source)


def _planned(wanted: TvqaBuild, source: Tvqa) -> list[Work]:
    """Every clip as it would be cut; no media are touched."""
    from crossomni.construction.sources.tvqa_split import split_clip

    found = source.survey().kept
    clips = [part for one in found for part in split_clip(one.clip)]
    return _works(wanted, [(clip, Path()) for clip in clips])


def _works(wanted: TvqaBuild, clips: Sequence[tuple[Clip, Path]]) -> list[Work]:
    from crossomni.construction.models.clip_work import Work
    from crossomni.construction.sources.tvqa_names import episode_groups
    from crossomni.construction.splits import split_by_episode

    groups = episode_groups(clip.episode for clip, _ in clips)
    sides = split_by_episode({clip.id: groups[clip.episode] for clip, _ in clips}, wanted.test_share, wanted.seed)
    return [
        Work(
            clip=clip,
            file=file,
            split=sides[clip.id],
            seed=wanted.seed,
            blocks=wanted.pairs is not None and sides[clip.id] == "test",
        )
        for clip, file in clips
    ]


def cut_clips(wanted: TvqaBuild, source: Tvqa) -> tuple[list[Work], list[Dropped]]:
    """Cut the user's clips into parts along their subtitles; say what cannot be used."""
    from tqdm import tqdm

    from crossomni.construction.drafts import Dropped

    found = list(tqdm(source.clips(wanted.work / _MEDIA), desc="cutting", unit="clip", disable=None))
    lost = [*source.survey().dropped, *(one for one in found if isinstance(one, Dropped))]
    return _works(wanted, [one for one in found if not isinstance(one, Dropped)]), lost


def _build(wanted: TvqaBuild, models: BuildModels, source: Tvqa) -> None:
    from rich.console import Console
    from tqdm import tqdm

    from crossomni.construction.funnel import Funnel
    from crossomni.construction.models.assembling import assemble
    from crossomni.construction.models.building import work_through
    from crossomni.construction.models.shards import work_in_shards

    works, lost = cut_clips(wanted, source)
    if wanted.shards > 1:
        assert wanted.models is not None
        done = work_in_shards(wanted.models, works, wanted.work, wanted.shards)
    else:
        with tqdm(total=len(works), desc="building", unit="clip", disable=None) as bar:

            def tell(spent: Mapping[str, Spent]) -> None:
                bar.set_postfix_str(_rate(models, spent), refresh=False)
                bar.update()

            done = work_through(models, works, wanted.work, on_clip=tell)
    try:
        built = assemble(done.worked, {work.clip.id: work.split for work in works}, wanted.seed, wanted.pairs)
    except DataError:
        # Nothing is left that a data folder could be made of; why is told all the same.
        dropped = (*lost, *(drop for one in done.worked for drop in one.dropped))
        Console().print(Funnel(dropped, 0).grid.table())
        _tell(models, done.spent, done.found, wanted)
        raise
    _write(wanted, models, built, works, [*lost, *built.dropped], done.worked)
    _tell(models, done.spent, done.found, wanted)


def _write(
    wanted: TvqaBuild,
    models: BuildModels,
    built: Built,
    works: Sequence[Work],
    dropped: Sequence[Dropped],
    worked: Sequence[Any],
) -> None:
    from rich.console import Console

    from crossomni.construction.funnel import Funnel
    from crossomni.construction.models.assembling import lineage
    from crossomni.export import Making
    from crossomni.export import export as write
    from crossomni.pictures import write_png

    funnel = Funnel(tuple(dropped), sum(map(len, built.rows.values())))
    kept = {row.id for rows in built.rows.values() for row in rows}
    with tempfile.TemporaryDirectory() as folder:
        picture = write_png(funnel.figure, Path(folder) / "funnel.png", 110).read_bytes()
    described = _described(wanted, models)
    _check_out(wanted.out, described)
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{wanted.out.name}-", dir=wanted.out.parent) as home:
        write(
            Path(home) / "new",
            built.rows,
            {work.clip.id: work.clip for work in works},
            {work.clip.id: work.file for work in works},
            truth={one.clip.id: one.annotation for one in worked if one.annotation is not None},
            source=described,
            making=Making(
                audit=f"![What was dropped, and why](funnel.png)\n\n{funnel.grid.markdown()}",
                dropped=[asdict(drop) for drop in dropped],
                lineage=list(lineage(worked, kept)),
                pictures={"funnel.png": picture},
            ),
        )
        # What an earlier run of this build left is replaced, since clips may have been asked again; it goes when the
        # new one is in its place.
        if wanted.out.exists():
            wanted.out.replace(Path(home) / "old")
        (Path(home) / "new").replace(wanted.out)
    Console().print(funnel.grid.table())
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in built.rows.items())
    print(f"{counts} rows are in {wanted.out}; its media may not be passed on, so neither may the folder")


def _described(wanted: TvqaBuild, models: BuildModels) -> dict[str, Any]:
    """What data.json says of the build."""
    from crossomni import __version__

    return {
        "source": "tvqa",
        "seed": wanted.seed,
        "version": __version__,
        "test_share": wanted.test_share,
        "models": {role: one.chat.model for role, one in models.endpoints.items()},
        "asked": models.fingerprint,
        "media": str(wanted.media),
        "licence": "other",
        "licence_name": "tvqa",
        "licence_link": "https://github.com/jayleicn/TVQA",
    } | ({} if wanted.pairs is None else {"pairs": wanted.pairs})


def _check_out(out: Path, described: Mapping[str, Any]) -> None:
    """Refuse a folder that holds something else than an earlier run of this very build."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        there = json.loads((out / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        there = {}
    strange = {path.name for path in out.iterdir()} - _OURS if out.is_dir() else {out.name}
    if strange or {name: there.get(name) for name in described} != json.loads(json.dumps(described)):
        raise InputError(f"{out}: there already, and it holds something else. Give a new folder, or remove this one.")


def _rate(models: BuildModels, spent: Mapping[str, Spent]) -> str:
    """Requests so far, and what they cost."""
    calls = sum(one.replies for one in spent.values())
    cost = sum(one.cost(models.endpoints[role].price) for role, one in spent.items())
    return f"{calls:,} requests" + (f", cost {cost:.2f}" if cost else "")


def _tell(models: BuildModels, spent: Mapping[str, Spent], found: int, wanted: TvqaBuild) -> None:
    for role, one in spent.items():
        cost = one.cost(models.endpoints[role].price)
        print(
            f"{role}: {one.replies:,} replies, {one.cached:,} kept from before, {one.failed:,} without a reply; "
            f"{one.prompt_tokens:,} tokens read, {one.completion_tokens:,} written" + (f"; {cost:.2f}" if cost else "")
        )
    if found:
        print(f"{found} clips were done before")
    if failed := sum(one.failed for one in spent.values()):
        print(f"{failed} requests had no reply; clips that they belong to are asked again by the same command")
    print(f"replies and clips are kept in {wanted.work}")


def _tell_estimate(models: BuildModels, works: Sequence[Work], wanted: TvqaBuild) -> None:
    from rich.console import Console

    from crossomni.construction.models.estimate import STAGES, estimate
    from crossomni.grids import Grid

    made: Estimate = estimate(models, works)
    hours = sum(work.clip.end_seconds - work.clip.start_seconds for work in works) / 3600
    stages = Grid(
        f"{made.clips:,} clips, {hours:.1f} h: requests at most",
        ("stage", "requests", "by prompt"),
        tuple(
            (stage, f"{made.stage_calls(stage):,}", ", ".join(f"{name} {made.calls[name]:,}" for name in names))
            for stage, names in STAGES.items()
        ),
        left=(0, 2),
    )
    roles = Grid(
        "Models, roughly",
        ("role", "model", "requests", "tokens read", "written", "cost"),
        tuple(
            (role, models.endpoints[role].chat.model, f"{one.replies:,}", f"{one.prompt_tokens:,}",
             f"{one.completion_tokens:,}", f"{one.cost(models.endpoints[role].price):,.2f}")
            for role, one in made.spent.items()
        ),
        left=(0, 1),
    )  # fmt: skip
    console = Console()
    console.print(stages.table())
    console.print(roles.table("An upper side: all is counted that would be asked if nothing were dropped on the way."))
    print(
        f"replies and traces take up to {made.disk_bytes / 1e9:.2f} GB in {wanted.work}, beside the clips; no call made"
    )
