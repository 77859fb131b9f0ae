from collections import Counter
from dataclasses import replace

import pytest

from crossomni.construction.build import build_rows
from crossomni.construction.splits import split_by_episode
from crossomni.errors import DataError, InputError
from crossomni.tasks import TASKS
from tests.construction.plays import annotations


@pytest.fixture(scope="module")
def built():
    """Rows of 24 plays."""
    return build_rows(annotations(24), test_share=0.5, seed=1)


def test_every_task_is_in_both_splits(built):
    """Each split has rows of all nine tasks."""
    for rows in built.rows.values():
        assert {row.task for row in rows} == set(TASKS)


def test_nothing_is_dropped_from_plays(built):
    """Plays are written so that every question passes every gate."""
    assert built.funnel == {}


def test_no_episode_is_in_both_splits(built):
    """An episode, and with it a cast, belongs to one split."""
    train, test = ({row.episode for row in built.rows[split]} for split in ("train", "test"))
    assert train.isdisjoint(test)


def test_letters_are_balanced_within_each_task(built):
    """Within a task of a split no letter is right much more often than another."""
    for rows in built.rows.values():
        for task in TASKS:
            counts = Counter(row.answer for row in rows if row.task == task)
            assert max(counts.values()) - min(counts[letter] for letter in "ABCD") <= 3


def test_rationales_are_for_training_alone(built):
    """Training rows carry four numbered steps that end with the letter; test rows carry none."""
    assert {row.rationale for row in built.rows["test"]} == {""}
    for row in built.rows["train"]:
        steps = row.rationale.split("\n")
        assert [step[:3] for step in steps] == ["1. ", "2. ", "3. ", "4. "]
        assert steps[-1].endswith(f"The answer is {row.answer}.")


def test_a_pair_block_has_one_row_of_each_task(built):
    """Rows under one pair id are nine questions about one referent, one of each task."""
    blocks: dict[str, list] = {}
    for row in (row for rows in built.rows.values() for row in rows if row.pair_id):
        blocks.setdefault(row.pair_id, []).append(row)
    assert blocks
    for block in blocks.values():
        assert sorted(row.task.id for row in block) == sorted(task.id for task in TASKS)


def test_only_the_source_changes_between_fixed_target_rows(built):
    """Rows of a block that share the target share options, their order and the answer."""
    for row in built.rows["test"]:
        if row.pair_id:
            same = [
                other for other in built.rows["test"]
                if (other.pair_id, other.task.target) == (row.pair_id, row.task.target)
            ]  # fmt: skip
            assert len(same) == 3
            assert {(other.options, other.answer) for other in same} == {(row.options, row.answer)}


def test_the_same_seed_builds_the_same_rows():
    """A build is a function of its annotations and its seed."""
    first, second = (build_rows(annotations(8), test_share=0.5, seed=4) for _ in range(2))
    assert first == second
    assert first != build_rows(annotations(8), test_share=0.5, seed=5)


def test_no_name_is_in_a_cross_question(built):
    """The name is the bridge, so a cross question names nobody on stage."""
    for row, truth in ((row, truth) for truth in annotations(24) for row in built.rows["test"]):
        if row.clip_id == truth.clip.id and row.task.is_cross:
            assert not any(person.name in row.question for person in truth.persons)


def test_a_clip_without_a_voice_is_dropped_with_its_reason():
    """A clip that lacks evidence in one modality is dropped by align, and said so."""
    whole = annotations(12)
    mute = replace(whole[0].persons[0], facts=tuple(f for f in whole[0].persons[0].facts if f.modality != "audio"))
    whole[0] = replace(whole[0], persons=(mute, *whole[0].persons[1:]))
    assert build_rows(whole, test_share=0.5, seed=1).funnel == {"align: a person without a voice": 1}


@pytest.mark.parametrize("clips", [3, 4, 5, 6])
@pytest.mark.parametrize("share", [0.01, 0.7, 0.99])
def test_two_episodes_are_enough_for_two_splits(clips, share):
    """However few the clips and whatever the share, each split has a whole episode at least."""
    rows = build_rows(annotations(clips), test_share=share, seed=1).rows
    assert list(rows) == ["train", "test"]
    assert len({row.clip_id for of_split in rows.values() for row in of_split}) == clips


@pytest.mark.parametrize("clips", [1, 2])
def test_a_single_episode_is_all_test(clips):
    """One episode cannot fill two splits: there is nothing to train on."""
    built = build_rows(annotations(clips), test_share=0.7, seed=1)
    assert list(built.rows) == ["test"]
    assert len({row.clip_id for row in built.rows["test"]}) == clips


def test_no_clips_are_refused():
    """Where align drops every clip there is nothing to split, which is said."""
    with pytest.raises(DataError, match="no clips came"):
        build_rows([], test_share=0.5, seed=1)


@pytest.mark.parametrize("share", [0, 1, -1, float("nan")])
def test_a_share_outside_of_zero_to_one_is_refused(share):
    """The test share is a share."""
    with pytest.raises(InputError, match="test share"):
        split_by_episode({}, share, 0)


def test_a_drill_is_for_training_alone():
    """Further questions within sight; the test split is the same without them, and no row comes twice."""
    plays = annotations(12)
    plain = build_rows(plays, test_share=0.5, seed=1)
    drilled = build_rows(plays, test_share=0.5, seed=1, drill=4)
    assert drilled.rows["test"] == plain.rows["test"]
    added = {row.id for row in drilled.rows["train"]} - {row.id for row in plain.rows["train"]}
    assert added
    assert all("/vi/" in name and name.endswith("place-colour") for name in added)
    assert len({row.id for row in drilled.rows["train"]}) == len(drilled.rows["train"])
