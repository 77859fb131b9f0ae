"""A task folder for lmms-eval asks with our prompts and reads with our reader; its YAML is read as lmms-eval does."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.hub.lmms_eval import export_lmms_eval
from crossomni.prompts import compose
from crossomni.tasks import CROSS_TASKS, TASKS
from tests.hub.conftest import names
from tests.small_corpus import small


def read(path: Path) -> dict[str, Any]:
    """A task's YAML: what it includes stands under it, and functions are taken from the file beside it."""

    class Loader(yaml.SafeLoader):
        """Knows lmms-eval's own tag."""

    def function(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
        module, _, name = str(loader.construct_scalar(node)).rpartition(".")
        spec = importlib.util.spec_from_file_location(module, path.parent / f"{module}.py")
        assert spec is not None
        assert spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        return getattr(made, name)

    Loader.add_constructor("!function", function)
    told = yaml.load(path.read_text(encoding="utf-8"), Loader)
    return (read(path.parent / told.pop("include")) | told) if "include" in told else told


def docs(folder: Path, config: dict[str, Any]) -> list[dict[str, Any]]:
    """A task's rows, as ``datasets`` reads them from JSON lines."""
    path = folder / config["dataset_kwargs"]["data_files"]["test"]
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def tasks(plays: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the training rows, which ask three of the nine tasks."""
    return export_lmms_eval(plays, tmp_path_factory.mktemp("lmms") / "tasks", split="train", prompt="icl")


def test_each_task_that_is_asked_has_a_file(tasks):
    """And its rows; groups and functions lie beside them."""
    assert names(tasks) == [
        "_crossomni", "crossomni.yaml", "crossomni_au.yaml", "crossomni_single.yaml", "crossomni_te.yaml",
        "crossomni_vi.yaml", "rows/au.jsonl", "rows/te.jsonl", "rows/vi.jsonl", "utils.py",
    ]  # fmt: skip


def test_prompts_are_ours(tasks, plays):
    """To the letter, of each row in its place."""
    rows = {row.id: row for row in plays.rows("train")}
    for path in tasks.glob("rows/*.jsonl"):
        config = read(tasks / f"crossomni_{path.stem.replace('-', '_')}.yaml")
        for doc in docs(tasks, config):
            assert compose("icl", rows[doc["id"]]) == config["doc_to_text"](doc, {})
            assert rows.pop(doc["id"]).answer == doc[config["doc_to_target"]]
    assert {} == rows


def test_the_clip_is_the_rows_own(tasks, plays):
    """Its file is found below the folder that the settings name, and a missing one is an error."""
    config = read(next(path for path in tasks.glob("crossomni_*.yaml") if "include" in path.read_text()))
    settings, doc = config["lmms_eval_specific_kwargs"]["default"], docs(tasks, config)[0]
    row = next(row for row in plays.rows("train") if row.id == doc["id"])
    assert [str(plays.media(row))] == config["doc_to_visual"](doc, settings)
    with pytest.raises(InputError, match="Set media in _crossomni"):
        config["doc_to_visual"](doc, {"media": "/nowhere"})


def test_replies_are_read_by_our_reader(tasks):
    """Letters, texts, thinking and refusals; unread counts as wrong; values are percent, with the clip."""
    config = read(next(path for path in tasks.glob("crossomni_*.yaml") if "include" in path.read_text()))
    doc = docs(tasks, config)[0] | {"options": ["Ada", "Bo", "Cy", "Di"], "answer": "B"}
    replies = ["<think>\nA?\n\nNo.\n</think>\nB", "The answer is (B).", "Bo", "C", "I cannot tell.", ""]
    found = [config["process_results"](doc, [reply]) for reply in replies]
    assert [100, 100, 100, 0, 0, 0] == [each["accuracy"]["score"] for each in found]
    assert [0, 0, 0, 0, 100, 100] == [each["unread"]["score"] for each in found]
    assert {doc[config["cluster_key"]]} == {each["accuracy"]["clip_id"] for each in found}
    means = {each["metric"]: each["aggregation"] for each in config["metric_list"]}
    assert 50.0 == means["accuracy"]([each["accuracy"] for each in found])
    assert pytest.approx(100 / 3) == means["unread"]([each["unread"] for each in found])


def test_reasoning_is_not_cut_at_a_blank_line(tasks):
    """Which is where lmms-eval stops a reply when nothing is said of it; and it is greedy, as the paper's runs."""
    settings = read(tasks / "_crossomni")["generation_kwargs"]
    assert {"max_new_tokens": 1024, "temperature": 0, "do_sample": False, "until": []} == settings


def test_groups_are_those_of_the_metric(tmp_path):
    """Single and Cross weigh rows alike, and both together are Overall."""
    made = small(tmp_path / "media", rows=len(TASKS))
    folder = export_lmms_eval(Corpus.open(str(made.export(tmp_path / "data"))), tmp_path / "tasks")
    groups = {name: read(folder / f"{name}.yaml") for name in ("crossomni", "crossomni_cross", "crossomni_single")}
    assert ["crossomni_single", "crossomni_cross"] == groups["crossomni"]["task"]
    assert [f"crossomni_{task.id.replace('-', '_')}" for task in CROSS_TASKS] == groups["crossomni_cross"]["task"]
    assert ["crossomni_au", "crossomni_vi", "crossomni_te"] == groups["crossomni_single"]["task"]
    for group in groups.values():
        assert {("accuracy", "mean", True), ("unread", "mean", True)} == {
            (each["metric"], each["aggregation"], each["weight_by_size"]) for each in group["aggregate_metric_list"]
        }
    tasks = {read(path).get("task") for path in folder.glob("*_*.yaml") if path.stem not in groups}
    assert tasks | {"crossomni_single", "crossomni_cross"} == {
        name for told in groups.values() for name in told["task"]
    }


def test_rows_without_answers_are_refused(tmp_path):
    """Whatever a model says to them would be wrong."""
    data = small(tmp_path / "media").export(tmp_path / "data", hide_answers=True)
    with pytest.raises(InputError, match=r"3 rows of test have no answer .* Give data whose labels are not held back"):
        export_lmms_eval(Corpus.open(str(data)), tmp_path / "tasks")
    assert not (tmp_path / "tasks").exists()


def test_a_prompt_of_ones_own_is_taken(plays, tmp_path):
    """And one that is not there is refused."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "mine.txt").write_text("Say $letters.", encoding="utf-8")
    folder = export_lmms_eval(plays, tmp_path / "tasks", prompt="mine", prompts=tmp_path / "prompts")
    line = next(iter((folder / "rows").glob("*.jsonl"))).read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(line)["prompt"].startswith("Say A/B/C/D.\n\n")
    with pytest.raises(InputError, match="unknown name 'mine'"):
        export_lmms_eval(plays, tmp_path / "others", prompt="mine")
