"""Token sequences with their clips, side by side: what one forward pass of a thinker takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from crossomni.omni.inputs import ClipInputs
from crossomni.omni.towers import GIVEN
from crossomni.optional import need

Side = Literal["left", "right"]
_SOUND = ("input_features", "feature_attention_mask")  # padded to the longest; all else is of one size a clip


def padded(sequences: Sequence[Sequence[int]], pad: int, side: Side = "right") -> Any:
    """One tensor of whole numbers: (sequences, tokens of the longest)."""
    torch = need("torch", "an Omni-LLM")
    longest = max(map(len, sequences))
    rows = torch.full((len(sequences), longest), pad)
    for row, tokens in zip(rows, sequences, strict=True):
        place = slice(longest - len(tokens), None) if side == "left" else slice(0, len(tokens))
        row[place] = torch.tensor(list(tokens), dtype=row.dtype)
    return rows


def merged(clips: Sequence[ClipInputs]) -> dict[str, Any]:
    """The tensors of clips, in their order, as a thinker's forward pass takes them; without clips, nothing.

    Args:
        clips: of one form: all of them with a store's outputs, or none. Those without media (``NOTHING``) add nothing.
    """
    given = [clip for clip in clips if clip.block]
    if not given:
        return {}
    if len({clip.interleaved for clip in given}) > 1 or len({GIVEN in clip.tensors for clip in given}) > 1:
        raise ValueError("clips of several forms in one batch: interleaved and apart, or stored and plain")
    torch = need("torch", "an Omni-LLM")
    parts: dict[str, list[Any]] = {}
    made: dict[str, list[Any]] = {}
    for clip in given:
        _add(parts, {name: value for name, value in clip.tensors.items() if name != GIVEN})
        _add(made, clip.tensors.get(GIVEN, {}))
    batch = {name: torch.cat(_as_long(values) if name in _SOUND else values) for name, values in parts.items()}
    if made:
        batch[GIVEN] = {name: torch.cat(values) for name, values in made.items()}
    return batch | {"use_audio_in_video": given[0].interleaved}


def _add(parts: dict[str, list[Any]], tensors: Mapping[str, Any]) -> None:
    torch = need("torch", "an Omni-LLM")
    for name, value in tensors.items():
        parts.setdefault(name, []).append(torch.as_tensor(value))


def _as_long(values: Sequence[Any]) -> list[Any]:
    """Spectrograms and their masks, filled up to the longest at their end."""
    torch = need("torch", "an Omni-LLM")
    longest = max(value.shape[-1] for value in values)
    return [torch.nn.functional.pad(value, (0, longest - value.shape[-1])) for value in values]
