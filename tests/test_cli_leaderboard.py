"""The commands ``crossomni leaderboard …``."""

import csv
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from huggingface_hub import HfApi
from typer.testing import CliRunner

from crossomni.cli import data, leaderboard
from crossomni.errors import DataError, InputError
from crossomni.evaluation.config import EvalConfig, RepliesConfig
from crossomni.evaluation.runs.replies import score_replies
from crossomni.evaluation.runs.runner import evaluate
from crossomni.testing.benchmarks import write_daily_omni
from crossomni.testing.hub_server import HubServer
from tests.small_corpus import small


def run(*arguments: object) -> Any:
    """The commands in an application of their own."""
    app = typer.Typer()
    leaderboard.register(app)
    return CliRunner().invoke(app, ["leaderboard", *map(str, arguments)])


def said(*arguments: object) -> str:
    """What a command that goes well prints."""
    done = run(*arguments)
    assert done.exit_code == 0, done.exception
    return str(done.stdout)


def refusal(*arguments: object) -> str:
    """The error's one line."""
    done = run(*arguments)
    assert isinstance(done.exception, InputError), done.output
    assert "\n" not in str(done.exception)
    return str(done.exception)


@pytest.fixture(scope="module")
def shipped_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the shipped set, which is open."""
    folder = tmp_path_factory.mktemp("runs") / "uniform"
    evaluate(EvalConfig(model="uniform", out=folder))
    return folder


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data with hidden answers; the labels are beside it."""
    folder = tmp_path_factory.mktemp("hidden")
    return small(folder / "media", rows=12).export(folder / "plays", hide_answers=True)


@pytest.fixture(scope="module")
def hidden_run(hidden: Path) -> Path:
    """A run on them."""
    evaluate(EvalConfig(model="uniform", data=str(hidden), out=hidden.with_name("run")))
    return hidden.with_name("run")


@pytest.fixture(scope="module")
def board(shipped_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board with the shipped run."""
    folder = tmp_path_factory.mktemp("boards") / "board"
    words = ("--submitter", "Ann", "--link", "https://example.org", "--notes", "[red]n[/red]")
    said("submit", shipped_run, "--to", folder, "--name", "[bold]Chance[/bold]", *words)
    return folder


def test_a_run_is_submitted_and_shown(shipped_run: Path, board: Path) -> None:
    """The table has the system under its plain name, the scores that the run has, and says that the labels are open."""
    scores = json.loads((shipped_run / "scores.json").read_text(encoding="utf-8"))
    shown = said("show", board)
    assert "open labels" in shown
    assert "[bold]" in shown.replace("\n", "")
    assert f"{scores['overall']:.1f}" in shown
    assert "claimed" not in shown


def test_the_paper_stands_beside_it(board: Path) -> None:
    """Its systems are marked as published."""
    shown = said("show", board)
    assert "as printed in the paper" in shown
    assert "GRPO" in shown


def test_json_and_csv(shipped_run: Path, board: Path) -> None:
    """Both have every figure; the intervals are the run's own."""
    scores = json.loads((shipped_run / "scores.json").read_text(encoding="utf-8"))
    one = json.loads(said("show", board, "--json"))["standings"][0]
    assert {name: one["scores"][name] for name in ("au", "overall", "overall_low", "cross_macro_high")} == {
        name: scores[name] for name in ("au", "overall", "overall_low", "cross_macro_high")
    }
    assert ("playhouse", "open", "Ann", "all", [1, 1]) == tuple(
        one[name] for name in ("data", "labels", "submitter", "receipts", "rank")
    )
    line = next(csv.DictReader(io.StringIO(said("show", board, "--csv"))))
    assert scores["overall"] == float(line["overall"])
    assert "Give either" in refusal("show", board, "--csv", "--json")


def test_the_models_name_is_the_name_by_default(shipped_run: Path, tmp_path: Path) -> None:
    """Who gives no name has the model's."""
    said("submit", shipped_run, "--to", tmp_path)
    assert "uniform" == json.loads(said("show", tmp_path, "--json"))["standings"][0]["name"]


def test_hidden_labels_stay_with_the_board(hidden: Path, hidden_run: Path, tmp_path: Path) -> None:
    """Who submits has none; with them the board scores; nothing that it keeps or shows tells a label."""
    board, cache = tmp_path / "board", tmp_path / "cache"
    labels = hidden.with_name("plays-labels")
    said("submit", hidden_run, "--to", board, "--name", "one")
    assert "the board has labels of playhouse" in said("show", board, "--json", "--cache", cache)
    forms = [said("show", board, "--labels", labels, "--cache", cache, *form) for form in ((), ("--json",), ("--csv",))]
    one = json.loads(forms[1])["standings"][0]
    assert ("one", "hidden", "plays") == (one["name"], one["labels"], one["data"])

    secrets = [json.loads((labels / "data.json").read_text(encoding="utf-8"))["secret"]]
    lines = [json.loads(line) for line in (labels / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    secrets += [line["row"] for line in lines]
    places = [path for folder in (board, cache) for path in folder.rglob("*") if path.is_file()]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in places] + forms
    assert len(places) >= 4
    assert not [secret for secret in secrets for text in texts if secret in text]
    # No row is named beside the submission's own archive, so that nothing can be said of it.
    assert not [line["id"] for line in lines for text in texts if line["id"] in text]


@pytest.mark.slow  # films are made; the test above has the same with rows that are written at once
def test_hidden_plays_stay_hidden(tmp_path: Path) -> None:
    """Plays with hidden answers are built, answered, submitted and shown: neither seed nor label goes out."""
    app, out, seed = typer.Typer(), tmp_path / "plays", "987654321"
    data.register(app)
    made = ["--source", "playhouse", "--clips", "4", "--seed", seed, "--hide-answers", "--out", str(out)]
    assert 0 == CliRunner().invoke(app, ["build", *made]).exit_code
    evaluate(EvalConfig(model="uniform", data=str(out), out=tmp_path / "run"))
    labels, board, cache = tmp_path / "plays-labels", tmp_path / "board", tmp_path / "cache"
    said("submit", tmp_path / "run", "--to", board, "--name", "one")
    forms = [said("show", board, "--labels", labels, "--cache", cache, *form) for form in ((), ("--json",), ("--csv",))]
    assert "labels that only the board has" in forms[0]
    lines = [json.loads(line) for line in (labels / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    secrets = [seed, json.loads((labels / "data.json").read_text(encoding="utf-8"))["secret"]]
    secrets += [line["row"] for line in lines]
    places = [path for folder in (board, cache, out, tmp_path / "run") for path in folder.rglob("*") if path.is_file()]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in places] + forms
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_a_run_that_is_not_complete(shipped_run: Path, tmp_path: Path) -> None:
    """A run whose last rows are missing, or with a failure, is refused, and nothing is sent."""
    there = Path(shutil.copytree(shipped_run, tmp_path / "run"))
    lines = (there / "predictions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (there / "predictions.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    assert "not complete" in refusal("submit", there, "--to", tmp_path / "board", "--name", "x")
    failed = json.loads(lines[-1]) | {"state": "failed", "letter": None, "reply": "", "error": "MediaError"}
    (there / "predictions.jsonl").write_text("".join(lines[:-1]) + json.dumps(failed) + "\n", encoding="utf-8")
    assert "not complete" in refusal("submit", there, "--to", tmp_path / "board", "--name", "x")
    assert not (tmp_path / "board").exists()


def test_a_run_on_part_of_the_data(shipped_run: Path, tmp_path: Path) -> None:
    """A run with --limit is refused."""
    there = Path(shutil.copytree(shipped_run, tmp_path / "run"))
    about = json.loads((there / "run.json").read_text(encoding="utf-8"))
    (there / "run.json").write_text(json.dumps(about | {"rows": 9}), encoding="utf-8")
    lines = (there / "predictions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (there / "predictions.jsonl").write_text("".join(lines[:9]), encoding="utf-8")
    assert "is on 9 of 420 rows" in refusal("submit", there, "--to", tmp_path / "board")


def test_a_run_on_rows_without_tasks(tmp_path: Path) -> None:
    """A run of another benchmark is refused, with where else to look at it."""
    media = write_daily_omni(tmp_path / "daily", clips=1).folder
    evaluate(EvalConfig(model="uniform", data="daily-omni", media=media, out=tmp_path / "run"))
    line = refusal("submit", tmp_path / "run", "--to", tmp_path / "board")
    assert "rows have none of the nine tasks" in line
    assert "crossomni compare" in line
    assert not (tmp_path / "board").exists()


def test_replies_made_elsewhere(shipped_run: Path, tmp_path: Path) -> None:
    """A run without receipts is taken, and says so; what is not known of it is a dash."""
    lines = [json.loads(line) for line in (shipped_run / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    replies = tmp_path / "mine.jsonl"
    replies.write_text(
        "".join(json.dumps({"id": line["id"], "reply": line["reply"]}) + "\n" for line in lines), "utf-8"
    )
    score_replies(RepliesConfig(replies=replies))
    said("submit", tmp_path / "mine", "--to", tmp_path / "board")
    one = json.loads(said("show", tmp_path / "board", "--json"))["standings"][0]
    assert ("mine", "own", "none", None, None) == tuple(
        one[name] for name in ("name", "prompt", "receipts", "frames", "sound")
    )
    assert "nan" not in said("show", tmp_path / "board").split()


def test_a_folder_of_rubbish(shipped_run: Path, tmp_path: Path) -> None:
    """Whatever lies in a board's folder, it is shown, and each file that is not is told with why, in plain signs."""
    said("submit", shipped_run, "--to", tmp_path, "--name", "good")
    there, name = tmp_path / "submissions", "20261123T1200000000{:02}Z-" + "a" * 64 + ".zip"
    (there / name.format(1)).mkdir()
    (there / name.format(2)).symlink_to("/dev/zero")
    os.mkfifo(there / name.format(3))
    (there / name.format(4)).write_bytes(b"PK\x03\x04" * 9)
    (there / name.format(5)).symlink_to(tmp_path / "nowhere")
    (there / "\x1b[2J\nx.zip").write_bytes(b"")
    (there / ".half.part").write_bytes(b"PK")
    (tmp_path / "chain.jsonl").write_bytes(b"\xff\xfe{}\n")
    shown = said("show", tmp_path, "--json")
    board = json.loads(shown)
    assert "good" == board["standings"][0]["name"]
    assert 7 == len(board["refused"])
    assert "\x1b" not in shown + said("show", tmp_path)


def test_a_spaces_files_are_written(tmp_path: Path) -> None:
    """And the command says where its settings stand."""
    assert "README.md, requirements.txt, app.py" in said("space", tmp_path / "space")
    assert (tmp_path / "space" / "app.py").is_file()


def test_the_sixth_of_a_day(shipped_run: Path, tmp_path: Path) -> None:
    """The limit is told with what to do."""
    for number in range(2):
        said("submit", shipped_run, "--to", tmp_path, "--name", f"n{number}", "--a-day", 2)
    assert "Send it tomorrow" in refusal("submit", shipped_run, "--to", tmp_path, "--name", "n", "--a-day", 2)


def test_an_archive_alone(shipped_run: Path, tmp_path: Path) -> None:
    """With --out it is written and not sent; a file that is there stays."""
    out = tmp_path / "deep" / "mine.zip"
    assert "nothing was sent" in said("submit", shipped_run, "--name", "x", "--out", out)
    assert b"PK" == out.read_bytes()[:2]
    assert "is there already" in refusal("submit", shipped_run, "--name", "x", "--out", out)


@pytest.mark.parametrize("folder", ["nothing", "."])
def test_no_board_is_there(folder: str, tmp_path: Path) -> None:
    """A folder without a board is no empty board."""
    assert "no board is there" in refusal("show", tmp_path / folder)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    """What is submitted is a run."""
    assert "run.json" in refusal("submit", tmp_path, "--to", tmp_path / "board")


def test_verify_tells_the_head_and_what_was_done(board: Path, tmp_path: Path) -> None:
    """An audit of an honest board prints its head; of another it names the file and fails."""
    copy = Path(shutil.copytree(board, tmp_path / "board"))
    head = said("verify", copy).split("head: ")[1].strip()
    assert "1 submissions are as they were taken in" in said("verify", copy, "--head", head)
    (copy / "submissions").joinpath("x.zip").write_bytes(b"x")
    assert "look at it: x.zip: no submission's name" in said("verify", copy)
    next((copy / "submissions").glob("2*.zip")).unlink()
    assert isinstance(run("verify", copy).exception, DataError)


def test_to_the_hub_and_back(shipped_run: Path, tmp_path: Path, quiet: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With hf:// the submission is a pull request of what would be stored in a folder."""
    with HubServer(token="hf_me") as hub:
        HfApi(endpoint=hub.url, token=hub.token).create_repo("owner/board", repo_type="dataset")
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", hub.token)
        told = said("submit", shipped_run, "--to", "hf://datasets/owner/board", "--name", "x")
        assert f"pull request: {hub.url}/datasets/owner/board/discussions/1" in told
    brought = hub.files("owner/board", "dataset", "refs/pr/1")
    (name,) = brought
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(brought[name])
    assert "x" == json.loads(said("show", tmp_path, "--json"))["standings"][0]["name"]
    assert "0 submissions are as they were taken in; 1 wait" in said("verify", tmp_path)
    assert "1 submissions are as they were taken in; 0 wait" in said("verify", tmp_path, "--take-in")
