"""GRPO whose every pass sees and hears. Its errors are silent ones: each test here fails for a trainer that has one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError, TrainingError
from crossomni.omni.inputs import NOTHING
from crossomni.omni.towers import GIVEN, bare
from crossomni.testing import tiny_omni
from crossomni.training.thinkers import lora, with_adapter
from tests.training.conftest import SHOWN, Studio, user

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

from crossomni.training.grpo import OmniGRPOTrainer, media_tokens  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")
NEAR = 1e-4  # of log-probabilities; what a clip moves is more than 100 times that
QUESTIONS = ("Who sings?", "What does she wear when the music starts? A. a red hat B. a blue scarf")
ENDS = list(range(100))  # tokens that end a completion here, so that completions differ in length


class Blind(OmniGRPOTrainer):
    """Forgets the clips in the passes that the gradient is of, as TRL's own trainer does."""

    def _get_per_token_logps_and_entropies(self, model: Any, input_ids: Any, *given: Any, **named: Any) -> Any:
        self._clips = [NOTHING] * len(input_ids)
        return super()._get_per_token_logps_and_entropies(model, input_ids, *given, **named)


class Unsliced(OmniGRPOTrainer):
    """Gives every chunk of samples the first one's clip."""

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Any, attention_mask: Any, keep: int, batch_size: int | None = None, **given: Any
    ) -> Any:
        if batch_size is not None:
            self._clips = [self._clips[place % batch_size] for place in range(len(input_ids))]
        return super()._get_per_token_logps_and_entropies(
            model, input_ids, attention_mask, keep, batch_size=batch_size, **given
        )


class Stale(OmniGRPOTrainer):
    """Rolls out with the model that training began with."""

    def _generated(self, samples: Any) -> list[list[int]]:
        with self.model.disable_adapter():
            return super()._generated(samples)


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


def length(completions: Sequence[Any], **columns: Any) -> list[float]:
    """A reward that differs between completions."""
    return [float(len(completion[0]["content"]) % 7) for completion in completions]


def settings(folder: Path, **changes: Any) -> Any:
    """A short training without reports, checkpoints and savings of memory."""
    given = {
        "per_device_train_batch_size": 4,
        "per_device_eval_batch_size": 4,
        "num_generations": 2,
        "max_completion_length": 6,
        "max_steps": 2,
        "learning_rate": 1e-2,
        "logging_steps": 1,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "save_strategy": "no",
        "activation_checkpointing": False,
        "disable_tqdm": True,
    }
    return trl.GRPOConfig(str(folder), **{**given, **changes})


def rows(studio: Studio, *clips: Path) -> list[dict[str, Any]]:
    """A row for each clip, with another question each."""
    return [
        {"id": f"row-{place}", "prompt": user(clip, QUESTIONS[place % 2]), "answer": "ABCD"[place % 4]}
        for place, clip in enumerate(clips or (studio.short, studio.long))
    ]


def trainer(
    studio: Studio, folder: Path, thinker: Any = None, *, kind: Any = OmniGRPOTrainer, rewards: Any = length,
    clips: Sequence[Path] = (), given: Any = None, **changes: Any,
) -> Any:  # fmt: skip
    """A trainer of the thinker as it is, by default with a new adapter."""
    given = dict(given or {})
    if thinker is None:
        thinker = studio.thinker()
        given["peft_config"] = lora(thinker, 4, 8)
    if not isinstance(thinker, str):
        thinker.generation_config.eos_token_id = ENDS
    made = datasets.Dataset.from_list(rows(studio, *clips))
    return kind(
        thinker, rewards, settings(folder, **changes), processing_class=studio.processor, train_dataset=made,
        eval_dataset=made, **{"shown": SHOWN, "store": studio.store, **given},
    )  # fmt: skip


def rolled_out(made: Any, studio: Studio, *clips: Path) -> dict[str, Any]:
    """A batch: each row twice, with completions, scores and clips, in the rows' order."""
    made.model.train()
    batch: dict[str, Any] = made._generate_and_score_completions(
        [row for row in rows(studio, *clips) for _ in range(made.num_generations)]
    )
    return batch


def logs(made: Any, batch: dict[str, Any], clips: Any = None, batch_size: int | None = None, kind: Any = None) -> Any:
    """The completions' log-probabilities as training computes them: (rows, tokens), 0 where there is no token."""
    made._clips = batch["clips"] if clips is None else clips
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    compute = (kind or type(made))._get_per_token_logps_and_entropies
    found = compute(made, made.model, ids, mask, batch["completion_ids"].shape[1], batch_size=batch_size)[0]
    return (found * batch["completion_mask"]).detach()


def gap(left: Any, right: Any) -> float:
    """The largest difference."""
    return float((left - right).abs().max())


def noised(clips: Sequence[Any]) -> list[Any]:
    """The same clips with other outputs of the towers."""
    return [
        replace(clip, tensors={**clip.tensors, GIVEN: {n: torch.randn_like(v) for n, v in clip.tensors[GIVEN].items()}})
        for clip in clips
    ]


@dataclass
class Watch:
    """What a thinker is given, pass by pass, and what it says."""

    ids: list[Any] = field(default_factory=list)
    sounds: list[Any] = field(default_factory=list)  # lengths
    positions: list[Any] = field(default_factory=list)
    embedded: list[Any] = field(default_factory=list)
    logits: list[Any] = field(default_factory=list)


@contextmanager
def watched(thinker: Any) -> Iterator[Watch]:
    """Watch a thinker."""
    seen, own = Watch(), bare(thinker)

    def before(module: Any, args: Any, given: dict[str, Any]) -> None:
        seen.ids.append(given["input_ids"])
        heard = given.get("feature_attention_mask")
        seen.sounds.append(None if heard is None else heard.sum(-1).tolist())

    def read(module: Any, args: Any, given: dict[str, Any]) -> None:
        seen.positions.append(given["position_ids"][-3:])
        seen.embedded.append(given["inputs_embeds"])

    hooks = [
        own.model.register_forward_pre_hook(before, with_kwargs=True),
        own.model.language_model.register_forward_pre_hook(read, with_kwargs=True),
        own.lm_head.register_forward_hook(lambda module, args, out: seen.logits.append(out[:, -1])),
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True)
class Rollout:
    """A trainer with an adapter that matters, a batch of it, and what its thinker saw as it rolled out."""

    trainer: Any
    batch: dict[str, Any]
    seen: Watch

    def said(self) -> Any:
        """The log-probabilities with which the completions were said, 0 where there is no token."""
        ids, mask = self.batch["completion_ids"], self.batch["completion_mask"]
        steps = torch.stack(self.seen.logits[: ids.shape[1]], 1).log_softmax(-1)
        return steps.gather(-1, ids.unsqueeze(-1)).squeeze(-1) * mask


def rollout(studio: Studio, tuned: Path, folder: Path, kind: Any = OmniGRPOTrainer, given: Any = None) -> Rollout:
    """Of three clips, two completions each."""
    clips = (studio.short, studio.other, studio.long)
    made = trainer(
        studio, folder, with_adapter(studio.thinker(), tuned), kind=kind, clips=clips, given=given,
        per_device_train_batch_size=6,
    )  # fmt: skip
    with watched(made.model) as seen:
        batch = rolled_out(made, studio, *clips)
    return Rollout(made, batch, seen)


@pytest.fixture(scope="module")
def rolled(studio: Studio, tuned: Path, tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """A rollout that no test changes."""
    torch.manual_seed(0)
    return rollout(studio, tuned, tmp_path_factory.mktemp("grpo"))


def test_the_completions_differ_in_length(rolled: Rollout) -> None:
    """So that the tests below also try what is filled up."""
    lengths = rolled.batch["completion_mask"].sum(1)
    assert len(set(lengths.tolist())) > 1
    assert rolled.batch["prompt_mask"].sum(1).unique().numel() > 1


def test_other_media_change_the_log_probabilities(rolled: Rollout) -> None:
    """In each row; a trainer that forgets the clips does not notice, nor does TRL's own."""
    made, batch = rolled.trainer, rolled.batch
    seen, noise = logs(made, batch), logs(made, batch, noised(batch["clips"]))
    assert ((seen - noise).abs().amax(1) > 100 * NEAR).all()
    for forgetful in (Blind, trl.GRPOTrainer):
        blind = logs(made, batch, kind=_as(forgetful))
        assert torch.equal(blind, logs(made, batch, noised(batch["clips"]), kind=_as(forgetful)))
        assert gap(blind, seen) > 100 * NEAR


def _as(kind: Any) -> Any:
    """The passes of another trainer, computed by this one."""
    if kind is trl.GRPOTrainer:
        return kind

    class Mixed:
        @staticmethod
        def _get_per_token_logps_and_entropies(made: Any, model: Any, ids: Any, *given: Any, **named: Any) -> Any:
            own, made.__class__ = made.__class__, kind
            try:
                return made._get_per_token_logps_and_entropies(model, ids, *given, **named)
            finally:
                made.__class__ = own

    return Mixed


def test_rollout_and_training_read_the_same(rolled: Rollout) -> None:
    """Token ids, lengths of sounds, positions, and what stands in the media's places."""
    batch, first = rolled.batch, rolled.seen
    with watched(rolled.trainer.model) as seen:
        logs(rolled.trainer, batch)
    width = batch["prompt_ids"].shape[1]
    real = batch["prompt_mask"].bool()
    assert torch.equal(batch["prompt_ids"], first.ids[0])
    assert torch.equal(batch["prompt_ids"], seen.ids[0][:, :width])
    assert first.sounds[0] == seen.sounds[0]
    assert len(set(first.sounds[0])) == 2
    assert torch.equal(first.positions[0][:, real], seen.positions[0][:, :, :width][:, real])
    assert gap(first.embedded[0][real], seen.embedded[0][:, :width][real]) < NEAR
    for step in range(1, batch["completion_ids"].shape[1]):
        going = batch["completion_mask"][:, step].bool()
        assert torch.equal(first.positions[step][:, going, 0], seen.positions[0][:, going, width + step - 1]), (
            f"token {step}"
        )


def test_rollout_and_training_say_the_same(rolled: Rollout) -> None:
    """Each token of a completion was said with the log-probability that training finds for it."""
    found = logs(rolled.trainer, rolled.batch)
    assert (rolled.said()[rolled.batch["completion_mask"].bool()] < 0).all()
    assert gap(rolled.said(), found) < NEAR
    assert gap(rolled.said(), logs(rolled.trainer, rolled.batch, kind=_as(Blind))) > 100 * NEAR


def test_without_a_store_rollout_and_training_say_the_same(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """The towers run in both, and in rollouts ahead of the language model."""
    plain = rollout(studio, tuned, tmp_path, given={"store": None})
    assert GIVEN not in plain.batch["clips"][0].tensors
    assert gap(plain.said(), logs(plain.trainer, plain.batch)) < NEAR


def test_rollouts_come_from_the_adapter(studio: Studio, rolled: Rollout, tuned: Path, tmp_path: Path) -> None:
    """And not from the model below it, whose rollouts are found out by their log-probabilities."""
    with rolled.trainer.model.disable_adapter():
        assert gap(rolled.said(), logs(rolled.trainer, rolled.batch)) > 100 * NEAR
    stale = rollout(studio, tuned, tmp_path, Stale)
    assert gap(stale.said(), logs(stale.trainer, stale.batch)) > 100 * NEAR


@pytest.mark.parametrize("size", [1, 2, 4])
def test_chunked_equals_batched(rolled: Rollout, size: int) -> None:
    """However many samples go through at a time; each chunk has its own samples' clips."""
    made, batch = rolled.trainer, rolled.batch
    whole = logs(made, batch)
    assert gap(whole, logs(made, batch, batch_size=size)) < NEAR
    some = {name: value[:4] for name, value in batch.items() if name != "num_items_in_batch"}  # of one length
    if size < 4:
        assert gap(whole[:4], logs(made, some, batch_size=size, kind=_as(Unsliced))) > 100 * NEAR


def test_clips_go_with_their_samples(studio: Studio, rolled: Rollout) -> None:
    """TRL shuffles and splits them with all else; a sample in another one's place would be found out."""
    made, batch = rolled.trainer, rolled.batch
    whole = logs(made, batch)
    shuffled = trl.trainer.utils.shuffle_sequence_dict({**batch, "place": torch.arange(6)})
    assert shuffled["place"].tolist() != list(range(6))
    for part in trl.trainer.utils.split_tensor_dict(shuffled, 3):
        assert gap(whole[part["place"]], logs(made, part)) < NEAR


def test_the_old_log_probabilities_see_too(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Those that later steps on the same completions are held against."""
    thinker = with_adapter(studio.thinker(), tuned)
    made = trainer(studio, tmp_path, thinker, num_iterations=2, per_device_train_batch_size=2,
                   gradient_accumulation_steps=2)  # fmt: skip
    batch = rolled_out(made, studio)
    mask = batch["completion_mask"]
    assert gap(batch["old_per_token_logps"] * mask, logs(made, batch)) < NEAR


def test_a_completion_ends_with_the_first_token_that_ends_it(rolled: Rollout) -> None:
    """That one counts, and none after it."""
    for ids, mask in zip(rolled.batch["completion_ids"], rolled.batch["completion_mask"], strict=True):
        real = ids[mask.bool()].tolist()
        assert not set(real[:-1]) & {*ENDS, rolled.trainer._tokenizer.eos_token_id}
        assert len(real) == 6 or real[-1] in {*ENDS, rolled.trainer._tokenizer.eos_token_id}


def test_no_mark_of_media_is_said(studio: Studio, tmp_path: Path) -> None:
    """Even by a model that hardly says anything else; with TRL's own settings they are said."""
    thinker = studio.thinker()
    own = studio.processor.tokenizer
    marks = {own.convert_tokens_to_ids(token) for token in _marks(studio)}
    assert marks == set(media_tokens(thinker.config))
    with torch.no_grad():
        thinker.lm_head.weight[list(marks)] *= 1000
    made = trainer(studio, tmp_path, thinker, max_completion_length=1, num_generations=8,
                   per_device_train_batch_size=16, given={"peft_config": lora(thinker, 4, 8)})  # fmt: skip
    said = rolled_out(made, studio)["completion_ids"]
    assert marks.isdisjoint(said.unique().tolist())
    made.generation_config.suppress_tokens = [thinker.config.image_token_id]
    said = rolled_out(made, studio)["completion_ids"]
    assert not marks.isdisjoint(said.unique().tolist())


def _marks(studio: Studio) -> list[str]:
    own = studio.processor.tokenizer
    kinds = ("image_token", "video_token", "audio_token")
    edges = ("vision_bos_token", "vision_eos_token", "audio_bos_token", "audio_eos_token")
    return [getattr(own, name) for name in (*kinds, *edges)]


def test_tokens_that_a_user_forbids_stay_forbidden(studio: Studio, tmp_path: Path) -> None:
    """Beside the marks of media."""
    made = trainer(studio, tmp_path, generation_kwargs={"suppress_tokens": [5]})
    assert sorted({5, *media_tokens(bare(made.model).config)}) == made.generation_config.suppress_tokens


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


def gradients(made: Any, batch: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Loss and gradients of a batch."""
    made.model.zero_grad()
    made.model.eval()  # with no accumulation to be divided by
    loss = made._compute_loss(made.model, batch)
    loss.backward()
    return loss.item(), {name: w.grad.clone() for name, w in made.model.named_parameters() if w.grad is not None}


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


def history(made: Any, name: str) -> list[float]:
    """What was logged, step by step."""
    return [entry[name] for entry in made.state.log_history if name in entry]


@pytest.mark.parametrize("way", ["adapter", "whole"])
def test_the_reference_is_where_training_began(studio: Studio, tuned: Path, tmp_path: Path, way: str) -> None:
    """KL is 0 before the first step and not after it: the fine-tuned adapter is the reference, not the base."""
    thinker = with_adapter(studio.thinker(), tuned) if way == "adapter" else studio.thinker()
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
    made = trainer(studio, tmp_path, with_adapter(studio.thinker(), tuned), beta=0.04)
    before = {name: weight.detach().clone() for name, weight in made.model.named_parameters()}
    made.train()
    moved = {name for name, weight in made.model.named_parameters() if not torch.equal(before[name], weight)}
    assert moved
    assert moved <= {name for name in before if ".lora_" in name and ".default." in name}
    made.save_model(str(tmp_path / "saved"))
    loaded = with_adapter(studio.thinker(), tmp_path / "saved")
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
        made = trainer(studio, tmp_path, with_adapter(studio.thinker(), tuned), activation_checkpointing=saving)
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
    thinker = with_adapter(studio.thinker(), tuned).merge_and_unload().requires_grad_(True)
    made = trainer(studio, tmp_path, thinker, beta=0.04, max_steps=1)
    made.train()
    assert history(made, "kl") == pytest.approx([0], abs=1e-6)


def test_rollouts_that_neither_see_nor_hear_are_refused(studio: Studio, tmp_path: Path) -> None:
    """By the name of the setting."""
    with pytest.raises(InputError, match="use_transformers_continuous_batching is on; its rollouts neither see"):
        trainer(studio, tmp_path, use_transformers_continuous_batching=True)
