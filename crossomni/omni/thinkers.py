"""Which classes of transformers are Omni-LLMs: of whole checkpoints and of thinkers alone."""

from collections.abc import Mapping

# The class that hears, sees and reads, by the model's type.
THINKERS: Mapping[str, str] = {
    "qwen2_5_omni": "Qwen2_5OmniThinkerForConditionalGeneration",
    "qwen2_5_omni_thinker": "Qwen2_5OmniThinkerForConditionalGeneration",
    "qwen3_omni_moe": "Qwen3OmniMoeThinkerForConditionalGeneration",
    "qwen3_omni_moe_thinker": "Qwen3OmniMoeThinkerForConditionalGeneration",
}
