"""What a server answers is read as a reply, or named."""

import asyncio
import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossomni.chat import Chat, ChatReply, Usage
from crossomni.errors import CHAT_STATES, ChatError
from crossomni.testing.chat_server import (
    CLOSED,
    CUT,
    HALF_JSON,
    HTML,
    SERVER_ERROR,
    Behaviour,
    ChatServer,
    in_turn,
    rate_limited,
)
from tests.chat.asking import ASKED, ask, config_of, error_of


def test_the_reply():
    """Text, finish, usage and the server's own id come back; what the server does not tell is None."""
    with ChatServer(lambda request: Behaviour(text="B", finish="length")) as server:
        usage = Usage(prompt_tokens=10, completion_tokens=1)
        assert ChatReply(text="B", thinking="", finish="length", usage=usage, id="chatcmpl-1") == ask(server)


def test_an_empty_text_is_a_reply():
    """A model may say nothing; that is no failure."""
    with ChatServer(lambda request: "") as server:
        assert "" == ask(server).text


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("text", ["B", None])
def test_thinking(field, text):
    """Both names of the thinking are read, also where the reply was cut before there was a text."""
    message = {"role": "assistant", "content": text, field: "hm"}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "length"}]})
    with ChatServer(lambda request: Behaviour(body=body)) as server:
        reply = ask(server)
    assert (text or "", "hm", Usage()) == (reply.text, reply.thinking, reply.usage)


def test_thinking_that_is_no_text():
    """Something else in its place is left out; the text is the reply."""
    message = {"role": "assistant", "content": "B", "reasoning": {"steps": 2}}
    with ChatServer(lambda request: Behaviour(body=json.dumps({"choices": [{"message": message}]}))) as server:
        assert ChatReply(text="B", thinking="") == ask(server)


@pytest.mark.parametrize(
    ("logprobs", "first"),
    [
        (None, {}),
        ({"content": []}, {}),
        ({"content": [{"token": "B", "logprob": -0.1, "top_logprobs": None}]}, {}),
        (
            {
                "content": [
                    {
                        "token": "B",
                        "logprob": -0.1,
                        "top_logprobs": [
                            {"token": "B", "logprob": -0.1},
                            {"token": " B", "logprob": -3},
                            {"token": "B", "logprob": -5.0},
                            {"token": "C", "logprob": None},
                        ],
                    },
                    {"token": ".", "logprob": 0.0, "top_logprobs": [{"token": ".", "logprob": 0.0}]},
                ]
            },
            {"B": -0.1, " B": -3.0},
        ),
    ],
)
def test_the_first_token(logprobs, first, tmp_path):
    """The likeliest first tokens come with the logarithms that the server tells, also out of a cache."""
    choice = {"message": {"role": "assistant", "content": "B."}, "logprobs": logprobs}
    with ChatServer(lambda request: Behaviour(body=json.dumps({"choices": [choice]}))) as server:
        for _ in range(2):
            assert first == ask(server, cache=tmp_path / "c.jsonl").first_token
    assert 1 == server.requests


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (None, (None, None, None, None)),
        ({"prompt_tokens": 7, "prompt_tokens_details": None}, (7, None, None, None)),
        ({"prompt_tokens": 7, "prompt_tokens_details": {"audio_tokens": 0}}, (7, 0, None, None)),
        ({"prompt_tokens": 7, "prompt_tokens_details": {"audio_tokens": 2, "video_tokens": 3}}, (7, 2, None, 3)),
        ({"prompt_tokens": 7, "prompt_tokens_details": {"multimodal_tokens": {"video": 3}}}, (7, 0, 0, 3)),
        ({"prompt_tokens": "7", "prompt_tokens_details": {"audio_tokens": True}}, (None, None, None, None)),
    ],
)
def test_usage(usage, counts):
    """Tokens of sound and sight are read as OpenAI and vLLM tell them; a kind missing in vLLM's list is zero."""
    with ChatServer(lambda request: Behaviour(usage=usage)) as server:
        told = ask(server).usage
    assert counts == (told.prompt_tokens, told.audio_tokens, told.image_tokens, told.video_tokens)


@pytest.mark.parametrize(
    ("behaviour", "state", "requests", "words"),
    [
        (SERVER_ERROR, "server-error", 3, "answered with 500, the engine is dead (3 tries); wanted a chat reply."),
        (rate_limited(), "rate-limited", 3, "answered with 429, too many requests (3 tries)"),
        (CLOSED, "unreachable", 3, "Server disconnected"),
        (CUT, "unreachable", 3, "closed connection"),
        (HTML, "not-a-reply", 3, "answered with '<html><body><h1>Welcome to nginx!"),
        (HALF_JSON, "not-a-reply", 3, "which is no JSON"),
        (Behaviour(body=b'{"\xff"'), "not-a-reply", 3, "xff"),
        (Behaviour(body="[]"), "not-a-reply", 1, "JSON that is no reply: it has another form"),
        (Behaviour(body="[" * 100_000), "not-a-reply", 1, "it has another form"),
        (Behaviour(body='{"choices": []}'), "not-a-reply", 1, "no choices in it, but nothing that says why"),
        (Behaviour(body='{"error": {"message": "busy"}}'), "not-a-reply", 1, "no choices in it, but busy"),
        (Behaviour(text=None), "not-a-reply", 1, "its message has the content None"),
        (Behaviour(text=["B"]), "not-a-reply", 1, "its message has the content ['B']"),
        (Behaviour(status=404, body=""), "refused", 1, "m: answered with 404; wanted"),
        (Behaviour(status=400, body='{"error": "no such model"}'), "refused", 1, "400, no such model;"),
        (Behaviour(status=400, body='{"object": "error", "message": "too long"}'), "refused", 1, "400, too long;"),
        (Behaviour(status=422, body='{"detail": "no messages"}'), "refused", 1, "422, no messages;"),
        (Behaviour(status=400, body="first\n  second \x1b[31m"), "refused", 1, "400, first second [31m;"),
    ],
)
def test_failures(behaviour, state, requests, words):
    """What can pass by itself is tried again, the rest is not; each ends in one line with its state."""
    error, asked = error_of(behaviour)
    assert (state, requests) == (error.state, asked)
    assert words in str(error)
    assert str(error).startswith("http://127.0.0.1:")
    assert "\n" not in str(error)
    assert state in CHAT_STATES


def test_a_long_message_is_shortened():
    """A page of error text does not go into the log."""
    error, _ = error_of(Behaviour(status=400, body="long " * 1000))
    assert len(str(error)) < 450


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "reasoning", "usage", "error", "get", "keys", "__dict__"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NEARLY_A_REPLY = st.builds(
    lambda content, thought: {"choices": [{"message": {"content": content, "reasoning": thought}}]}, JSON, JSON
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(JSON | NEARLY_A_REPLY, min_size=20, max_size=20))
def test_whatever_comes_is_a_reply_or_a_named_failure(bodies):
    """Of any JSON only a text in the first choice's message becomes a text."""

    async def main():
        async with Chat(config_of(server, tries=1)) as chat:
            return [await asyncio.gather(chat.ask(ASKED), return_exceptions=True) for _ in bodies]

    with ChatServer(in_turn(*(Behaviour(body=json.dumps(body)) for body in bodies))) as server:
        outcomes = asyncio.run(main())
    for body, (outcome,) in zip(bodies, outcomes, strict=True):
        if isinstance(outcome, ChatReply):
            assert outcome.text == (body["choices"][0]["message"]["content"] or "")
        else:
            assert ("not-a-reply", ChatError) == (outcome.state, type(outcome))


def test_a_failure_survives_pickling():
    """Message and state come back from another process."""
    error = pickle.loads(pickle.dumps(ChatError("down", "unreachable")))
    assert ("down", "unreachable") == (str(error), error.state)
