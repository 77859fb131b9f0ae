"""Which rows can be compared with source or target fixed."""

from dataclasses import replace

import pytest

from crossomni.errors import DataError
from crossomni.evaluation.reports.pair_blocks import conversions, find_blocks
from crossomni.records import Row
from crossomni.tasks import Modality
from tests.evaluation.pair_fakes import block_rows, many


def without(rows: list[Row], *tasks: str) -> list[Row]:
    """The rows of other tasks."""
    return [row for row in rows if row.task.id not in tasks]


def test_a_whole_block_has_six_trios() -> None:
    """Each modality, fixed as source and as target, gives its single row and two conversions, by place."""
    rows = many(2)
    found = find_blocks(rows, "x")
    assert len(found.trios) == 6
    tasks = [[rows[place].task.id for place in trio.places] for trio in found.trios["source", Modality.AUDIO]]
    assert tasks == [["au", "au-vi", "au-te"]] * 2
    tasks = [[rows[place].task.id for place in trio.places] for trio in found.trios["target", Modality.AUDIO]]
    assert tasks == [["au", "vi-au", "te-au"]] * 2
    assert {rows[place].pair_id for place in found.trios["target", Modality.TEXT][1].places} == {"clip1/1"}


def test_the_fixed_side_is_the_one_that_is_asked_for() -> None:
    """Conversions with text as source, and with text as target."""
    assert [task.id for task in conversions("source", Modality.TEXT)] == ["te-au", "te-vi"]
    assert [task.id for task in conversions("target", Modality.TEXT)] == ["au-te", "vi-te"]


def test_what_is_left_out_is_counted() -> None:
    """Rows in no block, and rows of a block that are in no whole trio, are counted apart."""
    alone = [replace(row, id=f"{row.id}-alone", pair_id="") for row in block_rows(7)[:4]]
    # Without the single row of sight and of text, only trios of sound are left: four cross rows lack a partner.
    partial = without(block_rows(8), "vi", "te")
    found = find_blocks([*many(3), *alone, *partial], "x")
    assert (found.count, found.whole, found.clips) == (4, 3, 4)
    assert (found.without_pair_id, found.without_partner) == (4, 2)
    assert found.said == (
        "4 pair blocks on 4 clips, 3 with all nine tasks; left out: 4 rows without pair_id, 2 without a partner"
    )


def test_a_trio_without_one_of_its_rows_is_not_used() -> None:
    """A block that lacks au-vi is in no trio of fixed audio source or fixed vision target, and in all others."""
    found = find_blocks([*many(3), *without(block_rows(8), "au-vi")], "x")
    counts = {key: len(trios) for key, trios in found.trios.items()}
    short = {key for key, count in counts.items() if count == 3}
    assert short == {("source", Modality.AUDIO), ("target", Modality.VISION)}
    assert set(counts.values()) == {3, 4}


def test_two_rows_of_one_task_are_no_trio() -> None:
    """Which of the two is the single row is not for us to say."""
    rows = block_rows(0)
    again = replace(rows[0], id="again")
    found = find_blocks([*rows, again], "x")
    assert found.trios["source", Modality.AUDIO] == found.trios["target", Modality.AUDIO] == ()
    assert len(found.trios["source", Modality.TEXT]) == 1
    assert (found.whole, found.without_partner) == (0, 2)


def test_data_without_pair_ids_are_refused() -> None:
    """The line says how to get data that have them."""
    rows = [replace(row, pair_id="") for row in many(1)]
    with pytest.raises(DataError, match=r"runs/x: none of the 9 rows has a pair_id.*build --pairs"):
        find_blocks(rows, "runs/x")


def test_blocks_of_which_none_can_be_compared_are_refused() -> None:
    """Cross rows alone have nothing to be compared with."""
    with pytest.raises(DataError, match="none of the 2 pair blocks has a single row with both its conversions"):
        find_blocks(without(many(2), "au", "vi", "te"), "x")


def test_a_block_on_two_clips_is_refused() -> None:
    """A block is about one referent, so that its rows share the clip."""
    rows = [*block_rows(0), *(replace(row, pair_id="clip0/0") for row in block_rows(1))]
    with pytest.raises(DataError, match="pair block 'clip0/0' is on the clips clip0, clip1"):
        find_blocks(rows, "x")
