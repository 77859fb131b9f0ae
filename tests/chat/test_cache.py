"""Replies are kept and not asked for again; failures are."""

import asyncio

import pytest

from crossomni.chat import Chat, ChatReply, Usage
from crossomni.errors import ChatError, RunError
from crossomni.ledger import Ledger, read_records
from crossomni.testing.chat_server import HANGING, Behaviour, ChatServer, in_turn
from tests.chat.asking import ASKED, ask, config_of


def test_a_second_session_does_not_ask(tmp_path):
    """The reply with all that belongs to it is read from the file."""
    told = Behaviour(text="B", thinking="hm", usage={"prompt_tokens": 3})
    with ChatServer(lambda request: told) as server:
        replies = [ask(server, cache=tmp_path / "cache.jsonl") for _ in range(2)]
    assert 1 == server.requests
    assert ChatReply(text="B", thinking="hm", finish="stop", usage=Usage(prompt_tokens=3)) == replies[0] == replies[1]


def test_a_session_knows_what_it_asked(tmp_path):
    """The same question comes once to the server, also when it is asked again at once."""

    async def main():
        async with Chat(config_of(server), tmp_path / "cache.jsonl") as chat:
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
        ask(server, cache=tmp_path / "cache.jsonl")
        ask(server, cache=tmp_path / "cache.jsonl", **changes)
    assert 2 == server.requests


def test_patience_is_not_part_of_the_request(tmp_path):
    """Tries, deadline and the server's address may change."""
    for changes in ({}, {"tries": 1, "deadline_seconds": 5.0, "at_once": 3}):
        with ChatServer() as server:
            ask(server, cache=tmp_path / "cache.jsonl", **changes)
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
            ask(server, cache=tmp_path / "c.jsonl", options={"sample": sample}, temperature=temperature, seed=40)
    assert [40, 41, 42][:requests] == seeds


def test_failures_are_asked_again(tmp_path):
    """What failed is not in the file."""
    with ChatServer(in_turn(Behaviour(status=400), "B")) as server:
        with pytest.raises(ChatError):
            ask(server, cache=tmp_path / "cache.jsonl")
        assert [] == list(read_records(tmp_path / "cache.jsonl"))
        assert "B" == ask(server, cache=tmp_path / "cache.jsonl").text


@pytest.mark.parametrize("behaviour", ["B", Behaviour(status=400)])
def test_the_same_under_way_is_asked_once(behaviour, tmp_path):
    """Ten askers of one question share one request and its outcome, good or bad."""

    async def main():
        async with Chat(config_of(server), tmp_path / "cache.jsonl") as chat:
            return await asyncio.gather(*(chat.ask(ASKED) for _ in range(10)), return_exceptions=True)

    with ChatServer(in_turn(behaviour), delay_seconds=0.05) as server:
        outcomes = asyncio.run(main())
    assert 1 == server.requests
    assert 1 == len({str(outcome) for outcome in outcomes})


def test_a_cancelled_asker_takes_nobody_along(tmp_path):
    """When the first asker is cancelled, the second asks in its place."""

    async def main():
        async with Chat(config_of(server), tmp_path / "cache.jsonl") as chat:
            first, second = (asyncio.create_task(chat.ask(ASKED)) for _ in range(2))
            while not server.requests:
                await asyncio.sleep(0.01)
            first.cancel()
            return (await second).text

    with ChatServer(in_turn(HANGING, "B")) as server:
        assert "B" == asyncio.run(main())


def test_a_torn_line_costs_one_reply(tmp_path):
    """What a kill tore off is asked again, the rest is not."""
    path = tmp_path / "cache.jsonl"
    questions = [[{"role": "user", "content": text}] for text in "ab"]
    with ChatServer() as server:
        for question in questions:
            ask(server, question, cache=path)
        path.write_bytes(path.read_bytes()[:-5])
        for question in questions:
            ask(server, question, cache=path)
    assert 3 == server.requests


def test_one_process_at_a_time(tmp_path):
    """A cache that somebody writes is refused."""
    with ChatServer() as server, Ledger(tmp_path / "c.jsonl"), pytest.raises(RunError, match="is writing it"):
        ask(server, cache=tmp_path / "c.jsonl")


def test_another_file(tmp_path):
    """A ledger of something else is no cache, and stays as it is."""
    with Ledger(tmp_path / "c.jsonl") as ledger:
        ledger.append({"request": "x", "text": "B"})
    with ChatServer() as server, pytest.raises(RunError, match=r"c\.jsonl: a line is no reply .*'thinking'"):
        ask(server, cache=tmp_path / "c.jsonl")
    Ledger(tmp_path / "c.jsonl").close()
