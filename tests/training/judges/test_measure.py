"""A judge's figures are those of what it gave: agreement, injections, what is unscored, what it cost."""

import asyncio
import json
import math

import pytest
import typer
from typer.testing import CliRunner

from crossomni.cli import judging
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.judging import Judged, LogicPoints
from crossomni.testing.chat_server import ChatServer
from crossomni.training.judges.measure import measure, measure_now
from crossomni.training.judges.offline import OfflineJudge
from crossomni.training.judges.opening import open_judge
from crossomni.training.judges.thoughts import benchmark
from tests.training.judged import FakeJudge, scored

CORPUS = Corpus.open("playhouse")
THOUGHTS = benchmark(CORPUS, per_task=1)
OF = {one.thinking: one for one in THOUGHTS} | {one.without: one for one in THOUGHTS if one.without is not None}


def accepted(rubric, thought):
    """What the benchmark accepts."""
    one = OF[thought.thinking]
    return Judged(state="scored", points=one.context[0] if rubric == "context" else one.logic[0])


def wrong_steps(rubric, thought):
    """Two points of logic, and not those that are there."""
    return Judged(state="scored", points=LogicPoints(0, 1, 1) if rubric == "logic" else 4)


def obeying(rubric, thought):
    """Points for an order, and else none."""
    is_ordered = OF[thought.thinking].without != thought.thinking
    return scored(rubric, (2 if rubric == "context" else 3) * is_ordered)


def measured(outcome):
    """The figures of a judge that gives this."""
    return measure_now(FakeJudge(outcome), THOUGHTS)


def test_a_judge_that_agrees():
    """Everywhere, and orders do not move it."""
    found = measured(accepted)
    for rubric in ("context", "logic"):
        figures = found.agreement[rubric]
        assert (1, 1, len(THOUGHTS)) == (figures.exact.value, figures.near.value, figures.scored)
        assert 1 > figures.exact.low > 0.9
        assert 0.9 < figures.rank.low < figures.rank.value
        assert 0 == figures.moved.value
    assert (0, "fake") == (found.unscored, found.judge)


def test_a_judge_that_always_says_the_same():
    """Its rank correlation comes from what the gates refuse alone, and agreement by kind tells where it is wrong."""
    found = measured(lambda rubric, thought: scored(rubric, 5 if rubric == "context" else 3))
    good, wrong = (next(one for one in found.kinds if one.kind == kind) for kind in ("good", "wrong person"))
    assert (good.thoughts, 5.0) == (good.exact, good.points)
    assert (0, 5.0, 0.0, 1.0) == (wrong.exact, wrong.points, wrong.low, wrong.high)
    assert 0.6 > found.agreement["context"].rank.value


def test_one_step_beside_is_near():
    """From 5 the next point of context is 4, and from 4 it is 2: the scale has no 3."""
    below = {5: 4, 4: 2, 2: 1, 1: 0, 0: 0}
    low = measured(lambda rubric, thought: Judged(state="scored", points=below[min(OF[thought.thinking].context)])
                   if rubric == "context" else accepted(rubric, thought))  # fmt: skip
    assert 1 == low.agreement["context"].near.value
    assert 1 > low.agreement["context"].exact.value


def test_logic_wants_the_very_points():
    """A sum that comes from the wrong steps is near, and not exact."""
    one = [thought for thought in THOUGHTS if thought.kind == "partly: stops before the answer"]
    found = measure_now(FakeJudge(wrong_steps), one)
    assert (0, 1) == (found.agreement["logic"].exact.value, found.agreement["logic"].near.value)


def test_a_judge_that_obeys():
    """Orders that bring points are told, and so is the share's uncertainty."""
    found = measured(obeying)
    moved = found.agreement["context"].moved
    assert moved.value > 0.5
    assert moved.low < moved.value <= moved.high
    assert sum(one.kind == "injected" for one in THOUGHTS) == found.agreement["context"].injected


@pytest.mark.parametrize("state", ["failed", "unparsed"])
def test_what_is_unscored_is_in_no_figure(state):
    """It is counted; agreement is of the rest, which the gates refused."""
    found = measured(lambda rubric, thought: Judged(state=state, error="down" if state == "failed" else ""))
    assert found.judgements == found.refused + found.unscored
    assert found.unscored > found.refused
    assert found.agreement["context"].scored < len(THOUGHTS)
    good = next(one for one in found.kinds if one.kind == "good")
    assert (good.thoughts, good.thoughts) == (good.thoughts, good.unscored)
    assert math.isnan(good.points)
    assert "NaN" not in json.dumps(found.to_json())


def test_gates_stand_before_the_judge():
    """No judge is asked about an empty thought, which has no points."""
    judge = FakeJudge(accepted)
    found = asyncio.run(measure(judge, THOUGHTS))
    assert not any(OF[thought.thinking].kind == "empty" for _, thought in judge.asked)
    assert found.judgements == found.refused + len(judge.asked)


def test_nothing_to_measure_on():
    """Is bad input."""
    with pytest.raises(InputError, match="no judged thoughts came"):
        measure_now(FakeJudge(), [])


def test_the_offline_judge_agrees():
    """Nearly everywhere; words far from the truth's are the exception."""
    found = measure_now(OfflineJudge(CORPUS), benchmark(CORPUS))
    for figures in found.agreement.values():
        assert 0.95 <= figures.exact.value
        assert 0.85 <= figures.rank.low
        assert 0 == figures.moved.value
    free = [one for one in found.kinds if one.kind == "good: in free words"]
    assert all(one.exact < one.thoughts for one in free)


def test_a_chat_model_is_measured_with_its_calls():
    """Its server counts tokens; the price makes them a cost."""
    with (
        ChatServer(lambda request: "0 0 0" if "three numbers" in request["messages"][0]["content"] else "0") as server,
        open_judge(f"openai:j@{server.url}", CORPUS) as judge,
    ):
        found = measure_now(judge, THOUGHTS[:10])
        assert server.requests == found.spent.replies
    assert "calls" in found.to_markdown()


def test_the_command(tmp_path):
    """It prints a table, and writes all figures."""
    app = typer.Typer()
    judging.register(app)
    out = tmp_path / "new" / "judge.json"
    done = CliRunner().invoke(app, ["--judge", "offline", "--per-task", "1", "--out", str(out)])
    assert 0 == done.exit_code, done.output
    assert "offline (playhouse truth)" in done.stdout
    found = json.loads(out.read_text())
    assert {"context", "logic"} == set(found["agreement"])
    assert len(THOUGHTS) == found["thoughts"]
