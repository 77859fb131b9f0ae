"""Accuracies by group, of questions that have no task."""

import math

import pytest

from crossomni.breakdown import Share, breakdown
from crossomni.errors import InputError
from crossomni.pairing import paired
from crossomni.scoring import GROUPS, chance_of, details, score

# Twelve clips of two questions each: the first right on every clip, the second on every third.
CLIPS = [f"c{row // 2}" for row in range(24)]
REFERENCES = ["A", "C"] * 12
LETTERS = [letter for clip in range(12) for letter in ("A", "C" if clip % 3 == 0 else "B")]
COUNTS = [4, 3] * 12
VALUES = [{"place": "first" if row % 2 == 0 else "second", "half": str(row // 12)} for row in range(24)]


def test_each_value_has_its_accuracy() -> None:
    """In percent, with questions and chance; groupings in their order, values in alphabetical order."""
    found = breakdown(LETTERS, REFERENCES, CLIPS, COUNTS, VALUES)
    assert {name: list(values) for name, values in found.items()} == {"place": ["first", "second"], "half": ["0", "1"]}
    second = found["place"]["second"]
    assert (round(second.accuracy.value, 6), second.n, round(second.chance, 6)) == (33.333333, 12, 33.333333)
    assert second.accuracy.low < 33 < second.accuracy.high
    assert found["half"]["0"].accuracy.value == pytest.approx(100 * 8 / 12)


def test_an_interval_is_that_of_the_rows_alone() -> None:
    """A group's interval is the same whatever the other rows answer, and Wilson's where all are right."""
    other = [*LETTERS]
    other[0] = None
    one, two = (breakdown(x, REFERENCES, CLIPS, COUNTS, VALUES)["place"]["second"] for x in (LETTERS, other))
    assert one == two
    first = breakdown(LETTERS, REFERENCES, CLIPS, COUNTS, VALUES)["place"]["first"]
    assert first.accuracy.low == pytest.approx(75.75, abs=0.01)


def test_clips_and_not_questions_are_drawn() -> None:
    """Twenty-four questions on six clips that stand and fall together are known as six are, not as twenty-four."""
    letters = ["A" if row // 4 % 2 else "B" for row in range(24)]
    few, many = (
        breakdown(letters, ["A"] * 24, clips, [4] * 24, [{"all": "x"}] * 24)["all"]["x"].accuracy
        for clips in ([f"c{row // 4}" for row in range(24)], [f"c{row}" for row in range(24)])
    )
    assert few.high - few.low > 1.5 * (many.high - many.low)


def test_a_share_survives_being_written() -> None:
    """As scores.json has it."""
    share = breakdown(LETTERS, REFERENCES, CLIPS, COUNTS, VALUES)["half"]["1"]
    assert Share.from_json(share.to_json()) == share


def test_rows_without_groupings_have_no_groups() -> None:
    """And no rows have none either."""
    assert breakdown(LETTERS, REFERENCES, CLIPS, COUNTS, [{}] * 24) == {}
    assert breakdown([], [], [], [], []) == {}


def test_a_row_that_lacks_a_grouping_is_refused() -> None:
    """By its place."""
    with pytest.raises(InputError, match=r"values\[1\] has the groupings \['half'\]; wanted \['place', 'half'\]"):
        breakdown(LETTERS, REFERENCES, CLIPS, COUNTS, [VALUES[0], {"half": "0"}, *VALUES[2:]])


def test_without_tasks_only_overall_is_known() -> None:
    """All else is nan: no task has a figure that is not its own."""
    scores = score(LETTERS, REFERENCES, None, CLIPS, COUNTS)
    known = {group.name for group in GROUPS if not math.isnan(scores[group.name])}
    assert known == {"overall"}
    assert (scores["overall"], scores["n"]) == (pytest.approx(100 * 16 / 24), 24)
    assert scores["overall_low"] < scores["overall"] < scores["overall_high"]


def test_overall_is_the_same_with_and_without_tasks() -> None:
    """Where rows have tasks, leaving these away changes neither the average nor its interval."""
    tasks = ["au", "vi"] * 12
    with_, without = (score(LETTERS, REFERENCES, one, CLIPS, COUNTS) for one in (tasks, None))
    assert with_["overall"] == without["overall"]
    assert with_["overall_low"] == pytest.approx(without["overall_low"], abs=3)


def test_details_without_tasks_know_chance_from_the_options() -> None:
    """Chance-corrected, 0 is picking at random among each question's own options; there is no gap."""
    found = details(LETTERS, REFERENCES, None, CLIPS, COUNTS)
    chance = chance_of(COUNTS)
    assert found.chance_corrected["overall"].value == pytest.approx(100 * (16 / 24 - chance) / (1 - chance))
    assert math.isnan(found.gap.points.value)
    assert set(found.counts.values()) == {0}


def test_runs_without_tasks_are_paired_over_all_questions() -> None:
    """The difference, its interval and its p; nothing for tasks."""
    found = paired(LETTERS, REFERENCES, REFERENCES, None, CLIPS, COUNTS)
    assert found["overall"].difference.value == pytest.approx(100 * 8 / 24)
    assert (found["overall"].only_a, found["overall"].only_b) == (0, 8)
    assert 0 < found["overall"].p < 0.05
    assert math.isnan(found["au"].difference.value)


def test_a_letter_beyond_the_options_is_refused_as_a_reference() -> None:
    """Three options have no D."""
    with pytest.raises(InputError, match=r"references\[1\] is 'D'; wanted one of A/B/C"):
        score(["A", "A"], ["A", "D"], None, ["x", "y"], [4, 3])
