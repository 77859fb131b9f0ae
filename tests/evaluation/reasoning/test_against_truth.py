"""A reasoning path loses the point of the step at which it leaves the truth."""

import pytest

from crossomni.evaluation.reasoning.against_truth import follow
from crossomni.judging import LogicPoints
from tests.evaluation.reasoned import TRAIN, exchanged, shipped, truth_of

ROWS = shipped().rows(TRAIN)


def test_the_rationales_take_every_step():
    """All of the training rows'."""
    broken = {row.id: follow(row.rationale, row, truth_of(row)).points for row in ROWS}
    assert {key: points for key, points in broken.items() if points.score < 3} == {}


@pytest.mark.parametrize("step", ["source", "bridge", "target"])
def test_a_person_exchanged_at_a_step_is_found_there(step):
    """From that step on all is another's; what came before stays right, and so do the steps among themselves."""
    misplaced = []
    for row in ROWS:
        reasoning = exchanged(row, step)
        assert reasoning != row.rationale
        if step == "bridge" and reasoning.split("\n")[2] == row.rationale.split("\n")[2]:
            continue  # within sound there is "this person" only
        if step == "source" and truth_of(row).clue.kind == "name":
            continue  # a thing that the question names is found already
        points = follow(reasoning, row, truth_of(row)).points
        if points.place != step:
            misplaced.append((row.id, points))
    assert misplaced == []


def test_what_is_exchanged_is_told_by_name():
    """Beside the points stands who was found at each step."""
    row = next(row for row in ROWS if row.task.id == "vi-te")
    truth = truth_of(row)
    one, other = (truth.peers[(truth.referent + step) % 4].name for step in (0, 1))
    found = follow(exchanged(row, "bridge"), row, truth)
    assert (found.source, found.target, found.answer) == (one, other, other)
    assert found.points == LogicPoints(1, 0, 1)


def test_an_answer_needs_a_bridge():
    """Source and value alone, without anybody found in the target, earn one point."""
    row = next(row for row in ROWS if row.task.id == "vi-te")
    _, source, _, answer = row.rationale.split("\n")
    value = truth_of(row).asked.value
    found = follow(f"{source}\nSo it is {value}.", row, truth_of(row))
    assert (found.points, found.target) == (LogicPoints(1, 0, 0), "")
    assert value in answer


def test_a_value_given_to_somebody_else_is_no_ground():
    """The right value beside another's name contradicts what is so."""
    row = next(row for row in ROWS if row.task.id == "vi-te")
    truth = truth_of(row)
    one, other = (truth.peers[(truth.referent + step) % 4].name for step in (0, 1))
    *steps, answer = row.rationale.split("\n")
    found = follow("\n".join([*steps, answer.replace(one, other)]), row, truth)
    assert (found.points, found.answer) == (LogicPoints(1, 1, 0), "")


def test_a_join_of_two_people_is_no_bridge():
    """The mouth is one's and the biography found is told by another's look: sight points at two."""
    row = next(row for row in ROWS if row.task.id == "au-te")
    truth = truth_of(row)
    looks = [" and ".join(f.value for f in truth.peers[(truth.referent + step) % 4].bridge) for step in (0, 1)]
    first, last = row.rationale.split(" The biography that tells of ")
    broken = f"{first} The biography that tells of {last.replace(looks[0], looks[1])}"
    assert broken != row.rationale
    assert follow(broken, row, truth).points == LogicPoints(1, 0, 1)


def test_the_clue_alone_finds_nobody():
    """It is the question's own word."""
    row = next(row for row in ROWS if row.task.id == "vi-te")
    found = follow(f"The question is: {row.question} I take the first option.", row, truth_of(row))
    assert found.points == LogicPoints(0, 0, 0)
