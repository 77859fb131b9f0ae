"""Train and test, split by episode: no clip, no episode and no cast in both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from crossomni.errors import DataError, InputError

SPLITS = ("train", "test")


def split_by_episode(episode_of: Mapping[str, str], test_share: float, seed: int) -> dict[str, str]:
    """Clip id to split. Whole episodes go to one side, in an order that hangs on the seed alone.

    Episodes are added to the test split until it holds at least ``test_share`` of the clips, in (0, 1).

    Args:
        episode_of: each clip's episode, by clip id.

    Raises:
        InputError: when the share is none.
        DataError: when nothing is left of one of the splits.
    """
    if not 0 < test_share < 1:
        raise InputError(f"test share is {test_share}; wanted a number between 0 and 1, both excluded.")
    episodes: dict[str, list[str]] = {}
    for clip, episode in episode_of.items():
        episodes.setdefault(episode, []).append(clip)
    shuffled = sorted(episodes, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    splits: dict[str, str] = {}
    tested = 0
    for name in shuffled:
        side = "test" if tested < test_share * len(episode_of) else "train"
        tested += len(episodes[name]) if side == "test" else 0
        splits.update(dict.fromkeys(episodes[name], side))
    for side in SPLITS:
        if side not in splits.values():
            raise DataError(
                f"build: no clip is left in the {side} split of {len(episode_of)} clips in {len(episodes)} episodes, "
                f"with a test share of {test_share:g}. Whole episodes (two clips of playhouse) go to one split: take "
                "more clips, or another test share."
            )
    return splits
