"""The commands about data where sets are tiny, folders are held, clips are silent, or seeds can be guessed."""

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from crossomni import __version__
from crossomni.cli import data, runs
from crossomni.corpus import Corpus, file_sha256
from crossomni.errors import InputError
from crossomni.ledger import write_json
from crossomni.playhouse.company import Season, held, open_season
from crossomni.testing import write_clip
from tests.construction.plays import annotations
from tests.small_corpus import small


def run(*arguments: object) -> Any:
    """The commands in an application of their own."""
    app = typer.Typer()
    data.register(app)
    runs.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    """Six plays whose films are made up, so that a build of them films nothing."""
    made = Season(clips=6, seed=3, folder=tmp_path_factory.mktemp("six") / "season")
    open_season(made)
    film = write_clip(made.folder.with_name("film.mp4"), seconds=1, size=(64, 48))
    for annotation in annotations(6, seed=3):
        shutil.copy(film, made.video(annotation.clip.id))
        clip = replace(annotation.clip, sha256=file_sha256(film))
        write_json(made.truth(clip.id), replace(annotation, clip=clip).to_json())
    return made


def build(season: Season, clips: int, out: Path, *more: str) -> Any:
    """Build from a season that is filmed, with the usual share of test clips."""
    return run("build", "--clips", clips, "--seed", 3, "--media", season.folder, "--out", out, *more)


@pytest.mark.parametrize("clips", [1, 2, 3, 6])
def test_a_build_of_few_clips_can_be_evaluated(season, tmp_path, clips):
    """Of any number of clips comes a set that is audited and evaluated; one episode is all test, and it is said."""
    built = build(season, clips, tmp_path / "data")
    assert built.exit_code == 0, built.output
    is_all_test = clips <= 2
    assert Corpus.open(str(tmp_path / "data")).splits == (("test",) if is_all_test else ("train", "test"))
    assert ("there is no train split" in built.output) == is_all_test
    assert ("most frequent letter: not measured" in (tmp_path / "data" / "README.md").read_text()) == is_all_test
    done = run("evaluate", "--data", tmp_path / "data", "--model", "uniform", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output


def test_a_second_build_is_told_of_the_first(season, tmp_path):
    """While a process builds there the second is refused by that reason alone, and writes nothing."""
    with held(season):
        done = build(season, 3, tmp_path / "data")
    assert isinstance(done.exception, InputError)
    assert "another process films or builds there" in str(done.exception)
    assert "filmed and stay" not in str(done.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_lost_film_is_not_counted_as_filmed(season, tmp_path):
    """A failure tells how many films are there as they were filmed, not how many once were."""
    lost = replace(season, folder=shutil.copytree(season.folder, tmp_path / "season"))
    lost.video(lost.clip_ids[1]).unlink()
    lost.video(lost.clip_ids[1]).mkdir()  # where a folder is, no film can be put
    done = build(lost, 3, tmp_path / "data", "--workers", "1")
    assert f"2 of 3 clips are filmed and stay in {lost.folder}; the same command goes on there." in str(done.exception)


@pytest.mark.parametrize(("seed", "is_said"), [(3, True), (9_417_206_385_117_204_961, False)])
def test_a_seed_that_can_be_guessed_is_said(season, tmp_path, seed, is_said):
    """Who hides answers learns that a short seed gives them away, and that a long one does not."""
    guarded = shutil.copytree(season.folder, tmp_path / "season")
    write_json(guarded / "playhouse.json", {"source": "playhouse", "seed": seed, "version": __version__})
    options = ("--clips", 1, "--seed", seed, "--media", guarded, "--hide-answers")
    done = run("build", *options, "--out", tmp_path / "data")
    assert done.exit_code == 0, done.output
    assert ("whoever guesses the seed" in done.output) == is_said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("perceive", "--limit", "-3"), "--limit is -3"),
        (("audit", ""), "the data's name is empty"),
        (("playhouse", "--out", ""), "it is empty"),
        (("build", "--out", "."), "has no name of its own"),
    ],
)
def test_what_means_nothing_is_refused(arguments, said):
    """No clips counted backwards, and no folder without a name."""
    done = run(*arguments)
    assert done.exit_code != 0
    assert said in f"{done.exception} {done.output}"


def silent_clip(path: Path) -> Path:
    """A second of grey pictures with a sound of zeros."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        track = container.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 99, np.uint8), format="rgb24")))
        container.mux(video.encode())
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux(track.encode(sound))
        container.mux(track.encode())
    return path


@pytest.mark.parametrize("is_silent", [True, False])
def test_an_audit_names_clips_in_which_nothing_is_heard(tmp_path, caplog, is_silent):
    """A sound of zeros is a sound; that a clip has no other is warned of, by its name."""
    made = small(tmp_path / "media")
    if is_silent:
        silent_clip(made.media["play2"])
    folder = made.export(tmp_path / "data", truth={})
    done = run("audit", folder)
    assert done.exit_code == 0, done.output
    said = [record.getMessage() for record in caplog.records]
    assert said == (["nothing is to be heard in 1 of 1 clips: play2."] if is_silent else [])
