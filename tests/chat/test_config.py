"""What a chat client is told is possible, or is refused."""

import subprocess
import sys

import pytest

from crossomni.chat import ChatConfig
from crossomni.errors import InputError


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": "localhost:8000"}, "url is 'localhost:8000'; wanted http://HOST:PORT/v1"),
        ({"url": "http://"}, "wanted http://HOST"),
        ({"url": "http://h:port/v1"}, "wanted http://HOST"),
        ({"url": "http://user:secret@h/v1"}, "url is 'http://…h/v1'"),
        ({"url": "http://h/v1?key=secret"}, "url is 'http://h/v1…'"),
        ({"model": " "}, "model is empty"),
        ({"at_once": 0}, "at_once is 0; wanted at least 1"),
        ({"tries": 0}, "tries is 0"),
        ({"most_new_tokens": 0}, "most_new_tokens is 0"),
        ({"deadline_seconds": 0}, "deadline_seconds is 0; wanted more than 0"),
        ({"deadline_seconds": float("nan")}, "deadline_seconds is nan"),
        ({"temperature": -1}, "temperature is -1"),
    ],
)
def test_a_wrong_configuration_is_refused_at_birth(change, message):
    """Each field that cannot be is named, and no secret of an address is shown."""
    with pytest.raises(InputError) as caught:
        ChatConfig(**{"url": "http://h/v1", "model": "m", **change})
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_importing_is_light():
    """The module brings neither huggingface_hub nor what stands behind it."""
    code = (
        "import sys, crossomni.chat; print(*sorted({'huggingface_hub', 'httpx2', 'numpy', 'torch'} & set(sys.modules)))"
    )
    assert "" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
