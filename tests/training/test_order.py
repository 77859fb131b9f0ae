"""The order in which rows are learned."""

from collections import Counter
from itertools import pairwise

import pytest

from crossomni.errors import InputError
from crossomni.training.order import ByClip, ByPrompt

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


def by_prompt(prompts: int = 5, **changes: int) -> ByPrompt:
    """Batches of two prompts, each three times, for two slices of a generation."""
    return ByPrompt(**{"prompts": prompts, "batch": 2, "rollouts": 3, "uses": 2, "seed": 0, **changes})


def test_an_epochs_last_batch_is_filled_with_its_first_prompts() -> None:
    """Of five prompts in batches of two, one comes twice, and none is left out."""
    order = by_prompt()
    places = list(order)
    batches = [places[start : start + 12] for start in range(0, len(places), 12)]
    assert 3 == len(batches)
    assert len(places) == len(order)
    assert {*range(5)} == {*places}
    assert places[0] == batches[-1][-1]
    for first, *_, last in batches:
        assert [first] * 3 + [last] * 3 in (places[start : start + 6] for start in range(0, 36, 6))


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_prompts_come_in_trls_order(epoch: int) -> None:
    """Where batches fill an epoch, it is that of its own sampler in the same epoch."""
    sampler = pytest.importorskip("trl.trainer.utils").RepeatSampler(
        range(6), mini_repeat_count=3, batch_size=2, repeat_count=2, seed=7
    )
    orders = [list(sampler) for _ in range(epoch + 1)]
    order = by_prompt(6, seed=7)
    order.set_epoch(epoch)
    assert orders[-1] == list(order)


def test_prompts_that_fill_no_batch_are_refused() -> None:
    """One batch would be the same few prompts again and again."""
    assert 12 == len(by_prompt(2))
    with pytest.raises(InputError, match="has 1 prompts; a batch takes 2"):
        by_prompt(1)


def test_processes_share_a_last_batch_that_was_filled() -> None:
    """Together they get each batch once, in order; after an epoch's end both go on with the next one's order."""
    torch = pytest.importorskip("torch")
    prepare = pytest.importorskip("accelerate.data_loader").prepare_data_loader
    loaders = [
        prepare(
            torch.utils.data.DataLoader(range(5), 2, sampler=by_prompt(rollouts=2, uses=1)),
            num_processes=2, process_index=index, put_on_device=False,
        )
        for index in range(2)
    ]  # fmt: skip
    for epoch in range(2):
        whole = by_prompt(rollouts=2, uses=1, epoch=epoch)
        for loader in loaders:
            loader.set_epoch(epoch)
        got = [[batch.tolist() for batch in loader] for loader in loaders]
        assert list(whole) == [place for both in zip(*got, strict=True) for part in both for place in part]
