"""A run's scores in the Hub's form are read back by the Hub's own classes."""

import math
from pathlib import Path

import pytest
import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from crossomni.errors import InputError
from crossomni.hub.benchmark import benchmark
from crossomni.hub.results import Scored, entries_of, from_yaml, to_yaml, write_results
from crossomni.ledger import write_json
from crossomni.scoring import GROUPS
from crossomni.tasks import TASKS

ASKED = {"data": "data/plays", "split": "test", "prompt": "icl"}


def run(folder: Path, **changes) -> Path:
    """A scored run: two of three rows of each task are right."""
    values = {"": 200 / 3, "_low": 40.0, "_high": 80.0}
    scores = {f"{group.name}{end}": value for group in GROUPS for end, value in values.items()}
    about = {
        "configuration": ASKED,
        "fingerprints": {"data": "ab" * 32, "model": "cd" * 20},
        "knock_out": ["sound"],
        "rows": 3 * len(TASKS),
    }
    write_json(folder / "run.json", about | changes.pop("about", {}))
    write_json(folder / "scores.json", {**scores, "complete": True} | changes)
    return folder


def test_each_accuracy_is_an_entry(tmp_path):
    """In percent, with how it was asked."""
    entries = entries_of(Scored.read(run(tmp_path)), "me/plays", source="https://example.org/run")
    assert {group.name: 66.67 for group in GROUPS} == {entry.task_id: entry.value for entry in entries}
    assert {("me/plays", "percent; prompt icl, without sound, 27 rows", "https://example.org/run")} == {
        (entry.dataset_id, entry.notes, entry.source_url) for entry in entries
    }


def test_entries_come_back_as_they_were(tmp_path):
    """Written by the Hub's class, read by the Hub's class; and so do all fields that there are."""
    entries = entries_of(Scored.read(run(tmp_path)), "me/plays", source="https://example.org/run")
    entries.append(
        EvalResultEntry(dataset_id="a/b", task_id="au", value=1, dataset_revision="0" * 40, date="2026-01-31",
                        verify_token="x", source_url="https://x.org", source_user="me", notes="“ß”: yes")
    )  # fmt: skip
    assert entries == from_yaml(to_yaml(entries))
    assert eval_result_entries_to_yaml(entries) == yaml.safe_load(to_yaml(entries))


def test_they_are_filed_under_tasks_of_the_benchmark(tmp_path):
    """Else the Hub shows them nowhere."""
    tasks = {task["id"] for task in yaml.safe_load(benchmark({"source": "playhouse"}))["tasks"]}
    assert tasks == {entry.task_id for entry in entries_of(Scored.read(run(tmp_path)), "me/plays")}


def test_a_task_without_rows_has_no_entry(tmp_path):
    """A value that is none is not written as one."""
    found = entries_of(Scored.read(run(tmp_path, au=math.nan)), "me/plays")
    assert {group.name for group in GROUPS} - {"au"} == {entry.task_id for entry in found}


def test_the_file_stands_where_the_hub_looks(tmp_path):
    """In a copy of the model's repository, beside what is there."""
    (tmp_path / "model" / ".eval_results").mkdir(parents=True)
    (tmp_path / "model" / ".eval_results" / "other.yaml").write_text("[]")
    path = write_results(run(tmp_path / "run"), tmp_path / "model", "me/plays")
    assert tmp_path / "model" / ".eval_results" / "crossomni.yaml" == path
    assert len(GROUPS) == len(from_yaml(path.read_text(encoding="utf-8")))
    assert "[]" == (tmp_path / "model" / ".eval_results" / "other.yaml").read_text()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"complete": False}, "not all of its 27 rows are answered"),
        ({"overall": None}, "lacks overall"),
        ({"about": {"configuration": {"data": "x"}}}, "lacks split, prompt"),
        ({"about": {"fingerprints": None}}, "lacks fingerprints"),
        ({"about": {"configuration": ASKED | {"limit": 30}}}, r"asked 27 rows \(--limit 30\)"),
        ({"about": {"configuration": ASKED | {"split": "train"}}}, "asked the split 'train'"),
        ({"about": {"benchmark": {"title": "AVUT"}}}, "is on plays, whose leaderboards have other tasks"),
    ],
)
def test_a_run_that_is_not_whole_is_refused(tmp_path, changes, said):
    """One that was stopped, is damaged, or asked other rows than all of the test split; nothing is written."""
    with pytest.raises(InputError, match=said):
        write_results(run(tmp_path / "run", **changes), tmp_path / "model", "me/plays")
    assert not (tmp_path / "model").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """It says what was wanted."""
    with pytest.raises(InputError, match="wanted a scored run"):
        Scored.read(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match=r"scores\.json: .* the run is not complete, or"):
        Scored.read(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(InputError, match="holds no JSON object"):
        Scored.read(tmp_path)


def test_the_datas_id_has_an_owner(tmp_path):
    """The Hub's ids do."""
    with pytest.raises(InputError, match=r"^--dataset 'plays': .* Give OWNER/NAME"):
        write_results(run(tmp_path), tmp_path / "model", "plays")
