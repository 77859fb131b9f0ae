"""The whole server, asked as no page of ours asks it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # a server in a process of its own


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Of an empty board's server."""
    pytest.importorskip("gradio")
    command = [sys.executable, "-m", "crossomni", "leaderboard", "serve", str(tmp_path / "board"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        said = server.stdout.readline() if server.stdout else ""
        yield said.split()[1]
        server.kill()


def asked(address: str, body: object = None) -> str:
    """What is answered; a body goes as JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return str(reply.read().decode())


def test_a_file_of_the_server_is_no_upload(address: str, tmp_path: Path) -> None:
    """A request that names one as its archive is refused before the file is opened."""
    (tmp_path / "x.zip").write_bytes(b"secret")
    events = json.loads(asked(f"{address}config"))["dependencies"]
    sent = next(place for place, event in enumerate(events) if event["api_name"] == "sent")
    file = {"path": str(tmp_path / "x.zip"), "meta": {"_type": "gradio.FileData"}}
    asked(f"{address}gradio_api/queue/join", {"data": [file], "fn_index": sent, "session_hash": "anybody"})
    told = asked(f"{address}gradio_api/queue/data?session_hash=anybody")
    assert '"success":false' in told
    assert "secr" not in told
