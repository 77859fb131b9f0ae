"""The server and its Gradio page."""

import subprocess
import sys

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard.page.app import serve
from crossomni.leaderboard.page.view import SESSIONS


def test_a_port_that_cannot_be_had_is_named(tmp_path: object) -> None:
    """Before anything is scored."""
    with pytest.raises(InputError, match=r"192\.0\.2\.1:0: cannot be listened at"):
        serve(str(tmp_path), (), "192.0.2.1", 0, print)


_CAPACITIES = """
from crossomni.leaderboard.page.app import application
from tests.leaderboard.page.boards import a_board
app = application(a_board, lambda data: "", most_bytes=10)
held = [getattr(route, "app", None) for route in app.routes]
print([one.state_holder.capacity for one in held if hasattr(one, "state_holder")])
"""


@pytest.mark.slow
def test_gradio_keeps_few_sessions() -> None:
    """Their number alone bounds what they hold. In a process of its own, for Gradio's warnings."""
    pytest.importorskip("gradio")
    done = subprocess.run([sys.executable, "-c", _CAPACITIES], capture_output=True, text=True, check=False)
    assert f"[{SESSIONS}]" == done.stdout.strip(), done.stderr
