from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from crossomni.construction.build import build_rows
from crossomni.tasks import TASKS
from tests.construction.plays import annotations

PLAYS = annotations(12, seed=5)  # six in test, each with four people


def blocks(rows) -> dict[str, list]:
    """The rows by pair id, in their order."""
    found: dict[str, list] = {}
    for row in rows:
        found.setdefault(row.pair_id, []).append(row)
    return found


def pairs(count: int, plays=PLAYS):
    """A build of so many blocks."""
    return build_rows(plays, test_share=0.5, seed=1, pairs=count)


@pytest.fixture(scope="module")
def built():
    """Eight blocks on six clips."""
    return pairs(8)


def test_each_single_task_has_as_many_questions_as_asked_for(built):
    """N blocks are N questions of each single task, and of each task that they are converted into."""
    assert Counter(row.task for row in built.rows["test"]) == dict.fromkeys(TASKS, 8)
    assert built.test_blocks == 8


def test_every_block_is_whole_and_about_one_person(built):
    """All rows carry a pair_id; under each there are nine tasks, and no person has two blocks."""
    found = blocks(built.rows["test"])
    assert "" not in found
    assert all(Counter(row.task for row in block) == Counter(TASKS) for block in found.values())
    assert len({(block[0].clip_id, row.id.split("/")[2]) for block in found.values() for row in block}) == 8


def test_a_fixed_target_keeps_all_but_the_clue(built):
    """Rows of a block that share the target share options, their order and the answer."""
    for block in blocks(built.rows["test"]).values():
        for task in TASKS[:3]:
            same = {(row.options, row.answer) for row in block if row.task.target is task.target}
            assert len(same) == 1


def test_a_fixed_source_keeps_the_clue(built):
    """Rows of a block that share the source have clues of one kind."""
    for block in blocks(built.rows["test"]).values():
        for task in TASKS[:3]:
            clues = {row.id.split("/")[3].split("-")[0] for row in block if row.task.source is task.source}
            assert len(clues) == 1


def test_no_clip_gives_two_blocks_before_each_has_given_one(built):
    """Eight blocks on six clips: two clips give two; six blocks: one of each."""
    per_clip = Counter(block[0].clip_id for block in blocks(built.rows["test"]).values())
    assert sorted(per_clip.values()) == [1, 1, 1, 1, 2, 2]
    assert len({row.clip_id for row in pairs(6).rows["test"]}) == 6


def test_rows_follow_each_other_clip_by_clip(built):
    """A clip with two blocks is not opened twice."""
    clips = [row.clip_id for row in built.rows["test"]]
    assert sum(one != other for one, other in pairwise(clips)) == 5


def test_fewer_blocks_are_a_beginning_of_more():
    """The first blocks are the same however many are asked for."""
    few, many = (blocks(pairs(count).rows["test"]) for count in (4, 9))
    assert all(many[name] == block for name, block in few.items())


def test_the_train_split_is_the_usual_one(built):
    """Only the test split is made for the experiment."""
    assert built.rows["train"] == build_rows(PLAYS, test_share=0.5, seed=1).rows["train"]


def test_a_block_that_loses_a_row_goes_whole_and_another_takes_its_place(built):
    """On a clip where two look alike every block loses its visual targets: the other clips give what it cannot."""
    clip = built.rows["test"][0].clip_id
    found = pairs(8, [_with_twins(play) if play.clip.id == clip else play for play in PLAYS])
    assert found.test_blocks == 8
    assert all(len(block) == 9 for block in blocks(found.rows["test"]).values())
    assert clip not in {row.clip_id for row in found.rows["test"]}
    assert found.funnel["pairs: its block is not whole"] == 20
    assert sum(found.funnel.values()) == 4 * 9


def test_where_the_clips_give_no_more_there_are_fewer():
    """Six clips of four people give 24 blocks."""
    assert pairs(1_000).test_blocks == 24


def _with_twins(play):
    """The play with two people of the same looks, the told ones aside."""
    one, other, *rest = play.persons
    looks = tuple(fact for fact in one.facts if fact.modality == "vision")
    twin = replace(other, facts=(*(fact for fact in other.facts if fact.modality != "vision"), *looks))
    return replace(play, persons=(one, twin, *rest))
