"""``crossomni build --source tvqa``: a dataset from the user's own clips, by models behind endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crossomni.errors import DataError, InputError
from crossomni.optional import need

if TYPE_CHECKING:
    from crossomni.construction.drafts import Dropped
    from crossomni.construction.models.building import Done, OnProgress
    from crossomni.construction.models.clip_work import Work
    from crossomni.construction.models.costs import Bill, Progress
    from crossomni.construction.models.from_tvqa import TvqaBuild
    from crossomni.construction.models.settings import BuildModels
    from crossomni.construction.sources.tvqa import Tvqa


def build_tvqa(wanted: TvqaBuild, *, dry_run: bool) -> None:
    """Look through the user's copy, say what is half there, and build from the rest; or only say what it would take."""
    from rich.console import Console

    from crossomni.construction.models.building import see_that_models_answer
    from crossomni.construction.models.films import drop_between_parts
    from crossomni.construction.models.settings import BuildModels

    models = BuildModels.read(wanted.models_file)
    wanted.check_out(models)
    source = wanted.source
    survey = source.survey()
    Console().print(survey.grid.table())
    if not survey.kept:
        raise InputError(f"{wanted.media}: none of its clips can be used; the table above says why.")
    planned = wanted.planned(source)
    if dry_run:
        _tell_estimate(models, planned, source, wanted)
        return
    # Before hours of cutting.
    need("sklearn", "questions that ask the same")
    if wanted.shards > 1:
        need("datatrove", "a build in shards")
    if not wanted.has_begun:
        see_that_models_answer(models)
    works, lost = _cut(wanted, source, len(planned))
    done = drop_between_parts(models, _work(wanted, models, works), wanted.work)
    _assemble(wanted, models, works, done, lost)


def _cut(wanted: TvqaBuild, source: Tvqa, clips: int) -> tuple[list[Work], list[Dropped]]:
    from tqdm import tqdm

    cutting = wanted.cut(source)
    for _ in tqdm(cutting, desc="cutting", total=clips, unit="clip", disable=None):
        pass
    return cutting.works, cutting.lost


def _work(wanted: TvqaBuild, models: BuildModels, works: Sequence[Work]) -> Done:
    from crossomni.construction.models.building import work_through
    from crossomni.construction.models.shards import work_in_shards

    with _progress(models, len(works)) as tell:
        if wanted.shards > 1:
            return work_in_shards(wanted.models_file, works, wanted.work, wanted.shards, tell)
        return work_through(models, works, wanted.work, tell)


@contextmanager
def _progress(models: BuildModels, clips: int) -> Iterator[OnProgress]:
    """A line on a terminal, and nothing in a file: clips, their rate, when they will be done, requests, cost."""
    from tqdm import tqdm

    with tqdm(total=clips, desc="building", unit="clip", disable=None, smoothing=0) as bar:
        begun = False

        def tell(progress: Progress) -> None:
            nonlocal begun
            if not begun:  # what was done before has no part in the rate
                bar.initial, begun = progress.clips, True
            bar.set_postfix_str(_so_far(models, progress.spent), refresh=False)
            bar.update(progress.clips - bar.n)
            bar.refresh()

        yield tell


def _assemble(
    wanted: TvqaBuild, models: BuildModels, works: Sequence[Work], done: Done, lost: Sequence[Dropped]
) -> None:
    from rich.console import Console

    from crossomni.construction.funnel import Funnel
    from crossomni.construction.models.assembling import assemble, blocks_told
    from crossomni.construction.models.data_folder import write_data
    from crossomni.construction.models.from_tvqa import sides

    try:
        built = assemble(done.worked, sides(works), wanted.seed, wanted.pairs)
    except DataError:
        # Nothing is left that a data folder could be made of; why is told all the same.
        dropped = (*lost, *(drop for one in done.worked for drop in one.dropped))
        Console().print(Funnel(dropped, 0).grid.table())
        _tell(models, done, wanted)
        raise
    funnel = write_data(wanted, models, works, done.worked, built, lost)
    Console().print(funnel.grid.table())
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in built.rows.items())
    print(f"{counts} rows are in {wanted.out}; its media may not be passed on, so neither may the folder")
    if wanted.pairs is not None:
        print(blocks_told(built, wanted.pairs))
    _tell(models, done, wanted)


def _cost(models: BuildModels, spent: Bill) -> float:
    return sum(one.cost(models.endpoints[role].price) for role, one in spent.items() if role in models.endpoints)


def _so_far(models: BuildModels, spent: Bill) -> str:
    """Requests of this run, and what they cost."""
    calls, cost = sum(one.replies for one in spent.values()), _cost(models, spent)
    return f"{calls:,} requests" + (f", cost {cost:.2f}" if cost else "")


def _tell(models: BuildModels, done: Done, wanted: TvqaBuild) -> None:
    for role, one in done.spent.items():
        cost = _cost(models, {role: one})
        print(
            f"{role}: {one.replies:,} replies, {one.cached:,} kept from before, {one.failed:,} without a reply; "
            f"{one.prompt_tokens:,} tokens read, {one.completion_tokens:,} written" + (f"; {cost:.2f}" if cost else "")
            + (f"; {one.uncounted:,} replies told no tokens" if one.uncounted else "")
        )  # fmt: skip
    if done.before:
        replies, cost = sum(one.replies for one in done.before.values()), _cost(models, done.before)
        print(f"earlier runs: {replies:,} replies" + (f"; {cost:.2f}" if cost else ""))
    if done.found:
        print(f"{done.found} clips were done before")
    if failed := sum(one.failed for one in done.spent.values()):
        print(f"{failed} requests had no reply; clips that they belong to are asked again by the same command")
    print(f"replies and clips are kept in {wanted.work}")


def _tell_estimate(models: BuildModels, works: Sequence[Work], source: Tvqa, wanted: TvqaBuild) -> None:
    from rich.console import Console

    from crossomni.construction.models.estimate import estimate
    from crossomni.construction.models.from_tvqa import media_bytes

    made = estimate(models, works, media_bytes(source, works))
    console = Console()
    console.print(made.stages.table())
    told = "All is counted that is asked where every reply can be read and nothing is dropped."
    console.print(made.roles(models).table(told))
    console.print(made.disk.table(f"Clips and what is kept of requests in {wanted.work}, the data in {wanted.out}."))
    print(f"up to {made.disk_bytes / 1e9:.2f} GB on disk; no call made")
