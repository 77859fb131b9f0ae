"""What the Gradio page sends, and what is made of it."""

import json
import subprocess
import sys

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard.page.app import serve
from crossomni.leaderboard.page.arranging import Wish
from crossomni.leaderboard.page.view import SESSIONS, read_wish, turned

ALL = ("", "all", "all", "all", "all")


def test_an_untouched_page_wants_all_by_overall() -> None:
    """Also where Gradio sends None for what is empty."""
    assert Wish() == read_wish("", *ALL) == read_wish("", *[None] * 5)  # type: ignore[arg-type]


def test_the_order_comes_with_each_wish() -> None:
    """So that the server keeps nothing for a reader."""
    arranged = json.dumps({"sort": "au-vi", "downwards": False, "rows": 7})
    assert Wish(text="x", sort="au-vi", downwards=False, rows=7) == read_wish(arranged, "x", *ALL[1:])


@pytest.mark.parametrize("arranged", ["{", "[]", '{"sort": "rank"}', '{"sort": "x", "downwards": true, "rows": 1}',
                                      '{"sort": "rank", "downwards": true, "rows": "many"}'])  # fmt: skip
def test_an_order_that_no_page_sends_is_refused(arranged: str) -> None:
    """By name, as any bad input."""
    with pytest.raises(InputError):
        read_wish(arranged, *ALL)


def test_a_second_click_turns_a_column() -> None:
    """The first one wants the best first: the highest accuracy, the smallest gap."""
    wish = turned(Wish(), {"sort": "au"})
    assert (wish.sort, wish.downwards) == ("au", True)
    assert not turned(wish, {"sort": "au"}).downwards
    assert not turned(wish, {"sort": "gap"}).downwards


@pytest.mark.parametrize("click", [{}, {"sort": "x"}, {"sort": ["rank"]}])
def test_a_click_that_is_none_is_refused(click: dict[str, object]) -> None:
    """By name."""
    with pytest.raises(InputError):
        turned(Wish(), click)


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
    """Each one holds a table, and their number alone bounds them. In a process of its own, for Gradio's warnings."""
    pytest.importorskip("gradio")
    done = subprocess.run([sys.executable, "-c", _CAPACITIES], capture_output=True, text=True, check=False)
    assert f"[{SESSIONS}]" == done.stdout.strip(), done.stderr
