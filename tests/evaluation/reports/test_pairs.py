"""What single questions lose when only their target, or only their source, changes: figures found by hand."""

import json
import math
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from crossomni.errors import DataError, RunError
from crossomni.evaluation.reports.pairs import MEAN, Pairs, PairScores, Setting, pairs, pairs_of
from crossomni.evaluation.runs.runner import EvalConfig, evaluate
from crossomni.records import Row
from crossomni.tasks import Modality
from tests.evaluation.pair_fakes import Right, block_rows, half_of_cross, letters, many, number_of
from tests.small_corpus import small

ROWS = many(16)


def scores(right: Right, rows: list[Row] = ROWS) -> PairScores:
    """Section 3.3 of one model."""
    return pairs_of(rows, {"model": letters(rows, right)}, "x").runs[0]


@pytest.fixture(scope="module")
def half() -> Pairs:
    """The model that knows all single questions and half of cross."""
    return pairs_of(ROWS, {"half[7b]": letters(ROWS, half_of_cross)}, "x")


@pytest.fixture(scope="module")
def two() -> Pairs:
    """That model, and one that knows everything."""
    return pairs_of(ROWS, {"all": letters(ROWS, lambda row: True), "half[7b]": letters(ROWS, half_of_cross)}, "x")


def settings(found: PairScores) -> tuple[Setting, Setting]:
    """Both settings, which are there."""
    assert found.source is not None
    assert found.target is not None
    return found.source, found.target


def test_half_of_cross_loses_fifty_points_everywhere(half: Pairs) -> None:
    """All single questions and half of each conversion: 100, 50 and a loss of 50 in both settings."""
    for setting in settings(half.runs[0]):
        assert (setting.single.value, setting.average.accuracy.value, setting.average.change.value) == (100, 50, -50)
        for one in setting.fixed.values():
            assert (one.blocks, one.single.value, one.average.accuracy.value) == (16, 100, 50)
            assert {c.accuracy.value for c in one.converted.values()} == {50}
            assert {c.change.value for c in (*one.converted.values(), one.average)} == {-50}


def test_p_is_that_of_the_clips_that_differ(half: Pairs) -> None:
    """Eight clips lose and none gains: of the 256 ways to swap them two are as far, and Holm takes nine such tests."""
    source, _ = settings(half.runs[0])
    lost, both = source.fixed["audio"].converted["au-vi"], source.fixed["audio"].average
    assert lost.p == both.p == source.average.p == pytest.approx(2 / 256, abs=0.004)
    assert lost.p_holm == both.p_holm == pytest.approx(9 * lost.p)
    assert math.isnan(source.average.p_holm)


def test_a_target_that_cannot_be_perceived_is_lost_where_the_target_changes() -> None:
    """A blind model that knows the rest: with the target fixed on sight nothing is lost, with a fixed source all is."""

    def blind(row: Row) -> bool:
        return row.task.target is not Modality.VISION

    source, target = settings(scores(blind))
    assert source.fixed["audio"].converted["au-vi"].change.value == -100
    assert source.fixed["audio"].converted["au-te"].change.value == 0
    assert source.fixed["audio"].average.change.value == -50
    assert source.fixed["audio"].average.accuracy.value == 50
    assert source.fixed["vision"].average.change.value == 100
    assert {one.average.change.value for one in target.fixed.values()} == {0}
    assert target.fixed["vision"].single.value == 0


def test_a_source_that_cannot_be_perceived_is_lost_where_the_source_changes() -> None:
    """The same from the other side."""

    def deaf_to_clues(row: Row) -> bool:
        return row.task.source is not Modality.AUDIO

    source, target = settings(scores(deaf_to_clues))
    assert target.fixed["text"].converted["au-te"].change.value == -100
    assert target.fixed["text"].converted["vi-te"].change.value == 0
    assert {one.average.change.value for one in source.fixed.values()} == {0}


def test_differences_are_paired_by_block() -> None:
    """Right on the same half of the blocks: no block differs, so that the loss is known within 3 in n questions."""

    def every_other(row: Row) -> bool:
        return number_of(row) % 2 == 0

    def the_others_in_cross(row: Row) -> bool:
        return number_of(row) % 2 == row.task.is_cross

    rows = many(40)
    same, crossed = (scores(right, rows).source.fixed["text"] for right in (every_other, the_others_in_cross))
    assert same.single.value == crossed.single.value == 50
    assert same.average.change.value == crossed.average.change.value == 0
    width = [one.average.change.high - one.average.change.low for one in (same, crossed)]
    assert width[0] == pytest.approx(2 * 100 * (1 - 0.05 ** (1 / 80)))
    assert width[1] > 30


def test_single_and_converted_are_scored_on_the_same_blocks() -> None:
    """A block without au-vi, whose single row is wrong, counts with a fixed target and not with a fixed source."""
    rows = [*many(7), *(row for row in block_rows(7) if row.task.id != "au-vi")]
    source, target = settings(scores(lambda row: row.task.is_cross or number_of(row) < 7, rows))
    assert (source.fixed["audio"].blocks, source.fixed["audio"].single.value) == (7, 100)
    assert (target.fixed["audio"].blocks, target.fixed["audio"].single.value) == (8, 87.5)


def test_intervals_are_clustered_by_clip() -> None:
    """Ten blocks on each of four clips that stand and fall together are four trials, not forty."""
    rows = [row for number in range(40) for row in block_rows(number, f"clip{number % 4}")]
    half = scores(lambda row: not row.task.is_cross or number_of(row) % 4 < 2, rows).source.fixed["audio"]
    apart = scores(lambda row: not row.task.is_cross or number_of(row) % 4 < 2, many(40)).source.fixed["audio"]
    assert half.average.change.value == apart.average.change.value == -50
    assert half.average.p > 0.3
    assert apart.average.p < 0.001
    assert half.average.change.high - half.average.change.low > apart.average.change.high - apart.average.change.low


def test_several_runs_are_averaged(two: Pairs) -> None:
    """One that loses nothing and one that loses 50 points lose 25 together, on as many blocks."""
    assert [run.name for run in two.runs] == ["all", "half[7b]"]
    assert two.mean is not None
    assert two.shown is two.mean
    source, target = settings(two.mean)
    assert (two.mean.name, source.single.value, source.average.change.value) == (MEAN, 100, -25)
    assert target.fixed["vision"].converted["te-vi"].accuracy.value == 75
    assert source.fixed["vision"].blocks == 16


def test_one_run_is_its_own_picture(half: Pairs) -> None:
    """Nothing is averaged where there is one."""
    assert half.mean is None
    assert half.shown is half.runs[0]


def test_a_dataset_with_one_setting_has_one() -> None:
    """Single rows with conversions of the target alone: fixed source is there, fixed target is not."""
    rows = [row for row in ROWS if row.task.source is Modality.AUDIO]
    found = scores(half_of_cross, rows)
    assert found.target is None
    assert found.source is not None
    assert list(found.source.fixed) == ["audio"]
    assert found.source.average.change.value == -50


def test_the_tables_fit_100_columns_and_say_what_is_left_out(two: Pairs) -> None:
    """Two tables a run and for the mean, each line with its blocks, and the legend below."""
    console = Console(width=100, record=True, file=StringIO())
    console.print(*two.tables(), sep="\n")
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "half[7b]: fixed target, the source changes" in text
    line = next(line for line in text[text.index("half[7b]: fixed source") :].splitlines() if "Au→Vi" in line)
    assert line.split()[:3] == ["Au→Vi", "16", "50.0"]
    assert "-50.0" in line
    assert " ".join(two.legend.split()) in " ".join(text.split())
    assert "left out: 0 rows without pair_id" in two.legend


def test_markdown_and_json_tell_the_same(half: Pairs) -> None:
    """A line for each task, strict JSON, and null where nothing is known."""
    lines = half.to_markdown().splitlines()
    assert sum(line.startswith("| Au→Vi | 16 | 50.0 |") for line in lines) == 2
    read = json.loads(json.dumps(half.to_json(), allow_nan=False))
    assert read["blocks"] == {"count": 16, "whole": 16, "clips": 16, "without_pair_id": 0, "without_partner": 0}
    average = read["runs"][0]["source"]["average"]
    assert (average["change"]["value"], average["p_holm"]) == (-50, None)
    assert read["mean"] is None


# --- from folders ---


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the model that knows half of cross, on four blocks of one clip."""
    folder = tmp_path_factory.mktemp("pairs")
    made = small(folder / "media", rows=1)
    made.splits["test"] = [row for number in range(4) for row in block_rows(number, "play2")]
    data = made.export(folder / "data")
    fake = f"python:{Path(__file__).parents[1] / 'pair_fakes.py'}:HalfOfCross"
    evaluate(EvalConfig(model=fake, data=str(data), out=folder / "run"))
    return folder / "run"


def test_a_runs_folder_gives_its_figures(run: Path) -> None:
    """Rows and answers come from the folder and its data."""
    found = pairs([run])
    assert [one.name for one in found.runs] == ["run"]
    assert [setting.average.change.value for setting in settings(found.runs[0])] == [-50, -50]
    assert found.blocks.said.startswith("4 pair blocks on 1 clips, 4 with all nine tasks")


def test_an_unfinished_run_is_refused(run: Path, tmp_path: Path) -> None:
    """A row that is missing is named, not counted as wrong."""
    lines = (run / "predictions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "predictions.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    (tmp_path / "run.json").write_text((run / "run.json").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(RunError, match="1 rows are missing"):
        pairs([tmp_path])


def test_runs_on_other_rows_and_no_run_are_refused(run: Path, data: Path, tmp_path: Path) -> None:
    """What cannot be averaged is not, and data without blocks are named by the run."""
    evaluate(EvalConfig(model="uniform", data=str(data), out=tmp_path / "other"))
    with pytest.raises(RunError, match="Compare runs on the same rows"):
        pairs([run, tmp_path / "other"])
    with pytest.raises(DataError, match="other: none of the 27 rows has a pair_id"):
        pairs([tmp_path / "other"])
    with pytest.raises(RunError, match="at least one folder"):
        pairs([])
