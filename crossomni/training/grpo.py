"""GRPO on video and sound: TRL's ``GRPOTrainer``, every pass of which sees and hears (section 4.2.2, Table 18).

TRL's own trainer runs on a prompt with a video without an error, and wrongly: generation sees the video, the passes
that the gradient is of do not. Hooks of it are overridden here, and a clip goes with its sample through all passes:
rollout, old, reference and policy. A prompt is read once in each of them, for all of its completions that stand in one
batch (``crossomni.training.passes``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crossomni.errors import InputError, TrainingError
from crossomni.omni.inputs import ClipInputs
from crossomni.omni.presentation import Presentation
from crossomni.omni.towers import TowerStore
from crossomni.optional import need
from crossomni.training.encoding import Encoded
from crossomni.training.order import ByPrompt
from crossomni.training.passes import begun, seeing, together
from crossomni.training.planning.schedule import generated_at_once
from crossomni.training.resuming import Resuming
from crossomni.training.sft import encoder_for
from crossomni.training.thinkers import load_processor, load_thinker, made_ready, with_doors

_PURPOSE = "training"
trl = need("trl", _PURPOSE)
torch = need("torch", _PURPOSE)
unwrap_model_for_generation = need("trl.models", _PURPOSE).unwrap_model_for_generation

Row = Mapping[str, Any]  # of the training set: its columns
REFERENCE = "reference"  # the weights that a whole training's KL is taken against, in the training's folder
# What TRL can roll out with and this trainer cannot: none of them sees and hears.
_BLIND = ("use_vllm", "use_transformers_continuous_batching")


class OmniGRPOTrainer(Resuming, trl.GRPOTrainer):  # type: ignore[misc, name-defined]
    """Learns from rewards what to say about clips, seeing and hearing them.

    Args:
        model: a thinker (with its fine-tuned adapter, by ``weights.with_adapter``), a folder, or an id of the Hub.
        reward_funcs: TRL's; ``crossomni.training.rewards`` has those of Table 18. None for a completion leaves it
            unscored: it moves nothing.
        args: TRL's; marks of media are kept from being generated.
        train_dataset: rows with ``prompt``, a user's turn of one video and text, and the columns that rewards take.
        processing_class, shown, store: as for ``OmniSFTTrainer``.
        most_unscored: training stops when a greater share of a step's completions is unscored.
        on_completed: gets rows and their completions as they come, a chunk at a time, before the last are there; a
            judge can begin on them.

    A row whose clip cannot be taken is named in ``failures.jsonl`` beside the weights. Its completions are unscored
    and masked: nothing is learned of them. The last batch of an epoch is filled up with prompts of its beginning, where
    TRL leaves out those that fill no batch. A training goes on at a checkpoint as if it had never been stopped.

    Raises:
        InputError: for a model that is no thinker, or prompts of another form.
        TrainingError: in training, when too many completions are unscored.
    """

    _buffered_inputs: Any  # TRL's: the batches of a rollout

    def __init__(  # noqa: PLR0913 (TRL's own arguments, and three of ours)
        self,
        model: Any,
        reward_funcs: Any = None,
        args: Any = None,
        *,
        processing_class: Any = None,
        shown: Presentation | None = None,
        store: TowerStore | None = None,
        most_unscored: float = 1.0,
        on_completed: Callable[[Sequence[Row], Sequence[str]], None] | None = None,
        **given: Any,
    ) -> None:
        if isinstance(model, str | Path):
            processing_class = processing_class or load_processor(model)
            model = load_thinker(model)
        processing_class = processing_class or load_processor(model.config._name_or_path)
        args = args or trl.GRPOConfig("grpo")
        for name in _BLIND:
            if getattr(args, name):
                raise InputError(f"{name} is on; its rollouts neither see nor hear. Leave it off.")
        if args.cache_implementation is not None:
            raise InputError(
                f"cache_implementation is {args.cache_implementation!r}; completions go on from their prompt's cache, "
                "which is of transformers' default kind. Leave it out."
            )
        self.encoder = encoder_for(model, processing_class, args, shown, store)
        self._most_unscored, self._on_completed = most_unscored, on_completed
        self._rows: Sequence[Row] = ()  # that are being generated for
        self._samples: list[Encoded] = []  # the same, encoded
        self._clips: list[ClipInputs] = []  # of the batch that is being computed
        self._left_out: Any = []  # which of the batch nothing is learned of
        args.remove_unused_columns = False
        generation = args.generation_kwargs or {}
        never = sorted({*generation.get("suppress_tokens", ()), *media_tokens(model.config)})
        args.generation_kwargs = {**generation, "suppress_tokens": never}
        with _loaded_as_it_begins(model, args, adapted=given.get("peft_config") is not None):
            super().__init__(
                model=made_ready(model),
                reward_funcs=reward_funcs,
                args=args,
                processing_class=processing_class,
                **given,
            )
        made_ready(self.model)  # also where LoRA has wrapped it
        if self.ref_model is not None:
            with_doors(self.accelerator.unwrap_model(self.ref_model))

    def _get_train_sampler(self, dataset: Any = None) -> ByPrompt:
        """TRL's order of prompts, with a last batch that is filled up."""
        usual = super()._get_train_sampler(dataset)
        return ByPrompt(
            prompts=usual.num_samples,
            batch=usual.batch_size,
            rollouts=usual.mini_repeat_count,
            uses=usual.repeat_count,
            seed=usual.seed,
            shuffled=usual.shuffle,
        )

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        """A batch of the rollouts, in which completions of one prompt stand together."""
        before = self._buffered_inputs
        batch = super()._prepare_inputs(generation_batch)
        if self._buffered_inputs is before:
            return batch
        self._buffered_inputs = together(self._buffered_inputs, self.args.gradient_accumulation_steps)
        return self._buffered_inputs[self._step % self.args.steps_per_generation]

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch with each sample's clip; TRL shuffles and splits it with all else that goes by samples."""
        self._rows = inputs
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        batch["clips"] = self._clips
        # Of an unscored completion the advantage is 0, but its distance from the reference would still be learned.
        batch["completion_mask"][self._left_out] = 0
        # TRL has counted the tokens before: those that are masked here would thin out all other ones' loss.
        batch["num_items_in_batch"] = self.accelerator.gather(batch["completion_mask"].sum()).sum()
        return batch

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
        """Each prompt's token ids. Their clips are not handed on by TRL: they stay here, in the samples' order."""
        names = [str(row.get("id", "a row")) for row in self._rows]
        self._samples = [self.encoder.encode(prompt, name) for prompt, name in zip(prompts, names, strict=True)]
        self._clips = [sample.clip for sample in self._samples]
        return [list(sample.prompt) for sample in self._samples], None, {}

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: Any,
        multimodal_fields: dict[str, Any],
        num_generations: int,
        has_tool_images: bool = False,
    ) -> tuple[list[list[int]], None]:
        """Completions, some prompts at a time, so that the first can be judged while the last are made."""
        end = self._tokenizer.eos_token_id
        completions: list[list[int]] = []
        for some in _chunks(len(prompt_ids), generated_at_once(len(prompt_ids), num_generations)):
            samples = self._samples[some]
            made = iter(self._generated([sample for sample in samples if not sample.failure]))
            said = [[end] if sample.failure else next(made) for sample in samples]
            completions += said
            if self._on_completed is not None:
                texts = self._tokenizer.batch_decode(said, skip_special_tokens=True)
                both = zip(self._rows[some], texts, samples, strict=True)
                taken = [(row, text) for row, text, sample in both if not sample.failure]
                self._on_completed([row for row, _ in taken], [text for _, text in taken])
        return completions, None

    def _generated(self, samples: Sequence[Encoded]) -> list[list[int]]:
        """A completion of each sample, with the token that ends it, where one did."""
        if not samples:
            return []
        with (
            unwrap_model_for_generation(
                self.model_wrapped,
                self.accelerator,
                gather_deepspeed3_params=self.args.ds3_gather_for_generation,
                generation_kwargs=self.generation_kwargs,
                gradient_checkpointing_kwargs=self.args.gradient_checkpointing_kwargs,
            ) as thinker,
            torch.no_grad(),
            self._dist.summon_full_params(self.model_wrapped, recurse=False),
        ):
            given = begun(thinker, samples, self.encoder.pad)
            said = thinker.generate(**given, generation_config=self.generation_config)
        return [_to_the_end(tokens, self.eos_token_ids) for tokens in said[:, given["input_ids"].shape[1] :].tolist()]

    def _calculate_rewards(
        self, inputs: list[dict[str, Any]], prompts: list[Any], completions: list[Any], completion_ids_list: list[Any]
    ) -> Any:
        """Rewards of all processes' completions: (completions, rewards). Unscored by one is unscored (NaN) by all.

        TRL leaves a None out of a completion's sum, which then counts as 0 beside the other rewards.
        """
        rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        failed = torch.zeros(len(prompts), device=rewards.device)
        failed[self._failed()] = 1
        failed = self.accelerator.gather(failed).bool()
        unscored = rewards.isnan().any(dim=1)
        rewards[unscored | failed] = torch.nan
        own = slice(self.accelerator.process_index * len(prompts), (self.accelerator.process_index + 1) * len(prompts))
        self._left_out = (unscored | failed)[own].to(self.accelerator.device)
        mode = "train" if self.model.training else "eval"
        tried = max(1, int((~failed).sum()))
        share = int((unscored & ~failed).sum()) / tried
        self._metrics[mode]["unscored"].append(share)
        self._metrics[mode]["failed_rows"].append(float(failed.float().mean()))
        if share > self._most_unscored:
            raise TrainingError(
                f"step {self.state.global_step}: {share:.0%} of {tried} completions got no score, and at most "
                f"{self._most_unscored:.0%} may. Look into the judge's replies; the last checkpoint is kept."
            )
        return rewards

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        self._clips = inputs["clips"]
        return super()._compute_loss(model, inputs)

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Any,
        attention_mask: Any,
        logits_to_keep: int,
        batch_size: int | None = None,
        **given: Any,
    ) -> tuple[Any, Any, Any]:
        """Log-probabilities of completions, by passes that see and hear, ``batch_size`` samples at a time."""
        made = []
        for some in _chunks(len(input_ids), batch_size or len(input_ids)):
            clipped = seeing(model, self.model, self._clips[some], self.accelerator.device)
            made.append(
                super()._get_per_token_logps_and_entropies(
                    clipped, input_ids[some], attention_mask[some], logits_to_keep, **given
                )
            )
        logs, entropies, losses = zip(*made, strict=True)
        return (
            torch.cat(logs),
            None if entropies[0] is None else torch.cat(entropies),
            None if losses[0] is None else torch.stack(losses).mean(),
        )

    def _failed(self) -> list[int]:
        """The places of the samples whose clip could not be taken."""
        return [place for place, sample in enumerate(self._samples) if sample.failure]


@contextmanager
def _loaded_as_it_begins(thinker: Any, args: Any, *, adapted: bool) -> Iterator[None]:
    """Let TRL load the reference of a whole training from the thinker as it begins.

    TRL loads it from where the thinker once came from: of a published checkpoint that is a model with a talker, of a
    merged adapter one without it.
    """
    if not args.beta or adapted or hasattr(thinker, "peft_config"):
        yield
        return
    folder, came_from = Path(args.output_dir) / REFERENCE, thinker.config._name_or_path
    with args.main_process_first(local=False):
        if args.process_index == 0:
            thinker.save_pretrained(folder)
    thinker.config._name_or_path = str(folder)
    try:
        yield
    finally:
        thinker.config._name_or_path = came_from


def media_tokens(config: Any) -> list[int]:
    """Tokens that stand for media, or begin or end them: in a completion they would be taken for a clip."""
    names = [f"{kind}_token_id" for kind in ("image", "video", "audio")]
    names += [f"{kind}_{edge}_token_id" for kind in ("vision", "audio") for edge in ("start", "end")]
    return sorted({number for name in names if (number := getattr(config, name, None)) is not None})


def _chunks(count: int, size: int) -> Iterator[slice]:
    yield from (slice(start, start + size) for start in range(0, count, size))


def _to_the_end(tokens: Sequence[int], ends: Sequence[int]) -> list[int]:
    """Up to the first token that ends a completion, and with it."""
    stop = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
    return list(tokens[: stop + 1])
