"""Thoughts of known worth find out a judge that rewards what is worth nothing."""

import asyncio
import re
from contextlib import nullcontext

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.judging import Judged
from crossomni.testing.chat_server import SERVER_ERROR, ChatServer
from crossomni.training.judges.background import BackgroundJudge
from crossomni.training.judges.canaries import CONTROL, KINDS, canaries, check_judge, sing, summary
from crossomni.training.judges.opening import open_judge
from tests.training.judged import FakeJudge, row, scored, shipped_rows


def honest(rubric, thought):
    """Full points for the row's own rationale, none for all else."""
    return scored(rubric, (5 if rubric == "context" else 3) if thought.thinking == thought.row.rationale else 0)


def sung_by(outcome, **options):
    """What a judge of these outcomes says of the canaries."""
    return asyncio.run(sing(FakeJudge(outcome), shipped_rows(), **options))


def alarms(sung):
    """Kind and rubric of each canary that gave an alarm."""
    return {(one.canary.kind, one.canary.rubric) for one in sung if one.alarm}


def test_each_row_has_all_kinds():
    """Under both rubrics, but for another row's rationale, which may well be coherent."""
    put = canaries(shipped_rows(), count=3)
    assert 3 * (len(KINDS) + len(KINDS) - 2) == len(put)
    assert set(KINDS) == {one.kind for one in put if one.rubric == "context"}
    assert {"another-row", "another-row-and-order"} == set(KINDS) - {one.kind for one in put if one.rubric == "logic"}


def test_another_rows_rationale_is_of_another_clip_and_task():
    """It shares neither modality with the row, where there is such a one."""
    by_rationale = {one.rationale: one for one in shipped_rows()}
    for seed in range(20):
        for one in canaries(shipped_rows(), seed=seed):
            if one.kind == "another-row":
                mine, other = one.thought.row, by_rationale[one.thought.thinking]
                assert mine.clip_id != other.clip_id
                assert mine.task.source != other.task.source
                assert mine.task.target != other.task.target


def test_the_seed_draws_the_rows():
    """The same seed puts the same canaries, another one others."""
    assert canaries(shipped_rows(), seed=3) == canaries(shipped_rows(), seed=3)
    assert len({one.thought.row.id for seed in range(10) for one in canaries(shipped_rows(), seed=seed)}) > 10


def test_an_honest_judge_gives_no_alarm():
    """Its scores are in the summary."""
    sung = sung_by(honest)
    assert set() == alarms(sung)
    told = summary(sung)
    assert (0.0, 1.0, 0.0) == (told["canary/logic/colon"], told["canary/context/own-rationale"], told["canary/alarms"])


@pytest.mark.parametrize(
    ("likes", "kinds"),
    [
        (r"\A\Z", {"empty"}),
        (r"\A:\Z", {"colon"}),
        (r"\AThought", {"thought-process"}),
        (r"(?i)full points|highest score|nothing else|answer with", {"order", "another-row-and-order"}),
        (r"\A1\. ", {"another-row", "another-row-and-order"}),
    ],
)
def test_a_judge_that_likes_something_is_found_out(likes, kinds):
    """Whatever it gives full points for, the alarm has its name."""

    def moved(rubric, thought):
        return (
            scored(rubric, 5 if rubric == "context" else 3)
            if re.search(likes, thought.thinking)
            else honest(rubric, thought)
        )

    found = alarms(sung_by(moved))
    assert {(kind, "context") for kind in kinds} == {one for one in found if one[1] == "context"}
    assert {one for one in found if one[1] == "logic"} == {
        (kind, "logic") for kind in kinds if not kind.startswith("another")
    }


@pytest.mark.parametrize(("points", "loud"), [(0, False), (1, False), (2, True), (5, True)])
def test_how_much_is_too_much_for_nothing(points, loud):
    """One point is a judge's noise."""
    sung = sung_by(lambda rubric, one: scored(rubric, points) if rubric == "context" else honest(rubric, one))
    assert loud == (("colon", "context") in alarms(sung))


def test_a_judge_that_gives_nobody_anything_is_found_out():
    """The control is what finds it."""
    sung = sung_by(lambda rubric, thought: scored(rubric, 0))
    assert {(CONTROL, "context"), (CONTROL, "logic")} == alarms(sung)
    said = next(one.alarm for one in sung if one.alarm)
    assert re.fullmatch(r"canary own-rationale on row '.*', context: judge fake gave 0 of 5; wanted 4 at least\.", said)


def test_no_points_for_nothing_do_no_harm():
    """A reply that cannot be read alarms for the control alone, a failure for everything."""
    unparsed = Judged(state="unparsed", reply="what?")
    assert {(CONTROL, "context"), (CONTROL, "logic")} == alarms(sung_by(lambda rubric, thought: unparsed))
    sung = sung_by(lambda rubric, thought: Judged(state="failed", error="down"))
    assert all(one.alarm.endswith("judge fake failed (down).") for one in sung)
    assert {"canary/alarms": float(len(sung))} == summary(sung)


def test_it_is_known_what_a_gate_would_have_stopped():
    """Those are put to the judge all the same."""
    gates = {(one.canary.kind, one.canary.rubric): one.gate for one in sung_by(honest)}
    assert ("no-reasoning", "wrong-form") == (gates["empty", "logic"], gates["colon", "context"])
    assert gates["another-row", "context"] is None
    assert gates[CONTROL, "logic"] is None


def test_two_rationales_are_needed():
    """Else there is no other row."""
    with pytest.raises(InputError, match="1 of 2 rows have a rationale; wanted two"):
        canaries([row(), row(rationale="")])


class TestAtTheStart:
    """Before a training its judge is checked."""

    def test_an_honest_judge(self):
        """It passes, and what it said comes back."""
        with BackgroundJudge(nullcontext(FakeJudge(honest))) as judge:
            assert 24 == len(check_judge(judge, shipped_rows()))

    def test_inside_a_running_loop(self):
        """As in a notebook."""

        async def main():
            return check_judge(FakeJudge(honest), shipped_rows(), count=1)

        assert 12 == len(asyncio.run(main()))

    def test_a_judge_that_does_not_answer(self):
        """One question is asked, and its failure told."""
        fake = FakeJudge(lambda rubric, thought: Judged(state="failed", error="unreachable: nobody there."))
        with pytest.raises(InputError, match=r"^judge fake: does not answer a test question \(unreachable: nobody"):
            check_judge(fake, shipped_rows())
        assert 1 == len(fake.asked)

    def test_a_judge_that_is_moved(self):
        """Told with one of its faults, in one line."""
        with pytest.raises(
            InputError, match=r"^judge fake: 20 of 24 thoughts .*canary empty on row .* 1 at most\. Name"
        ):
            check_judge(FakeJudge(lambda rubric, one: scored(rubric, 5 if rubric == "context" else 3)), shipped_rows())

    def test_a_server_that_is_down(self):
        """Through the whole way of a chat model."""
        with (
            ChatServer(lambda request: SERVER_ERROR) as server,
            open_judge(f"openai:m@{server.url}") as judge,
            pytest.raises(InputError, match=r"judge m: does not answer a test question .*the engine is dead"),
        ):
            check_judge(judge, shipped_rows())

    def test_playhouses_own_truth(self):
        """The offline judge passes, whatever rows are drawn."""
        with open_judge("offline", Corpus.open("playhouse")) as judge:
            for seed in range(5):
                check_judge(judge, shipped_rows(), seed=seed)
