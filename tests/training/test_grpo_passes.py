"""Every pass of GRPO sees and hears, and says what plain rows say. Each test here fails for a trainer that does not."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crossomni.omni.batches import merged
from crossomni.omni.inputs import NOTHING
from crossomni.omni.towers import GIVEN, bare
from crossomni.training.thinkers import lora
from crossomni.weights import with_adapter
from tests.training.conftest import Studio
from tests.training.grpo_trainers import ENDS, NEAR, gap, gradients, logs, rolled_out, rows, trainer

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")

from crossomni.training.grpo import OmniGRPOTrainer, media_tokens  # noqa: E402
from crossomni.training.passes import seeing, together  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")


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


class Plain(OmniGRPOTrainer):
    """Reads a prompt anew for each of its completions."""

    def _get_per_token_logps_and_entropies(self, model: Any, *given: Any, **named: Any) -> Any:
        seeing = functools.partial(model, **merged(self._clips))
        return trl.GRPOTrainer._get_per_token_logps_and_entropies(self, seeing, *given, **named)


class Stale(OmniGRPOTrainer):
    """Rolls out with the model that training began with."""

    def _generated(self, samples: Any) -> list[list[int]]:
        with self.model.disable_adapter():
            return super()._generated(samples)


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

    def chunks(self) -> Iterator[tuple[int, range]]:
        """The passes of each chunk of completions: the one that reads its prompts, and those that say a token each."""
        reading = [number for number, ids in enumerate(self.seen.ids) if ids.shape[1] > 1]
        for first, last in zip(reading, [*reading[1:], len(self.seen.ids)], strict=True):
            yield first, range(first + 1, last)

    def said(self) -> Any:
        """The log-probabilities with which the completions were said, 0 where there is no token."""
        found = torch.zeros(self.batch["completion_ids"].shape)
        place = 0
        for _, passes in self.chunks():
            logits = torch.stack([self.seen.logits[number] for number in passes], 1).log_softmax(-1)
            rows = slice(place, place := place + len(logits))
            ids = self.batch["completion_ids"][rows, : len(passes)]
            found[rows, : len(passes)] = logits.gather(-1, ids.unsqueeze(-1)).squeeze(-1)
        return found * self.batch["completion_mask"]


def rollout(studio: Studio, tuned: Path, folder: Path, kind: Any = OmniGRPOTrainer, given: Any = None) -> Rollout:
    """Of three clips, two completions each."""
    clips = (studio.short, studio.other, studio.long)
    made = trainer(
        studio, folder, with_adapter(studio.thinker(), tuned, trainable=True), kind=kind, clips=clips, given=given,
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
    """Token ids, lengths of sounds, positions, and what stands in the media's places; a prompt once for its two."""
    batch, first = rolled.batch, rolled.seen
    with watched(rolled.trainer.model) as seen:
        logs(rolled.trainer, batch)
    chunks = list(rolled.chunks())
    assert [length for chunk, _ in chunks for length in first.sounds[chunk]] == seen.sounds[0]
    assert len(set(seen.sounds[0])) == 2
    prompts = [(chunk, row, passes) for chunk, passes in chunks for row in range(len(first.ids[chunk]))]
    assert len(prompts) == len(seen.ids[0]) == 3
    for number, (chunk, row, passes) in enumerate(prompts):
        length = int(batch["prompt_mask"][2 * number].sum()) - 1  # the last token is read with the completion
        own = slice(first.ids[chunk].shape[1] - length, None)  # filled up on the left
        prompt = batch["prompt_ids"][2 * number, -length - 1 : -1].tolist()
        assert prompt == first.ids[chunk][row, own].tolist() == seen.ids[0][number, :length].tolist()
        assert torch.equal(first.positions[chunk][:, row, own], seen.positions[0][:, number, :length])
        assert gap(first.embedded[chunk][row, own], seen.embedded[0][number, :length]) < NEAR
        for sample in (0, 1):
            said = int(batch["completion_mask"][2 * number + sample].sum())
            steps = [first.positions[one][:, 2 * row + sample, 0] for one in passes[:said]]
            assert torch.equal(torch.stack(steps, 1), seen.positions[0][:, number, length : length + said])
            length += said + 1


def test_a_rollout_fills_prompts_up(rolled: Rollout) -> None:
    """So that the tests beside this one also try that."""
    assert any(int(rolled.trainer.encoder.pad) in rolled.seen.ids[chunk][:, 0].tolist() for chunk, _ in rolled.chunks())


@pytest.mark.parametrize("loss", ["dapo", "grpo"])
def test_a_prompt_that_is_read_once_teaches_the_same(rolled: Rollout, loss: str) -> None:
    """Loss and gradients are those of reading it for each of its completions; a mixture's balance is part of them."""
    made, batch = rolled.trainer, {**rolled.batch, "advantages": torch.tensor([1.0, -0.5, 2.0, 0.3, -1.0, 0.7])}
    made.loss_type = loss
    shared, found = gradients(made, batch)
    made.__class__ = Plain
    try:
        plain, wanted = gradients(made, batch)
    finally:
        made.__class__ = OmniGRPOTrainer
    assert plain == pytest.approx(shared, abs=1e-6)
    largest = max(float(gradient.abs().max()) for gradient in wanted.values())
    assert max(gap(found[name], wanted[name]) for name in wanted) < 1e-5 * largest
    assert gap(logs(made, batch), logs(made, batch, kind=_as(Plain))) < NEAR / 10


def test_flash_attention_reads_every_row(rolled: Rollout) -> None:
    """It takes no mask of ours; what comes out is the same."""
    made, batch = rolled.trainer, rolled.batch
    text = SimpleNamespace(_attn_implementation="flash_attention_2")
    flash = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: text))
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    width = batch["completion_ids"].shape[1]
    labels = ids.masked_fill(mask == 0, -100)
    labels[:, :-width] = -100
    with watched(made.model) as seen, torch.no_grad():
        found = seeing(made.model, flash, batch["clips"], "cpu")(
            input_ids=ids, attention_mask=mask, labels=labels, fused_lm_head=True
        )
    assert len(seen.ids[0]) == len(ids)
    assert gap(found.log_probs[:, -width:], logs(made, batch)) < NEAR / 10


def test_completions_of_one_prompt_are_learned_together(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Two of them in each batch of two, where TRL shuffles; all that is known of a sample goes with it."""
    clips = (studio.short, studio.other, studio.long)
    thinker = with_adapter(studio.thinker(), tuned, trainable=True)
    made = trainer(studio, tmp_path, thinker, clips=clips, num_generations=4,
                   per_device_train_batch_size=2, gradient_accumulation_steps=6, num_iterations=2)  # fmt: skip
    made.model.train()
    first = made._prepare_inputs([row for row in rows(studio, *clips) for _ in range(4)])
    batches = made._buffered_inputs
    assert first is batches[0]
    assert [1] * 6 == [len({tuple(ids) for ids in batch["prompt_ids"].tolist()}) for batch in batches]
    assert len({tuple(ids) for batch in batches for ids in batch["prompt_ids"].tolist()}) == 3
    for batch in batches:
        assert gap(batch["old_per_token_logps"] * batch["completion_mask"], logs(made, batch)) < NEAR


def test_samples_stay_in_their_step_of_the_optimizer() -> None:
    """Only within one are they brought together."""
    clip = NOTHING
    batches = [
        {"prompt_ids": torch.tensor(ids)[:, None], "clips": [clip, clip], "total": torch.tensor(7), "none": None}
        for ids in ([1, 2], [1, 2], [3, 1], [1, 3])
    ]
    made = together(batches, 2)
    assert [[1, 1], [2, 2], [3, 3], [1, 1]] == [batch["prompt_ids"].flatten().tolist() for batch in made]
    assert [(2, 7, None)] * 4 == [(len(batch["clips"]), int(batch["total"]), batch["none"]) for batch in made]


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
    thinker = with_adapter(studio.thinker(), tuned, trainable=True)
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
