"""The tiny omni model loads, hears, sees and speaks through the classes of the published models."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from crossomni.errors import InputError
from crossomni.testing import tiny_omni
from crossomni.testing.omni import Body, Kind

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors")

# The processors hand tensors to numpy, whose version 2 asks torch for more than it gives.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

KINDS = get_args(Kind)
THINKERS = {
    "qwen2_5_omni": "Qwen2_5OmniThinkerForConditionalGeneration",
    "qwen3_omni_moe": "Qwen3OmniMoeThinkerForConditionalGeneration",
}
AUDIO_TOKENS_A_SECOND = {"qwen2_5_omni": 25, "qwen3_omni_moe": 13}
SECONDS = 4
FRAMES = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (2 * SECONDS, 3, 112, 168), np.uint8))
SOUND = np.sin(2 * np.pi * 440 * np.arange(16_000 * SECONDS) / 16_000, dtype=np.float32)
QUESTION = "Who wears the hat?\nA. the singer\nB. her brother\nAnswer:"


class Tiny:
    """A tiny model as it is loaded from its folder."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.kind = folder, kind
        self.processor = transformers.AutoProcessor.from_pretrained(folder)
        self.tokenizer = self.processor.tokenizer
        self.model = getattr(transformers, THINKERS[kind]).from_pretrained(folder).eval()

    def chat(self, content):
        """The text of a user's message, to be answered."""
        return self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )

    def watched(self, frames=FRAMES, sound=SOUND, question=QUESTION):
        """Inputs of a question on a clip whose sound is interleaved with its frames, two a second."""
        return self.processor(
            text=self.chat([{"type": "video"}, {"type": "text", "text": question}]),
            videos=[frames],
            audio=[sound],
            audio_from_video_indices=[0],
            load_audio_from_video=True,
            fps=2.0,
            do_sample_frames=False,
            videos_kwargs={
                "size": {"shortest_edge": 56 * 56, "longest_edge": 112 * 168},
                "cap_pixels_per_frame": False,
            },
            audio_kwargs={"max_length": len(sound) + 1600},  # else Qwen2.5 fills it up with silence to 300 s
            return_tensors="pt",
        )

    @torch.inference_mode()
    def log_probabilities(self, inputs):
        """Of the token after the prompt, by token."""
        return self.model(**inputs, use_audio_in_video=True).logits[0, -1].log_softmax(-1)


@pytest.fixture(scope="module", params=KINDS)
def tiny(request, tmp_path_factory):
    """A tiny model of each kind."""
    return Tiny(tiny_omni(tmp_path_factory.mktemp("tiny"), request.param), request.param)


@pytest.fixture
def complaints(caplog):
    """What transformers logs from here on."""
    transformers.logging.enable_propagation()
    yield caplog.records
    transformers.logging.disable_propagation()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_thinker_loads_without_a_word(tmp_path, complaints, kind, full):
    """From either layout the thinker's class finds every weight and no other, and nothing is complained of."""
    thinker = getattr(transformers, THINKERS[kind])
    model, found = thinker.from_pretrained(tiny_omni(tmp_path, kind, full=full), output_loading_info=True)
    assert [] == [key for keys in found.values() for key in keys]
    assert [] == complaints
    assert 200_000 < model.num_parameters() < 300_000


def test_configuration_and_processor_load_without_a_word(tiny, complaints):
    """The folder says that it holds a thinker with room for long prompts, and has the processor that goes with it."""
    config = transformers.AutoConfig.from_pretrained(tiny.folder)
    processor = transformers.AutoProcessor.from_pretrained(tiny.folder)
    assert [] == complaints
    assert f"{tiny.kind}_thinker" == config.model_type
    assert config.get_text_config().max_position_embeddings >= 8192
    assert processor.position_id_per_seconds == config.position_id_per_seconds
    assert THINKERS[tiny.kind].replace("ThinkerForConditionalGeneration", "Processor") == type(processor).__name__


def test_full_layout(tiny, tmp_path):
    """Behind the configuration and the prefix of a published checkpoint is the same thinker."""
    tiny_omni(tmp_path, tiny.kind, full=True)
    with safetensors.safe_open(tmp_path / "model.safetensors", "pt") as weights:
        assert {"thinker", "talker"} == {name.partition(".")[0] for name in weights.keys()}  # noqa: SIM118
    config = transformers.PreTrainedConfig.get_config_dict(tmp_path)[0]
    assert (tiny.kind, f"{tiny.kind}_thinker") == (config["model_type"], config["thinker_config"]["model_type"])
    nested = getattr(transformers, THINKERS[tiny.kind]).from_pretrained(tmp_path).state_dict()
    assert all(torch.equal(weight, nested[name]) for name, weight in tiny.model.state_dict().items())


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_same_bytes_each_time(tmp_path, kind, full):
    """The same call writes the same files, whatever random numbers the caller has drawn."""
    written = []
    for name in ("one", "other"):
        torch.rand(1)
        folder = tiny_omni(tmp_path / name, kind, full=full)
        written.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert written[0] == written[1]


def test_the_callers_random_numbers_go_on(tmp_path):
    """Writing a model draws nothing from the caller's generator."""
    before = torch.get_rng_state()
    tiny_omni(tmp_path)
    assert torch.equal(before, torch.get_rng_state())


def test_unknown_kind(tmp_path):
    """An unknown kind is refused by name, and nothing is written."""
    with pytest.raises(InputError, match=r"'gpt'.*qwen2_5_omni, qwen3_omni_moe"):
        tiny_omni(tmp_path / "tiny", "gpt")
    assert not (tmp_path / "tiny").exists()


def test_importing_loads_no_torch():
    """The model's libraries are imported when a model is written, not with the package."""
    code = "import sys, crossomni.testing; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


@pytest.mark.parametrize("text", ["A", "D", " B", " C", "7", "<think>", "</think>", "<|im_start|>", "user"])
def test_one_token(tiny, text):
    """Letters with and without a space, digits, and the marks of thinking and of turns are one token each."""
    assert [text] == [tiny.tokenizer.decode([token]) for token in tiny.tokenizer(text).input_ids]


def test_a_letter_after_a_line_break(tiny):
    """A letter on a new line is the token of the bare letter."""
    assert tiny.tokenizer("A").input_ids == tiny.tokenizer("assistant\nA").input_ids[-1:]


def test_any_text_comes_back(tiny):
    """What no word covers is spelled in bytes; thinking stays in a decoded reply and the end of the turn does not."""
    text = "<think>Zoë, 1975 → 🎷\n\n</think>\nB"
    tokens = tiny.tokenizer(f"{text}<|im_end|>").input_ids
    assert text == tiny.tokenizer.decode(tokens, skip_special_tokens=True)


def test_chat_template_of_qwen2_5(tmp_path):
    """Media have Qwen2.5's marks, and a conversation without a system message gets one."""
    processor = transformers.AutoProcessor.from_pretrained(tiny_omni(tmp_path, "qwen2_5_omni"))
    media = [{"type": "video"}, {"type": "audio"}, {"type": "image"}, {"type": "text", "text": "Who?"}]
    expected = (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_bos|><|VIDEO|>"
        "<|vision_eos|><|audio_bos|><|AUDIO|><|audio_eos|><|vision_bos|><|IMAGE|><|vision_eos|>Who?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    conversation = [{"role": "user", "content": media}]
    assert expected == processor.apply_chat_template(conversation, add_generation_prompt=True, tokenize=False)


def test_chat_template_of_qwen3(tmp_path):
    """Media have Qwen3's marks, and no system message is added."""
    processor = transformers.AutoProcessor.from_pretrained(tiny_omni(tmp_path, "qwen3_omni_moe"))
    media = [{"type": "video"}, {"type": "audio"}, {"type": "image"}, {"type": "text", "text": "Who?"}]
    expected = (
        "<|im_start|>user\n<|vision_start|><|video_pad|><|vision_end|><|audio_start|><|audio_pad|><|audio_end|>"
        "<|vision_start|><|image_pad|><|vision_end|>Who?<|im_end|>\n<|im_start|>assistant\n"
    )
    conversation = [{"role": "user", "content": media}]
    assert expected == processor.apply_chat_template(conversation, add_generation_prompt=True, tokenize=False)


def test_chat_template_of_a_conversation(tiny):
    """A system message of one's own stands first, and answers close their turn."""
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": [{"type": "text", "text": "A"}]},
    ]
    assert (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n"
        "<|im_start|>assistant\nA<|im_end|>\n"
    ) == tiny.processor.apply_chat_template(conversation, tokenize=False)


def test_tokens_of_a_clip(tiny):
    """Each grid of merged patches and each stretch of sound has its tokens, interleaved from the start."""
    inputs, config = tiny.watched(), tiny.model.config
    tokens = inputs["input_ids"][0]
    assert AUDIO_TOKENS_A_SECOND[tiny.kind] * SECONDS == (tokens == config.audio_token_id).sum()
    assert inputs["video_grid_thw"].prod() // 4 == (tokens == config.video_token_id).sum()
    assert [1.0] == inputs["video_second_per_grid"].tolist()
    places = [torch.nonzero(tokens == token)[:, 0] for token in (config.video_token_id, config.audio_token_id)]
    assert places[0][0] < places[1][0] < places[0][-1]


def test_forward(tiny):
    """A prompt of more than 1,500 tokens with sight and sound gives finite scores for each of them."""
    inputs = tiny.watched(question="She was born in Lisbon in 1975, and has worked in the bakery. " * 90)
    with torch.inference_mode():
        logits = tiny.model(**inputs, use_audio_in_video=True).logits
    assert logits.shape == (1, inputs["input_ids"].shape[1], len(tiny.tokenizer))
    assert logits.shape[1] > 1500
    assert logits.isfinite().all()


def test_sight_and_sound_matter(tiny):
    """Other frames, or another sound, give other probabilities."""
    told = tiny.log_probabilities(tiny.watched())
    assert (told - tiny.log_probabilities(tiny.watched(frames=255 - FRAMES))).abs().max() > 0.01
    assert (told - tiny.log_probabilities(tiny.watched(sound=SOUND[::-1] ** 3))).abs().max() > 0.01


def test_positions(tiny):
    """Frames stand where their sound stands, and a position that is wrong by one is seen in the probabilities."""
    inputs = tiny.watched()
    positions, shift = tiny.model.get_rope_index(
        inputs["input_ids"],
        video_grid_thw=inputs["video_grid_thw"],
        attention_mask=inputs["attention_mask"],
        use_audio_in_video=True,
        audio_seqlens=inputs["feature_attention_mask"].sum(1),
        second_per_grids=inputs["video_second_per_grid"],
    )
    assert -shift >= (inputs["input_ids"] == tiny.model.config.video_token_id).sum()
    told = tiny.log_probabilities(inputs)
    assert torch.equal(told, tiny.log_probabilities({**inputs, "position_ids": positions}))
    positions[..., -5:] += 1
    assert (told - tiny.log_probabilities({**inputs, "position_ids": positions})).abs().max() > 0.01


def test_generate(tiny):
    """The model speaks up to the end of its turn, and pads with a token that says nothing."""
    config = tiny.model.generation_config
    assert "<|im_end|>" == tiny.tokenizer.decode([config.eos_token_id])
    assert "<|endoftext|>" == tiny.tokenizer.decode([config.pad_token_id])
    inputs = tiny.watched()
    spoken = tiny.model.generate(**inputs, use_audio_in_video=True, max_new_tokens=6, min_new_tokens=6, do_sample=False)
    assert inputs["input_ids"].shape[1] + 6 == spoken.shape[1]
    assert tiny.tokenizer.decode(spoken[0, -6:])


@pytest.mark.parametrize("kind", KINDS)
def test_a_thinker_has_the_body_that_is_asked_for(kind, tmp_path):
    """Its sizes stand in its configuration, and its class loads it."""
    body = Body(hidden=32, layers=1, heads=1, kv_heads=1, theta=1e4, towers=16)
    config = Tiny(tiny_omni(tmp_path, kind, body=body), kind).model.config
    text = config.text_config
    assert (32, 1, 1, 1) == (
        text.hidden_size,
        text.num_hidden_layers,
        text.num_attention_heads,
        text.num_key_value_heads,
    )
    assert (1e4, 16) == (text.rope_parameters["rope_theta"], sum(text.rope_parameters["mrope_section"]))
    assert (16, 16) == (config.audio_config.d_model, config.vision_config.hidden_size)


def test_words_are_those_of_the_texts(tmp_path):
    """What the texts say often is one token; without them it is spelled in pieces."""
    word = "xylophonist"
    counts = [
        len(Tiny(tiny_omni(tmp_path / name, texts=texts), "qwen2_5_omni").tokenizer(f" {word}")["input_ids"])
        for name, texts in (("with", [f"The {word} plays."] * 9), ("without", []))
    ]
    assert [1, True] == [counts[0], counts[1] > 1]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"layers": 0}, "layers is 0"),
        ({"heads": 3}, "3 heads"),
        ({"heads": 8}, "8 heads"),
        ({"kv_heads": 3}, "3 of keys"),
    ],
)
def test_a_body_that_cannot_be_is_refused(sizes, said):
    """Heads share the width in whole parts of 16, and keys and values are shared among heads."""
    with pytest.raises(InputError, match=said):
        Body(**sizes)
