"""The commands that write what the Hub and others read."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from crossomni.cli import hub
from crossomni.testing.hub_server import HubServer
from tests.hub.conftest import TVQA, names
from tests.hub.test_results import run as scored
from tests.small_corpus import small


def run(*arguments: object) -> Any:
    """The commands in an application of their own."""
    app = typer.Typer()
    hub.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of playhouse's licence."""
    folder = tmp_path_factory.mktemp("data")
    return small(folder / "media").export(folder / "data", hide_answers=True)


@pytest.fixture(scope="module")
def television(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of clips that may not be passed on."""
    folder = tmp_path_factory.mktemp("television")
    return small(folder / "media").export(folder / "data", source=TVQA, hide_answers=True)


@pytest.mark.parametrize("form", [[], ["parquet"]])
def test_a_form_that_is_not_named_is_parquet(data, form, tmp_path):
    """``export DATA`` is as it was; the options may come first."""
    done = run("export", *form, "--out", tmp_path / "viewer", data)
    assert 0 == done.exit_code, done.output
    assert "playhouse/test-00000-of-00001.parquet" in names(tmp_path / "viewer")
    assert "eval.yaml" in names(tmp_path / "viewer")


def test_rows_alone_are_written(data, tmp_path):
    """The annotations that 'full' takes."""
    assert 0 == run("export", "annotations", data, "--out", tmp_path / "rows").exit_code
    assert {"test.jsonl", "train.jsonl", "clips.jsonl"} < {*names(tmp_path / "rows")}


def test_a_task_folder_is_written(tmp_path):
    """With the prompt that is named; and it is said how it is used."""
    folder = small(tmp_path / "media").export(tmp_path / "data")
    done = run("export", "lmms-eval", folder, "--prompt", "cot", "--most-new-tokens", 64, "--out", tmp_path / "tasks")
    assert f"python -m lmms_eval --include_path {tmp_path / 'tasks'} --tasks crossomni" in done.output
    told = (tmp_path / "tasks" / "_crossomni").read_text(encoding="utf-8")
    assert "prompt: cot" in told
    assert "max_new_tokens: 64" in told


@pytest.mark.parametrize("form", ["parquet", "annotations", "lmms-eval"])
def test_another_benchmark_is_not_exported(form, tmp_path):
    """It is its makers' to publish."""
    done = run("export", form, "avut:partial", "--out", tmp_path / "out")
    assert "export avut:partial: is another benchmark" in str(done.exception)


def test_results_are_written(tmp_path):
    """Where a model's repository has them."""
    done = run("export", "eval-results", scored(tmp_path / "run"), "--dataset", "me/plays", "--out", tmp_path / "model")
    path = tmp_path / "model" / ".eval_results" / "crossomni.yaml"
    assert str(path) == done.output.strip()
    assert {"me/plays"} == {each["dataset"]["id"] for each in yaml.safe_load(path.read_text(encoding="utf-8"))}


def test_a_dry_run_lists_files_and_sizes(data):
    """And sends nothing: there is neither a token nor a network here."""
    done = run("push", data, "--to", "me/plays", "--dry-run")
    assert 0 == done.exit_code, done.output
    assert "Would go to datasets/me/plays (private, where it is not there yet):" in done.output
    size = (data / "test" / "metadata.parquet").stat().st_size
    assert f"\n  test/metadata.parquet  {size:,} bytes\n" in done.output
    assert f"\n{len(names(data)) + 2} files, " in done.output


def test_a_dry_run_tells_what_stays(television):
    """And why."""
    done = run("push", television, "--to", "me/plays", "--public", "--dry-run")
    assert "(public, where" in done.output
    assert ".mp4" not in done.output
    assert f"{len(names(television))} files stay (README.md and others): of clips under the licence tvqa" in done.output


def test_a_name_without_owner_is_refused(data):
    """In one line."""
    assert "Give OWNER/NAME" in str(run("push", data, "--to", "plays", "--dry-run").exception)


@pytest.mark.slow
def test_a_dataset_is_pushed(data):
    """To the Hub that the environment names; what went and the commit's address are told."""
    command = [sys.executable, "-m", "crossomni", "push", str(data), "--to", "me/plays", "--public"]
    with HubServer() as server:
        own = {**os.environ, "HF_ENDPOINT": server.url, "HF_TOKEN": "hf_me", "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
        there = server.files("me/plays", "dataset")
    assert 0 == done.returncode, done.stderr
    assert f"{len(there)} files, 0.1 MB: {server.url}/datasets/me/plays/commit/" in done.stdout
    assert not server.repository("me/plays", "dataset").private
