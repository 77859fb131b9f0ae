"""The command ``crossomni models``."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crossomni.cli import models
from crossomni.errors import InputError
from crossomni.evaluation.models.roster import system, systems

PAGE = Path(__file__).resolve().parent.parent / "docs" / "models.md"


def run(*arguments: str) -> Any:
    """The command in an application of its own."""
    app = typer.Typer()
    models.register(app)
    return CliRunner().invoke(app, arguments)


@pytest.fixture(scope="module")
def table() -> str:
    """What the command prints without arguments."""
    return run().stdout


def test_the_table_fits_100_columns(table: str) -> None:
    """No line is longer, and no checkpoint is broken."""
    assert max(map(len, table.splitlines())) <= models.WIDTH == 100
    assert [one.checkpoint for one in systems() if one.checkpoint not in table] == []


def test_the_table_says_who_was_run(table: str) -> None:
    """A word for each system."""
    assert len(re.findall(r"\bdescribed\b", table)) == 13


def test_what_by_us_means_is_said(table: str) -> None:
    """The column's words are explained below the table."""
    assert "by us: whether this project has run it" in table


def test_one_system_is_shown_in_full() -> None:
    """With the source of a fact, the published accuracy, the notes and the commands."""
    shown = run("ola").stdout
    for part in (
        "Published (Table 5, percent): single 49.80",
        "Frames: 64, evenly spaced [github.com/Ola-Omni/Ola inference/infer.py",
        "there it is deaf",
        "    crossomni score --replies ola.jsonl --out runs/ola",
        "By us: described",
    ):
        assert part in shown


def test_json_holds_all_of_it() -> None:
    """All systems without a name, one with it."""
    found = json.loads(run("--as", "json").stdout)
    assert [one["name"] for one in found] == [one.name for one in systems()]
    assert json.loads(run("Ola", "--as", "json").stdout) == found[5]


def test_the_page_holds_the_table_as_it_is() -> None:
    """docs/models.md has the lines of ``--as markdown``, and no other line of a table."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert lines == run("--as", "markdown").stdout.splitlines()


def test_the_commands_on_the_page_are_those_of_the_systems() -> None:
    """Every ``crossomni evaluate`` of a checkpoint on the page is a system's command, apart from more tokens."""
    known = {line for one in systems() for lines in one.commands.values() for line in lines}
    page = PAGE.read_text(encoding="utf-8").replace(" --most-new-tokens 8192", "")
    typed = re.findall(r"^crossomni evaluate --model (?!python:).*$", page, flags=re.MULTILINE)
    assert len(typed) == 7
    assert set(typed) <= known
    assert system("Minicpm").server in page.replace(" \\\n    ", " ")


def test_an_unknown_system_is_refused() -> None:
    """By the error that the command line turns into one line and exit 2."""
    done = run("Qwen2-Omni-7B")
    assert isinstance(done.exception, InputError)
    assert "Qwen2.5-Omni-7B" in str(done.exception)


def test_help_reads_no_data() -> None:
    """The module of the command imports neither the systems nor rich."""
    late = {"crossomni.evaluation.models.roster", "rich.table"}
    code = f"import sys, crossomni.cli.models; print({late} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
