"""The stub of a chat server answers, counts and misbehaves as it is told."""

import http.client
import json
import socket
import threading
import time
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from crossomni.errors import InputError
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

REQUEST = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Who speaks?"}]})


def connect(server, timeout=5):
    """A connection of the standard library's client, closed at the end of a block."""
    return closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=timeout))


def send(connection, path="/v1/chat/completions"):
    """The response to one request, its body not read yet."""
    connection.request("POST", path, REQUEST, {"Authorization": "Bearer key"})
    return connection.getresponse()


def post(server, path="/v1/chat/completions"):
    """Status, headers and body of one answer over a connection of its own."""
    with connect(server) as connection, send(connection, path) as response:
        return response.status, response.headers, response.read()


def test_the_reply_function_sees_the_request():
    """What it returns is the content of the only choice, of the model that was asked."""
    with ChatServer(lambda request: request["messages"][0]["content"].upper()) as server:
        status, _, body = post(server)
    reply = json.loads(body)
    assert 200 == status
    assert "m" == reply["model"]
    assert [{"role": "assistant", "content": "WHO SPEAKS?"}] == [choice["message"] for choice in reply["choices"]]


def test_a_behaviour_sets_every_field():
    """Thinking, finish and usage stand where a server of vLLM has them."""
    told = Behaviour(text="B", thinking="hm", finish="length", usage={"prompt_tokens": 7})
    with ChatServer(lambda request: told) as server:
        reply = json.loads(post(server)[2])
    assert {"prompt_tokens": 7} == reply["usage"]
    assert "length" == reply["choices"][0]["finish_reason"]
    assert {"role": "assistant", "content": "B", "reasoning_content": "hm"} == reply["choices"][0]["message"]


def test_without_usage():
    """A server that does not count has no field for it."""
    with ChatServer(lambda request: Behaviour(usage=None)) as server:
        assert "usage" not in json.loads(post(server)[2])


def test_one_connection_for_many_requests():
    """Connections are kept open, and requests and headers are counted and kept."""
    with ChatServer() as server, connect(server) as connection:
        for _ in range(3):
            send(connection).read()
    assert (3, 1) == (server.requests, server.connections)
    assert "Bearer key" == server.last_headers["authorization"]
    assert json.loads(REQUEST) == server.last_request


def test_a_hundred_at_once():
    """A hundred clients are answered side by side, and the count says so."""
    with ChatServer(delay_seconds=0.3) as server:
        start = time.perf_counter()
        threads = [threading.Thread(target=lambda: post(server)) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 100 == server.requests
    assert 64 < server.most_at_once <= 100
    assert time.perf_counter() - start < 5


def test_in_turn():
    """Each answer is given once and the last one from then on."""
    with ChatServer(in_turn(SERVER_ERROR, "A", "B")) as server:
        assert [500, 200, 200, 200] == [post(server)[0] for _ in range(4)]
        assert "B" == json.loads(post(server)[2])["choices"][0]["message"]["content"]


@pytest.mark.parametrize(("behaviour", "start"), [(HTML, b"<html>"), (HALF_JSON, b'{"object"')])
def test_what_is_no_json(behaviour, start):
    """A web page and half a reply come whole, with status 200."""
    with ChatServer(in_turn(behaviour)) as server:
        status, _, body = post(server)
    assert (200, True) == (status, body.startswith(start))
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(body)


def test_rate_limited():
    """429 says when to come again, where it is told to."""
    with ChatServer(in_turn(rate_limited("3"), rate_limited())) as server:
        answers = [post(server) for _ in range(2)]
    assert [(429, "3"), (429, None)] == [(status, headers["Retry-After"]) for status, headers, _ in answers]


def test_closed():
    """The connection ends without a byte."""
    with ChatServer(in_turn(CLOSED)) as server, pytest.raises(http.client.RemoteDisconnected):
        post(server)


def test_cut():
    """The connection ends in the middle of the body."""
    with ChatServer(in_turn(CUT)) as server, pytest.raises(http.client.IncompleteRead) as caught:
        post(server)
    assert caught.value.partial.startswith(b'{"id"')


def test_hanging():
    """Nothing comes at all, and a client that leaves is not counted as waiting any more."""
    with ChatServer(in_turn(HANGING, HANGING, "B")) as server:
        for _ in range(2):
            with connect(server, timeout=0.1) as connection, pytest.raises(TimeoutError):
                send(connection)
        post(server)
    assert 1 == server.most_at_once


def test_dripping():
    """Bytes come one by one, and no end."""
    with ChatServer(in_turn(DRIPPING)) as server, connect(server) as connection, send(connection) as response:
        assert [b"{", b" ", b" "] == [response.read(1) for _ in range(3)]
        assert int(response.headers["Content-Length"]) > 10**9


def test_leaving_while_clients_hang():
    """The server ends at once, whatever its clients wait for."""
    with ExitStack() as later:
        with ChatServer(in_turn(HANGING)) as server:
            later.enter_context(connect(server)).request("POST", "/v1/chat/completions", REQUEST)
            while not server.requests:
                time.sleep(0.01)
            start = time.perf_counter()
        assert time.perf_counter() - start < 2


def test_after_the_block_the_server_is_down():
    """Nobody listens at its address any more, and its thread is gone."""
    threads = threading.active_count()
    with ChatServer() as server:
        pass
    parts = urlsplit(server.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((parts.hostname, parts.port), timeout=1)
    assert threads == threading.active_count()


def test_other_paths():
    """What is no chat completion is answered with 404 and its reason."""
    with ChatServer() as server:
        status, _, body = post(server, "/v2/other")
    assert 404 == status
    assert "nothing at POST /v2/other" == json.loads(body)["error"]["message"]


def test_an_unknown_manner():
    """A manner that does not exist is refused by name."""
    with pytest.raises(InputError, match="manner is 'rude'; wanted one of whole"):
        Behaviour(manner="rude")
