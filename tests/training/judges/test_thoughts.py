"""The benchmark of judged thoughts is made from truth, the same every time, for every task."""

from collections import Counter
from dataclasses import replace

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.judging import LogicPoints
from crossomni.records import Row
from crossomni.tasks import TASKS
from crossomni.training.judges.thoughts import KINDS, JudgedThought, benchmark
from tests.training.judged import row

CORPUS = Corpus.open("playhouse")
THOUGHTS = benchmark(CORPUS)


def test_there_are_enough():
    """At least 150, on clips enough for an interval."""
    assert 150 <= len(THOUGHTS)
    assert 15 <= len({one.row.clip_id for one in THOUGHTS})


def test_every_task_has_every_kind():
    """But that within one modality nothing has to be joined."""
    crossing = {"partly: no bridge", "wrong from the bridge on"}
    for task in TASKS:
        kinds = {one.kind for one in THOUGHTS if one.row.task == task}
        assert kinds == set(KINDS) - (set() if task.is_cross else crossing)


def test_the_same_seed_makes_the_same_thoughts():
    """And another seed makes others."""
    assert THOUGHTS == benchmark(Corpus.open("playhouse"))
    assert THOUGHTS != benchmark(CORPUS, seed=1)


def test_persons_and_things_are_thought_about():
    """Both, where a task asks about both."""
    of_things = Counter("person" not in one.row.question for one in THOUGHTS if one.row.task.id == "te")
    assert of_things[True] > 9
    assert of_things[False] > 9


def test_wording_is_no_copy():
    """No sentence of a good thought stands in the row's rationale, and good thoughts begin in different ways."""
    good = [one for one in THOUGHTS if one.kind == "good"]
    assert not any(line in one.row.rationale for one in good for line in one.thinking.split("\n") if line)
    assert 6 <= len({" ".join(one.thinking.lstrip("1. ").split()[:3]) for one in good})


def test_a_good_thought_has_the_right_value_and_a_wrong_one_has_not():
    """They follow from how the thought was made."""
    for one in THOUGHTS:
        right = one.row.options["ABCD".index(one.row.answer)]
        if one.kind.startswith("good"):
            assert right in one.thinking
        if one.row.task.target == "text" and one.kind in ("wrong person", "partly: another's fact"):
            assert right not in one.thinking


def test_an_injected_thought_is_another_with_an_order():
    """Which may get what the other may get."""
    injected = [one for one in THOUGHTS if one.kind == "injected"]
    assert all(one.without is not None and one.without in one.thinking != one.without for one in injected)
    assert {None} == {one.without for one in THOUGHTS if one.kind != "injected"}


def test_no_thought_that_is_wrong_may_get_much():
    """Whoever is wrong from the start gets one point at most."""
    for one in THOUGHTS:
        if one.kind in ("wrong person", "right words, wrong person", "all four listed", "empty"):
            assert max(one.context) <= 1
            assert max(points.score for points in one.logic) <= 1


@pytest.mark.parametrize("changes", [{"kind": "odd"}, {"context": (3,)}, {"context": ()}, {"logic": ()}])
def test_a_judged_thought_is_checked(changes):
    """An unknown kind, a point that the scale has not, nothing that is accepted."""
    fields = {"kind": "good", "row": row(), "thinking": "", "context": (5,), "logic": (LogicPoints(1, 1, 1),)}
    with pytest.raises(InputError, match="wanted a known kind, and accepted points"):
        JudgedThought(**{**fields, **changes})


def test_data_without_truth_makes_no_thoughts(tmp_path):
    """It says of what too little came."""
    with pytest.raises(InputError, match=r"0 rows of task au with a rationale and known truth; .* Give playhouse data"):
        benchmark(replace(CORPUS, truth=tmp_path))


def test_rows_are_rows_of_the_corpus():
    """With their rationales, for a judge of context to compare with."""
    rows: set[str] = {one.id for one in CORPUS.rows("train")}
    assert all(isinstance(one.row, Row) and one.row.id in rows and one.row.rationale for one in THOUGHTS)
