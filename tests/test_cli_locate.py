"""The command ``crossomni locate``."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crossomni.cli import locate
from crossomni.cli.printing import WIDTH
from crossomni.errors import InputError
from crossomni.testing import ChatServer
from tests.evaluation.reasoned import thought, write_run


def run(*arguments: str) -> Any:
    """The command in an application of its own."""
    app = typer.Typer()
    locate.register(app)
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def reasoned(tmp_path: Path) -> str:
    """A run of nine right answers with sound reasoning."""
    write_run(tmp_path / "run", thought, count=9)
    return str(tmp_path / "run")


def test_truth_is_asked_and_shown_again(reasoned: str) -> None:
    """The second time nobody is asked for anything."""
    first = run(reasoned, "--truth", "--as", "json")
    found = json.loads(first.stdout)
    assert found["by"] == "truth"
    assert found["groups"]["overall"]["right"]["sound"] == 9
    assert json.loads(run(reasoned, "--as", "json").stdout) == found


@pytest.mark.usefixtures("quiet")
def test_a_judge_is_asked(reasoned: str) -> None:
    """By name and address."""
    with ChatServer(lambda request: "1 0 1") as server:
        shown = run(reasoned, "--judge", f"openai:j@{server.url}", "--as", "markdown").stdout
    assert "| Overall | – | – | – | – | 0, 0% (0–30) | 9, 100% (70–100) | 0 | 0 | 0 | 9 |" in shown
    assert "Where it failed, by j, rubric " in shown


def test_the_table_fits_100_columns(reasoned: str) -> None:
    """Each heading and each task is in it."""
    shown = run(reasoned, "--truth").stdout
    assert max(map(len, shown.splitlines())) <= WIDTH == 100
    for word in ("Au→Te", "bridge", "sound", "9, 100%", "(70–100)", "unscored", "rows", "by truth"):
        assert word in shown


def test_a_judge_and_truth_are_one_too_many(reasoned: str) -> None:
    """One file holds the scores of one."""
    found = run(reasoned, "--truth", "--judge", "openai:j@http://localhost:1/v1")
    assert isinstance(found.exception, InputError)
    assert "--judge and --truth" in str(found.exception)


def test_without_scores_the_way_to_them_is_named(reasoned: str) -> None:
    """Nobody has looked yet."""
    assert "Give --judge openai:NAME@URL or, on playhouse, --truth" in str(run(reasoned).exception)


def test_replies_without_reasoning_are_told_in_a_line(tmp_path: Path) -> None:
    """A run that was not asked to reason gives no figures: what is missing is said, and what brings it."""
    rows = write_run(tmp_path / "run", lambda row: "" if row.task.id == "te" else row.answer, count=9)
    shown = run(str(tmp_path / "run"), "--truth").stdout.splitlines()
    empty = sum(row.task.id == "te" for row in rows)
    assert empty >= 1
    assert (
        f"9 of 9 replies have no reasoning to look into, {empty} of them since they are empty. "
        "Ask with --prompt icl, or cot, for reasoning."
    ) == shown[-1]


def test_where_all_reason_nothing_is_said(reasoned: str) -> None:
    """No line about what is not missing."""
    assert "no reasoning to look into" not in run(reasoned, "--truth").output
