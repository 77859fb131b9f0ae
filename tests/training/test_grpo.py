"""Learning by GRPO: what moves, what stays, what is told. Most errors of it are silent ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError, TrainingError
from crossomni.omni.towers import bare
from crossomni.testing import tiny_omni
from crossomni.training.thinkers import lora
from crossomni.weights import with_adapter
from tests.training.conftest import Studio
from tests.training.grpo_trainers import NEAR, gap, gradients, history, logs, rolled_out, trainer

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")

from crossomni.training.grpo import OmniGRPOTrainer  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")


class Summed(OmniGRPOTrainer):
    """Scores as TRL does, for which a reward that is None counts as 0 beside others."""

    _calculate_rewards = trl.GRPOTrainer._calculate_rewards


class Table:
    """A reward that is read off a list."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self.points: list[float | None] = []

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """One for each completion."""
        return [*self.points]


WEIGHTS = (1.0, 0.5, 2.0)


@pytest.fixture(scope="module")
def scored(studios: dict[str, Studio], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A trainer with three rewards off tables; two rows, four completions each."""
    return _scored(studios["qwen2_5_omni"], tmp_path_factory.mktemp("scored"))


def _scored(studio: Studio, folder: Path, **changes: Any) -> Any:
    tables = [Table("form"), Table("logic"), Table("context")]
    return trainer(
        studio, folder, rewards=tables, max_completion_length=1, num_generations=4, per_device_train_batch_size=8,
        **{"scale_rewards": "none", "reward_weights": list(WEIGHTS), **changes},
    )  # fmt: skip


def advantages(made: Any, studio: Studio, *tables: Sequence[float | None]) -> list[float]:
    """Of eight completions with these rewards."""
    for reward, points in zip(made.reward_funcs, tables, strict=True):
        reward.points = list(points)
    found: list[float] = rolled_out(made, studio)["advantages"].tolist()
    return found


ZEROS: tuple[float | None, ...] = (0.0,) * 8


def at(place: int, value: float | None, points: Sequence[float | None] = ZEROS) -> list[float | None]:
    """The points with another one in a place."""
    return [value if number == place else point for number, point in enumerate(points)]


@pytest.mark.parametrize("reward", range(3))
@pytest.mark.parametrize("place", [0, 6])
def test_each_reward_moves_its_completions_advantage(
    studios: dict[str, Studio], scored: Any, reward: int, place: int
) -> None:
    """By its own weight, against its group's mean; the other group stays as it is."""
    tables = [[1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 1.0, 1.0], ZEROS, [0.5] * 8]
    before = advantages(scored, studios["qwen2_5_omni"], *tables)
    tables[reward] = at(place, tables[reward][place] + 1, tables[reward])
    after = advantages(scored, studios["qwen2_5_omni"], *tables)
    group = range(place // 4 * 4, place // 4 * 4 + 4)
    moved = [WEIGHTS[reward] * ((n == place) - 1 / 4) if n in group else 0.0 for n in range(8)]
    assert moved == pytest.approx([b - a for a, b in zip(before, after, strict=True)], abs=1e-5)


def test_a_completion_that_one_reward_leaves_unscored_moves_nothing(
    studios: dict[str, Studio], scored: Any, tmp_path: Path
) -> None:
    """Its advantage is 0 and its other rewards are nobody's mean; as TRL adds up, it would count as 0 points."""
    form, logic = [1.0, 2.0, 3.0, 6.0] * 2, at(3, None, [1.0] * 8)
    found = advantages(scored, studios["qwen2_5_omni"], form, logic, ZEROS)
    assert [-1.0, 0.0, 1.0, 0.0, -2.0, -1.0, 0.0, 3.0] == pytest.approx(found, abs=1e-5)
    assert scored._metrics["train"]["unscored"][-1] == pytest.approx(1 / 8)
    summed = _scored(studios["qwen2_5_omni"], tmp_path, kind=Summed)
    assert advantages(summed, studios["qwen2_5_omni"], form, logic, ZEROS)[3] > 1


def test_a_group_of_which_one_is_scored_learns_nothing(studios: dict[str, Studio], scored: Any) -> None:
    """Nor does one of which none is."""
    found = advantages(scored, studios["qwen2_5_omni"], [5.0, None, None, None, *[None] * 4], ZEROS, ZEROS)
    assert [0.0] * 8 == found


def test_by_default_advantages_are_scaled_by_their_group(studios: dict[str, Studio], tmp_path: Path) -> None:
    """An unscored one has no part in the spread either."""
    made = _scored(studios["qwen2_5_omni"], tmp_path, scale_rewards="group")
    found = advantages(made, studios["qwen2_5_omni"], [1.0, 2.0, 3.0, None, 0.0, 0.0, 0.0, 8.0], ZEROS, ZEROS)
    assert [-1.0, 0.0, 1.0, 0.0, -0.5, -0.5, -0.5, 1.5] == pytest.approx(found, abs=1e-3)


def test_too_many_unscored_stop_the_training(studios: dict[str, Studio], tmp_path: Path) -> None:
    """A share as large as is allowed does not."""
    made = _scored(studios["qwen2_5_omni"], tmp_path, given={"most_unscored": 0.25})
    two = at(1, None, at(5, None))
    advantages(made, studios["qwen2_5_omni"], two, ZEROS, ZEROS)
    with pytest.raises(TrainingError, match=r"^step 0: 38% of 8 completions got no score, and at most 25% may\."):
        advantages(made, studios["qwen2_5_omni"], two, at(7, None), ZEROS)


@pytest.mark.parametrize("loss", ["dapo", "grpo"])
def test_nothing_is_learned_of_a_row_whose_clip_is_gone(studio: Studio, tmp_path: Path, loss: str) -> None:
    """Its completions are masked, unscored, and no failure of the judge; the others' gradients are as without it."""
    routed = {"router_aux_loss_coef": 0.0} if studio.kind == "qwen3_omni_moe" else {}
    made = trainer(studio, tmp_path, given={"most_unscored": 0.0}, loss_type=loss, **routed)
    batch = rolled_out(made, studio, studio.gone, studio.short)
    batch["advantages"][2:] = torch.tensor([1.0, -0.5])
    assert [0, 0] == batch["completion_mask"].sum(1)[:2].tolist()
    assert [0.0, 0.0] == batch["advantages"][:2].tolist()
    assert [0.5, 0.0] == [made._metrics["train"][name][-1] for name in ("failed_rows", "unscored")]
    assert {"row-0"} == made.encoder.failed.keys()
    whole, moved = gradients(made, batch)
    good, same = gradients(made, {n: v if n == "num_items_in_batch" else v[2:] for n, v in batch.items()})
    share = 1 if loss == "dapo" else 2  # "grpo" is a mean over rows, masked or not
    assert int(batch["completion_mask"].sum()) == int(batch["num_items_in_batch"])
    assert good == pytest.approx(whole * share, abs=1e-6)
    assert any(bool(gradient.any()) for gradient in same.values())
    assert max(gap(moved[name] * share, same[name]) for name in same) < 1e-6


def test_a_step_of_rows_without_clips_changes_nothing(studio: Studio, tmp_path: Path) -> None:
    """Nothing moves and nothing breaks."""
    routed = {"router_aux_loss_coef": 0.0} if studio.kind == "qwen3_omni_moe" else {}
    made = trainer(studio, tmp_path, clips=(studio.gone, studio.gone), max_steps=1, beta=0.1, **routed)
    before = {name: weight.detach().clone() for name, weight in made.model.named_parameters()}
    made.train()
    assert [name for name, weight in made.model.named_parameters() if not torch.equal(before[name], weight)] == []


@pytest.mark.parametrize("way", ["adapter", "whole"])
def test_the_reference_is_where_training_began(studio: Studio, tuned: Path, tmp_path: Path, way: str) -> None:
    """KL is 0 before the first step and not after it: the fine-tuned adapter is the reference, not the base."""
    thinker = with_adapter(studio.thinker(), tuned, trainable=True) if way == "adapter" else studio.thinker()
    made = trainer(studio, tmp_path, thinker, beta=0.04)
    if way == "adapter":
        batch = rolled_out(made, studio)
        mask = batch["completion_mask"]
        assert gap(batch["ref_per_token_logps"] * mask, logs(made, batch)) < NEAR
        with made.model.disable_adapter():
            assert gap(batch["ref_per_token_logps"] * mask, logs(made, batch)) > 100 * NEAR
    made.train()
    first, second = history(made, "kl")
    assert first == pytest.approx(0, abs=1e-6)
    assert second > 1e-5


def test_adapters_move_and_towers_and_reference_do_not(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Two steps with a reference."""
    made = trainer(studio, tmp_path, with_adapter(studio.thinker(), tuned, trainable=True), beta=0.04)
    before = {name: weight.detach().clone() for name, weight in made.model.named_parameters()}
    made.train()
    moved = {name for name, weight in made.model.named_parameters() if not torch.equal(before[name], weight)}
    assert moved
    assert moved <= {name for name in before if ".lora_" in name and ".default." in name}
    made.save_model(str(tmp_path / "saved"))
    loaded = with_adapter(studio.thinker(), tmp_path / "saved", trainable=True)
    saved = dict(loaded.named_parameters())
    assert all(torch.equal(made.model.get_parameter(name), saved[name]) for name in moved)


def test_completions_are_told_before_the_last_are_made(studio: Studio, tmp_path: Path) -> None:
    """Row by row with their texts, as soon as a chunk of them is there."""
    events: list[Any] = []

    def told(some: Sequence[Any], texts: Sequence[str]) -> None:
        events.append([row["id"] for row in some])
        texts_told.extend(texts)

    texts_told: list[str] = []
    made = trainer(studio, tmp_path, given={"on_completed": told}, per_device_train_batch_size=2,
                   gradient_accumulation_steps=2)  # fmt: skip
    hook = bare(made.model).model.register_forward_pre_hook(
        lambda module, args, given: events.append("read") if given["input_ids"].shape[1] > 1 else None,
        with_kwargs=True,
    )
    batch = rolled_out(made, studio)
    hook.remove()
    assert ["read", ["row-0"] * 2, "read", ["row-1"] * 2] == events
    real = [ids[mask.bool()] for ids, mask in zip(batch["completion_ids"], batch["completion_mask"], strict=True)]
    assert made._tokenizer.batch_decode(real, skip_special_tokens=True) == texts_told


def test_rewards_get_the_columns_of_their_rows(studio: Studio, tmp_path: Path) -> None:
    """Each completion beside its own row's answer and id."""
    seen: dict[str, Any] = {}

    def reward(completions: Sequence[Any], id: Sequence[str], answer: Sequence[str], **columns: Any) -> list[float]:
        seen.update(id=id, answer=answer, texts=[completion[0]["content"] for completion in completions])
        return [0.0] * len(completions)

    made = trainer(studio, tmp_path, rewards=reward)
    batch = rolled_out(made, studio)
    assert (["row-0", "row-0", "row-1", "row-1"], ["A", "A", "B", "B"]) == (seen["id"], seen["answer"])
    real = [ids[mask.bool()] for ids, mask in zip(batch["completion_ids"], batch["completion_mask"], strict=True)]
    assert made._tokenizer.batch_decode(real, skip_special_tokens=True) == seen["texts"]


def test_an_evaluation_changes_nothing_and_tells_rewards(studio: Studio, tmp_path: Path) -> None:
    """Before and between steps of training, a bad clip among the rows."""
    made = trainer(studio, tmp_path, clips=(studio.short, studio.long, studio.gone), eval_strategy="steps",
                   eval_steps=1)  # fmt: skip
    made.train()
    assert len(history(made, "eval_loss")) == len(history(made, "loss")) == 2
    assert all(value >= 0 for value in history(made, "eval_rewards/length/mean"))
    before = {name: weight.detach().clone() for name, weight in made.model.named_parameters()}
    assert made.evaluate()["eval_failed_rows"] == pytest.approx(1 / 3, abs=0.2)
    assert all(torch.equal(before[name], weight) for name, weight in made.model.named_parameters())


def test_rewards_rise(studio: Studio, tmp_path: Path) -> None:
    """What is rewarded is said more often: the later half of the vocabulary's tokens."""
    thinker = studio.thinker()
    middle = thinker.config.get_text_config().vocab_size // 2

    def late(completion_ids: Sequence[Sequence[int]], **columns: Any) -> list[float]:
        return [float(ids[0] > middle) for ids in completion_ids]

    made = trainer(studio, tmp_path, thinker, rewards=late, per_device_train_batch_size=16, num_generations=8,
                   max_steps=8, lr_scheduler_type="constant", max_completion_length=1)  # fmt: skip
    made.train()
    told = history(made, "reward")
    assert sum(told[-2:]) / 2 > sum(told[:2]) / 2 + 0.2


def test_saving_memory_changes_nothing(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Where activations are computed again in the backward pass, the clips are there again: the same gradients."""
    found = []
    for saving in (False, True):
        torch.manual_seed(0)
        made = trainer(
            studio, tmp_path, with_adapter(studio.thinker(), tuned, trainable=True), activation_checkpointing=saving
        )
        made.train()
        found.append(history(made, "grad_norm"))
    assert all(norm > 0 for norm in found[0])
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_a_folder_is_enough(studio: Studio, tmp_path: Path) -> None:
    """Model and processor are loaded from it; of a published checkpoint, which holds a talker, the thinker."""
    folder = str(tiny_omni(tmp_path / "full", studio.kind, full=True))
    made = trainer(studio, tmp_path / "out", folder, given={"peft_config": lora(studio.thinker())}, beta=0.04)
    made.train()
    assert history(made, "kl")[0] == pytest.approx(0, abs=1e-6)


def test_the_reference_is_the_thinker_that_is_given(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Not what lies in the folder that it once came from: an adapter merged into it is part of where it begins."""
    thinker = with_adapter(studio.thinker(), tuned, trainable=True).merge_and_unload().requires_grad_(True)
    made = trainer(studio, tmp_path, thinker, beta=0.04, max_steps=1)
    made.train()
    assert history(made, "kl") == pytest.approx([0], abs=1e-6)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"use_transformers_continuous_batching": True},
            "use_transformers_continuous_batching is on; its rollouts neither see",
        ),
        ({"cache_implementation": "static"}, "cache_implementation is 'static'; completions go on from their prompt's"),
        ({"dataloader_num_workers": 2}, "dataloader_num_workers is 2; a row that fails in a worker stays unknown"),
    ],
)
def test_what_the_trainer_cannot_is_refused(
    studios: dict[str, Studio], tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    """By the name of the setting."""
    with pytest.raises(InputError, match=words):
        trainer(studios["qwen2_5_omni"], tmp_path, **given)


def test_every_prompt_of_an_epoch_is_seen(studios: dict[str, Studio], tmp_path: Path) -> None:
    """Five prompts in batches of two, twice each, are three steps; the first one comes again in the last."""
    studio = studios["qwen2_5_omni"]
    made = trainer(studio, tmp_path, clips=[studio.short] * 5, max_steps=-1, num_train_epochs=1)
    batches = [[row["id"] for row in batch] for batch in made.get_train_dataloader()]
    assert [4] * 3 == [len(batch) for batch in batches]
    assert {f"row-{place}" for place in range(5)} == {name for batch in batches for name in batch}
    assert batches[0][0] == batches[2][-1]
    assert 3 == made.set_initial_training_values(made.args, made.get_train_dataloader())[1]
