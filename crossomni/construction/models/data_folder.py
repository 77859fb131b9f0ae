"""What came of a build as a data folder: it takes an earlier one's place in one step."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from crossomni.construction.build import Built
from crossomni.construction.drafts import Dropped
from crossomni.construction.funnel import Funnel
from crossomni.construction.models.assembling import lineage
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.from_tvqa import TvqaBuild
from crossomni.construction.models.keeping import Kept
from crossomni.construction.models.settings import BuildModels
from crossomni.export import Making
from crossomni.export import export as write
from crossomni.pictures import write_png


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
    dropped = (*lost, *built.dropped)
    funnel = Funnel(dropped, sum(map(len, built.rows.values())))
    kept = {row.id for rows in built.rows.values() for row in rows}
    wanted.check_out(models)
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{wanted.out.name}-", dir=wanted.out.parent) as home:
        picture = write_png(funnel.figure, Path(home) / "funnel.png", 110).read_bytes()
        write(
            Path(home) / "new",
            built.rows,
            {work.clip.id: work.clip for work in works},
            {work.clip.id: work.file for work in works},
            truth=worked.annotations,
            source=wanted.described(models),
            making=Making(
                audit=f"![What was dropped, and why](funnel.png)\n\n{funnel.grid.markdown()}",
                dropped=[asdict(drop) for drop in dropped],
                lineage=lineage(worked, kept, models),
                pictures={"funnel.png": picture},
            ),
        )
        # The old one goes when the new one is in its place.
        if wanted.out.exists():
            wanted.out.replace(Path(home) / "old")
        (Path(home) / "new").replace(wanted.out)
    return funnel
