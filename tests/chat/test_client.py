"""One request: what is sent, how patiently, and how it ends."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from crossomni.chat import Chat
from crossomni.errors import ChatError, InputError
from crossomni.testing.chat_server import (
    CLOSED,
    CUT,
    DRIPPING,
    HALF_JSON,
    HANGING,
    HTML,
    SERVER_ERROR,
    Behaviour,
    ChatServer,
    in_turn,
    rate_limited,
)
from tests.chat.asking import ASKED, Pauses, ask, config_of, error_of

SCHEMA = {"type": "json_schema", "json_schema": {"name": "score", "schema": {"type": "number", "default": None}}}


def test_the_request():
    """The server gets the configuration and the options in OpenAI's words; a schema stays as it was given."""
    with ChatServer() as server:
        ask(server, options={"response_format": SCHEMA}, seed=5, temperature=0.5, most_new_tokens=9)
    schema = {"type": "json_schema", "json_schema": {"name": "score", "schema": {"type": "number"}}}
    wanted = {"model": "m", "messages": ASKED, "max_tokens": 9, "temperature": 0.5, "seed": 5}
    assert {**wanted, "response_format": schema, "stream": False} == server.last_request


def test_no_seed_unless_there_is_one():
    """Without a seed the server draws its own."""
    with ChatServer() as server:
        ask(server)
    assert "seed" not in server.last_request


@pytest.mark.parametrize(("key", "sent"), [("sk-abc", "sk-abc"), ("", "none"), (None, "none")])
def test_the_key(key, sent, monkeypatch):
    """OPENAI_API_KEY is sent; where it is empty or missing "none", and never the token of the Hub."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    with ChatServer() as server:
        ask(server)
    assert f"Bearer {sent}" == server.last_headers["authorization"]


def test_the_key_is_never_shown(monkeypatch, tmp_path):
    """Neither a server that repeats it nor the cache nor an object's own words give it away."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abc")
    error, _ = error_of(Behaviour(status=401, body='{"error": {"message": "the key sk-abc is wrong"}}'))
    assert "the key … is wrong" in str(error)
    with ChatServer() as server:
        ask(server, cache=tmp_path / "cache.sqlite")
    assert b"sk-abc" not in (tmp_path / "cache.sqlite").read_bytes()


def test_what_is_no_key(monkeypatch):
    """A line break inside the key is refused before it is sent, without showing it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\nabc")
    with ChatServer() as server, pytest.raises(InputError, match=r"^OPENAI_API_KEY holds signs [^\n]*$") as caught:
        ask(server)
    assert "abc" not in str(caught.value)


def test_a_server_that_is_down():
    """A closed port is unreachable, and the error says what to do."""
    with ChatServer() as server:
        pass
    with pytest.raises(
        ChatError, match=r"no connection.*\(3 tries\).*Start the server, or correct the url\.$"
    ) as caught:
        ask(server)
    assert "unreachable" == caught.value.state


@pytest.mark.parametrize("behaviour", [HANGING, DRIPPING, Behaviour(delay_seconds=5)])
def test_a_try_ends_at_its_deadline(behaviour):
    """Whether nothing comes, or a byte now and then, or all too late: the try ends when its time is over."""

    async def main():
        async with Chat(config_of(server, tries=2, deadline_seconds=0.1), sleep=Pauses()) as chat:
            start = time.perf_counter()
            with pytest.raises(ChatError, match=r"no whole answer within 0\.1 s \(2 tries\)") as caught:
                await chat.ask(ASKED)
            assert 0.15 < time.perf_counter() - start < 3
            return caught.value.state

    with ChatServer(in_turn(behaviour)) as server:
        assert "timeout" == asyncio.run(main())


@pytest.mark.parametrize("behaviour", [SERVER_ERROR, rate_limited(), CLOSED, CUT, HTML, HALF_JSON])
def test_what_passes_is_survived(behaviour):
    """A reply that comes after two failures is the reply."""
    with ChatServer(in_turn(behaviour, behaviour, "B")) as server:
        assert "B" == ask(server).text


def test_pauses_grow():
    """Each pause is drawn from the upper half of twice the one before, up to a minute."""
    pauses = Pauses()
    error_of(SERVER_ERROR, pauses=pauses, tries=10)
    limits = [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert len(limits) == len(pauses)
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, limits, strict=True))
    assert len({pause / limit for pause, limit in zip(pauses, limits, strict=True)}) > 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0.5", 0.5), ("100000", 60), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0), ("-3", 0), ("nan", 0)],
)
def test_the_server_says_when(header, seconds):
    """Retry-After is waited for before the own pause, a minute at most."""
    pauses = Pauses()
    error_of(rate_limited(header), pauses=pauses, tries=2)
    assert seconds + 0.25 <= pauses[0] <= seconds + 0.5


def test_the_server_says_when_by_a_date():
    """Retry-After may also be a date."""
    pauses = Pauses()
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    error_of(rate_limited(date), pauses=pauses, tries=2)
    assert 15 < pauses[0] <= 30.5


def test_connections_are_not_lost():
    """After more time-outs than there are slots, the next request is answered."""

    async def main():
        async with Chat(config_of(server, tries=1, at_once=2, deadline_seconds=0.1)) as chat:
            late = await asyncio.gather(*(chat.ask(ASKED) for _ in range(4)), return_exceptions=True)
            assert ["timeout"] * 4 == [error.state for error in late]
            chat.config = config_of(server, at_once=2)
            return [(await chat.ask([])).text for _ in range(3)]

    with ChatServer(lambda request: HANGING if request["messages"] else "A") as server:
        assert ["A", "A", "A"] == asyncio.run(main())


def test_many_at_once_have_their_limit():
    """Fifty requests are answered six at once, over connections that stay open."""

    async def main():
        async with Chat(config_of(server, at_once=6)) as chat:
            await asyncio.gather(*(chat.ask(ASKED) for _ in range(50)))

    with ChatServer(delay_seconds=0.01) as server:
        asyncio.run(main())
    assert 6 == server.most_at_once == server.connections


def test_cancelling_passes_through_at_once():
    """A cancelled request is no failure and is not tried again; its slot is free again."""

    async def main():
        async with Chat(config_of(server, at_once=1)) as chat:
            task = asyncio.create_task(chat.ask(ASKED))
            while not server.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert "B" == (await chat.ask(ASKED)).text

    with ChatServer(in_turn(HANGING, "B")) as server:
        asyncio.run(main())
    assert 2 == server.requests


@pytest.mark.parametrize("option", ["max_tokens", "model", "stream", "n"])
def test_options_of_the_configuration(option):
    """What belongs in ChatConfig, or makes no single reply, is no option of a request."""
    with ChatServer() as server, pytest.raises(InputError, match=f"option '{option}' is none of a single request"):
        ask(server, options={option: 1})


def test_a_chat_that_is_not_open():
    """Asking outside of the block says how it is used."""
    with ChatServer() as server, pytest.raises(InputError, match="Use it so: async with"):
        asyncio.run(Chat(config_of(server)).ask(ASKED))


def test_text_that_cannot_be_sent():
    """Half a surrogate pair in a question is a named failure of this question."""
    with ChatServer() as server, pytest.raises(ChatError, match="no text that can be sent") as caught:
        ask(server, [{"role": "user", "content": "\ud83d"}])
    assert ("refused", 0) == (caught.value.state, server.requests)


def test_offline():
    """HF_HUB_OFFLINE, which closes huggingface_hub to this machine too, is named before anything is asked."""
    code = (
        "import asyncio\nfrom crossomni.chat import Chat, ChatConfig\n"
        "async def main():\n    async with Chat(ChatConfig(url='http://127.0.0.1:9/v1', model='m')): pass\n"
        "asyncio.run(main())"
    )
    environment = {"HF_HUB_OFFLINE": "1", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=Path.cwd())
    assert "InputError: http://127.0.0.1:9/v1: HF_HUB_OFFLINE is set" in done.stderr


def test_requests_are_spread_over_the_minute():
    """As many of them begin in it as the configuration says; without it none waits."""
    for per_minute, wanted in ((30, [0.0, 2.0, 4.0]), (0, [])):
        pauses = Pauses()

        async def main(per_minute=per_minute, pauses=pauses):
            async with Chat(config_of(server, per_minute=per_minute), sleep=pauses) as chat:
                await asyncio.gather(*(chat.ask([{"role": "user", "content": str(n)}]) for n in range(3)))

        with ChatServer(lambda request: "B") as server:
            asyncio.run(main())
        assert pauses == pytest.approx(wanted, abs=0.5)
