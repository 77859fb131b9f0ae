"""Many requests in a round: each ends once, few are in hand at a time, and nothing is left behind."""

import asyncio
import os
import signal
import threading
import time
import weakref

import pytest

from crossomni.chat import Chat, ChatReply, ask_all
from crossomni.errors import ChatError, MediaError, RunError
from crossomni.testing.chat_server import HANGING, Behaviour, ChatServer
from tests.chat.asking import config_of


def question(number):
    """Messages that ask one number."""
    return [{"role": "user", "content": str(number)}]


def echo(request):
    """The stub says the number again, refuses 13 and hangs at 99."""
    content = request["messages"][0]["content"]
    return {"13": Behaviour(status=400), "99": HANGING}.get(content, content)


class Source:
    """Questions of 0 to ``count``; how many were taken stands in ``taken``."""

    def __init__(self, count):
        self.count, self.taken = count, 0

    def __iter__(self):
        for number in range(self.count):
            self.taken += 1
            yield number, question(number)


def asked_all(server, source, **changes):
    """All outcomes by key, through the asynchronous form."""

    async def main():
        async with Chat(config_of(server, **changes)) as chat:
            outcomes = [pair async for pair in chat.ask_all(source)]
        assert {asyncio.current_task()} == asyncio.all_tasks()
        return outcomes

    return asyncio.run(main())


def asked_all_in_a_thread(server, source, **changes):
    """All outcomes by key, through the form for callers without a loop."""
    return list(ask_all(config_of(server, **changes), source))


BOTH = pytest.mark.parametrize("all_of", [asked_all, asked_all_in_a_thread])


@BOTH
def test_each_request_ends_once(all_of):
    """Forty requests give thirty-nine replies and one failure, each under its key."""
    with ChatServer(echo) as server:
        outcomes = all_of(server, Source(40), at_once=7)
    assert set(range(40)) == {key for key, _ in outcomes}
    assert 40 == len(outcomes) == server.requests
    assert all(outcome.text == str(key) for key, outcome in outcomes if isinstance(outcome, ChatReply))
    assert [(13, "refused")] == [(key, outcome.state) for key, outcome in outcomes if isinstance(outcome, ChatError)]


@BOTH
def test_no_requests(all_of):
    """A round of nothing ends."""
    with ChatServer() as server:
        assert [] == all_of(server, [])


@BOTH
def test_the_limit_is_used_and_kept(all_of):
    """Five may be under way, and five are."""
    with ChatServer(echo, delay_seconds=0.03) as server:
        all_of(server, Source(40), at_once=5)
    assert 5 == server.most_at_once


@BOTH
def test_an_exception_of_the_requests_ends_the_round(all_of):
    """What the source raises reaches the caller, although other requests hang."""

    def source():
        yield 99, question(99)
        raise MediaError("clip 2 is torn")

    with ChatServer(echo) as server, pytest.raises(MediaError, match="clip 2 is torn"):
        all_of(server, source())


@BOTH
def test_nothing_piles_up(all_of):
    """Of 200 requests never more than the limit and two are in memory."""
    alive, most = weakref.WeakSet(), 0

    class Message(dict):
        """A dict that can be counted."""

        __hash__ = object.__hash__

    def source():
        nonlocal most
        for number in range(200):
            message = Message(question(number)[0])
            alive.add(message)
            most = max(most, len(alive))
            yield number, [message]
            del message

    with ChatServer(delay_seconds=0.005) as server:
        all_of(server, source(), at_once=4)
    assert 4 <= most <= 6
    assert 0 == len(alive)


def test_requests_are_taken_when_there_is_room():
    """A caller who is slow holds the round up: no more are taken than the limit allows."""

    async def main():
        source, done = Source(30), 0
        async with Chat(config_of(server, at_once=4)) as chat:
            async for _ in chat.ask_all(source):
                done += 1
                await asyncio.sleep(0.005)
                assert source.taken - done <= 4
        return done

    with ChatServer(echo) as server:
        assert 30 == asyncio.run(main())


def test_a_slow_caller_without_a_loop():
    """The thread works ahead by the limit, and no further."""
    source = Source(30)
    with ChatServer(echo) as server:
        for done, _ in enumerate(ask_all(config_of(server, at_once=3), source), start=1):
            time.sleep(0.01)
            assert source.taken <= done + 2 * 3 + 1


def test_making_requests_does_not_stop_the_loop():
    """While a request is being made, which takes its time, the loop goes on."""

    def source():
        for number in range(3):
            time.sleep(0.1)
            yield number, question(number)

    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        async with Chat(config_of(server)) as chat:
            assert 3 == len([pair async for pair in chat.ask_all(source())])
        ticking.cancel()
        return ticks

    with ChatServer(echo) as server:
        assert asyncio.run(main()) > 8


def test_a_break_leaves_nothing_under_way():
    """After a break and the end of the block no task is left, although requests hang."""

    async def main():
        async with Chat(config_of(server, at_once=4)) as chat:
            async for key, _ in chat.ask_all((n, question(n)) for n in (1, 99, 99, 99, 99)):
                assert 1 == key
                break
        assert {asyncio.current_task()} == asyncio.all_tasks()

    with ChatServer(echo) as server:
        asyncio.run(main())


def test_a_break_ends_its_requests():
    """The chat stays open after a break, and what the round had under way ends all the same."""

    async def main():
        async with Chat(config_of(server, at_once=4)) as chat:
            async for _ in chat.ask_all((n, question(n)) for n in (1, 99, 99, 99, 99)):
                break
            async with asyncio.timeout(10):
                while len(asyncio.all_tasks()) > 1:
                    await asyncio.sleep(0.01)
            return (await chat.ask(question(2))).text

    with ChatServer(echo) as server:
        assert "2" == asyncio.run(main())


def test_a_round_ends_with_its_chat():
    """A round that somebody still holds has nothing under way once the chat is closed."""

    async def main():
        async with Chat(config_of(server, at_once=4)) as chat:
            held = chat.ask_all((n, question(n)) for n in (1, 99, 99))
            await anext(held)
        assert {asyncio.current_task()} == asyncio.all_tasks()
        await held.aclose()

    with ChatServer(echo) as server:
        asyncio.run(main())


def test_cancelling_a_round():
    """Cancelling passes through at once and leaves no task."""

    async def main():
        async def round_of_requests():
            async with Chat(config_of(server, at_once=4)) as chat:
                async for _ in chat.ask_all((n, question(99)) for n in range(10)):
                    pass

        task = asyncio.create_task(round_of_requests())
        while server.requests < 4:
            await asyncio.sleep(0.01)
        start = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.perf_counter() - start < 1
        assert {asyncio.current_task()} == asyncio.all_tasks()

    with ChatServer(echo) as server:
        asyncio.run(main())
    assert 4 == server.requests


class TestWithoutALoop:
    """The form for callers without a loop ends its thread in every case."""

    @pytest.fixture(autouse=True)
    def _threads_end(self):
        before = threading.active_count()
        yield
        assert before == threading.active_count()

    def test_a_break(self):
        """Leaving early ends what hangs."""
        with ChatServer(echo) as server:
            for key, _ in ask_all(config_of(server), ((n, question(n)) for n in (1, 99, 99))):
                assert 1 == key
                break

    def test_an_exception_of_the_caller(self):
        """The caller's exception is what the caller gets."""

        def use(server):
            for key, _ in ask_all(config_of(server), ((n, question(n)) for n in (1, 99, 99))):
                raise LookupError(key)

        with ChatServer(echo) as server, pytest.raises(LookupError, match="1"):
            use(server)

    def test_ctrl_c(self):
        """Ctrl-C while all requests hang ends the round at once."""
        interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        with ChatServer(echo) as server:
            start = time.perf_counter()
            interrupt.start()
            with pytest.raises(KeyboardInterrupt):
                next(ask_all(config_of(server), [(0, question(99))]))
            assert time.perf_counter() - start < 3
        interrupt.join()

    def test_a_round_that_is_not_begun(self):
        """Nothing is asked before the first reply is wanted."""
        with ChatServer() as server:
            ask_all(config_of(server), [(0, question(0))]).close()
        assert 0 == server.connections

    def test_inside_a_running_loop(self):
        """It may be used where a loop runs already, as in a notebook."""

        async def main():
            return list(ask_all(config_of(server), Source(3)))

        with ChatServer(echo) as server:
            assert 3 == len(asyncio.run(main()))

    def test_a_chat_that_cannot_be_opened(self, tmp_path):
        """What stops a chat at its beginning reaches the caller."""
        (tmp_path / "c.jsonl").write_text("{}\n" * 100)
        with ChatServer() as server, pytest.raises(RunError, match="not a cache of replies"):
            next(ask_all(config_of(server), Source(3), cache=tmp_path / "c.jsonl"))

    def test_with_a_cache(self, tmp_path):
        """A second round over the same requests asks nothing but what failed."""
        with ChatServer(echo) as server:
            for _ in range(2):
                assert 20 == len(list(ask_all(config_of(server), Source(20), cache=tmp_path / "c.sqlite")))
        assert 21 == server.requests
