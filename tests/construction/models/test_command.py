"""``crossomni build --source tvqa``: from a folder in TVQA's shape to data that ``load_dataset`` reads."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crossomni.cli import data as commands
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.testing.chat_server import ChatServer
from crossomni.testing.tvqa import TvqaFolder, write_tvqa
from tests.construction.models.conftest import Clips
from tests.construction.models.scripted import Faults
from tests.construction.models.test_shards import models_file

pytest.importorskip("torchaudio")
pytest.importorskip("sklearn")


def build(*arguments: object) -> Any:
    """The command."""
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, ["build", "--source", "tvqa", *map(str, arguments)])


def refusal(done: Any) -> str:
    """The error's one line."""
    assert isinstance(done.exception, InputError), done.output
    assert "\n" not in str(done.exception)
    return str(done.exception)


@pytest.fixture(scope="module")
def copy(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> TvqaFolder:
    """A copy of TVQA made of the two plays."""
    folder = tmp_path_factory.mktemp("tvqa")
    return write_tvqa(folder, [one for one, _ in clips.values()], {name: file for name, (_, file) in clips.items()})


def of(copy: TvqaFolder, models: Path, out: Path, *more: object) -> tuple[object, ...]:
    """The arguments of a build from it."""
    return ("--media", copy.media, "--annotations", copy.annotations, "--models", models, "--out", out, *more)


@pytest.mark.slow
def test_from_frames_and_subtitles_to_rows(
    copy: TvqaFolder, serve: Callable[[Faults], ChatServer], tmp_path: Path
) -> None:
    """Rows, drops with their reasons, lineage, card and picture; a second run asks nothing and gives the same."""
    out = tmp_path / "full"
    (tmp_path / "disk").mkdir()
    out.symlink_to(tmp_path / "disk")  # with more room
    with serve(Faults(wrong=0.02, unparsed=0.05)) as server:
        arguments = of(copy, models_file(tmp_path, server), out, "--test-share", 0.5)
        done = build(*arguments)
        assert done.exit_code == 0, done.output
        first = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        asked = server.requests
        again = build(*arguments)
        assert again.exit_code == 0, again.output
        assert asked == server.requests
    second = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert first == second
    assert out.is_symlink()
    corpus = Corpus.open(str(out))
    rows = [row for split in corpus.splits for row in corpus.rows(split)]
    assert rows
    lines = [json.loads(line) for line in (out / "lineage.jsonl").read_text().splitlines()]
    assert {line["row"] for line in lines if "row" in line} == {row.id for row in rows}
    assert {line["sha256"] for line in lines if "sha256" in line} <= {clip.sha256 for clip in corpus.clips.values()}
    assert all(json.loads(line)["reason"] for line in (out / "dropped.jsonl").read_text().splitlines())
    card = (out / "README.md").read_text()
    assert "![What was dropped, and why](funnel.png)" in card
    assert "**Rows by task**" in card
    assert (out / "funnel.png").read_bytes().startswith(b"\x89PNG")


def test_a_dry_run_makes_no_call(copy: TvqaFolder, tmp_path: Path) -> None:
    """And leaves nothing; requests are counted by stage and by model."""
    with ChatServer(lambda request: "ready") as server:
        done = build(*of(copy, models_file(tmp_path, server), tmp_path / "full", "--dry-run"))
        assert done.exit_code == 0, done.output
        assert server.requests == 0
    for told in ("annotate", "language", "2 clips", "cut clips", "the data", "no call made"):
        assert told in done.output
    assert "building" not in done.output  # a progress line is for terminals
    assert not (tmp_path / "full").exists()
    assert not (tmp_path / "full-work").exists()


def test_clips_are_not_cut_for_models_that_do_not_answer(copy: TvqaFolder, tmp_path: Path) -> None:
    """One line says which."""
    with ChatServer(lambda request: "ready") as server:
        models = models_file(tmp_path, server)
    assert "--models: vision does not answer: " in refusal(build(*of(copy, models, tmp_path / "full")))
    assert not (tmp_path / "full-work").exists()


def test_a_prompt_that_cannot_be_used_is_told_before_anything_runs(copy: TvqaFolder, tmp_path: Path) -> None:
    """In a dry run, too."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "blind.txt").write_text("$question $options $clip")
    with ChatServer(lambda request: "ready") as server:
        models = models_file(tmp_path, server)
        models.write_text(json.dumps(json.loads(models.read_text()) | {"prompts": str(tmp_path / "mine")}))
        assert "blind.txt: $clip is no field" in refusal(build(*of(copy, models, tmp_path / "full", "--dry-run")))
        assert server.requests == 0


def _places(copy: TvqaFolder, folder: Path) -> dict[str, tuple[Path, str]]:
    (folder / "file").write_text("")
    return {
        "no name": (folder / "x" / "..", "has no name of its own"),
        "in the media": (copy.media / "full", "inside --media"),
        "in the annotations": (copy.annotations / "full", "inside --annotations"),
        "below a file": (folder / "file" / "full", "takes no new folder"),
    }


@pytest.mark.parametrize("place", ["no name", "in the media", "in the annotations", "below a file"])
def test_a_place_that_cannot_be_written_to_is_told_before_anything_runs(
    copy: TvqaFolder, place: str, tmp_path: Path
) -> None:
    """Clips inside the copy would be taken for the user's own by the next run."""
    out, said = _places(copy, tmp_path)[place]
    with ChatServer(lambda request: "ready") as server:
        assert said in refusal(build(*of(copy, models_file(tmp_path, server), out, "--dry-run")))
        assert server.requests == 0


def test_more_pairs_than_persons_are_refused(copy: TvqaFolder, tmp_path: Path) -> None:
    """Before anything is cut or asked."""
    with ChatServer(lambda request: "ready") as server:
        done = build(*of(copy, models_file(tmp_path, server), tmp_path / "full", "--pairs", 150))
        assert server.requests == 0
    assert "--pairs is 150, a person each; " in refusal(done)


@pytest.mark.slow
def test_ctrl_c_is_one_line(copy: TvqaFolder, serve: Callable[[Faults], ChatServer], tmp_path: Path) -> None:
    """On a terminal, where clips, requests and the end are told while it runs."""
    with serve(Faults()) as server:
        arguments = of(copy, models_file(tmp_path, server), tmp_path / "full", "--test-share", 0.5)
        command = [sys.executable, "-c", "from crossomni.cli import main; main()", "build", "--source", "tvqa"]
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 120))
        with subprocess.Popen([*command, *map(str, arguments)], stderr=theirs, stdout=subprocess.DEVNULL) as running:
            os.close(theirs)
            while server.requests < 30:
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            shown = b"".join(iter(lambda: _read(ours), b"")).decode()
    assert running.returncode == 130
    assert shown.endswith("crossomni: stopped; the same command goes on from here.\r\n")
    assert "Traceback" not in shown
    assert re.search(r"building: +0%.*0/2 \[\d\d:\d\d<\?, \?clip/s, 0 requests", shown)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def test_a_copy_that_is_half_there_is_told_before_anything_runs(copy: TvqaFolder, tmp_path: Path) -> None:
    """As a table; what cannot be used at all is refused."""
    half = tmp_path / "half"
    shutil.copytree(copy.media, half / "media")
    shutil.rmtree(half / "media" / "audios")
    with ChatServer(lambda request: "ready") as server:
        done = build(
            "--media", half / "media", "--annotations", copy.annotations, "--models", models_file(tmp_path, server),
            "--out", tmp_path / "full",
        )  # fmt: skip
        assert server.requests == 0
    assert "none of its clips can be used" in refusal(done)
    assert "dropped" in done.output


@pytest.mark.parametrize("missing", ["media", "annotations", "models"])
def test_what_is_not_given_is_asked_for(copy: TvqaFolder, missing: str, tmp_path: Path) -> None:
    """By its option."""
    given = {"media": copy.media, "annotations": copy.annotations, "models": tmp_path / "m.yaml"}
    arguments = [part for name, path in given.items() if name != missing for part in (f"--{name}", path)]
    assert f"--{missing} is missing" in refusal(build(*arguments, "--out", tmp_path / "full"))


def test_a_folder_with_something_else_is_left_alone(copy: TvqaFolder, tmp_path: Path) -> None:
    """Before anything is asked."""
    out = tmp_path / "full"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with ChatServer(lambda request: "ready") as server:
        done = build(*of(copy, models_file(tmp_path, server), out))
        assert server.requests == 0
    assert "holds something else" in refusal(done)
    assert (out / "mine.txt").read_text() == "mine"
