"""The command ``crossomni pairs``, and the option of ``crossomni build`` that makes data for it."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crossomni.cli import data, pairs
from crossomni.cli.printing import WIDTH
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.evaluation.runs.runner import EvalConfig, evaluate
from crossomni.playhouse.company import Season
from tests.construction.plays import filmed

FAKE = f"python:{Path(__file__).parent / 'evaluation' / 'pair_fakes.py'}:HalfOfCross"


def run(*arguments: object) -> Any:
    """The commands in an application of their own."""
    app = typer.Typer()
    data.register(app)
    pairs.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refusal(done: Any) -> str:
    """The error's one line."""
    assert isinstance(done.exception, InputError)
    assert "\n" not in str(done.exception)
    return str(done.exception)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A set of three questions a single task, from four plays whose films are made up; and what the build said."""
    folder = tmp_path_factory.mktemp("pairs")
    options = ("--clips", 4, "--seed", 3, "--test-share", 0.5, "--media", filmed(folder).folder)
    done = run("build", "--pairs", 3, *options, "--out", folder / "data")
    assert done.exit_code == 0, done.output
    return folder / "data", done.output


@pytest.fixture(scope="module")
def finished(built: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on that set."""
    folder = tmp_path_factory.mktemp("runs") / "half"
    evaluate(EvalConfig(model=FAKE, data=str(built[0]), out=folder))
    return folder


def test_build_makes_the_test_split_for_the_experiment(built: tuple[Path, str]) -> None:
    """Three blocks of nine rows, all with a pair_id; train is there too, and data.json says how it was made."""
    folder, said = built
    corpus = Corpus.open(str(folder))
    assert len(corpus.rows("test")) == 27
    assert len({row.pair_id for row in corpus.rows("test")}) == 3
    assert corpus.rows("train")
    assert json.loads((folder / "data.json").read_text())["pairs"] == 3
    assert "test: 3 questions of each single task, each converted with fixed source and with fixed target" in said


def test_a_build_without_pairs_is_described_as_before(built: tuple[Path, str], tmp_path: Path) -> None:
    """The option leaves no trace where it is not given."""
    season = built[0].with_name("season")
    options = ("--clips", 4, "--seed", 3, "--test-share", 0.5, "--media", season)
    done = run("build", *options, "--out", tmp_path / "data")
    assert done.exit_code == 0, done.output
    assert "pairs" not in json.loads((tmp_path / "data" / "data.json").read_text())
    assert "converted" not in done.output


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (28, "takes 7 clips in the test split, 4 questions of each single task from each; 6 of 8 clips are there. "
              "Take --clips 10, or more."),
        (0, "--pairs is 0; wanted 1 or more."),
    ],
)  # fmt: skip
def test_more_pairs_than_the_clips_give_are_refused_before_filming(tmp_path: Path, count: int, said: str) -> None:
    """The line says how many clips are wanted; nothing is written."""
    assert said in refusal(run("build", "--pairs", count, "--clips", 8, "--test-share", 0.7, "--out", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_the_number_of_clips_that_is_asked_for_is_enough(tmp_path: Path) -> None:
    """A plan with as many clips as the refusal names is accepted; the default's 60 are enough for the paper's 150."""
    for clips, count in ((10, 28), (60, 150)):
        data._check_plan(Season(clips=clips, seed=1, folder=tmp_path), 0.7, count)


def test_the_tables_fit_the_terminal(finished: Path) -> None:
    """Both settings, 100 columns at most, without a picture."""
    done = run("pairs", finished)
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= WIDTH == 100
    assert "half: fixed source, the target changes" in done.stdout
    assert "half: fixed target, the source changes" in done.stdout


def test_json_stays_json_where_a_picture_is_drawn(finished: Path, tmp_path: Path) -> None:
    """The figures go to standard output alone; the picture's name does not."""
    done = run("pairs", finished, "--as", "json", "--out", tmp_path / "pairs.svg")
    assert json.loads(done.stdout)["blocks"]["count"] == 3
    assert (tmp_path / "pairs.svg").is_file()


def test_markdown_has_both_settings(finished: Path) -> None:
    """Two tables."""
    assert run("pairs", finished, "--as", "markdown").stdout.count("| --- |") == 2


def test_a_picture_of_another_kind_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """The name of the picture is looked at first."""
    assert "wanted .svg or .png" in refusal(run("pairs", tmp_path / "none", "--out", tmp_path / "pairs.gif"))
