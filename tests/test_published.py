"""The paper's tables as data, recomputed from their own cells."""

from pathlib import Path

import pytest

from crossomni.errors import InputError
from crossomni.published import (
    AVERAGE,
    CROSS_COUNTS,
    QUESTION_COUNTS,
    TABLE_2_QUESTIONS,
    Disagreement,
    PublishedRow,
    disagreements,
    macro,
    micro,
    table,
)
from crossomni.statistics import relative_change
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS, TASKS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "published.md"
SINGLE_COUNTS = {task.id: QUESTION_COUNTS[task.id] for task in SINGLE_TASKS}
WITHIN = 0.01 + 1e-9


def known_slip(found: Disagreement) -> bool:
    """Whether the figure is one of the two 7B lines of Table 7 with a slip in a cell."""
    return found.model == "Qwen2.5-Omni-7B" and found.method in ("SFT", "GRPO")


def test_counts_are_those_of_the_test_split() -> None:
    """2,468 questions in all; Table 2's 2,460 are the Single ones and Cross as Table 5 weighs it."""
    assert set(QUESTION_COUNTS) == {task.id for task in TASKS}
    assert sum(QUESTION_COUNTS.values()) == 2_468
    assert sum(SINGLE_COUNTS.values()) == 767
    assert sum(CROSS_COUNTS.values()) == 1_693
    assert sum(SINGLE_COUNTS.values()) + sum(CROSS_COUNTS.values()) == TABLE_2_QUESTIONS


@pytest.mark.parametrize("row", table(5).rows, ids=lambda row: row.model)
def test_table_5_averages_follow_from_its_tasks(row: PublishedRow) -> None:
    """Single, Cross and Overall of each of the 13 models, and of their average, reproduce to 0.01."""
    assert row.scores["single"] == pytest.approx(micro(row.scores, SINGLE_COUNTS), abs=WITHIN)
    assert row.scores["cross"] == pytest.approx(micro(row.scores, CROSS_COUNTS), abs=WITHIN)
    assert row.scores["overall"] == pytest.approx(micro(row.scores, QUESTION_COUNTS), abs=WITHIN)


def test_cross_of_table_5_wants_251_questions_of_vi_te() -> None:
    """Weighed with all 259, eleven of the fourteen lines of Cross miss."""
    counts = {task.id: QUESTION_COUNTS[task.id] for task in CROSS_TASKS}
    missed = [row.model for row in table(5).rows if abs(row.scores["cross"] - micro(row.scores, counts)) > WITHIN]
    assert len(missed) == 11


def test_task_accuracies_are_fractions_of_the_counts() -> None:
    """Outside the average line and the Qwen3-Omni models, each cell of Tables 5, 11 and 12 is a whole count."""
    for number in (5, 11, 12):
        for row in table(number).rows:
            if row.model == AVERAGE or row.model.startswith("Qwen3"):
                continue
            for task, count in QUESTION_COUNTS.items():
                right = round(row.scores[task] * count / 100)
                assert 100 * right / count == pytest.approx(row.scores[task], abs=0.0051), (number, row.model, task)


def test_table_6_is_macro() -> None:
    """Its Single and Cross are macro averages of the average lines of Tables 5, 11 and 12."""
    for number, method in ((5, "Default"), (11, "CoT"), (12, "ICL")):
        printed, tasks = table(6).row(AVERAGE, method).scores, table(number).row(AVERAGE, method).scores
        assert printed["single"] == pytest.approx(macro(tasks, SINGLE_TASKS), abs=WITHIN)
        assert printed["cross"] == pytest.approx(macro(tasks, CROSS_TASKS), abs=WITHIN)


def test_gap_of_section_4_2_1_is_relative_to_single() -> None:
    """24.37% and 11.01% are (Single - Cross) / Single of Table 6."""
    for expected, method in ((24.37, "Default"), (11.01, "ICL")):
        scores = table(6).row(AVERAGE, method).scores
        assert round(-relative_change(scores["cross"], scores["single"]), 2) == expected


def test_only_the_two_slips_and_a_rounding_disagree() -> None:
    """Beside the two 7B lines, one figure is off, by a hundredth."""
    others = [found for found in disagreements() if not known_slip(found)]
    assert [(found.table, found.model, found.column) for found in others] == [(11, AVERAGE, "overall")]
    assert abs(others[0].printed - others[0].recomputed) < 0.011


@pytest.mark.parametrize(("method", "task", "right"), [("GRPO", "vi-au", 123), ("SFT", "vi-te", 159)])
def test_one_cell_explains_each_slip(method: str, task: str, right: int) -> None:
    """With that cell mended, Overall of Table 7 and Cross of Tables 8 and 9 reproduce."""
    row = table(7).row("Qwen2.5-Omni-7B", method)
    mended = {**row.scores, task: round(100 * right / QUESTION_COUNTS[task], 2)}
    assert row.scores["overall"] == pytest.approx(micro(mended, QUESTION_COUNTS), abs=WITHIN)
    cross = table(9).row("Qwen2.5-Omni-7B", method).scores["cross"]
    assert cross == pytest.approx(macro(mended, CROSS_TASKS), abs=WITHIN)


def test_the_page_lists_every_disagreement() -> None:
    """docs/published.md has one line for each, and no other."""
    lines = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if "| Qwen2.5" in line or "| Average |" in line
    ]
    expected = [
        f"| {d.table} | {d.model} | {d.method} | {d.column} | {d.printed:.2f} | {d.recomputed:.2f} | {d.rule} |"
        for d in disagreements()
    ]
    assert sorted(expected) == sorted(lines)


def test_every_table_is_there() -> None:
    """Tables 5 to 12, and an error that says so for any other."""
    assert [len(table(number).rows) for number in range(5, 13)] == [14, 3, 8, 6, 6, 6, 14, 14]
    with pytest.raises(InputError, match="Tables are 5, 6"):
        table(4)


def test_a_line_that_is_not_there_is_refused() -> None:
    """The error lists the lines there are."""
    with pytest.raises(InputError, match="Average/Default"):
        table(6).row("Ola", "Default")
