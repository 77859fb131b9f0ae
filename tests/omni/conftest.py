"""Tiny models of both kinds, a clip, and what the library itself makes of a whole conversation about it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models.omni_model import OmniModel
from crossomni.evaluation.models.protocol import Ask
from crossomni.media import ClipFile, FrameCache
from crossomni.omni.inputs import Inputs
from crossomni.omni.presentation import Presentation
from crossomni.omni.thinkers import THINKERS
from crossomni.prompts import compose
from crossomni.records import Row
from crossomni.tasks import Modality
from crossomni.testing import tiny_omni, write_clip
from crossomni.testing.omni import Kind
from tests.evaluation.conftest import make_rows

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

KINDS: tuple[Kind, ...] = get_args(Kind)
FRAMES = 4
SIDE = 224  # pixels: whole merged patches of both kinds (28 and 32), so that nothing is resized
ALL = frozenset(Modality)


@dataclass(frozen=True)
class Tiny:
    """A tiny model as it is loaded from its folder."""

    folder: Path
    kind: Kind
    processor: Any
    thinker: Any

    def config(self, **changes: Any) -> EvalConfig:
        """A short run of it."""
        return EvalConfig(
            model=str(self.folder),
            out=Path("never-written"),
            **{"frames": FRAMES, "pixels": SIDE * SIDE, "most_new_tokens": 8, **changes},
        )

    def inputs(self, **changes: Any) -> Inputs:
        """What prepares its prompts."""
        return Inputs(self.processor, self.config(**changes).shown)

    def model(self, **changes: Any) -> OmniModel:
        """The model as a run makes it."""
        return OmniModel("tiny", self.folder, self.kind, self.config(**changes))

    def whole(self, ask: Ask, config: EvalConfig | Presentation) -> dict[str, Any]:
        """What the processor makes of the whole conversation, and how the sound is packed."""
        told = [{"type": "text", "text": ask.prompt}]
        seen, heard = Modality.VISION in ask.senses, Modality.AUDIO in ask.senses
        between = seen and heard and config.packing == "interleaved"
        shown = [{"type": "video"}] * seen + [{"type": "audio"}] * (heard and not between)
        content = told + shown if config.order == "text-first" else shown + told
        chat = [{"role": "user", "content": content}]
        if config.system:
            chat = [{"role": "system", "content": [{"type": "text", "text": config.system}]}, *chat]
        media: dict[str, Any] = {}
        if seen:
            frames = torch.from_numpy(ask.clip.frames(FRAMES)).permute(0, 3, 1, 2)
            media |= {"videos": [frames], "fps": FRAMES / ask.clip.seconds, "do_sample_frames": False}
            media |= {"videos_kwargs": {"do_resize": False, "cap_pixels_per_frame": False}}
        if heard:
            sound = ask.clip.sound(16_000)
            media |= {"audio": [sound], "audio_kwargs": {"max_length": len(sound) + 1600}}
        if between:
            media |= {"audio_from_video_indices": [0], "load_audio_from_video": True}
        text = self.processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        return {**self.processor(text=text, return_tensors="pt", **media), "use_audio_in_video": between}

    @torch.inference_mode()
    def next_logs(self, ask: Ask, config: EvalConfig) -> Any:
        """Log-probabilities of the token after the whole prompt, from one plain forward pass."""
        return self.thinker(**self.whole(ask, config)).logits[0, -1].log_softmax(-1)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Path]:
    """A thinker of each kind; tests copy what they change."""
    return {kind: tiny_omni(tmp_path_factory.mktemp("omni") / kind, kind) for kind in KINDS}


@pytest.fixture(scope="session", params=KINDS)
def tiny(request: pytest.FixtureRequest, folders: dict[Kind, Path]) -> Tiny:
    """A tiny model of each kind."""
    folder = folders[request.param]
    thinker = getattr(transformers, THINKERS[request.param]).from_pretrained(folder).eval()
    return Tiny(folder, request.param, transformers.AutoProcessor.from_pretrained(folder), thinker)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipFile:
    """Five seconds: two chunks of sound and sight, and a half one."""
    folder = tmp_path_factory.mktemp("clip")
    path = write_clip(folder / "clip.mp4", seconds=5.0, size=(SIDE, SIDE), fps=4)
    return ClipFile(path, FrameCache(folder / "cache", 10**8))


@pytest.fixture(scope="session")
def asks(clip: ClipFile) -> list[Ask]:
    """Nine questions about it."""
    return asked(make_rows("clip", 0), clip)


def asked(rows: list[Row], clip: ClipFile | None, prompt: str = "default", **changes: Any) -> list[Ask]:
    """The rows as questions on a clip, each with a seed of its own."""
    plain = Ask(question=rows[0], prompt="", clip=clip, senses=ALL)
    return [
        replace(plain, question=row, prompt=compose(prompt, row), seed=place, **changes)
        for place, row in enumerate(rows)
    ]
