"""A tiny omni model with random weights: the real classes of transformers, fast enough for tests without a GPU."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from crossomni.errors import InputError
from crossomni.optional import need

Kind = Literal["qwen2_5_omni", "qwen3_omni_moe"]

_PURPOSE = "a tiny omni model"
_END, _TURN, _TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_THINKING = ["<think>", "</think>"]
_VOCABULARY = 2048  # at most: learning stops when every word of the texts is one token

# The words that are tokens, after a space or not as they stand here. Everything else is spelled in pieces of them or
# in bytes.
_TEXTS = (
    "system\nuser\nassistant\nYou are a helpful assistant.",
    "Question: what does the person who is singing wear when the music starts?\nA. a red hat\nB. a blue scarf\n"
    "C. a green coat\nD. a white dress\nAnswer with the letter of the option. The answer is A, B, C or D.",
    "She was born in Lisbon in 1975, and her brother has worked in the bakery of the town for ten years. "
    "He plays the guitar with his friends, and they think that the other one is from the north.",
)


@dataclass(frozen=True, kw_only=True)
class Body:
    """The sizes of a tiny thinker, and how its random weights begin. The defaults are for tests, not for learning.

    Raises:
        InputError: for a size below 1, or heads that do not divide the width.
    """

    hidden: int = 64  # width of the language model; its MLP has twice as much
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    theta: float = 1e6  # the base of the rotary positions; a small one tells near tokens apart better
    towers: int = 32  # width of the towers that see and hear
    sight: int = 2  # layers of the tower that sees; each random one blurs what stands where
    experts: int = 4  # of a mixture's layers; with 0 they are plain ones, which train sooner (Qwen3-Omni alone has any)
    # Larger than the usual 0.02, at which two layers hardly mind what they are shown, nor where it stands.
    spread: float = 0.14
    seed: int = 20

    def __post_init__(self) -> None:
        for name in ("hidden", "layers", "heads", "kv_heads", "towers", "sight"):
            if getattr(self, name) < 1:
                raise InputError(f"tiny omni model: {name} is {getattr(self, name)}; wanted at least 1.")
        if self.experts < 0 or self.experts == 1:
            raise InputError(f"tiny omni model: experts is {self.experts}; wanted 0, or 2 or more.")
        # 16 dimensions at least, since rotary positions share them among time, height and width.
        if self.hidden % self.heads or self.heads % self.kv_heads or self.hidden // self.heads % 16:
            raise InputError(
                f"tiny omni model: {self.heads} heads, {self.kv_heads} of keys and values, and a width of "
                f"{self.hidden}; wanted heads of 16, 32, … dimensions, and a whole number of them for each of keys "
                "and values."
            )

    @property
    def head(self) -> int:
        """Dimensions of a head."""
        return self.hidden // self.heads

    def text(self) -> dict[str, Any]:
        """The language model's part of the configuration."""
        return {
            "hidden_size": self.hidden,
            "intermediate_size": 2 * self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "max_position_embeddings": 32_768,
            "initializer_range": self.spread,
        }

    def audio(self) -> dict[str, Any]:
        """The audio tower's part."""
        return {
            "num_mel_bins": 128,
            "encoder_layers": 1,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": self.towers,
            "d_model": self.towers,
            "output_dim": self.hidden,
            "initializer_range": self.spread,
        }

    def vision(self) -> dict[str, Any]:
        """The vision tower's part."""
        return {
            "depth": self.sight,
            "hidden_size": self.towers,
            "intermediate_size": 2 * self.towers,
            "num_heads": 2,
            "out_hidden_size": self.hidden,
            "initializer_range": self.spread,
        }


@dataclass(frozen=True, kw_only=True)
class _Design:
    """What tells one kind from the other. The names of tokens are those of the published checkpoints."""

    classes: str  # how the names of its classes begin
    image: str
    video: str
    audio: str
    vision_ends: tuple[str, str]
    audio_ends: tuple[str, str]
    system: str  # the system message of a conversation that has none
    ids_per_second: int  # position ids that a second takes
    patch: int  # pixels of a patch's side
    sections: tuple[int, int, int]  # how rotary positions share 8 frequencies among time, height and width
    text_config: dict[str, Any]
    audio_config: dict[str, Any]
    vision_config: dict[str, Any]

    def placed(self, body: Body) -> dict[str, Any]:
        """What hangs on the kind and on the body: how positions turn a head's dimensions, and the mixture."""
        times = body.head // 16
        rope = {"rope_theta": body.theta, "mrope_section": [times * part for part in self.sections]}
        moe = {
            "head_dim": body.head,
            "num_experts": body.experts or 2,  # named in any case; no layer has them where all are plain
            "mlp_only_layers": [] if body.experts else list(range(body.layers)),
        }
        return (moe if self.classes == "Qwen3OmniMoe" else {}) | {
            "rope_parameters": self.text_config["rope_parameters"] | rope
        }

    def seen_last(self, body: Body) -> dict[str, Any]:
        """Where the tower that sees has a layer over the whole picture, of the kind that else looks at windows."""
        windowed = "window_size" in self.vision_config
        return {"fullatt_block_indexes": [body.sight - 1]} if windowed else {}

    @property
    def named_tokens(self) -> dict[str, str]:
        """The tokenizer's attribute -> the token."""
        return {
            "image_token": self.image,
            "video_token": self.video,
            "audio_token": self.audio,
            "vision_bos_token": self.vision_ends[0],
            "vision_eos_token": self.vision_ends[1],
            "audio_bos_token": self.audio_ends[0],
            "audio_eos_token": self.audio_ends[1],
        }


SMALL = Body()
_DESIGNS: dict[str, _Design] = {
    "qwen2_5_omni": _Design(
        classes="Qwen2_5Omni",
        image="<|IMAGE|>",
        video="<|VIDEO|>",
        audio="<|AUDIO|>",
        vision_ends=("<|vision_bos|>", "<|vision_eos|>"),
        audio_ends=("<|audio_bos|>", "<|audio_eos|>"),
        system="You are a helpful assistant.",
        ids_per_second=25,
        patch=14,
        text_config={"rope_parameters": {"rope_type": "default"}},
        sections=(2, 3, 3),
        audio_config={"n_window": 100},
        vision_config={"patch_size": 14, "window_size": 112},
    ),
    "qwen3_omni_moe": _Design(
        classes="Qwen3OmniMoe",
        image="<|image_pad|>",
        video="<|video_pad|>",
        audio="<|audio_pad|>",
        vision_ends=("<|vision_start|>", "<|vision_end|>"),
        audio_ends=("<|audio_start|>", "<|audio_end|>"),
        system="",
        ids_per_second=13,
        patch=16,
        text_config={
            "moe_intermediate_size": 32,
            "num_experts_per_tok": 2,
            "rope_parameters": {"rope_type": "default", "mrope_interleaved": True},
        },
        sections=(4, 2, 2),
        audio_config={"n_window": 50, "n_window_infer": 800, "downsample_hidden_size": 8},
        vision_config={"patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]},
    ),
}

_CHAT = """\
{%- if system and messages[0]['role'] != 'system' -%}
    {{- '<|im_start|>system\\n' + system + '<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
    {{- '<|im_start|>' + message['role'] + '\\n' -}}
    {%- if message['content'] is string -%}
        {{- message['content'] -}}
    {%- else -%}
        {%- for part in message['content'] -%}
            {{- part['text'] if part['type'] == 'text' else media[part['type']] -}}
        {%- endfor -%}
    {%- endif -%}
    {{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""


def tiny_omni(
    folder: Path,
    kind: Kind = "qwen2_5_omni",
    *,
    full: bool = False,
    body: Body = SMALL,
    texts: Sequence[str] = (),
) -> Path:
    """Write an omni thinker with random weights, and its processor, and return the folder.

    It hears, sees and reads through the same code as the published models of its kind, knows nothing, has by default
    about 250,000 parameters, and takes prompts of up to 32,768 tokens. The same call writes the same bytes, and the
    caller's random numbers go on as if nothing had happened. ``AutoConfig``, ``AutoProcessor`` and the thinker's
    class load the folder.

    Args:
        full: lay the folder out as published checkpoints are: the thinker's configuration under ``thinker_config``,
            its weights behind ``thinker.``, and beside them a weight of a talker, which a thinker leaves alone.
        body: its sizes.
        texts: what its words are learnt from, beside the names of a conversation's parts; by default a few sentences.

    Raises:
        InputError: when there is no such kind.
        MissingPackageError: without torch, torchvision or transformers.
    """
    if kind not in _DESIGNS:
        raise InputError(f"tiny omni model: the kind is {kind!r}; wanted one of {', '.join(get_args(Kind))}.")
    design = _DESIGNS[kind]
    need("torchvision", _PURPOSE)
    processor = _processor(design, texts)
    processor.save_pretrained(folder)
    _thinker(design, body, processor.tokenizer).save_pretrained(folder)
    if full:
        _nest(folder, kind)
    return folder


def _processor(design: _Design, texts: Sequence[str]) -> Any:
    transformers = need("transformers", _PURPOSE)
    media = {
        "image": design.image.join(design.vision_ends),
        "video": design.video.join(design.vision_ends),
        "audio": design.audio.join(design.audio_ends),
    }
    return getattr(transformers, f"{design.classes}Processor")(
        image_processor=transformers.Qwen2VLImageProcessor(patch_size=design.patch),
        video_processor=transformers.Qwen2VLVideoProcessor(patch_size=design.patch),
        # As published; Qwen2.5 fills every sound up to this length (seconds), and cuts a longer one, unless told else.
        feature_extractor=transformers.WhisperFeatureExtractor(feature_size=128, chunk_length=300),
        tokenizer=_tokenizer(design, texts),
        chat_template=f"{{%- set system, media = {design.system!r}, {media!r} -%}}\n{_CHAT}",
    )


def _tokenizer(design: _Design, texts: Sequence[str]) -> Any:
    """Qwen's way of splitting text, over merges learned from ``texts``, or ``_TEXTS``."""
    tokenizers = need("tokenizers", _PURPOSE)
    transformers = need("transformers", _PURPOSE)
    blank = transformers.Qwen2Tokenizer().backend_tokenizer
    blank.train_from_iterator(
        # A conversation's parts in every text, so that their names are words: the thinker has to know one of them.
        [f"{_TEXTS[0]}\n{text}" for text in texts] or _TEXTS,
        tokenizers.trainers.BpeTrainer(
            vocab_size=_VOCABULARY,
            show_progress=False,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    learned = json.loads(blank.to_str())["model"]
    tokenizer = transformers.Qwen2Tokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        unk_token=None,
        eos_token=_TURN_END,
        pad_token=_END,
        extra_special_tokens=design.named_tokens,
    )
    tokenizer.add_tokens([_TURN], special_tokens=True)
    tokenizer.add_tokens(_THINKING)  # not special, as published: they stay in a decoded reply
    return tokenizer


def _thinker(design: _Design, body: Body, tokenizer: Any) -> Any:
    torch, transformers = need("torch", _PURPOSE), need("transformers", _PURPOSE)
    number = tokenizer.convert_tokens_to_ids
    config = getattr(transformers, f"{design.classes}ThinkerConfig")(
        text_config=body.text()
        | design.text_config
        | design.placed(body)
        | {"vocab_size": len(tokenizer), "pad_token_id": number(_END), "eos_token_id": number(_TURN_END)},
        audio_config=body.audio() | design.audio_config,
        vision_config=body.vision() | design.vision_config | design.seen_last(body),
        position_id_per_seconds=design.ids_per_second,
        seconds_per_chunk=2,
        initializer_range=body.spread,
        image_token_id=number(design.image),
        video_token_id=number(design.video),
        audio_token_id=number(design.audio),
        vision_start_token_id=number(design.vision_ends[0]),
        vision_end_token_id=number(design.vision_ends[1]),
        audio_start_token_id=number(design.audio_ends[0]),
        audio_end_token_id=number(design.audio_ends[1]),
        user_token_id=number("user"),
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(body.seed)
        model = getattr(transformers, f"{design.classes}ThinkerForConditionalGeneration")(config)
    model.generation_config = transformers.GenerationConfig(eos_token_id=number(_TURN_END), pad_token_id=number(_END))
    return model


def _nest(folder: Path, kind: Kind) -> None:
    """From a thinker's folder to one with the layout of a published checkpoint."""
    torch, safetensors = need("torch", _PURPOSE), need("safetensors.torch", _PURPOSE)
    path = folder / "model.safetensors"
    weights = {f"thinker.{name}": tensor for name, tensor in safetensors.load_file(path).items()}
    weights["talker.codec_head.weight"] = torch.zeros(1, 1)
    safetensors.save_file(weights, path, metadata={"format": "pt"})
    path = folder / "config.json"
    config = {
        "architectures": [f"{_DESIGNS[kind].classes}ForConditionalGeneration"],
        "model_type": kind,
        "thinker_config": json.loads(path.read_text(encoding="utf-8")),
    }
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
