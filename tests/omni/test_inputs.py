"""Prompts made of a clip's block and a question's text are those that the processor makes of both together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossomni.errors import DeafOrBlindError, ModelError
from crossomni.evaluation.models.protocol import Ask
from crossomni.media import ClipFile
from crossomni.omni.inputs import NOTHING, Inputs
from crossomni.omni.presentation import Presentation
from crossomni.records import Receipt
from crossomni.tasks import Modality
from crossomni.testing import write_clip
from tests.omni.conftest import FRAMES, SIDE, Tiny

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SENSES = {
    "both": {Modality.AUDIO, Modality.VISION},
    "sight": {Modality.VISION},
    "sound": {Modality.AUDIO},
    "none": set(),
}
TEXT_ONLY = frozenset({Modality.TEXT})


@pytest.mark.parametrize(("order", "system"), [("video-first", "Answer briefly. <b>"), ("text-first", "")])
@pytest.mark.parametrize(("senses", "packing"), [("both", "apart"), *((senses, "interleaved") for senses in SENSES)])
def test_a_prompt_is_what_the_processor_makes_of_it(
    tiny: Tiny, asks: list[Ask], senses: str, packing: str, order: str, system: str
) -> None:
    """Token ids, tensors and counts are those of the whole conversation, whatever was asked on the clip before."""
    ask = replace(asks[3], senses=TEXT_ONLY | SENSES[senses])
    inputs = tiny.inputs(packing=packing, order=order, system=system)
    clip = inputs.of_clip(asks[0].clip, ask.senses)
    whole = tiny.whole(ask, inputs.shown)
    ids = whole["input_ids"][0].tolist()

    assert ids == inputs.ids(ask.prompt, clip)
    assert whole["use_audio_in_video"] is clip.interleaved
    assert clip.receipt(len(ids)) == Receipt(
        frames=FRAMES if "video_grid_thw" in whole else 0,
        audio_seconds=5.0 if "input_features" in whole else 0.0,
        video_tokens=ids.count(tiny.thinker.config.video_token_id),
        audio_tokens=ids.count(tiny.thinker.config.audio_token_id),
        prompt_tokens=len(ids),
    )
    assert {*whole} - {"input_ids", "attention_mask", "use_audio_in_video"} == {*clip.tensors}
    for name in {*clip.tensors} - {"input_features", "feature_attention_mask"}:  # padded, as long as each likes
        assert torch.equal(whole[name], clip.tensors[name]), name


def test_what_is_heard_is_what_the_processor_makes_of_it(tiny: Tiny, asks: list[Ask]) -> None:
    """The columns of the spectrogram that count are the same, however far it is padded."""
    inputs = tiny.inputs()
    clip, whole = inputs.of_clip(asks[0].clip).tensors, tiny.whole(asks[0], inputs.shown)
    mine, theirs = (made["input_features"][0][:, made["feature_attention_mask"][0].bool()] for made in (clip, whole))

    assert torch.equal(theirs, mine)
    assert mine.shape[1] == 500


class Long(ClipFile):
    """More than five minutes of noise."""

    def sound(self, rate_hz: int = 16_000) -> Any:
        """Float32 (samples,)."""
        return np.random.default_rng(0).uniform(-0.1, 0.1, 301 * rate_hz).astype(np.float32)


def test_a_long_sound_is_heard_to_its_end(tiny: Tiny, asks: list[Ask]) -> None:
    """No sound is cut at five minutes, which one kind does unless told else."""
    ask = replace(asks[0], clip=Long(asks[0].clip.path), senses=TEXT_ONLY | {Modality.AUDIO})
    clip = tiny.inputs().of_clip(ask.clip, ask.senses)

    assert clip.audio_seconds == 301.0
    assert clip.audio_tokens == {"qwen2_5_omni": 25, "qwen3_omni_moe": 13}[tiny.kind] * 301


@pytest.mark.parametrize("size", [(180, 320), (40, 20), (640, 64)])
@pytest.mark.parametrize("pixels", [112 * 84, 448 * 252, 1])
def test_frames_stay_within_the_budget(tiny: Tiny, asks: list[Ask], tmp_path: Path, size: Any, pixels: int) -> None:
    """Frames are whole patches, near the clip's own shape, no larger than it by more than half a patch a side."""
    path = write_clip(tmp_path / "clip.mp4", seconds=0.5, size=size, fps=4)
    ask = replace(asks[0], clip=ClipFile(path), senses=TEXT_ONLY | {Modality.VISION})
    clip = tiny.inputs(pixels=pixels, frames=2).of_clip(ask.clip, ask.senses)
    side = tiny.processor.video_processor.patch_size
    _, down, across = (clip.tensors["video_grid_thw"][0] * side).tolist()

    assert down * across <= max(pixels, (2 * side) ** 2)
    assert (across % (2 * side), down % (2 * side)) == (0, 0)
    assert across <= max(size[0] + side, 2 * side)
    assert down <= max(size[1] + side, 2 * side)
    if pixels > size[0] * size[1] and min(size) > 2 * side:
        assert (abs(across - size[0]) <= side, abs(down - size[1]) <= side) == (True, True)


def test_nothing_is_made_of_a_clip_that_is_not_given(tiny: Tiny, asks: list[Ask]) -> None:
    """Where sound and sight are knocked out, no file is opened."""
    gone = replace(asks[0], clip=ClipFile(Path("nowhere.mp4")), senses=TEXT_ONLY)
    assert tiny.inputs().of_clip(gone.clip, gone.senses) is NOTHING
    assert tiny.inputs().of_clip(None) is NOTHING


@pytest.mark.parametrize("senses", SENSES)
def test_a_text_that_would_be_taken_for_media_is_refused(tiny: Tiny, asks: list[Ask], senses: str) -> None:
    """A mark of media in a row's own text fails the row: else what stands before it would be lost."""
    ask = replace(asks[0], prompt=f"Who says {tiny.processor.audio_token}?", senses=TEXT_ONLY | SENSES[senses])
    inputs = tiny.inputs()
    with pytest.raises(ModelError, match=r"the prompt's text has a token that stands for media"):
        inputs.ids(ask.prompt, inputs.of_clip(ask.clip, ask.senses))


@pytest.mark.parametrize("senses", ["both", "sound"])
def test_a_template_that_leaves_sound_out_is_found(tiny: Tiny, asks: list[Ask], tmp_path: Path, senses: str) -> None:
    """A chat template without a mark for sound makes a deaf model, and says so."""
    tiny.processor.save_pretrained(tmp_path)
    template = tmp_path / "chat_template.jinja"
    template.write_text(template.read_text().replace(tiny.processor.audio_token, ""))
    inputs = Inputs(transformers.AutoProcessor.from_pretrained(tmp_path), Presentation(packing="apart"))
    with pytest.raises(DeafOrBlindError, match=r"marks of media for .*audio. Mend the template"):
        inputs.of_clip(asks[0].clip, TEXT_ONLY | SENSES[senses])


def test_the_budget_of_the_tests_resizes_nothing(tiny: Tiny, asks: list[Ask]) -> None:
    """What the other tests compare is the clip's own size."""
    side = tiny.processor.video_processor.patch_size
    assert [FRAMES // 2, SIDE // side, SIDE // side] == (
        tiny.inputs().of_clip(asks[0].clip).tensors["video_grid_thw"][0].tolist()
    )


@pytest.mark.parametrize(("fps", "frames", "given"), [(None, 8, 8), (2.0, 100, 10), (2.0, 6, 6), (0.1, 100, 2)])
def test_frames_by_the_second(
    tiny: Tiny, asks: list[Ask], tmp_path: Path, fps: float | None, frames: int, given: int
) -> None:
    """Two a second of five seconds are ten, unless fewer are allowed; two at least; else as many as were asked for."""
    clip = ClipFile(write_clip(tmp_path / "c.mp4", seconds=5.0, size=(SIDE, SIDE)))
    made = tiny.inputs(fps=fps, frames=frames).of_clip(clip)

    assert given == made.frames
    assert float(made.tensors["video_second_per_grid"]) == pytest.approx(2 * 5.0 / given)
