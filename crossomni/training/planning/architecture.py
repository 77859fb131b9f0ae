"""What a thinker is made of, known from its configuration alone: no weight is loaded.

Parameters are counted on transformers' own classes, built without storage (torch's ``meta`` device).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Literal, get_args

from crossomni.errors import InputError
from crossomni.omni.thinkers import THINKERS
from crossomni.optional import need
from crossomni.training.thinkers import lora
from crossomni.weights import from_pretrained

_PURPOSE = "planning a training"
TINY = "tiny:"

Family = Literal["qwen2_5_omni", "qwen3_omni_moe"]

# Published configurations, so that a plan needs no network: the ``thinker_config`` of each checkpoint's config.json on
# the Hub, as far as it differs from the defaults of transformers' classes. All are kept in bfloat16.
_QWEN2_5_VISION = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16}
_QWEN3: Mapping[str, Any] = {
    "model_type": "qwen3_omni_moe_thinker",
    "text_config": {
        "vocab_size": 152_064,
        "hidden_size": 2048,
        "num_hidden_layers": 48,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "moe_intermediate_size": 768,
        "num_experts": 128,
        "num_experts_per_tok": 8,
    },
    "audio_config": {"output_dim": 2048},
    "vision_config": {"out_hidden_size": 2048},
}
PUBLISHED: Mapping[str, Mapping[str, Any]] = {
    "Qwen/Qwen2.5-Omni-3B": {
        "model_type": "qwen2_5_omni_thinker",
        "text_config": {
            "vocab_size": 151_936,
            "hidden_size": 2048,
            "intermediate_size": 11_008,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "num_key_value_heads": 2,
        },
        "audio_config": {"output_dim": 2048},
        "vision_config": _QWEN2_5_VISION | {"out_hidden_size": 2048},
    },
    "Qwen/Qwen2.5-Omni-7B": {
        "model_type": "qwen2_5_omni_thinker",
        "text_config": {
            "vocab_size": 152_064,
            "hidden_size": 3584,
            "intermediate_size": 18_944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
        },
        "audio_config": {"output_dim": 3584},
        "vision_config": _QWEN2_5_VISION | {"out_hidden_size": 3584},
    },
    "Qwen/Qwen3-Omni-30B-A3B-Instruct": _QWEN3,
    "Qwen/Qwen3-Omni-30B-A3B-Thinking": _QWEN3,
}


@dataclass(frozen=True, kw_only=True)
class Thinker:
    """A thinker's sizes. Parameters are counted in numbers, not in bytes."""

    family: Family
    known_from: str  # where its configuration stands
    bytes_each: int  # of a stored weight: 2 in bfloat16, 4 in float32
    parameters: int  # of the whole thinker
    language: int  # of the language model with its head
    working: int  # of the language model with its head, those that one token goes through (experts not chosen do not)
    looking: int  # of the vision tower
    hearing: int  # of the audio tower
    layers: int  # of the language model
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    between: int  # width of the layers' MLP that one token goes through
    vocabulary: int
    patch: int  # pixels of a patch's side
    merge: int  # patches of a side that become one token
    frames_a_step: int  # frames that become one token in time
    listening: int  # half of a chunk of spectrogram columns, in the audio tower
    deep: int  # layers of the vision tower that are handed in beside its last
    projections: Mapping[str, tuple[int, int]]  # name -> (in, out), of the layers that LoRA stands beside

    def lora(self, rank: int) -> int:
        """How many parameters LoRA of this rank has: A is (rank, in), B is (out, rank)."""
        return sum(rank * (inside + outside) for inside, outside in self.projections.values())

    @property
    def kv_elements(self) -> int:
        """Numbers that the cache of keys and values holds for one token."""
        return 2 * self.layers * self.kv_heads * self.head_dim


@contextmanager
def found(
    model: str, tiny: Mapping[str, float] = MappingProxyType({}), texts: Sequence[str] = ()
) -> Iterator[Path | str]:
    """Where ``model`` can be loaded from: its folder, its id of the Hub, or for ``tiny:KIND`` a folder made now.

    Args:
        tiny, texts: as for ``tiny_thinker``.

    Raises:
        InputError: for a kind that is not there.
    """
    if model.startswith(TINY):
        with TemporaryDirectory() as folder:
            yield tiny_thinker(Path(folder), model, tiny, texts)
    elif Path(model).is_dir():
        yield Path(model)
    else:
        yield model


def tiny_thinker(folder: Path, model: str, tiny: Mapping[str, float], texts: Sequence[str]) -> Path:
    """Write a thinker with random weights.

    Args:
        model: ``tiny:KIND``.
        tiny: its sizes, where they are not those of ``crossomni.testing.omni.Body``.
        texts: its words are learnt from them. A token for a word makes short replies, which small models learn sooner.

    Raises:
        InputError: for a kind, or a size, that is not there.
    """
    # A small public fake; its package is not imported where a real model is trained.
    from crossomni.testing.omni import Body, tiny_omni

    kind = model.removeprefix(TINY)
    if kind not in get_args(Family):
        raise InputError(f"model {model!r}: wanted {' or '.join(TINY + name for name in get_args(Family))}.")
    known = {field.name: field.type for field in fields(Body)}
    for name, value in tiny.items():
        if name not in known:
            raise InputError(f"tiny has {name}; wanted some of {', '.join(known)}.")
        if known[name] in (int, "int") and (isinstance(value, bool) or not isinstance(value, int)):
            raise InputError(f"tiny: {name} is {value!r}; wanted a whole number, as in {name}=2.")
    return tiny_omni(folder, kind, body=Body(**tiny), texts=texts)  # type: ignore[arg-type]


def thinker_of(model: str, source: Path | str, *, trust: bool = False) -> Thinker:
    """The sizes of the thinker that ``model`` names; ``source`` is what ``found`` gave for it.

    Raises:
        InputError: when its configuration cannot be had, or it is no Omni-LLM that can be trained.
    """
    if model in PUBLISHED:
        return _published(model)
    whole = from_pretrained("AutoConfig", source, trust=trust)
    config = getattr(whole, "thinker_config", whole)
    if config.model_type not in THINKERS:
        raise InputError(f"model {model}: its type is {whole.model_type!r}; wanted one of {', '.join(THINKERS)}.")
    dtype = str(config.dtype or whole.dtype or config.text_config.dtype or "float32")
    place = "its own config.json, random weights" if model.startswith(TINY) else f"config.json of {source}"
    return _measured(config, place, 4 if dtype.endswith("float32") else 2)


@lru_cache
def _published(model: str) -> Thinker:
    published = dict(PUBLISHED[model])
    kind = THINKERS[published.pop("model_type")].replace("ForConditionalGeneration", "Config")
    config = getattr(need("transformers", _PURPOSE), kind)(**published)
    return _measured(config, "the published configuration, built in", 2)


def _measured(config: Any, place: str, bytes_each: int) -> Thinker:
    transformers, torch = need("transformers", _PURPOSE), need("torch", _PURPOSE)
    text, vision = config.text_config, config.vision_config
    with torch.device("meta"):
        model = getattr(transformers, THINKERS[config.model_type])(config)
    language = _count(model.model.language_model) + _count(model.lm_head)
    experts = sum(weight.numel() for name, weight in model.named_parameters() if ".experts." in name)
    moe = "qwen3" in config.model_type
    chosen = text.num_experts_per_tok / text.num_experts if moe else 1.0
    embedded = model.get_input_embeddings().weight.numel()  # looked up, not multiplied
    return Thinker(
        family="qwen3_omni_moe" if moe else "qwen2_5_omni",
        known_from=place,
        bytes_each=bytes_each,
        parameters=_count(model),
        language=language,
        working=language - embedded - round(experts * (1 - chosen)),
        looking=_count(model.model.visual),
        hearing=_count(model.model.audio_tower),
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        heads=text.num_attention_heads,
        kv_heads=text.num_key_value_heads,
        head_dim=getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads,
        between=text.moe_intermediate_size * text.num_experts_per_tok if moe else text.intermediate_size,
        vocabulary=text.vocab_size,
        patch=vision.patch_size,
        merge=vision.spatial_merge_size,
        frames_a_step=vision.temporal_patch_size,
        listening=config.audio_config.n_window,
        deep=len(getattr(vision, "deepstack_visual_indexes", ())),
        projections=_projections(model),
    )


def _projections(model: Any) -> dict[str, tuple[int, int]]:
    """The layers that LoRA is put beside, as peft itself finds them; the model is changed."""
    torch, peft = need("torch", _PURPOSE), need("peft", _PURPOSE)
    with torch.device("meta"):
        peft.inject_adapter_in_model(lora(model), model)
    layers = ((name, layer) for name, layer in model.named_modules() if hasattr(layer, "lora_A"))
    return {name: (layer.in_features, layer.out_features) for name, layer in layers}


def _count(module: Any) -> int:
    return sum(weight.numel() for weight in module.parameters())
