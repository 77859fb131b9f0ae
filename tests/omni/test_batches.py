"""Sequences and clips side by side: what one forward pass takes."""

from dataclasses import replace
from typing import Any

import pytest

from crossomni.omni.batches import merged, padded
from crossomni.omni.inputs import NOTHING, ClipInputs
from crossomni.omni.towers import GIVEN

torch = pytest.importorskip("torch")


def heard(columns: int, value: float, **changes: Any) -> ClipInputs:
    """A clip whose sound is so long."""
    tensors = {
        "input_features": torch.full((1, 2, columns), value),
        "feature_attention_mask": torch.ones(1, columns, dtype=torch.long),
        "video_grid_thw": torch.tensor([[1, 2, columns]]),
        "video_second_per_grid": [value],
    }
    return replace(NOTHING, block=(1,), tensors=tensors, interleaved=True, **changes)


def stored(value: float) -> ClipInputs:
    """A clip of which a store has the towers' outputs."""
    made = {"audio": torch.full((2, 3), value), "video": torch.full((1, 3), -value)}
    return replace(NOTHING, block=(1,), tensors={GIVEN: made, "video_grid_thw": torch.tensor([[1, 2, 2]])})


@pytest.mark.parametrize(
    ("side", "rows"), [("right", [[1, 2, 3], [4, 9, 9], [9, 9, 9]]), ("left", [[1, 2, 3], [9, 9, 4], [9, 9, 9]])]
)
def test_sequences_are_filled_up_on_one_side(side: Any, rows: list[list[int]]) -> None:
    """To the length of the longest, an empty one too."""
    assert rows == padded([[1, 2, 3], [4], []], 9, side).tolist()


def test_clips_stand_in_their_order() -> None:
    """Each tensor of each clip, one after another, in a row each."""
    batch = merged([heard(2, 1.0), heard(2, 5.0)])
    assert [[1, 2, 2], [1, 2, 2]] == batch["video_grid_thw"].tolist()
    assert [1.0, 5.0] == batch["video_second_per_grid"].tolist()
    assert [1.0, 5.0] == batch["input_features"][:, 0, 0].tolist()
    assert batch["use_audio_in_video"] is True


def test_sounds_are_filled_up_at_their_end_and_say_how_long_they_are() -> None:
    """The mask of a shorter sound tells its own length."""
    batch = merged([heard(2, 1.0), heard(5, 5.0)])
    assert (2, 2, 5) == batch["input_features"].shape
    assert [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]] == batch["feature_attention_mask"].tolist()
    assert [1.0, 1.0, 0.0, 0.0, 0.0] == batch["input_features"][0, 1].tolist()


def test_towers_outputs_stand_in_their_order_too() -> None:
    """By name, and not among what the towers take."""
    batch = merged([stored(1.0), stored(2.0)])
    assert [1.0, 1.0, 2.0, 2.0] == batch[GIVEN]["audio"][:, 0].tolist()
    assert [-1.0, -2.0] == batch[GIVEN]["video"][:, 0].tolist()
    assert {GIVEN, "video_grid_thw", "use_audio_in_video"} == batch.keys()
    assert batch["use_audio_in_video"] is False


def test_no_clip_adds_nothing() -> None:
    """Rows without media leave no trace, alone or beside others."""
    assert merged([]) == {}
    assert merged([NOTHING, NOTHING]) == {}
    assert torch.equal(merged([heard(2, 1.0)])["input_features"], merged([NOTHING, heard(2, 1.0)])["input_features"])


@pytest.mark.parametrize("other", [stored(1.0), replace(heard(2, 1.0), interleaved=False)])
def test_clips_of_several_forms_are_refused(other: ClipInputs) -> None:
    """The model takes one packing for a whole batch, and outputs for all clips or for none."""
    with pytest.raises(ValueError, match="several forms in one batch"):
        merged([heard(2, 1.0), other])
