"""Random towers that tell clips apart, for thinkers that begin from nothing.

What towers with random weights make of any two frames, or of any two sounds, is nearly the same: most of each token is
common to all tokens, and the little that differs lies in few directions. A linear probe that standardises its input
reads things off these tokens; a small thinker that learns by gradients did not find them in 1,500 steps, and did within
800 once they were white. So the towers' last layer is set from data before training begins, as is done with the layers
of a network in "All you need is a good init" (Mishkin and Matas, 2016); pretrained towers stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from crossomni.errors import MediaError
from crossomni.media import ClipFile
from crossomni.omni.inputs import Inputs
from crossomni.omni.presentation import Presentation
from crossomni.omni.towers import bare, outputs
from crossomni.optional import need
from crossomni.training.thinkers import load_processor, load_thinker

_CLIPS = 64  # are enough for the few dozen directions of a tiny thinker's tokens
_FAINT = 1e-4  # of the strongest direction's variance; weaker directions are not blown up to full size


def whiten_folder(folder: Path, clips: Sequence[Path], shown: Presentation) -> None:
    """``whiten`` for the thinker in a folder, over some of the clips, evenly taken; one that cannot be decoded is
    left out, since training will name it.
    """
    thinker, inputs = load_thinker(folder), Inputs(load_processor(folder), shown)
    whiten(thinker, _decoded(inputs, clips[:: max(1, len(clips) // _CLIPS)]))
    thinker.save_pretrained(folder)


def _decoded(inputs: Inputs, clips: Sequence[Path]) -> Iterator[Mapping[str, Any]]:
    for clip in clips:
        try:
            yield inputs.of_clip(ClipFile(clip)).tensors
        except MediaError:
            continue


def whiten(thinker: Any, clips: Iterable[Mapping[str, Any]]) -> None:
    """Set the towers' last layers so that over these clips each tower's tokens are white: no direction differs more
    than another, by as much as the embeddings of words. What is common to a tower's tokens is made as long as what
    differs: by it, sounds are told from pictures.

    Args:
        clips: the tensors of each clip, as ``omni.inputs.Inputs.of_clip`` gives them; some dozens are enough.
    """
    torch = need("torch", "training")
    layers = tuple(_last_layers(thinker))
    seen = [_Moments() for _ in layers]
    hooks = [layer.register_forward_hook(moments) for layer, moments in zip(layers, seen, strict=True)]
    try:
        for tensors in clips:
            outputs(thinker, tensors)
    finally:
        for hook in hooks:
            hook.remove()
    size = thinker.get_input_embeddings().weight.std().double()
    with torch.no_grad():
        for layer, moments in zip(layers, seen, strict=True):
            if moments.count:
                mean, turn = moments.whitening()
                common = mean / mean.norm() * len(mean) ** 0.5
                layer.weight.copy_(size * turn @ layer.weight.double())
                layer.bias.copy_(size * (turn @ (layer.bias.double() - mean) + common))


class _Moments:
    """Mean and covariance of a layer's outputs."""

    def __init__(self) -> None:
        self.count, self.sum, self.products = 0, 0.0, 0.0

    def __call__(self, layer: Any, given: Any, made: Any) -> None:
        tokens = made.reshape(-1, made.shape[-1]).double()
        self.count += len(tokens)
        self.sum = self.sum + tokens.sum(dim=0)
        self.products = self.products + tokens.T @ tokens

    def whitening(self) -> tuple[Any, Any]:
        """(hidden,) the mean; (hidden, hidden) what makes white (ZCA: it turns as little as it can)."""
        torch = need("torch", "training")
        mean = self.sum / self.count
        sizes, directions = torch.linalg.eigh(self.products / self.count - torch.outer(mean, mean))
        scale = (sizes.clamp(min=0) + _FAINT * sizes[-1]).rsqrt()
        return mean, directions @ torch.diag(scale) @ directions.T


def _last_layers(thinker: Any) -> Iterator[Any]:
    """Of the audio tower, of the vision tower, and of each layer that the latter hands in beside its last."""
    torch = need("torch", "training")
    model = bare(thinker).model
    ends = [model.audio_tower, model.visual.merger, *getattr(model.visual, "deepstack_merger_list", ())]
    for end in ends:
        yield [module for module in end.modules() if isinstance(module, torch.nn.Linear)][-1]
