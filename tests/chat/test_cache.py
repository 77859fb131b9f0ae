"""Replies are kept and not asked for again; failures are."""

import asyncio
import multiprocessing
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crossomni.chat import Chat, ChatReply, ReplyCache, Usage
from crossomni.errors import ChatError, RunError
from crossomni.testing.chat_server import HANGING, Behaviour, ChatServer, in_turn
from tests.chat.asking import ASKED, ask, config_of


def test_a_second_session_does_not_ask(tmp_path):
    """The reply with all that belongs to it is read from the file."""
    told = Behaviour(text="B", thinking="hm", usage={"prompt_tokens": 3})
    with ChatServer(lambda request: told) as server:
        replies = [ask(server, cache=tmp_path / "cache.sqlite") for _ in range(2)]
    assert 1 == server.requests
    assert (
        ChatReply(text="B", thinking="hm", finish="stop", usage=Usage(prompt_tokens=3), id="chatcmpl-1")
        == replies[0]
        == replies[1]
    )


def test_a_session_knows_what_it_asked(tmp_path):
    """The same question comes once to the server, also when it is asked again at once."""

    async def main():
        async with Chat(config_of(server), tmp_path / "cache.sqlite") as chat:
            return [(await chat.ask(ASKED)).text for _ in range(3)]

    with ChatServer(in_turn("A", "B")) as server:
        assert ["A", "A", "A"] == asyncio.run(main())


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "other"},
        {"messages": [{"role": "user", "content": "Who speaks now?"}]},
        {"options": {"response_format": {"type": "json_object"}}},
        {"temperature": 0.5},
        {"most_new_tokens": 3},
        {"seed": 1},
    ],
)
def test_another_request_is_asked(changes, tmp_path):
    """Whatever may change the reply is part of the key."""
    with ChatServer() as server:
        ask(server, cache=tmp_path / "cache.sqlite")
        ask(server, cache=tmp_path / "cache.sqlite", **changes)
    assert 2 == server.requests


def test_patience_is_not_part_of_the_request(tmp_path):
    """Tries, deadline and the server's address may change."""
    for changes in ({}, {"tries": 1, "deadline_seconds": 5.0, "at_once": 3}):
        with ChatServer() as server:
            ask(server, cache=tmp_path / "cache.sqlite", **changes)
    assert 0 == server.requests


@pytest.mark.parametrize(("temperature", "requests"), [(0.0, 1), (0.7, 3)])
def test_samples(temperature, requests, tmp_path):
    """Repeats are replies of their own where the model draws, and the same where it does not."""
    seeds = []

    def reply(request):
        seeds.append(request["seed"])
        return "B"

    with ChatServer(reply) as server:
        for sample in (0, 1, 2, 1):
            ask(server, cache=tmp_path / "c.sqlite", options={"sample": sample}, temperature=temperature, seed=40)
    assert [40, 41, 42][:requests] == seeds


def test_failures_are_asked_again(tmp_path):
    """What failed is not in the file."""
    with ChatServer(in_turn(Behaviour(status=400), "B")) as server:
        with pytest.raises(ChatError):
            ask(server, cache=tmp_path / "cache.sqlite")
        with ReplyCache(tmp_path / "cache.sqlite") as cache:
            assert 0 == len(cache)
        assert "B" == ask(server, cache=tmp_path / "cache.sqlite").text


@pytest.mark.parametrize("behaviour", ["B", Behaviour(status=400)])
def test_the_same_under_way_is_asked_once(behaviour, tmp_path):
    """Ten askers of one question share one request and its outcome, good or bad."""

    async def main():
        async with Chat(config_of(server), tmp_path / "cache.sqlite") as chat:
            return await asyncio.gather(*(chat.ask(ASKED) for _ in range(10)), return_exceptions=True)

    with ChatServer(in_turn(behaviour), delay_seconds=0.05) as server:
        outcomes = asyncio.run(main())
    assert 1 == server.requests
    assert 1 == len({str(outcome) for outcome in outcomes})


def test_a_cancelled_asker_takes_nobody_along(tmp_path):
    """When the first asker is cancelled, the second asks in its place."""

    async def main():
        async with Chat(config_of(server), tmp_path / "cache.sqlite") as chat:
            first, second = (asyncio.create_task(chat.ask(ASKED)) for _ in range(2))
            while not server.requests:
                await asyncio.sleep(0.01)
            first.cancel()
            return (await second).text

    with ChatServer(in_turn(HANGING, "B")) as server:
        assert "B" == asyncio.run(main())


REPLY = ChatReply(text="B", thinking="half \ud83d", usage=Usage(prompt_tokens=3), first_token={"B": -0.25})
SPAWN = multiprocessing.get_context("spawn")


def test_a_temperature_of_one_request(tmp_path):
    """It goes before the configuration's, is sent, and has its own place in the cache."""
    sent = []

    async def main():
        async with Chat(config_of(server), tmp_path / "c.sqlite") as chat:
            for sample in (0, 1, 1):
                await chat.ask(ASKED, sample=sample, temperature=0.7)
            await chat.ask(ASKED)

    with ChatServer(lambda request: sent.append(request["temperature"]) or "B") as server:
        asyncio.run(main())
    assert [0.7, 0.7, 0.0] == sent


def test_a_reply_comes_back_whole(tmp_path):
    """All its fields, also half a surrogate pair, which SQLite itself does not take."""
    with ReplyCache(tmp_path / "new" / "c.sqlite") as cache:
        cache.keep("r", "m", REPLY)
        assert REPLY == cache.find("r")
        assert cache.find("other") is None


def test_the_first_reply_stays(tmp_path):
    """Who comes second with the same request goes on with what the first got."""
    with ReplyCache(tmp_path / "c.sqlite") as one, ReplyCache(tmp_path / "c.sqlite") as other:
        assert "A" == one.keep("r", "m", ChatReply(text="A")).text
        assert "A" == other.keep("r", "m", ChatReply(text="B")).text


def test_the_salt_belongs_to_the_file(tmp_path):
    """It is drawn once a file; without a cache, once a chat."""

    async def salt(cache):
        async with Chat(config_of(server), cache) as chat:
            return chat.salt

    with ChatServer() as server:
        same = {asyncio.run(salt(tmp_path / "c.sqlite")) for _ in range(2)}
        others = {asyncio.run(salt(cache)) for cache in (tmp_path / "d.sqlite", None, None)}
    assert 1 == len(same)
    assert 4 == len(same | others)
    assert all(len(one) == 32 for one in same | others)


def write_replies(path, who, count, ready=None):
    """In a process of its own: keep ``count`` replies, and read each again."""
    with ReplyCache(path) as cache:
        for number in range(count):
            cache.keep(f"{who}-{number}", "m", ChatReply(text=f"{who} {number}"))
            assert cache.find(f"{who}-{number}").text == f"{who} {number}"
            if ready is not None and number == 20:
                ready.set()


def test_several_processes_write_at_once(tmp_path):
    """Four that open the same new file at the same moment lose nothing of each other."""
    path = tmp_path / "c.sqlite"
    workers = [SPAWN.Process(target=write_replies, args=(path, who, 100)) for who in "abcd"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [0] * 4 == [worker.exitcode for worker in workers]
    with ReplyCache(path) as cache:
        assert 400 == len(cache)


def test_a_kill_loses_nothing_that_was_kept(tmp_path):
    """The file of a process that was killed in the middle of writing opens, and goes on."""
    path, ready = tmp_path / "c.sqlite", SPAWN.Event()
    worker = SPAWN.Process(target=write_replies, args=(path, "a", 1_000_000, ready))
    worker.start()
    assert ready.wait(20)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    with ReplyCache(path) as cache:
        assert [f"a {number}" for number in range(21)] == [cache.find(f"a-{number}").text for number in range(21)]
        cache.keep("b", "m", REPLY)
        assert REPLY == cache.find("b")


@pytest.mark.parametrize(
    "content", ['{"request": "x", "text": "B"}\n', "SQLite format 3\0" + "torn" * 100], ids=["lines", "torn"]
)
def test_what_is_no_cache_is_refused(content, tmp_path):
    """A cache of JSON lines, as older versions wrote it, or a damaged file; it stays as it is."""
    path = tmp_path / "c.jsonl"
    path.write_text(content)
    with ChatServer() as server, pytest.raises(RunError, match=r"c\.jsonl: not a cache of replies, .* Choose another"):
        ask(server, cache=path)
    assert content == path.read_text()


def test_another_database_is_refused(tmp_path):
    """It gets no table of ours."""
    with sqlite3.connect(tmp_path / "c.sqlite") as other:
        other.execute("CREATE TABLE cats (name)")
    with pytest.raises(RunError, match="a database of something else"):
        ReplyCache(tmp_path / "c.sqlite")
    assert [("cats",)] == other.execute("SELECT name FROM sqlite_master").fetchall()
    other.close()


def test_a_record_that_is_no_reply(tmp_path):
    """It is named, and not taken for a miss."""
    with ReplyCache(tmp_path / "c.sqlite") as cache:
        cache.keep("r", "m", REPLY)
    with sqlite3.connect(tmp_path / "c.sqlite") as file:
        file.execute("""UPDATE replies SET reply = '{"text": "B"}'""")
    file.close()
    with ReplyCache(tmp_path / "c.sqlite") as cache, pytest.raises(RunError, match=r"no reply .*'thinking'"):
        cache.find("r")


def test_a_cache_that_cannot_be_opened(tmp_path):
    """A folder stands in its place."""
    with pytest.raises(RunError, match="the cache cannot be used"):
        ReplyCache(tmp_path)


def test_who_opens_a_new_file_at_the_same_moment(tmp_path):
    """Everybody gets in, and all go by one salt."""

    def opened(path):
        together.wait()
        with ReplyCache(path) as cache:
            cache.keep("r", "m", REPLY)
            return cache.salt

    together = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        for number in range(15):
            salts = list(pool.map(opened, [tmp_path / f"{number}.sqlite"] * 8))
            assert 1 == len(set(salts))
