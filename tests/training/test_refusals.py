"""What is refused at start, before a model loads: each by one line."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row
from crossomni.testing import tiny_omni
from crossomni.training.config import GRPOTraining, SFTTraining
from crossomni.training.refusals import check
from crossomni.training.thinkers import load_thinker, lora
from tests.small_corpus import small

# peft asks transformers in the old way whether layers are recomputed.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")

JUDGE = "openai:judge@http://localhost:1"
KINDS = ("qwen2_5_omni", "qwen3_omni_moe")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each kind."""
    folder = tmp_path_factory.mktemp("tiny")
    return {kind: tiny_omni(folder / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def adapters(tiny: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An adapter of each, as peft saves it."""
    import peft

    folder = tmp_path_factory.mktemp("adapters")
    for kind, source in tiny.items():
        model = load_thinker(source)
        peft.PeftModel(model, lora(model, rank=2)).save_pretrained(str(folder / kind))
    return {kind: folder / kind for kind in KINDS}


@pytest.fixture
def data(tmp_path: Path) -> Callable[..., Corpus]:
    """Two training clips of three rows, changed at will."""

    def make(**changes: Any) -> Corpus:
        made = small(tmp_path / "made")
        made.splits["train"] = [replace(row, **changes) for row in made.splits["train"]]
        return Corpus.open(str(made.export(tmp_path / "data")))

    return make


def sft(model: Path, **changes: Any) -> SFTTraining:
    """A fine-tuning that can be."""
    return SFTTraining(**{"model": str(model), "out": Path("o"), "held_out": 0.0, **changes})


def grpo(model: Path, **changes: Any) -> GRPOTraining:
    """A GRPO that can be."""
    given = {"model": str(model), "out": Path("o"), "held_out": 0.0, "rows": 0, "batch": 2, **changes}
    return GRPOTraining(**given)


def refusal(config: Any, corpus: Corpus, **changes: Any) -> str:
    """The error's one line."""
    with pytest.raises(InputError) as caught:
        check(config, corpus, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_can_be_is_let_through(tiny: dict[str, Path], adapters: dict[str, Path], data: Any) -> None:
    """Both trainings, with and without adapter; the rows are handed back."""
    corpus: Corpus = data()
    rows: tuple[Row, ...] = corpus.rows("train")
    for kind in KINDS:
        assert rows == check(sft(tiny[kind]), corpus).trained
        assert rows == check(grpo(tiny[kind], adapter=adapters[kind]), corpus).trained


@pytest.mark.parametrize("devices", [3, 5])
def test_batches_must_divide(tiny: dict[str, Path], data: Any, devices: int) -> None:
    """By processes and rows at once."""
    assert f"do not divide by {devices} processes" in refusal(sft(tiny[KINDS[0]]), data(), devices=devices)


def test_answers_that_are_held_back_teach_nothing(tiny: dict[str, Path], data: Any) -> None:
    """With or without rationale."""
    corpus = data(answer="")
    for switch in ("on", "off"):
        assert "held back, as are those of 6 of 6 rows" in refusal(sft(tiny[KINDS[0]], rationale=switch), corpus)
    assert "held back" in refusal(grpo(tiny[KINDS[0]]), corpus)


def test_rows_without_rationale(tiny: dict[str, Path], data: Any) -> None:
    """SFT refuses them unless it is told to do without; GRPO, where a judge measures context by them."""
    corpus = data(rationale="")
    assert "no rationale (6 of 6 rows have none)" in refusal(sft(tiny[KINDS[0]]), corpus)
    assert "--thinking-reward off (GRPO)" in refusal(grpo(tiny[KINDS[0]], judge=JUDGE), corpus)
    assert check(sft(tiny[KINDS[0]], rationale="off"), corpus)
    assert check(grpo(tiny[KINDS[0]], judge=JUDGE, thinking_reward="off"), corpus)
    assert check(grpo(tiny[KINDS[0]], judge=JUDGE, weights={"logic": 1, "accuracy": 1}), corpus)


def test_media_that_are_not_what_they_were(tiny: dict[str, Path], data: Any) -> None:
    """A clip that is gone, and one that was changed."""
    corpus = data()
    path = corpus.media(corpus.rows("train")[0])
    path.write_bytes(path.read_bytes() + b"more")
    assert "is not the file that clips.jsonl knows" in refusal(sft(tiny[KINDS[0]]), corpus)
    path.unlink()
    assert "is missing" in refusal(sft(tiny[KINDS[0]]), corpus)


def test_the_offline_judge_needs_the_truth(tiny: dict[str, Path], data: Any) -> None:
    """Unless no reward asks it."""
    corpus = data()
    shutil.rmtree(corpus.truth)
    assert "the truth of 2 clips is not there, of play0 first" in refusal(grpo(tiny[KINDS[0]]), corpus)
    assert check(grpo(tiny[KINDS[0]], thinking_reward="off"), corpus)
    assert check(grpo(tiny[KINDS[0]], judge=JUDGE), corpus)


def test_weights_that_are_all_zero(tiny: dict[str, Path], data: Any) -> None:
    """Nothing would be learnt."""
    assert "every weight is 0" in refusal(grpo(tiny[KINDS[0]], weights={"format": 0.0}), data())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"num_train_epochs": 3}, "num_train_epochs is said by epochs here"),
        ({"warmup_stepps": 3}, "warmup_stepps is no setting of TRL's SFTConfig"),
        ({"dataloader_num_workers": 4}, "dataloader_num_workers is 4; a row that fails in a worker stays unknown"),
    ],
)
def test_settings_of_trl_that_cannot_be(tiny: dict[str, Path], data: Any, settings: Any, said: str) -> None:
    """One that an option says already, one with a slip of the pen, and one that would hide failures."""
    assert said in refusal(sft(tiny[KINDS[0]], trl=settings), data())


def test_settings_of_trl_that_can_be(tiny: dict[str, Path], data: Any) -> None:
    """They are let through."""
    assert check(sft(tiny[KINDS[0]], trl={"warmup_steps": 3}), data())


def test_an_adapter_of_another_kind(tiny: dict[str, Path], adapters: dict[str, Path], data: Any) -> None:
    """Its weights would stand beside layers that are not there, or are of another size."""
    first, other = KINDS
    said = refusal(grpo(tiny[other], adapter=adapters[first]), data())
    assert "which this model's language model has not" in said
    assert f"wanted one of {tiny[other]}" in said
    assert "down_proj is 128×64, this model's 11008×2048" in refusal(
        grpo(Path("Qwen/Qwen2.5-Omni-3B"), adapter=adapters[first]), data()
    )


def test_an_adapter_that_names_another_base(adapters: dict[str, Path], tmp_path: Path, data: Any) -> None:
    """Both are ids of the Hub, so that names decide."""
    adapter = tmp_path / "adapter"
    shutil.copytree(adapters[KINDS[0]], adapter)
    told = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(told | {"base_model_name_or_path": "Qwen/Qwen2.5-Omni-7B"}))
    said = refusal(grpo(Path("Qwen/Qwen2.5-Omni-3B"), adapter=adapter), data())
    assert "it was trained from Qwen/Qwen2.5-Omni-7B; wanted one of Qwen/Qwen2.5-Omni-3B" in said


def test_an_adapter_of_other_weights(
    tiny: dict[str, Path], adapters: dict[str, Path], tmp_path: Path, data: Any
) -> None:
    """Of the same kind and size: the fingerprint of its training tells; another name for the same weights is none."""
    from crossomni.weights import weights_fingerprint

    kind, corpus = KINDS[0], data()
    shutil.copytree(adapters[kind], tmp_path / "out" / "adapter")
    shutil.copytree(tiny[kind], tmp_path / "moved")
    note = tmp_path / "out" / "training.json"
    base = {"name": str(tiny[kind]), "fingerprint": weights_fingerprint(tiny[kind])}
    config = grpo(tmp_path / "moved", adapter=tmp_path / "out" / "adapter")
    note.write_text(json.dumps({"base": base}))
    assert check(config, corpus)
    note.write_text(json.dumps({"base": base | {"fingerprint": "0" * 64}}))
    assert f"it was trained from {tiny[kind]}" in refusal(config, corpus)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("adapter_config.json", None, "no adapter_config.json in it that can be read"),
        ("adapter_config.json", b"{", "is no JSON"),
        ("adapter_config.json", b"[]", "is no JSON object"),
        ("adapter_model.safetensors", None, "no adapter_model.safetensors in it"),
        ("adapter_model.safetensors", b"torn", "cannot be read"),
    ],
)
def test_a_folder_that_is_no_adapter(
    tiny: dict[str, Path], adapters: dict[str, Path], tmp_path: Path, data: Any, name: str, content: Any, said: str
) -> None:
    """A file of it is missing or damaged."""
    shutil.copytree(adapters[KINDS[0]], tmp_path / "adapter")
    (tmp_path / "adapter" / name).unlink()
    if content is not None:
        (tmp_path / "adapter" / name).write_bytes(content)
    assert said in refusal(grpo(tiny[KINDS[0]], adapter=tmp_path / "adapter"), data())


def test_an_adapter_is_not_trained_whole(tiny: dict[str, Path], adapters: dict[str, Path], data: Any) -> None:
    """One or the other."""
    config = grpo(tiny[KINDS[0]], adapter=adapters[KINDS[0]], lora="off")
    assert "Give the fine-tuned model as --model" in refusal(config, data())


def test_a_prompt_that_is_not_there(tiny: dict[str, Path], data: Any) -> None:
    """The line says which are."""
    assert "Prompts are cot, default, icl" in refusal(sft(tiny[KINDS[0]], prompt="none"), data())


def test_a_rationale_that_no_reply_can_be_made_of(tiny: dict[str, Path], data: Any) -> None:
    """SFT would teach a form that no reward accepts."""
    assert "Take the tags out" in refusal(sft(tiny[KINDS[0]]), data(rationale="A </think> B"))


def test_a_model_that_is_not_there(data: Any, tmp_path: Path) -> None:
    """A folder without a configuration."""
    assert "cannot be loaded" in refusal(sft(tmp_path), data())


def test_looks_at_parts_of_a_group_are_refused(tiny: dict[str, Path], data: Any) -> None:
    """Rewards compare the completions of one prompt, on held-out rows as well."""
    said = refusal(grpo(tiny["qwen2_5_omni"], watch_every=5, rollouts=4, at_once=2), data())
    assert "--at-once 2 on 1 processes makes no whole ones. Take a multiple" in said
