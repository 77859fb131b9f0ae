"""Rows to weights: supervised fine-tuning with rationales, then GRPO with a judge (section 4.2.2, B.2)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossomni.training.grpo import OmniGRPOTrainer
    from crossomni.training.sft import OmniSFTTrainer

__all__ = ["OmniGRPOTrainer", "OmniSFTTrainer"]


def __getattr__(name: str) -> Any:
    """The trainers, imported when they are asked for: they bring torch and TRL."""
    if name == "OmniSFTTrainer":
        from crossomni.training.sft import OmniSFTTrainer

        return OmniSFTTrainer
    if name == "OmniGRPOTrainer":
        from crossomni.training.grpo import OmniGRPOTrainer

        return OmniGRPOTrainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
