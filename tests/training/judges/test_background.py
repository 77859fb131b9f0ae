"""Judging goes on in a thread while the caller does something else, and everything is judged once."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace

import pytest

from crossomni.chat import ChatConfig, Spent
from crossomni.errors import InputError, MediaError, RunError
from crossomni.judging import Judged
from crossomni.testing.chat_server import HANGING, ChatServer
from crossomni.training.judges.background import BackgroundJudge
from crossomni.training.judges.opening import chat_judge
from tests.training.judged import GOOD, FakeJudge, scored, thought


@pytest.fixture(autouse=True)
def _threads_end():
    before = threading.active_count()
    yield
    assert before == threading.active_count()


def in_background(judge):
    """A judge that needs no opening."""
    return BackgroundJudge(nullcontext(judge))


def wait_until(true):
    """Wait for something that comes by itself."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_it_is_asked_from_anywhere():
    """From an event loop, from another one, and without one."""
    with in_background(FakeJudge()) as judge:
        outcomes = [asyncio.run(judge.judge("context", thought())) for _ in range(2)]
        assert [scored("context", 2)] * 3 == [*outcomes, judge.judge_now("context", thought())]
        assert ("fake", Spent(), 0.0) == (judge.name, judge.spent, judge.cost)


def test_starting_does_not_wait():
    """Both rubrics of each thought are under way at once; who asks joins them."""
    thoughts = [thought(f"{GOOD} {number}") for number in range(5)]
    with in_background(fake := FakeJudge(seconds=0.3)) as judge:
        start = time.perf_counter()
        judge.start(thoughts)
        assert time.perf_counter() - start < 0.2
        wait_until(lambda: len(fake.asked) == 10)

        async def main():
            return await asyncio.gather(*(judge.judge("logic", one) for one in thoughts))

        assert [scored("logic", 2)] * 5 == asyncio.run(main())
        assert 0.25 < time.perf_counter() - start < 0.9
    assert 10 == len(fake.asked)


def test_a_thought_is_judged_once():
    """Under way or done, whatever the row has in columns that no judge reads."""
    with in_background(fake := FakeJudge(seconds=0.05)) as judge:
        judge.start([thought(), thought()], ["logic"])
        judge.judge_now("logic", replace(thought(), row=replace(thought().row, show="", episode="", pair_id="")))
        judge.judge_now("logic", thought())
    assert 1 == len(fake.asked)


@pytest.mark.parametrize("changes", [{"id": "other"}, {"rationale": "other"}])
def test_another_row_is_judged_anew(changes):
    """The same text about it is another thought."""
    with in_background(fake := FakeJudge()) as judge:
        judge.start([thought(), thought(**changes)], ["context"])
        wait_until(lambda: len(fake.asked) == 2)


def test_what_a_gate_refuses_is_not_begun():
    """It would be a call that nobody asks for; who asks all the same is told."""
    with in_background(fake := FakeJudge()) as judge:
        judge.start([thought(""), thought(thought().row.biography)])
        judge.judge_now("logic", thought(":"))
    assert [("logic", thought(":"))] == fake.asked


def test_a_failure_is_told_and_forgotten():
    """Who asks later asks the judge again."""
    outcomes = iter((Judged(state="failed", error="down"), scored("logic", 3)))
    with in_background(FakeJudge(lambda rubric, one: next(outcomes))) as judge:
        judge.start([thought()], ["logic"])
        assert ["failed", "scored", "scored"] == [judge.judge_now("logic", thought()).state for _ in range(3)]


def test_memory_has_bounds():
    """The oldest that is done goes first."""
    with BackgroundJudge(nullcontext(fake := FakeJudge()), most_kept=3) as judge:
        for number in (0, 1, 2, 3, 3, 0):
            judge.judge_now("logic", thought(f"{GOOD} {number}"))
    assert [0, 1, 2, 3, 0] == [int(one.thinking[-1]) for _, one in fake.asked]


def test_an_exception_of_the_judge_reaches_who_asks():
    """And is not raised a second time at the end."""
    with in_background(FakeJudge(lambda rubric, one: MediaError("torn"))) as judge:
        judge.start([thought()], ["logic"])
        with pytest.raises(MediaError, match="torn"):
            judge.judge_now("logic", thought())


def test_an_exception_that_nobody_was_told_of():
    """It is raised at the end, unless something else is."""

    def begun(error):
        torn = FakeJudge(lambda rubric, one: MediaError("torn") if rubric == "logic" else scored(rubric, 5))
        with in_background(torn) as judge:
            judge.start([thought()], ["logic"])
            judge.judge_now("context", thought())  # comes after the other has ended
            if error:
                raise error

    with pytest.raises(MediaError, match="torn"):
        begun(None)
    with pytest.raises(LookupError):
        begun(LookupError())


def test_who_leaves_takes_nobody_along():
    """One who waits no longer does not end the judging for the others."""

    async def main():
        first, second = (asyncio.create_task(judge.judge("logic", thought())) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        return await second

    with in_background(fake := FakeJudge(seconds=0.2)) as judge:
        assert scored("logic", 2) == asyncio.run(main())
    assert (1, 0) == (len(fake.asked), fake.cancelled)


def test_closing_ends_what_is_under_way():
    """At once, although the judge hangs."""
    start = time.perf_counter()
    with in_background(fake := FakeJudge(seconds=60)) as judge:
        judge.start([thought()])
        wait_until(lambda: len(fake.asked) == 2)
    assert time.perf_counter() - start < 5
    assert 2 == fake.cancelled


def test_a_judge_that_is_not_open():
    """Before and after its block it says how to use it."""
    judge = in_background(FakeJudge())
    for _ in range(2):
        with pytest.raises(InputError, match="a judge was asked that is not open"):
            judge.start([thought()])
        with pytest.raises(InputError, match="not open"):
            asyncio.run(judge.judge("logic", thought()))
        with judge:
            pass


def test_what_keeps_a_judge_from_opening():
    """Is raised where it was to be opened."""

    @asynccontextmanager
    async def closed():
        raise MediaError("no way")
        yield

    with pytest.raises(MediaError, match="no way"), BackgroundJudge(closed()):
        pass


def test_a_chat_model_in_the_background(tmp_path):
    """Requests of all thoughts are under way at once; a second time the cache replies."""
    thoughts = [thought(f"{GOOD} {number}") for number in range(8)]

    def judged():
        config = ChatConfig(url=server.url, model="j", at_once=16)
        with BackgroundJudge(chat_judge(config, tmp_path / "c.sqlite")) as judge:
            judge.start(thoughts)
            outcomes = [judge.judge_now("logic", one).points.score for one in thoughts]
            return outcomes, judge.name, judge.spent.replies

    def points(request):
        return "1 1 0" if "three numbers" in request["messages"][0]["content"] else "4"

    with ChatServer(points, delay_seconds=0.1) as server:
        assert ([2] * 8, "j", 16) == judged()
        assert (16, 16) == (server.requests, server.most_at_once)
        assert ([2] * 8, "j", 0) == judged()


def test_a_chat_model_that_hangs():
    """Closing does not wait for it."""
    with ChatServer(lambda request: HANGING) as server:
        start = time.perf_counter()
        with BackgroundJudge(chat_judge(ChatConfig(url=server.url, model="j"))) as judge:
            judge.start([thought()])
            wait_until(lambda: server.requests == 2)
        assert time.perf_counter() - start < 5


def test_a_cache_that_is_none(tmp_path):
    """It keeps the judge from opening, in its own words."""
    (tmp_path / "c.jsonl").write_text("{}\n" * 100)
    opening = chat_judge(ChatConfig(url="http://127.0.0.1:9/v1", model="j"), tmp_path / "c.jsonl")
    with pytest.raises(RunError, match="not a cache of replies"), BackgroundJudge(opening):
        pass
