"""The order in which rows are learned."""

from collections import Counter
from itertools import pairwise

import pytest

from crossomni.training.order import ByClip

CLIPS = [*"a" * 10, *"b" * 7, *"c" * 4, *"d" * 2]


def batches(order: ByClip) -> list[list[int]]:
    """What a loader makes of it."""
    places = list(order)
    return [places[start : start + order.at_once] for start in range(0, len(places), order.at_once)]


@pytest.mark.parametrize("at_once", [1, 2, 4, 100])
def test_each_row_comes_once_an_epoch(at_once: int) -> None:
    """Whatever a batch takes."""
    order = ByClip(CLIPS, at_once, seed=0)
    assert list(range(len(CLIPS))) == sorted(order)
    assert len(CLIPS) == len(order)


def test_a_batch_is_of_one_clip_where_there_are_rows_enough() -> None:
    """Of 10, 7, 4 and 2 rows, four full batches; the rest stands in the other two."""
    clips = [Counter(CLIPS[place] for place in batch) for batch in batches(ByClip(CLIPS, 4, seed=0))]
    assert 6 == len(clips)
    assert 4 == sum(len(one) == 1 and one.total() == 4 for one in clips)
    assert 3 == clips[-1].total()


def test_a_clips_batches_stand_among_all_others() -> None:
    """Not one behind the other: steps would go from clip to clip."""
    order = ByClip([place // 40 for place in range(400)], 4, seed=0)
    clips = [batch[0] // 40 for batch in batches(order)]
    neighbours = sum(first == second for first, second in pairwise(clips))
    assert neighbours < 30  # of 99; a clip at a time it would be 90


def test_an_order_hangs_on_seed_and_epoch_alone() -> None:
    """So that all processes have the same, and an epoch that is gone on with is the one that was begun."""
    first, again, other = ByClip(CLIPS, 4, seed=0), ByClip(CLIPS, 4, seed=0), ByClip(CLIPS, 4, seed=1)
    assert list(first) == list(again)
    assert list(first) != list(other)
    again.set_epoch(1)
    assert list(first) != list(again)
    again.set_epoch(0)
    assert list(first) == list(again)
