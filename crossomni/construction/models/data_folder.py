"""What came of a build as a data folder: it takes an earlier one's place in one step."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from crossomni.construction.audit import audit
from crossomni.construction.audit_table import to_markdown
from crossomni.construction.build import Built
from crossomni.construction.drafts import Dropped
from crossomni.construction.funnel import Funnel
from crossomni.construction.models.assembling import lineage
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.from_tvqa import TvqaBuild
from crossomni.construction.models.keeping import Kept
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import InputError
from crossomni.export import Making
from crossomni.export import export as write
from crossomni.grids import Grid
from crossomni.pictures import write_png
from crossomni.records import Annotation
from crossomni.tasks import TASKS


def write_data(
    wanted: TvqaBuild,
    models: BuildModels,
    works: Sequence[Work],
    worked: Kept,
    built: Built,
    lost: Sequence[Dropped],
) -> Funnel:
    """Write rows, clips, card, funnel, drops and lineage; what an earlier run of this build left is replaced, since
    clips may have been asked about again.

    Raises:
        InputError: when the folder has come to hold something else, or cannot be written; nothing is lost then.
    """
    funnel = Funnel((*lost, *built.dropped), sum(map(len, built.rows.values())))
    wanted.check_out(models)
    try:
        _write(wanted, models, works, worked, built, funnel)
    except OSError as error:
        raise InputError(
            f"{wanted.out}: cannot be written ({error}). What was asked is kept in {wanted.work}; make room, and give "
            "the same command again."
        ) from error
    return funnel


def put_in_place(new: Path, place: Path) -> None:
    """Move a folder to where an earlier one of the same disk may stand, which goes last, or comes back on failure."""
    old = new.with_name("old")
    if place.exists():
        place.replace(old)
    try:
        new.replace(place)
    except OSError:
        if old.exists():
            old.replace(place)
        raise


def _write(
    wanted: TvqaBuild, models: BuildModels, works: Sequence[Work], worked: Kept, built: Built, funnel: Funnel
) -> None:
    kept = {row.id for rows in built.rows.values() for row in rows}
    place = wanted.out.resolve()  # a link stays one: it leads to a disk with room
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as home:
        picture = write_png(funnel.figure, Path(home) / "funnel.png", 110).read_bytes()
        write(
            Path(home) / "new",
            built.rows,
            {work.clip.id: work.clip for work in works},
            {work.clip.id: work.file for work in works},
            truth=worked.annotations,
            source=wanted.described(models),
            making=Making(
                audit=told_in_card(built, funnel, worked.annotations.get),
                dropped=[asdict(drop) for drop in funnel.dropped],
                lineage=lineage(worked, kept, models),
                pictures={"funnel.png": picture},
            ),
        )
        put_in_place(Path(home) / "new", place)


def told_in_card(built: Built, funnel: Funnel, truth: Callable[[str], Annotation | None]) -> str:
    """For the card: shortcuts in the split that models are measured on, rows by task, what was dropped."""
    found = audit(built.rows, [*built.rows][-1], truth)
    tasks = [task.id for task in TASKS]
    counts = {split: Counter(str(row.task) for row in rows) for split, rows in built.rows.items()}
    by_task = Grid(
        "Rows by task",
        ("split", *tasks, "all"),
        tuple((split, *(f"{of[task]:,}" for task in tasks), f"{of.total():,}") for split, of in counts.items()),
    )
    return "\n".join(
        [to_markdown(found), f"## Rows\n\n{by_task.markdown()}", "## What was dropped\n",
         f"![What was dropped, and why](funnel.png)\n\n{funnel.grid.markdown()}"]
    )  # fmt: skip
