"""Tiny thinkers of both kinds, clips, and conversations about them in the trainers' form."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from crossomni.omni.inputs import Inputs
from crossomni.omni.presentation import Presentation
from crossomni.omni.towers import Clips, TowerStore
from crossomni.testing import tiny_omni, write_clip
from crossomni.testing.omni import Kind
from crossomni.training.encoding import Encoder
from crossomni.training.thinkers import load_processor, load_thinker, lora

SIDE = 112  # pixels
SHOWN = Presentation(frames=4, pixels=SIDE * SIDE)
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Studio:
    """What a training needs: a tiny model, clips, a store."""

    kind: Kind
    folder: Path
    processor: Any
    short: Path
    other: Path  # as long as the short one, and shows something else
    long: Path
    gone: Path  # a clip that is not there
    store: TowerStore

    def thinker(self) -> Any:
        """A thinker that a test may change."""
        return load_thinker(self.folder)

    def encoder(self, failures_file: Path | None = None, thinker: Any = None) -> Encoder:
        """Encodes conversations; with a thinker, by the store."""
        inputs = Inputs(self.processor, SHOWN)
        return Encoder(Clips(inputs, thinker, None if thinker is None else self.store), failures_file)


def user(clip: Path | None, text: str) -> list[dict[str, Any]]:
    """A prompt about a clip."""
    video = [] if clip is None else [{"type": "video", "path": str(clip)}]
    return [{"role": "user", "content": [*video, {"type": "text", "text": text}]}]


def talk(clip: Path | None, text: str, reply: str) -> list[dict[str, Any]]:
    """A prompt and what is to be said."""
    return [*user(clip, text), {"role": "assistant", "content": [{"type": "text", "text": reply}]}]


@pytest.fixture(scope="session")
def studios(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Studio]:
    """A studio for each kind; both have the same clips."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("studio")
    small = {"size": (SIDE, SIDE), "fps": 4}
    clips = {
        "short": write_clip(folder / "short.mp4", seconds=2.0, **small),
        "other": write_clip(folder / "other.mp4", seconds=2.0, **small, picture=_stripes),
        "long": write_clip(folder / "long.mp4", seconds=3.5, **small),
        "gone": folder / "gone.mp4",
    }
    made = {}
    for kind in KINDS:
        model = tiny_omni(folder / kind, kind)
        made[kind] = Studio(kind, model, load_processor(model), store=TowerStore(folder / "store", 10**9), **clips)
    return made


@pytest.fixture(scope="session", params=KINDS)
def studio(request: pytest.FixtureRequest, studios: dict[Kind, Studio]) -> Studio:
    """A studio of each kind."""
    return studios[request.param]


def _stripes(number: int) -> Any:
    return np.full((SIDE, SIDE, 3), 20 + number, np.uint8) * np.arange(SIDE, dtype=np.uint8)[:, None, None]


@pytest.fixture(scope="session")
def tuned(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an adapter of the studio's model that changes what it says."""
    peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")
    thinker = studio.thinker()
    config = lora(thinker, 4, 8)
    config.init_lora_weights = False
    with torch.random.fork_rng():
        torch.manual_seed(1)
        adapted = peft.get_peft_model(thinker, config)
    folder = tmp_path_factory.mktemp("adapter")
    adapted.save_pretrained(folder)
    return folder


@pytest.fixture
def seeded() -> Iterator[None]:
    """Adapters and samples are the same each time, and nothing outside hangs on that."""
    torch = pytest.importorskip("torch")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
