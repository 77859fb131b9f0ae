"""A judge is opened by the name that a user gives."""

import pytest

from crossomni.chat import Price
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.testing.chat_server import ChatServer
from crossomni.training.judges.opening import open_judge
from tests.training.judged import thought


def test_a_chat_model(tmp_path):
    """With its cache, its price, and few tokens for a reply."""
    with ChatServer(lambda request: "5") as server:
        for calls in (1, 0):
            spec = f"openai:m@{server.url}"
            with open_judge(spec, cache=tmp_path / "c.sqlite", price=Price(prompt=1e5)) as judge:
                assert 5 == judge.judge_now("context", thought()).points
                assert ("m", calls, float(calls)) == (judge.name, judge.spent.replies, judge.cost)
        assert (1, 16) == (server.requests, server.last_request["max_tokens"])


def test_offline():
    """Playhouse's own truth needs no server, and the data."""
    with open_judge("offline", Corpus.open("playhouse")) as judge:
        assert 5 == judge.judge_now("context", thought(thought().row.rationale)).points
        assert 0.0 == judge.cost
    with pytest.raises(InputError, match="judge 'offline': no data came"):
        open_judge("offline")


@pytest.mark.parametrize("spec", ["", "online", "openai:m", "openai:m@localhost"])
def test_another_name(spec):
    """It is refused in one line, before anything is opened."""
    with pytest.raises(InputError, match=r"wanted (openai:NAME@)?http://HOST:PORT/v1"):
        open_judge(spec)
