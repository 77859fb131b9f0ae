"""From the command line to weights: what is said, what is refused, and what comes after a training."""

import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from crossomni.cli import app
from crossomni.cli.telling import telling
from crossomni.cli.train import _ASKED_ALIKE, _PANELS
from crossomni.errors import InputError
from crossomni.evaluation.runs.study import StudyConfig
from crossomni.testing.chat_server import ChatServer
from crossomni.testing.hub_server import HubServer
from crossomni.training.config import GRPOTraining, SFTTraining
from tests.small_corpus import small
from tests.training.judged import shipped_rows

SHORT = ("--most-steps", "1", "--batch", "2", "--frames", "2", "--pixels", "3136")
JUDGE = "openai:judge@http://127.0.0.1:1/v1"


def crossomni(*arguments: object) -> None:
    """Run the command line in this process, where what it needs is loaded already."""
    app([str(argument) for argument in arguments], standalone_mode=False)


@dataclass(frozen=True)
class Done:
    """A fine-tuning from the command line, and what it said."""

    folder: Path
    data: Path
    out: str
    err: str
    warned: list[str]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """One step on the rows of a file, with all that a terminal would show."""
    pytest.importorskip("trl")
    place = tmp_path_factory.mktemp("train")
    data = small(place / "media").export(place / "data")
    ids = place / "ids.txt"
    ids.write_text("train-play0-0\ntrain-play0-2\n", encoding="utf-8")
    words = ["train", "sft", "--model", "tiny:qwen2_5_omni", "--data", data, "--ids", ids, "--lora-rank", 2, *SHORT]
    out, err = io.StringIO(), io.StringIO()
    with warnings.catch_warnings(record=True) as warned, redirect_stdout(out), redirect_stderr(err):
        warnings.simplefilter("ignore")
        for shown in (UserWarning, FutureWarning, RuntimeWarning):  # by Python's own filters
            warnings.simplefilter("always", shown)
        crossomni(*words, "--out", place / "out")
    return Done(place / "out", data, out.getvalue(), err.getvalue(), [str(one.message) for one in warned])


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No user of the Hub, and none that is reached."""
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_training_says_what_it_does_and_nothing_else(tuned: Done) -> None:
    """No library's bars and warnings: what is loaded, what is trained, and nothing besides."""
    loading, trained, *more = tuned.err.splitlines()
    assert f"Loading {tuned.folder / 'base'}" == loading
    assert re.match(r"4,096 of 2\d\d,\d{3} parameters are trained; 1 × 1 × 2 \(devices", trained)
    assert ([], []) == (more, tuned.warned)


def test_a_training_ends_with_where_things_are_and_what_comes_next(tuned: Done) -> None:
    """The command to evaluate asks in the way that was trained."""
    said = dict(line.split(": ", 1) for line in tuned.out.splitlines())
    assert ["Weights", "Report", "Evaluate", "Share"] == list(said)[-4:]
    assert Path(said["Report"]).is_file()
    asked = f"--adapter {tuned.folder}/adapter --data {tuned.data} --frames 2 --pixels 3136 --out {tuned.folder}/run"
    assert f"crossomni evaluate --model {tuned.folder}/base {asked}" == said["Evaluate"]
    assert said["Share"].endswith("--repo OWNER/NAME --dry-run")


def test_a_training_is_on_the_rows_of_the_file(tuned: Done) -> None:
    """And watches rows of another episode."""
    told = json.loads((tuned.folder / "training.json").read_text(encoding="utf-8"))
    assert ["train-play0-0", "train-play0-2"] == told["train_ids"]
    assert {"play1"} == {name.split("-")[1] for name in told["held_out_ids"]}


def test_what_was_trained_is_merged_evaluated_and_made_ready(
    tuned: Done, tmp_path: Path, capsys: pytest.CaptureFixture[str], nobody: pytest.MonkeyPatch
) -> None:
    """An evaluation of base and adapter is told with either; a dry run needs no network and nobody's token."""
    run, asked = tmp_path / "run", ("--data", tuned.data, "--frames", 2, "--pixels", 3136, "--most-new-tokens", 2)
    base, adapter, merged = (tuned.folder / name for name in ("base", "adapter", "merged"))
    crossomni("train", "merge", "--out", tuned.folder)
    assert f"Merged: {merged}" in capsys.readouterr().out
    crossomni("evaluate", "--model", merged, "--out", tmp_path / "merged", *asked)
    crossomni("evaluate", "--model", base, "--adapter", adapter, "--out", run, *asked)
    replies = [(folder / "predictions.jsonl").read_text(encoding="utf-8") for folder in (run, tmp_path / "merged")]
    assert 1 == len({tuple(json.loads(line)["reply"] for line in text.splitlines()) for text in replies})
    nobody.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    for more, weights in ((), adapter), (("--merged",), merged):
        crossomni(
            *("train", "push", "--out", tuned.folder, "--repo", "me/mine", "--dry-run", "--evaluation", run),
            *("--dataset", "me/data", *more),
        )
        said = capsys.readouterr().out
        assert f"Would go to me/mine (private, where it is not there yet), from {weights}:" in said
        assert "training.json" not in said
        results = yaml.safe_load((weights / ".eval_results/crossomni.yaml").read_text(encoding="utf-8"))
        assert {"me/data"} == {each["dataset"]["id"] for each in results}
        assert "## Results" in (weights / "README.md").read_text(encoding="utf-8")


def test_weights_are_pushed(tuned: Done, tmp_path: Path) -> None:
    """With their card, to the Hub that the environment names; the address of the commit is told."""
    folder = shutil.copytree(tuned.folder, tmp_path / "out")
    command = [sys.executable, "-m", "crossomni", "train", "push", "--out", str(folder), "--repo", "me/mine"]
    with HubServer() as hub:
        own = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_me", "NO_PROXY": "127.0.0.1"}
        done = subprocess.run([*command, "--public"], env=own, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    there = hub.files("me/mine")
    assert f"{hub.url}/me/mine/commit/" in done.stdout
    assert {"README.md", "adapter_model.safetensors", "curves.png"} <= {*there}
    assert b"# mine" in there["README.md"]
    assert ["public"] == [made["visibility"] for made in hub.made]


def test_a_push_to_no_name_is_refused_before_anything_is_merged(tmp_path: Path) -> None:
    """One that lacks its owner, say."""
    with pytest.raises(InputError, match="Give OWNER/NAME"):
        crossomni("train", "push", "--out", tmp_path, "--repo", "mine", "--merged", "--dry-run")


def best(request: dict) -> str:
    """A judge that likes the row's own rationale; others it takes for nothing."""
    replies = request["structured_outputs"]["choice"]
    asked = "\n".join(str(message["content"]) for message in request["messages"])
    told = [asked.count(row.rationale) for row in shipped_rows()]
    return max(replies) if max(told) == (1 if "1 1 1" in replies else 2) else min(replies)


@pytest.mark.usefixtures("quiet")
def test_a_judges_tokens_and_cost_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At the end of GRPO, at the price that was given: 10 tokens read and one written for each reply."""
    pytest.importorskip("trl")
    words = ("--model", "tiny:qwen2_5_omni", "--out", tmp_path / "out", "--rows", 2, "--rollouts", 2, *SHORT)
    own = ("--most-new-tokens", 2, "--most-unscored", 1, "--held-out", 0, "--judge-price", "prompt=5000,completion=1e4")
    with ChatServer(best) as server:
        crossomni("train", "grpo", *words, *own, "--lora", "off", "--judge", f"openai:m@{server.url}")
    said = capsys.readouterr().out
    found = re.search(r"Judge: (\d+) replies, .*; (\d+) tokens read, (\d+) written; cost ([\d.]+)\.", said)
    assert found
    replies, read, written, cost = map(float, found.groups())
    assert (10 * replies, replies) == (read, written)
    assert pytest.approx(replies * 0.06) == cost


def test_a_plan_tells_what_the_judge_will_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a file of settings, in which a price is a mapping; nothing is written."""
    settings = {"model": "tiny:qwen2_5_omni", "out": str(tmp_path / "out"), "rows": 32, "judge": JUDGE}
    (tmp_path / "grpo.yaml").write_text(yaml.safe_dump(settings | {"judge_price": {"prompt": 1e6}}), encoding="utf-8")
    crossomni("train", "grpo", "--config", tmp_path / "grpo.yaml", "--plan", "--machine", "H100")
    assert "by --judge-price" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--judge-price", "prompt=much"], "judge_price: prompt is 'much'; wanted a number"),
        (["--judge-price", "input=1"], "judge_price has input; wanted some of prompt, completion"),
        (["--judge-price", "prompt=-1"], "judge_price: prompt is -1; wanted a number, 0 or more"),
        (["--weights", "format"], "--weights: 'format' is no NAME=VALUE"),
        (["--ids", "ids.txt", "--rows", "9"], "rows is 9, and ids names the rows of ids.txt; wanted one of the two"),
        (["--ids", "/nowhere/ids"], "--ids /nowhere/ids: cannot be read (No such file or directory)"),
        (["--rows", "many"], "rows is 'many'; wanted a whole number"),
    ],
)
def test_settings_that_cannot_be_are_refused(given: list[str], said: str, tmp_path: Path) -> None:
    """In a line, before a model loads or a folder is made."""
    with pytest.raises(InputError, match=re.escape(said)) as told:
        crossomni("train", "grpo", "--model", "tiny:qwen2_5_omni", "--out", tmp_path / "out", *given)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("command", "kind"), [("sft", SFTTraining), ("grpo", GRPOTraining)])
def test_help_names_every_setting_with_its_default(command: str, kind: type) -> None:
    """Under headings that all are used."""
    said = CliRunner().invoke(app, ["train", command, "--help"], env={"COLUMNS": "200"}).stdout
    assert all(f"--{field.name.replace('_', '-')} " in said for field in fields(kind))
    assert "[default: on]" in said
    assert {"sft": "[default: 1e-05]", "grpo": "[default: format=1,accuracy=1,context=1,logic=1]"}[command] in said
    headings = {heading for heading, names in _PANELS.items() if {*names} & {field.name for field in fields(kind)}}
    assert {heading for heading in _PANELS if f"─ {heading} ─" in said} == headings


def test_headings_and_hints_name_settings_that_there_are() -> None:
    """A setting of another name would be left out without a word."""
    known = {field.name for kind in (SFTTraining, GRPOTraining) for field in fields(kind)}
    assert {name for names in _PANELS.values() for name in names} <= known
    assert {*_ASKED_ALIKE} <= known & {field.name for field in fields(StudyConfig)}


def test_telling_leaves_the_libraries_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    """Within, a line stands for itself and a warning says that it is one; after it, bars are as before."""
    shards = pytest.importorskip("transformers").utils.logging
    log = logging.getLogger("crossomni.training.somewhere")
    with telling():
        log.info("one")
        log.warning("two")
        assert not shards.is_progress_bar_enabled()
    log.info("three")
    assert "one\nWARNING: two\n" == capsys.readouterr().err
    assert shards.is_progress_bar_enabled()
