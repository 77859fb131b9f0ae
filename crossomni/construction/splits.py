"""Train and test, split by episode: no clip, no episode and no cast in both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from crossomni.errors import DataError, InputError

SPLITS = ("train", "test")


def split_by_episode(episode_of: Mapping[str, str], test_share: float, seed: int) -> dict[str, str]:
    """Clip id to split. Whole episodes go to one side, in an order that hangs on the seed alone.

    Episodes are added to the test split until it holds at least ``test_share`` of the clips, in (0, 1), but one is
    always left to train on; a single episode is all test.

    Args:
        episode_of: each clip's episode, by clip id.

    Raises:
        InputError: when the share is none.
        DataError: when there are no clips.
    """
    if not 0 < test_share < 1:
        raise InputError(f"test share is {test_share}; wanted a number between 0 and 1, both excluded.")
    if not episode_of:
        raise DataError("build: no clips came, so there is nothing to split; every one was dropped. Take more clips.")
    episodes: dict[str, list[str]] = {}
    for clip, episode in episode_of.items():
        episodes.setdefault(episode, []).append(clip)
    shuffled = sorted(episodes, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    splits: dict[str, str] = {}
    tested = 0
    for number, name in enumerate(shuffled):
        is_kept_for_train = 0 < number == len(shuffled) - 1
        side = "test" if tested < test_share * len(episode_of) and not is_kept_for_train else "train"
        tested += len(episodes[name]) if side == "test" else 0
        splits.update(dict.fromkeys(episodes[name], side))
    return splits
