"""The commands ``crossomni review …``."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crossomni.cli import review
from crossomni.construction.review.items import ReviewFolder
from crossomni.errors import InputError
from tests.construction.review.reviews import lines, say

SIZES = ("--voices", 2, "--descriptions", 3, "--biographies", 2, "--questions", 2)


def run(*arguments: object) -> Any:
    """The commands in an application of their own."""
    app = typer.Typer()
    review.register(app)
    return CliRunner().invoke(app, ["review", *map(str, arguments)])


def refusal(done: Any) -> str:
    """The error's one line."""
    assert isinstance(done.exception, InputError), done.output
    assert "\n" not in str(done.exception)
    return str(done.exception)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A sample of playhouse with two labels, and what was said when it was drawn."""
    folder = tmp_path_factory.mktemp("review") / "sample"
    done = run("sample", "--out", folder, "--seed", 3, *SIZES)
    assert done.exit_code == 0, done.output
    say(ReviewFolder.open(folder), "Ada", item0="cannot tell", item1="cannot tell")
    return folder, done.output


def test_sample_says_what_was_drawn_and_how_to_go_on(drawn: tuple[Path, str]) -> None:
    """A line a kind; review.json holds seed, data and their fingerprint."""
    folder, said = drawn
    assert "description: 3\nbiography: 2\nquestion: 2\n" in said
    assert f"crossomni review serve {folder}" in said
    about = json.loads((folder / "review.json").read_text())
    assert (about["data"], about["seed"], about["drawn"]["voice"], len(about["fingerprint"])) == ("playhouse", 3, 2, 64)


def test_sample_again_does_nothing_and_another_one_is_refused(drawn: tuple[Path, str]) -> None:
    """Items and labels stay as they are."""
    folder, _ = drawn
    before = (folder / "items.jsonl").read_bytes()
    assert "nothing was done" in run("sample", "--out", folder, "--seed", 3, *SIZES).output
    assert "another sample is in it" in refusal(run("sample", "--out", folder, "--seed", 4, *SIZES))
    assert before == (folder / "items.jsonl").read_bytes()


def test_report_tells_and_writes_the_page(drawn: tuple[Path, str]) -> None:
    """As a table, and as JSON that is nothing but JSON."""
    folder, _ = drawn
    done = run("report", folder)
    assert done.exit_code == 0, done.output
    assert "Confirmed by people" in done.output
    assert (folder / "report.html").is_file()
    subjects = json.loads(run("report", folder, "--as", "json").output)["subjects"]
    assert next(one for one in subjects if one["name"] == "voice")["labels"] == 2


def test_labels_go_to_label_studio_and_back(drawn: tuple[Path, str], tmp_path: Path) -> None:
    """Tasks and a configuration out; an export in."""
    folder, _ = drawn
    done = run("export", folder, tmp_path / "tasks.json", "--to", "label-studio", "--prefix", "http://media/")
    assert done.exit_code == 0, done.output
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert tasks[0]["data"]["video"].startswith("http://media/")
    assert (tmp_path / "tasks.xml").is_file()
    value = {"from_name": "label", "type": "choices", "value": {"choices": ["correct"]}}
    found = [{"completed_by": 4, "result": [value], "updated_at": "2026-01-01T00:00:00Z"}]
    (tmp_path / "export.json").write_text(json.dumps([tasks[-1] | {"annotations": found}]))
    said = run("import", folder, tmp_path / "export.json").output
    assert "1 labels taken over from label-studio 4; 0 known before, 0 skipped there" in said
    assert lines(folder / "labels.jsonl")[-1]["through"] == "label-studio"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sample", "--out", "x", "--questions", -1), "kind question is to have -1"),
        (("report", "nowhere"), "nowhere: no review.json and items.jsonl in it"),
        (("serve", "nowhere"), "nowhere: no review.json and items.jsonl in it"),
        (("import", "nowhere", "x.json"), "nowhere: no review.json"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[object, ...], said: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Where, what came, what was wanted."""
    monkeypatch.chdir(tmp_path)
    assert said in refusal(run(*arguments))


def test_another_tool_is_refused(drawn: tuple[Path, str], tmp_path: Path) -> None:
    """There is one."""
    assert "--to is 'prodigy'; wanted label-studio" in refusal(
        run("export", drawn[0], tmp_path / "tasks.json", "--to", "prodigy")
    )


def test_serve_names_media_that_moved(drawn: tuple[Path, str], tmp_path: Path) -> None:
    """Before anybody labels."""
    assert "the file is missing" in refusal(run("serve", drawn[0], "--media", tmp_path))
