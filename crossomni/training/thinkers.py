"""Thinkers as they are trained: whole or with LoRA, the towers frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossomni.errors import InputError
from crossomni.omni.branches import let_branch
from crossomni.omni.thinkers import THINKERS
from crossomni.omni.towers import TOWERS, bare, freeze, open_door
from crossomni.optional import need
from crossomni.weights import from_pretrained, model_from_pretrained, model_type

_PURPOSE = "training"
# The language model's projections and no others: the audio tower's layers have a q_proj, k_proj and v_proj of their
# own, and the vision tower's a gate_proj, up_proj and down_proj.
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")


def load_thinker(source: Path | str, *, trust: bool = False) -> Any:
    """A thinker's weights, in the precision they are kept in; float32 without an accelerator.

    Raises:
        InputError: when there is no such model, or it is no Omni-LLM that transformers knows.
    """
    torch = need("torch", _PURPOSE)
    kind = model_type(source, trust=trust)
    if kind not in THINKERS:
        raise InputError(f"model {source}: it is of the kind {kind!r}; wanted one of {', '.join(THINKERS)}.")
    precision = {"dtype": "auto"} if torch.cuda.is_available() else {"dtype": torch.float32}
    return model_from_pretrained(THINKERS[kind], source, trust=trust, **precision)


def load_processor(source: Path | str, *, trust: bool = False) -> Any:
    """A model's processor.

    Raises:
        InputError: when it cannot be loaded.
    """
    return from_pretrained("AutoProcessor", source, trust=trust)


def lora(thinker: Any, rank: int = 16, alpha: int = 32) -> Any:
    """LoRA on the language model alone (B.2: rank 16, alpha 32).

    Of a mixture of experts, on attention alone: there, the experts are one parameter for all of them. The towers are
    excluded besides, since for a mixture peft makes bare names of the pattern, which the audio tower's layers bear too.
    """
    layers = ATTENTION if hasattr(thinker.config.get_text_config(), "num_experts") else (*ATTENTION, *FEED_FORWARD)
    return need("peft", _PURPOSE).LoraConfig(
        r=rank,
        lora_alpha=alpha,
        task_type="CAUSAL_LM",
        target_modules=rf"(?:.*\.)?language_model\..*\.(?:{'|'.join(layers)})",
        exclude_modules=rf"(?:.*\.)?(?:{'|'.join(TOWERS)})\..*",
    )


def made_ready(thinker: Any) -> Any:
    """The thinker with frozen towers, and doors for what its trainers give it.

    Raises:
        InputError: when an adapter reaches into the towers, whose outputs would then change.
    """
    freeze(thinker)
    reached = sorted({name for name, weight in thinker.named_parameters() if weight.requires_grad and _in_tower(name)})
    adapted = sorted({name for name, _ in thinker.named_parameters() if "lora_" in name and _in_tower(name)})
    if reached or adapted:
        raise InputError(
            f"adapter: it reaches into a tower ({(reached or adapted)[0]}); wanted the language model alone. "
            "Train with crossomni.training.thinkers.lora()."
        )
    if not any(weight.requires_grad for weight in thinker.parameters()):
        raise InputError("model: all of its weights are frozen, so that nothing would be learned. Unfreeze them first.")
    return with_doors(thinker)


def with_doors(thinker: Any) -> Any:
    """The thinker with doors for the towers' outputs and for sequences that branch."""
    open_door(thinker)
    let_branch(thinker)
    return thinker


def _in_tower(name: str) -> bool:
    return any(f".{tower}." in f".{name}" for tower in TOWERS)


def trained(thinker: Any) -> tuple[int, int]:
    """How many parameters are trained, and how many there are."""
    weights = list(thinker.parameters())
    return sum(weight.numel() for weight in weights if weight.requires_grad), sum(w.numel() for w in weights)


__all__ = ["bare", "load_processor", "load_thinker", "lora", "made_ready", "trained", "with_doors"]
