"""TRL's own code is where ours takes hold of it: what we override, call and read there is there, in the same form."""

import inspect
import re
from typing import Any

import pytest

from tests.training.conftest import Studio

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")
models = pytest.importorskip("trl.models")

from crossomni.training.grpo import OmniGRPOTrainer  # noqa: E402
from crossomni.training.resuming import Resuming  # noqa: E402
from crossomni.training.sft import OmniSFTTrainer  # noqa: E402
from tests.training import grpo_trainers, test_sft  # noqa: E402

MEDIA = (
    "pixel_values", "image_grid_thw", "num_images", "pixel_attention_mask", "spatial_shapes", "num_tiles",
    "image_sizes", "token_type_ids", "mm_token_type_ids", "image_position_ids",
)  # fmt: skip
# Method of GRPOTrainer -> the names of its parameters after self.
HOOKS = {
    "_get_train_sampler": ("dataset",),
    "_prepare_inputs": ("generation_batch",),
    "_generate_and_score_completions": ("inputs",),
    "_tokenize_prompts": ("prompts",),
    "_generate_single_turn": ("prompt_ids", "images", "multimodal_fields", "num_generations", "has_tool_images"),
    "_calculate_rewards": ("inputs", "prompts", "completions", "completion_ids_list"),
    "_compute_loss": ("model", "inputs"),
    "_get_per_token_logps_and_entropies": (
        "model", "input_ids", "attention_mask", "logits_to_keep", "batch_size", "compute_entropy",
        "compute_aux_loss", *MEDIA,
    ),
}  # fmt: skip

# Method of transformers' trainer -> as above; None where Resuming hands on whatever it is given.
RESUMING = {
    "_load_from_checkpoint": ("resume_from_checkpoint", "model"),
    "get_train_dataloader": (),
    "_run_epoch": None,
    "log": ("logs", "start_time"),
}


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    """Those of a method, after self."""
    return {name: one for name, one in inspect.signature(function).parameters.items() if name != "self"}


def test_nothing_else_is_overridden() -> None:
    """Each method of ours that TRL has too is one of the hooks below."""
    own = {name for name, value in vars(OmniGRPOTrainer).items() if callable(value) and hasattr(trl.GRPOTrainer, name)}
    assert {*HOOKS, "__init__"} == own
    own = {name for name, value in vars(OmniSFTTrainer).items() if callable(value) and hasattr(trl.SFTTrainer, name)}
    assert {"__init__", "_get_train_sampler"} == own
    assert {*RESUMING} == {name for name, value in vars(Resuming).items() if callable(value)}


@pytest.mark.parametrize("kind", [OmniGRPOTrainer, OmniSFTTrainer])
@pytest.mark.parametrize("name", RESUMING)
def test_a_trainer_goes_on_by_its_hook(name: str, kind: Any) -> None:
    """Ours comes first, and hands on to one with the parameters that it was written for."""
    assert getattr(kind, name) is getattr(Resuming, name)
    theirs = parameters(getattr(kind.__mro__[2], name))
    assert RESUMING[name] in (None, tuple(theirs))


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_as_it_was(name: str) -> None:
    """TRL's method has the parameters that ours was written for."""
    assert HOOKS[name] == tuple(parameters(getattr(trl.GRPOTrainer, name)))


@pytest.mark.parametrize("name", HOOKS)
def test_ours_takes_what_trl_gives(name: str) -> None:
    """In the same places, or by name."""
    ours = parameters(getattr(OmniGRPOTrainer, name))
    theirs = parameters(getattr(trl.GRPOTrainer, name))
    named = [one for one, kind in ours.items() if kind.kind is not inspect.Parameter.VAR_KEYWORD]
    assert [*theirs][: len(named)] == named
    assert len(named) == len(theirs) or len(named) < len(ours)
    inspect.signature(getattr(OmniGRPOTrainer, name)).bind(None, **dict.fromkeys(theirs))


@pytest.mark.parametrize("name", HOOKS)
def test_trl_calls_its_hook(name: str) -> None:
    """A hook that is no longer called would leave the clips out without a word."""
    others = [value for other, value in vars(trl.GRPOTrainer).items() if inspect.isfunction(value) and other != name]
    assert any(re.search(rf"self\.{name}\b", inspect.getsource(value)) for value in others)


def test_what_our_hooks_read_is_there(studio: Studio, tmp_path: Any) -> None:
    """Attributes of a trainer that TRL has made, and of its arguments."""
    made = grpo_trainers.trainer(studio, tmp_path)
    assert made._tokenizer is studio.processor.tokenizer
    assert {studio.processor.tokenizer.eos_token_id} <= {*made.eos_token_ids}
    assert made.generation_kwargs["suppress_tokens"] == made.generation_config.suppress_tokens
    assert made.generation_config.max_new_tokens == made.args.max_completion_length
    with made._dist.summon_full_params(made.model_wrapped, recurse=False):
        assert made.model_wrapped is made.model
    assert {"train", "eval"} == {*made._metrics}
    assert made._metrics["train"]["anything new"] == []
    assert made.num_generations == 2
    assert made.ref_model is None
    assert made._buffered_inputs is None
    for name in ("ds3_gather_for_generation", "gradient_checkpointing_kwargs", "generation_kwargs", "use_vllm",
                 "use_transformers_continuous_batching", "cache_implementation", "steps_per_generation",
                 "gradient_accumulation_steps"):  # fmt: skip
        assert hasattr(made.args, name), name


def test_generation_is_unwrapped_as_it_was() -> None:
    """The function that readies a model for rollouts takes what we give it."""
    given = {
        "gather_deepspeed3_params": True,
        "generation_kwargs": {},
        "gradient_checkpointing_kwargs": {},
    }
    inspect.signature(models.unwrap_model_for_generation).bind("model", "accelerator", **given)


def test_a_batch_has_what_we_change(studio: Studio, tmp_path: Any) -> None:
    """The mask of completions, the count that is taken of it, and tensors that go by samples."""
    made = grpo_trainers.trainer(studio, tmp_path)
    batch = grpo_trainers.rolled_out(made, studio)
    assert {"prompt_ids", "prompt_mask", "completion_ids", "completion_mask", "advantages"} < batch.keys()
    assert int(batch["num_items_in_batch"]) == int(batch["completion_mask"].sum())
    assert [len(batch["completion_mask"])] * 2 == [len(batch["clips"]), len(batch["advantages"])]


def test_rows_reach_the_collator_as_they_are(studio: Studio, tmp_path: Any) -> None:
    """TRL tokenizes, cuts and drops nothing of what our collator makes batches of."""
    made = test_sft.trainer(studio, tmp_path)
    assert {"id", "messages"} == {*made.train_dataset.column_names}
    assert made.train_dataset[2] == test_sft.rows(studio)[2]
    assert made.args.max_length is None
    assert "skip_prepare_dataset" in inspect.getsource(trl.SFTTrainer.__init__)
    batch = next(iter(made.get_train_dataloader()))
    assert {"input_ids", "attention_mask", "labels"} < batch.keys()
