from dataclasses import replace
from fractions import Fraction

import pytest

from crossomni.construction.bound import best_accuracy
from crossomni.construction.build import build_rows
from crossomni.errors import DataError
from crossomni.tasks import Modality
from tests.construction.plays import annotations

TRUTH = {annotation.clip.id: annotation for annotation in annotations(8)}
ROWS = [row for rows in build_rows(list(TRUTH.values()), test_share=0.5, seed=2).rows.values() for row in rows]
# Where each task needs a modality: its source, its target, and sight between sound and text (B.1).
NEEDS = {
    row.task: {row.task.source, row.task.target} | ({Modality.VISION} if row.task.through_vision else set())
    for row in ROWS
}


@pytest.mark.parametrize("removed", list(Modality))
def test_a_needed_modality_is_worth_everything_and_another_nothing(removed):
    """Without a modality that its task needs a row is at chance; without another it is answered as before."""
    for row in ROWS:
        expected = Fraction(1, 4) if removed in NEEDS[row.task] else Fraction(1)
        assert best_accuracy(row, TRUTH[row.clip_id], {removed}) == expected


def test_two_people_who_share_the_clue_halve_the_bound():
    """The bound is computed from the truth: a clue that fits two leaves one chance in two."""
    row = next(row for row in ROWS if row.task.id == "vi" and row.pair_id)
    truth = TRUTH[row.clip_id]
    me = truth.persons[int(row.id.split("/")[2]) - 1]
    kind = row.id.split("/")[3].split("-")[0]
    clue = next(f for f in me.facts if f.kind.replace(" ", "") == kind)
    people = tuple(p if p is me or i > 1 else replace(p, facts=(*p.facts, clue)) for i, p in enumerate(truth.persons))
    sharing = sum(clue in p.facts for p in people)
    assert best_accuracy(row, replace(truth, persons=people)) == Fraction(1, sharing)


def test_a_row_that_the_truth_does_not_know_is_refused():
    """A label that is not what the truth says is an error, not a low bound."""
    row = ROWS[0]
    other = next(letter for letter in row.letters if letter != row.answer)
    with pytest.raises(DataError, match="not what the truth"):
        best_accuracy(replace(row, answer=other), TRUTH[row.clip_id])
