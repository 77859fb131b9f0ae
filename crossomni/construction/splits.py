"""Train and test, split by episode: no clip, no episode and no cast in both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from crossomni.errors import InputError
from crossomni.records import Clip

SPLITS = ("train", "test")


def split_by_episode(clips: Sequence[Clip], test_share: float, seed: int) -> dict[str, str]:
    """Clip id to split. Whole episodes go to one side, in an order that hangs on the seed alone.

    Episodes are added to the test split until it holds at least ``test_share`` of the clips, in (0, 1).
    """
    if not 0 < test_share < 1:
        raise InputError(f"test share is {test_share}; wanted a number between 0 and 1, both excluded.")
    episodes: dict[str, list[str]] = {}
    for clip in clips:
        episodes.setdefault(clip.episode, []).append(clip.id)
    shuffled = sorted(episodes, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    splits: dict[str, str] = {}
    tested = 0
    for name in shuffled:
        side = "test" if tested < test_share * len(clips) else "train"
        tested += len(episodes[name]) if side == "test" else 0
        splits.update(dict.fromkeys(episodes[name], side))
    return splits
