"""Commands about data: film plays, build rows, audit a dataset, prove that plays can be perceived."""

from __future__ import annotations

import logging
import math
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossomni.errors import InputError

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from crossomni.construction.build import Built
    from crossomni.corpus import Corpus
    from crossomni.playhouse.company import Season
    from crossomni.records import Annotation, Row

# The shipped set is what ``crossomni build --source playhouse`` makes without further options.
CLIPS, SEED, TEST_SHARE = 60, 1, 0.7
_CLIP_MEGABYTES, _CLIP_ROWS = 0.17, 10  # of a play in a data folder, roughly
GUESSED = 10**15  # seeds below it can be tried one by one

Clips = Annotated[int, typer.Option(help="How many clips.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same plays and rows.")]
Workers = Annotated[int, typer.Option(help="Processes that film at once; 0: one for each core.")]


def _folder(text: str) -> Path:
    if not text.strip():
        raise typer.BadParameter("it is empty; wanted a folder.")
    return Path(text)


Folder = Annotated[Path, typer.Option(help="The folder to write.", parser=_folder, metavar="PATH")]
Data = Annotated[str, typer.Argument(help="A data folder, or 'playhouse' for the set inside the package.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    for command in (playhouse, build, audit, perceive):
        app.command()(command)


def playhouse(out: Folder, clips: Clips = CLIPS, seed: Seed = SEED, workers: Workers = 0) -> None:
    """Film plays: clips and their truth. Goes on where it stopped."""
    from crossomni.playhouse.company import Season, held

    hands = _hands(workers)
    season = Season(clips=clips, seed=seed, folder=out)
    with held(season), _clips_stay(season):
        _film(season, hands)
    print(f"{clips} clips with their truth are in {out}")


def build(
    out: Folder,
    source: Annotated[str, typer.Option(help="Where clips come from: playhouse or tvqa.")] = "playhouse",
    clips: Clips = CLIPS,
    seed: Seed = SEED,
    test_share: Annotated[
        float, typer.Option(help="Share of clips for the test split, by whole episodes.")
    ] = TEST_SHARE,
    pairs: Annotated[
        int | None, typer.Option(help="Test split of so many questions of each single task, each converted (3.3).")
    ] = None,
    drill: Annotated[
        int, typer.Option(help="So many further questions within sight for each training clip, to learn to see by.")
    ] = 0,
    hide_answers: Annotated[bool, typer.Option("--hide-answers", help="Labels go to <out>-labels, apart.")] = False,
    media: Annotated[
        Path | None,
        typer.Option(help="Playhouse: film here and keep the clips, else they move into --out. tvqa: your media."),
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="tvqa: your subtitles and question lines.")] = None,
    models: Annotated[Path | None, typer.Option(help="tvqa: the models, as in examples/build_tvqa.yaml.")] = None,
    shards: Annotated[int, typer.Option(help="tvqa: so many processes side by side, by datatrove.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and make no call.")] = False,
    workers: Workers = 0,
) -> None:
    """Build a dataset: from clips through annotations and questions to a folder that load_dataset reads."""
    if source == "tvqa":
        from crossomni.cli.build_models import build_tvqa
        from crossomni.construction.models.from_tvqa import TvqaBuild

        _check_none(source, {"hide-answers": hide_answers, "drill": drill, "clips": clips != CLIPS, "workers": workers})
        wanted = TvqaBuild(media=media, annotations=annotations, models=models, out=out, seed=seed,
                           test_share=test_share, pairs=pairs, shards=shards)  # fmt: skip
        build_tvqa(wanted, dry_run=dry_run)
    elif source == "playhouse":
        _check_none(source, {"annotations": annotations, "models": models, "shards": shards != 1})
        plays = PlayBuild(out=out, clips=clips, seed=seed, test_share=test_share, pairs=pairs, drill=drill,
                          hide_answers=hide_answers, media=media)  # fmt: skip
        _build_plays(plays, _hands(workers), dry_run=dry_run)
    else:
        raise InputError(f"--source is {source!r}; wanted playhouse or tvqa.")


def _check_none(source: str, given: Mapping[str, object]) -> None:
    """Refuse an option that another source has, which would else be passed over without a word."""
    for name, value in given.items():
        if value:
            raise InputError(f"--{name} is not for --source {source}. Take it out.")


@dataclass(frozen=True, kw_only=True)
class PlayBuild:
    """What is built of plays.

    Raises:
        InputError: at birth, for a drill below 0.
    """

    out: Path
    clips: int
    seed: int
    test_share: float
    pairs: int | None
    drill: int
    hide_answers: bool
    media: Path | None

    def __post_init__(self) -> None:
        if self.drill < 0:
            raise InputError(f"--drill is {self.drill}; wanted 0 or more.")

    @property
    def season(self) -> Season:
        """The plays, and where they are filmed."""
        from crossomni.playhouse.company import Season

        folder = self.media or self.out.with_name(f"{self.out.name}-clips")
        return Season(clips=self.clips, seed=self.seed, folder=folder)

    @property
    def described(self) -> dict[str, Any]:
        """What data.json says of it."""
        from crossomni import __version__

        told = {"source": "playhouse", "seed": self.seed, "version": __version__, "clips": self.clips,
                "test_share": self.test_share, "licence": "apache-2.0"}  # fmt: skip
        told |= {"answers": "held back"} if self.hide_answers else {}
        told |= {} if self.pairs is None else {"pairs": self.pairs}
        return told | ({"drill": self.drill} if self.drill else {})


def _build_plays(wanted: PlayBuild, hands: int, *, dry_run: bool) -> None:
    """Film what is not filmed yet, and build from truth and templates; or only say what it would take."""
    from crossomni.construction.build import build_rows
    from crossomni.export import Making, is_exported
    from crossomni.export import export as write
    from crossomni.playhouse.company import held

    if is_exported(wanted.out, wanted.described, hide_answers=wanted.hide_answers):
        print(f"{wanted.out} holds this very build, finished; nothing was done")
        return
    season = wanted.season
    _check_plan(season, wanted.test_share, wanted.pairs)
    if dry_run:
        _tell_plan(wanted)
        return
    with held(season), _clips_stay(season):
        _film(season, hands)
        truth = {annotation.clip.id: annotation for annotation in season.annotations()}
        built = build_rows(tuple(truth.values()), test_share=wanted.test_share, seed=wanted.seed, pairs=wanted.pairs,
                           drill=wanted.drill)  # fmt: skip
        write(
            wanted.out,
            built.rows,
            {name: annotation.clip for name, annotation in truth.items()},
            {name: season.video(name) for name in truth},
            truth=truth,
            source=wanted.described,
            hide_answers=wanted.hide_answers,
            making=Making(
                audit="" if wanted.hide_answers else audited(built.rows, "test", truth.get),
                dropped=[asdict(drop) for drop in built.dropped],
            ),
        )
    _tell(built, wanted.out)
    if wanted.hide_answers and abs(wanted.seed) < GUESSED:
        print(
            f"whoever guesses the seed can make the answers again: {wanted.seed} is soon found, 20 digits at random "
            "are not"
        )
    if wanted.pairs is not None:
        print(_blocks_given(built.test_blocks, wanted.pairs))
    if wanted.media is None:
        shutil.rmtree(season.folder)


def _tell_plan(wanted: PlayBuild) -> None:
    """What a build from plays would take: it asks no model."""
    megabytes = wanted.clips * _CLIP_MEGABYTES
    rows = wanted.clips * _CLIP_ROWS + round(wanted.clips * (1 - wanted.test_share)) * wanted.drill
    print(
        f"{wanted.clips:,} clips, about {rows:,} rows, by truth and templates: no calls to models, no tokens, no cost; "
        f"about {megabytes:,.0f} MB on disk, {2 * megabytes:,.0f} MB while it is built"
    )


def _check_plan(season: Season, test_share: float, pairs: int | None) -> None:
    """Refuse before hours of filming what could be refused after them."""
    from crossomni.construction.splits import split_by_episode
    from crossomni.optional import need
    from crossomni.playhouse.scripts import write_play

    plays = (write_play(season.seed, index) for index in range(season.clips))
    sides = split_by_episode({play.clip_id: play.episode for play in plays}, test_share, season.seed)
    if pairs is not None:
        _check_pairs(pairs, list(sides.values()).count("test"), season.clips, test_share)
    need("sklearn", "the audit in the dataset's card")


def _check_pairs(pairs: int, tested: int, clips: int, test_share: float) -> None:
    """Refuse more pair blocks than the people of the test clips can give, a block a person."""
    from crossomni.playhouse.scripts import PEOPLE

    if pairs < 1:
        raise InputError(f"--pairs is {pairs}; wanted 1 or more.")
    wanted = math.ceil(pairs / PEOPLE)
    if wanted > tested:
        raise InputError(
            f"--pairs is {pairs}, which takes {wanted} clips in the test split, {PEOPLE} questions of each single task "
            f"from each; {tested} of {clips} clips are there. Take --clips {math.ceil(wanted / test_share)}, or more."
        )


def _blocks_given(given: int, wanted: int) -> str:
    """What the test split holds for section 3.3, in one line."""
    short = f" (of {wanted} asked for; what was dropped left no more)" if given < wanted else ""
    return f"test: {given} questions of each single task{short}, each converted with fixed source and with fixed target"


@contextmanager
def _clips_stay(season: Season) -> Iterator[None]:
    """Say of a failure, and of SIGTERM, that what was filmed is kept, and where."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except (InputError, OSError, _Stopped) as error:
        filmed = sum(not season.fault(name) for name in season.clip_ids)
        stay = (
            f"{filmed} of {season.clips} clips are filmed and stay in {season.folder}; the same command goes on there."
        )
        if isinstance(error, _Stopped):
            print(f"crossomni: stopped by SIGTERM. {stay}", file=sys.stderr)
            raise
        if isinstance(error, InputError):
            raise type(error)(f"{error} {stay}") from error
        raise InputError(f"{error}. Make room, or mend what it names. {stay}") from error
    finally:
        signal.signal(signal.SIGTERM, before)


class _Stopped(SystemExit):
    """SIGTERM came; the exit status says so in the shell's way."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


def _stop(*_: object) -> None:
    raise _Stopped


def _hands(workers: int) -> int:
    """How many processes film at once."""
    if workers < 0:
        raise InputError(f"--workers is {workers}; wanted 0 (one for each core) or more.")
    return workers or os.cpu_count() or 1


def _film(season: Season, hands: int) -> None:
    from tqdm import tqdm

    from crossomni.playhouse.company import film_season

    for _ in tqdm(film_season(season, hands), total=season.clips, desc="filming", unit="clip", disable=None):
        pass


def audited(splits: Mapping[str, Sequence[Row]], split: str, truth: Callable[[str], Annotation | None]) -> str:
    """The audit's tables in Markdown; it takes seconds for each thousand rows."""
    from tqdm import tqdm

    from crossomni.construction.audit import audit as run
    from crossomni.construction.audit_table import to_markdown

    with tqdm(total=len(splits[split]), desc="auditing", unit="row", disable=None) as bar:
        text = to_markdown(run(splits, split, truth))
        bar.update(len(splits[split]))
    return text


def _tell(built: Built, out: Path) -> None:
    """Say what came out, and how much was dropped for which reason."""
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in built.rows.items())
    print(f"{counts} rows are in {out}; dropped: {len(built.dropped)}")
    if "train" not in built.rows:
        print("there is no train split: all clips are of one episode, and whole episodes go to one split")
    for reason, count in built.funnel.items():
        print(f"  {count:6d}  {reason}")


def audit(
    data: Data = "playhouse",
    split: Annotated[str, typer.Option(help="The split to audit.")] = "test",
    annotations: Annotated[
        Path | None, typer.Option(help="With 'full': the annotations folder; with another benchmark: its file.")
    ] = None,
    media: Annotated[Path | None, typer.Option(help="With 'full' and other benchmarks: the media folder.")] = None,
) -> None:
    """Measure shortcuts and leaks of a dataset, as Markdown tables."""
    from crossomni.cli.benchmarks import tell_licence, tell_read
    from crossomni.opening import open_corpus

    tell_licence(data)
    corpus = open_corpus(data, annotations, media, rows_only=True)
    tell_read(corpus.source.get("benchmark"))
    corpus.rows(split)  # an unknown split is refused by name
    print(audited(corpus.rows_by_split, split, corpus.annotation))
    if corpus.source.get("clips") != "not looked for":
        _warn_of_silence(corpus, split)


def _warn_of_silence(corpus: Corpus, split: str) -> None:
    """Name the clips of a split whose sound is digital zeros throughout; it takes a tenth of a second a clip."""
    from tqdm import tqdm

    from crossomni.media import ClipFile

    media = {row.clip_id: corpus.media(row) for row in corpus.rows(split)}
    heard = tqdm(media.items(), desc="listening", unit="clip", disable=None)
    silent = [clip_id for clip_id, path in heard if not ClipFile(path).sound().any()]
    if silent:
        logger.warning("nothing is to be heard in %d of %d clips: %s.", len(silent), len(media), ", ".join(silent))


def perceive(
    data: Data = "playhouse",
    limit: Annotated[int, typer.Option(help="How many clips; 0: all.")] = 0,
) -> None:
    """Prove that what plays ask can be perceived: small readers on decoded frames and sound, against the truth."""
    from rich.console import Console
    from tqdm import tqdm

    from crossomni.corpus import Corpus
    from crossomni.playhouse.perception import Reading, to_table
    from crossomni.playhouse.perception import perceive as read

    if limit < 0:
        raise InputError(f"--limit is {limit}; wanted 0 (all clips) or more.")
    corpus = Corpus.open(data)
    first = {row.clip_id: row for split in corpus.splits for row in corpus.rows(split)}
    wanted = list(first.items())[: limit or None]
    readings: list[Reading] = []
    for clip_id, row in tqdm(wanted, desc="reading", unit="clip", disable=None):
        truth = corpus.annotation(clip_id)
        if truth is None:
            raise InputError(f"{data}: the truth of clip {clip_id} is not known; wanted a playhouse folder.")
        readings.extend(read(corpus.media(row), truth))
    Console().print(to_table(readings))
