"""What a training keeps on each device, and on disk: an estimate, part by part.

Weights, LoRA, gradients and AdamW's states are exact; the rest is a model of what happens, and each part says which.
Completions of one prompt in a batch share its tokens (``planning.sharing``). Of rows about one clip that is not counted
on: a batch may be of rows that are left over, each about another clip.
Not counted: the allocator's loss, the libraries' own buffers, and the towers' activations (they are frozen).
"""

from __future__ import annotations

from dataclasses import dataclass

from crossomni.training.config import GRPOTraining, TrainConfig
from crossomni.training.planning.architecture import Thinker
from crossomni.training.planning.lengths import Lengths
from crossomni.training.planning.schedule import Schedule
from crossomni.training.planning.sharing import Sharing

_FLOAT = 4  # bytes of a float32
_STATES = 2  # that AdamW keeps of each parameter
# Of TRL's fused head (trl.kernels.chunked_logprob): tokens of a tile, and words of one, in float32.
_TILE = (4096, 32_768)
_NORMS = 6  # vectors of the hidden size that a layer keeps for the way back: inputs of norms, projections and sums


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that takes room."""

    name: str
    bytes: float
    how: str  # how it is counted
    counted: bool = True  # in the sum; False for what is only said


def on_device(
    config: TrainConfig, thinker: Thinker, plan: Schedule, lengths: Lengths, shared: Sharing, *, is_gpu: bool
) -> tuple[Part, ...]:
    """What each device holds. Weights are whole on each; under FSDP2 they, gradients and states are shared out."""
    trained = parameters_trained(config, thinker)
    is_lora = config.lora == "on"
    each = _FLOAT if is_lora else thinker.bytes_each  # peft keeps LoRA in float32
    parts = [
        Part(
            name="weights",
            bytes=thinker.parameters * thinker.bytes_each,
            how=f"{thinker.parameters:,} × {thinker.bytes_each} bytes",
        ),
        Part(name="gradients", bytes=trained * each, how=f"{trained:,} × {each} bytes"),
        Part(name="AdamW's states", bytes=_STATES * trained * each, how=f"2 × {trained:,} × {each} bytes"),
    ]
    if is_lora:
        parts.insert(1, Part(name="LoRA", bytes=trained * _FLOAT, how=f"{trained:,} × 4 bytes"))
    if isinstance(config, GRPOTraining) and config.beta:
        kept = "the SFT adapter, once more" if is_lora else "the start weights, once more"
        parts.append(Part(name="reference", bytes=(trained if is_lora else thinker.parameters) * each, how=kept))
    parts += _activations(config, thinker, lengths, plan, shared, again=recomputes(config, is_gpu=is_gpu))
    if isinstance(config, GRPOTraining):
        parts += _rollouts(config, thinker, plan, lengths)
    return tuple(parts)


def parameters_trained(config: TrainConfig, thinker: Thinker) -> int:
    """LoRA's, or the whole language model's with its head (``--lora off``)."""
    return thinker.lora(config.lora_rank) if config.lora == "on" else thinker.language


def recomputes(config: TrainConfig, *, is_gpu: bool) -> bool:
    """Whether layers are computed again on the way back, in place of being kept: on a GPU, unless ``trl`` says else."""
    # transformers 5.23 renames the setting; TRL 1.16 still writes the old name.
    return bool(config.trl.get("activation_checkpointing", config.trl.get("gradient_checkpointing", is_gpu)))


def sequence(config: TrainConfig, lengths: Lengths, branches: int = 1) -> int:
    """Tokens of the longest row that a device may have to compute; of GRPO, with so many completions."""
    if isinstance(config, GRPOTraining):
        return lengths.longest_prompt + branches * config.most_new_tokens
    return lengths.longest


def on_disk(config: TrainConfig, thinker: Thinker, lengths: Lengths, clips: int) -> Part:
    """The store of the towers' outputs: for each token of a clip a vector, and for Qwen3-Omni its deep layers' too."""
    vectors = lengths.media + thinker.deep * lengths.video
    size = clips * vectors * thinker.hidden * thinker.bytes_each
    how = f"{clips} clips × {vectors:,.0f} vectors × {thinker.hidden} × {thinker.bytes_each} bytes"
    return Part(name="towers' outputs", bytes=size if config.towers == "on" else 0.0, how=how)


def _activations(
    config: TrainConfig, thinker: Thinker, lengths: Lengths, plan: Schedule, shared: Sharing, *, again: bool
) -> list[Part]:
    row = sequence(config, lengths, shared.most_branches)
    tokens = shared.most_trunks * row
    rows = f"{shared.most_trunks} × {row:,} tokens at once"
    if isinstance(config, GRPOTraining):
        rows += f" (a prompt and {shared.most_branches} completions)"
    heads = thinker.heads * thinker.head_dim
    # One layer: norms' and projections' inputs, q, k, v, attention's output, and the three wide vectors of a gated MLP.
    one = _NORMS * thinker.hidden + 2 * heads + 2 * thinker.kv_heads * thinker.head_dim + 4 * thinker.between
    each = thinker.bytes_each
    kept = tokens * thinker.hidden * thinker.layers + tokens * one  # each layer's input, and one layer computed again
    whole = tokens * one * thinker.layers
    parts = [
        Part(
            name="activations, recomputed",
            bytes=kept * each,
            how=f"{rows}: each layer's input, and one layer whole",
            counted=again,
        ),
        Part(
            name="activations, kept",
            bytes=whole * each,
            how=f"without gradient checkpointing: {one:,} numbers a token and layer",
            counted=not again,
        ),
    ]
    replies = plan.at_once * (config.most_new_tokens if isinstance(config, GRPOTraining) else round(lengths.reply))
    tile = min(replies, _TILE[0]) * min(thinker.vocabulary, _TILE[1]) * _FLOAT
    full = tokens * thinker.vocabulary * _FLOAT
    if isinstance(config, GRPOTraining):
        how = f"{shared.most_trunks} × {row:,}² pairs of tokens, 1 + {each} bytes"
        parts.append(Part(name="mask of branches", bytes=shared.most_trunks * row**2 * (1 + each), how=how))
    return [
        *parts,
        Part(name="logits, in tiles", bytes=tile, how=f"TRL's fused head: {replies:,} tokens of replies, float32"),
        Part(
            name="logits, if all were kept",
            bytes=full,
            how=f"{tokens:,} × {thinker.vocabulary:,} × 4 bytes, and again for gradients",
            counted=False,
        ),
    ]


def _rollouts(config: GRPOTraining, thinker: Thinker, plan: Schedule, lengths: Lengths) -> list[Part]:
    """Rollouts and gradients do not happen at the same time, but what was allocated for one is not given back."""
    together = plan.together
    each = sequence(config, lengths)
    prompts = together // plan.rollouts * lengths.longest_prompt
    return [
        Part(
            name="cache of rollouts",
            bytes=together * each * thinker.kv_elements * thinker.bytes_each,
            how=f"{together} completions at once × {each:,} tokens × {thinker.kv_elements:,} numbers",
        ),
        Part(
            name="logits of whole prompts",  # each is read once for all of its completions
            bytes=prompts * thinker.vocabulary * thinker.bytes_each,
            how=f"{prompts:,} tokens: thinkers cannot be told to make those of the last one alone",
        ),
    ]
