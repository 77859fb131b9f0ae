"""Runs side by side, from plain letters and from their folders."""

import json
import math
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossomni.corpus import Corpus
from crossomni.errors import CrossOmniError, InputError, RunError
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.reports.compare import Comparison, RunLetters, compare, compare_letters
from crossomni.pairing import paired
from crossomni.records import Prediction
from crossomni.scoring import score
from crossomni.tasks import TASKS
from tests.small_corpus import small

ROWS = 180
TASK_IDS = [TASKS[i % 9].id for i in range(ROWS)]
CLIPS = [f"c{i // 6}" for i in range(ROWS)]
REFERENCES = ["A"] * ROWS


def letters(every: int) -> tuple[str, ...]:
    """Every n-th answer is right."""
    return tuple("A" if i % every == 0 else "B" for i in range(ROWS))


FIRST = RunLetters("default", letters(4))
SECOND = RunLetters("icl[7b]", letters(2))


def both() -> Comparison:
    """A run that is right on every fourth row, and one on every second."""
    return compare_letters([FIRST, SECOND], REFERENCES, TASK_IDS, CLIPS)


def a_run(path: Path, data: Path, letter: str = "A", **changes: Any) -> Path:
    """A finished run's folder on the test split, the same letter for each row."""
    corpus = Corpus.open(str(data))
    rows = corpus.rows("test")
    about = {
        "configuration": {"data": str(data), "split": "test", "annotations": None, "media": None},
        "fingerprints": {"data": corpus.fingerprint},
        "rows": len(rows),
    }
    path.mkdir()
    RunFolder(path).claim(about | changes)
    answered = {"state": "read", "letter": letter, "reply": letter, "receipt": None}
    write(path, [Prediction(id=row.id, task=row.task.id, clip_id=row.clip_id, **answered).to_json() for row in rows])
    return path


def write(folder: Path, lines: list[dict[str, Any]]) -> None:
    """Write the predictions of a run."""
    (folder / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def predictions(folder: Path) -> list[dict[str, Any]]:
    """Read them back."""
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with nine test rows, one of each task."""
    folder = tmp_path_factory.mktemp("compare")
    return small(folder / "media", rows=9).export(folder / "data")


def test_scores_and_differences_are_those_of_scoring() -> None:
    """The first run is the base; every other is paired with it."""
    first, second = both().runs
    assert first.scores["overall"] == score(FIRST.letters, REFERENCES, TASK_IDS, CLIPS)["overall"] == 25
    assert (first.change, first.paired) == ({}, {})
    assert second.change["overall"] == pytest.approx(100)
    assert second.paired == paired(FIRST.letters, SECOND.letters, REFERENCES, TASK_IDS, CLIPS)


def test_terminal_shows_every_figure_within_eighty_columns() -> None:
    """Names in brackets, changes and intervals come out whole."""
    console = Console(width=80, record=True, file=StringIO())
    for table in both().tables():
        console.print(table)
    text = console.export_text()
    for wanted in ("icl[7b]", "(+100.00%)", "Single (macro)", "Au→Vi", "icl[7b] minus default, paired", "McNemar"):
        assert wanted in text
    assert "+25.00" in text
    assert " ".join(both().legend.split()) in " ".join(text.split())


@pytest.mark.parametrize("width", [80, 100])
def test_a_long_name_is_broken_between_its_parts(width: int) -> None:
    """Where a run's name finds no room on one line, no word of it is broken."""
    long = "qwen2.5-omni-7b-default/rotation-frames32"
    found = compare_letters([RunLetters(long, letters(4)), FIRST], REFERENCES, TASK_IDS, CLIPS)
    console = Console(width=width, record=True, file=StringIO())
    console.print(found.tables()[0])
    first = re.findall(r"^ (\S+)", console.export_text(), flags=re.MULTILINE)
    parts = first[first.index("Run") + 1 : first.index("default")]
    assert len(parts) > 1
    assert long == "".join(parts)
    assert {"-", "/"} >= {part[-1] for part in parts[:-1]}


def test_markdown_has_a_line_for_each_run_and_each_group() -> None:
    """Three tables of two runs, and one of fifteen differences."""
    lines = both().to_markdown().splitlines()
    assert sum(line.startswith("| default |") for line in lines) == 3
    assert sum(line.startswith("| icl[7b] |") for line in lines) == 3
    assert sum(line.startswith(f"| {label} |") for line in lines for label in ("Au→Vi", "Overall (macro)")) == 2
    assert "| icl[7b] | 50.00 (+100.00%) |" in "\n".join(line[:33] + "|" for line in lines)


def test_the_columns_are_explained() -> None:
    """The legend names what the change is relative to, points, p, McNemar and the family of Holm's correction."""
    found = both()
    for words in ("in percent of default's own accuracy", "percentage points", "swapping", "exact", "the nine tasks"):
        assert words in found.legend
    assert found.to_markdown().endswith(f"\n{found.legend}\n")


def test_what_is_unknown_shows_a_dash_and_is_null_in_json() -> None:
    """A task without rows has no figure, in the terminal and in strict JSON."""
    runs = [RunLetters(name, ("A", "B")) for name in ("x", "y")]
    found = compare_letters(runs, ["A", "A"], ["au", "au"])
    assert "| – (–) |" in found.to_markdown()
    read = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert read["runs"][1]["scores"]["vi"] is None
    assert read["runs"][1]["paired"]["au"]["difference"]["value"] == 0


def test_letters_of_unequal_length_name_the_run() -> None:
    """Which run is short, and where."""
    short = RunLetters("short", ("A",))
    with pytest.raises(InputError, match=r"letters of short\[1\] is missing"):
        compare_letters([FIRST, short], REFERENCES, TASK_IDS)


def test_folders_are_compared_by_the_answers_of_their_data(data: Path, tmp_path: Path) -> None:
    """References come from the data, clips too; a failed row counts as wrong."""
    first, second = a_run(tmp_path / "a", data, "A"), a_run(tmp_path / "b", data, "B")
    lines = predictions(second)
    lines[0] |= {"state": "failed", "letter": None, "error": "MediaError: cut short"}
    write(second, lines[::-1])
    rows = Corpus.open(str(data)).rows("test")
    wanted = [["A"] * 9, [None, *"B" * 8]]
    found = compare([first, second])
    assert [run.name for run in found.runs] == ["a", "b"]
    for run, given in zip(found.runs, wanted, strict=True):
        expected = score(given, [row.answer for row in rows], [row.task for row in rows], ["c"] * 9)
        assert run.scores["overall"] == pytest.approx(expected["overall"])
    assert math.isclose(found.runs[0].scores["overall"], 100 * 3 / 9)


def test_runs_named_alike_go_by_their_paths(data: Path, tmp_path: Path) -> None:
    """x/run and y/run stay apart."""
    folders = [tmp_path / "x" / "run", tmp_path / "y" / "run"]
    for folder in folders:
        folder.parent.mkdir()
        a_run(folder, data)
    assert [str(folder) for folder in folders] == [run.name for run in compare(folders).runs]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fingerprints": {"data": "0" * 64}}, "fingerprint is '000"),
        ({"configuration": {"split": "train"}}, "the split is 'train', but 'test'"),
        ({"rows": 5}, "the number of rows is 5, but 9"),
        ({"fingerprints": {}}, "lacks 'data'"),
    ],
)
def test_runs_on_other_rows_are_refused(data: Path, tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    """The second run's data, split or limit differ from the first's."""
    with pytest.raises(RunError, match=named):
        compare([a_run(tmp_path / "a", data), a_run(tmp_path / "b", data, **changes)])


def test_unfinished_runs_are_refused(data: Path, tmp_path: Path) -> None:
    """A run that stopped early is named, and a row that it lacks."""
    first, second = a_run(tmp_path / "a", data), a_run(tmp_path / "b", data)
    write(second, predictions(second)[:-1])
    with pytest.raises(RunError, match=r"b: 1 rows are missing, 'test-play2-8'"):
        compare([first, second])


def test_what_is_no_run_is_refused(data: Path, tmp_path: Path) -> None:
    """No folder, an empty one, one run alone."""
    good = a_run(tmp_path / "a", data)
    for folders in ([good, tmp_path / "none"], [good, tmp_path], [good]):
        with pytest.raises(CrossOmniError, match="folder"):
            compare(folders)


def test_hidden_labels_cannot_be_compared(tmp_path: Path) -> None:
    """Where answers are held back there is nothing to compare with."""
    hidden = small(tmp_path / "media").export(tmp_path / "data", hide_answers=True)
    with pytest.raises(RunError, match="held back"):
        compare([a_run(tmp_path / name, hidden) for name in "ab"])
