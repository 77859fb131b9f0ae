"""What the page sends, and what is made of it."""

import json

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard.page.arranging import Wish
from crossomni.leaderboard.page.wishes import order_of, read_wish, turned

ALL = ("", "all", "all", "all", "all")


def test_an_untouched_page_wants_all_by_overall() -> None:
    """Also where nothing is sent for what is empty."""
    assert Wish() == read_wish("", *ALL) == read_wish("", *[None] * 5)  # type: ignore[arg-type]


def test_the_order_comes_with_each_wish() -> None:
    """So that the server keeps nothing for a reader."""
    arranged = json.dumps({"sort": "au-vi", "downwards": False, "rows": 7})
    assert Wish(text="x", sort="au-vi", downwards=False, rows=7) == read_wish(arranged, "x", *ALL[1:])


@pytest.mark.parametrize("arranged", ["{", "[]", '{"sort": "rank"}', '{"sort": "x", "downwards": true, "rows": 1}',
                                      '{"sort": "rank", "downwards": true, "rows": "many"}',
                                      '{"sort": "rank", "downwards": true, "rows": 1e999}', "[" * 100_000,
                                      '{"sort": "rank", "downwards": true, "rows": -5}'])  # fmt: skip
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


def test_no_click_changes_nothing() -> None:
    """A filter that was used keeps the order."""
    assert Wish(sort="au", downwards=False) == turned(Wish(sort="au", downwards=False), {"text": "x"})


def test_a_click_on_no_column_is_refused() -> None:
    """By name."""
    with pytest.raises(InputError, match="no such column"):
        turned(Wish(), {"sort": "x"})


def test_the_order_is_read_back() -> None:
    """The page keeps it, and sends it with the next wish."""
    wish = Wish(sort="au", downwards=False, rows=7)
    assert wish == read_wish(order_of(wish), *ALL)
