"""A training's folder belongs to one training, and says what that was."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.errors import RecordError, RunError
from crossomni.training.config import GRPOTraining, SFTTraining
from crossomni.training.results.record import Training, TrainingFolder, settings
from tests.training.results.trained import training


def test_it_comes_back_as_it_was_written(tmp_path):
    """Through JSON and back nothing is lost."""
    folder = TrainingFolder(tmp_path / "new")
    folder.claim(training("grpo"))
    assert training("grpo") == folder.training()


def test_the_same_training_goes_on(tmp_path):
    """Versions and the steps between checkpoints may differ."""
    folder = TrainingFolder(tmp_path)
    folder.claim(training())
    other = replace(training(), versions={"trl": "9"}, configuration={**training().configuration, "save_every": 7})
    folder.claim(other)
    assert training() == folder.training()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_ids": ("row-1",)}, "train_ids is 1 rows, there 2 rows"),
        ({"configuration": {**training().configuration, "learning_rate": 0.5}}, "learning_rate is 0.5, there 1e-05"),
        ({"base": {"name": "Qwen/Qwen2.5-Omni-3B", "fingerprint": "00"}}, "base.fingerprint is '00'"),
    ],
)
def test_another_training_is_refused(changes, said, tmp_path):
    """Other rows, another setting or another base, by what differs."""
    folder = TrainingFolder(tmp_path)
    folder.claim(training())
    with pytest.raises(RunError, match=said):
        folder.check(replace(training(), **changes))


def test_a_history_without_its_training_is_refused(tmp_path):
    """Nobody knows whose steps these are."""
    (tmp_path / "history.jsonl").write_text('{"step": 1}\n', encoding="utf-8")
    with pytest.raises(RunError, match=r"no training\.json beside it"):
        TrainingFolder(tmp_path).check(training())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "dpo"}, "kind is 'dpo'"),
        ({"train_ids": ()}, "train_ids is empty"),
        ({"held_out_ids": ("row-1",)}, "'row-1' is trained on and held out"),
        ({"data": {"source": {}}}, "data has no fingerprint"),
        ({"base": {"fingerprint": ""}}, "base has no name"),
    ],
)
def test_what_cannot_be_is_refused_at_birth(changes, said):
    """A row that is trained on and held out, say."""
    with pytest.raises(RecordError, match=said):
        replace(training(), **changes)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"kind": "sft", "colour": 1}'])
def test_a_damaged_file_is_named(content, tmp_path):
    """One line that says which file."""
    (tmp_path / "training.json").write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match=r"training\.json: is damaged"):
        TrainingFolder(tmp_path).training()


def test_no_folder_is_named(tmp_path):
    """What was wanted is told."""
    with pytest.raises(RunError, match="that crossomni train wrote"):
        TrainingFolder(tmp_path / "nowhere").training()


def test_settings_are_plain_and_whole(tmp_path):
    """Every setting goes into JSON, folders by their whole paths; names of data stay names."""
    (tmp_path / "base").mkdir()
    config = GRPOTraining(model=str(tmp_path / "base" / ".." / "base"), out=Path("x"), adapter=Path("sft/adapter"))
    found = settings(config)
    assert found == json.loads(json.dumps(found))
    assert str(tmp_path / "base") == found["model"]
    assert str(Path("sft/adapter").resolve()) == found["adapter"]
    assert "playhouse" == found["data"]
    assert 0.04 == found["beta"]


def test_an_id_of_the_hub_stays_one():
    """It is no folder here."""
    assert "Qwen/Qwen2.5-Omni-3B" == settings(SFTTraining(model="Qwen/Qwen2.5-Omni-3B", out=Path("x")))["model"]


def test_an_unknown_field_is_refused():
    """A file of a later version says what is unknown."""
    with pytest.raises(RecordError, match="has colour"):
        Training.from_json({**training().to_json(), "colour": 1})


@pytest.mark.parametrize(
    ("model", "name"), [("Qwen/Qwen2.5-Omni-7B", "Qwen2.5-Omni-7B"), ("/x/runs/sft/model", "sft"), ("/x/mine", "mine")]
)
def test_a_base_is_called_by_a_name_that_says_something(model: str, name: str) -> None:
    """The weights of a training lie in a folder that is always called the same."""
    assert name == training(configuration={"model": model}).model_name
