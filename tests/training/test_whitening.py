"""Random towers that tell clips apart."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import SHOWN, Studio

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from crossomni.media import ClipFile  # noqa: E402
from crossomni.omni.inputs import Inputs  # noqa: E402
from crossomni.omni.towers import outputs  # noqa: E402
from crossomni.training.thinkers import load_thinker  # noqa: E402
from crossomni.training.whitening import whiten, whiten_folder  # noqa: E402


def tokens(studio: Studio, thinker: Any, clips: tuple[Path, ...]) -> dict[str, Any]:
    """Of all clips together, by tower and layer."""
    inputs = Inputs(studio.processor, SHOWN)
    made = [outputs(thinker, inputs.of_clip(ClipFile(clip)).tensors) for clip in clips]
    return {name: torch.cat([one[name] for one in made]) for name in made[0]}


def evenness(values: Any) -> float:
    """Of the directions that tokens differ in: how many there are, were all as strong as each other."""
    sizes = torch.linalg.eigvalsh(torch.cov(values.T.double())).clamp(min=0)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def test_tokens_are_white_and_as_large_as_words(studio: Studio) -> None:
    """Every tower's, and every layer's that is handed in beside: many directions differ in place of few, and what is
    common to all tokens is as long as what differs.
    """
    thinker, clips = studio.thinker(), (studio.short, studio.other, studio.long)
    before = tokens(studio, thinker, clips)
    inputs = Inputs(studio.processor, SHOWN)
    whiten(thinker, [inputs.of_clip(ClipFile(clip)).tensors for clip in clips])
    after = tokens(studio, thinker, clips)
    assert {"audio", "video"} <= {*after} == {*before}
    size = float(thinker.get_input_embeddings().weight.detach().std())
    for name, values in after.items():
        length = size * values.shape[-1] ** 0.5
        assert float(values.mean(dim=0).norm()) == pytest.approx(length, rel=0.01), name
        spread = float((values - values.mean(dim=0)).square().mean().sqrt())
        assert 0 < spread < 1.1 * size, name
        assert evenness(values) > 2 * evenness(before[name]), name


def test_only_the_towers_change(studio: Studio) -> None:
    """The language model stays as it was."""
    thinker, inputs = studio.thinker(), Inputs(studio.processor, SHOWN)
    whiten(thinker, [inputs.of_clip(ClipFile(studio.short)).tensors])
    was = dict(studio.thinker().named_parameters())
    moved = {name for name, weight in thinker.named_parameters() if not torch.equal(weight, was[name])}
    assert moved
    assert all(".audio_tower." in name or ".visual." in name for name in moved)


def test_a_clip_that_cannot_be_decoded_is_left_out(studio: Studio, tmp_path: Path) -> None:
    """The folder's thinker is the same as without it: training will name it."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(studio.short.read_bytes()[:1000])
    found = []
    for name, clips in (("with", (studio.short, broken, studio.gone)), ("without", (studio.short,))):
        whiten_folder(shutil.copytree(studio.folder, tmp_path / name), clips, SHOWN)
        found.append(load_thinker(tmp_path / name).state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
