"""Which systems a reader sees, and in which order."""

from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard.board import Standing
from crossomni.leaderboard.page.arranging import Wish, arrange
from crossomni.leaderboard.page.columns import COLUMNS
from tests.leaderboard.page.boards import a_standing, published


def names(standings: list[Standing], wish: Wish) -> list[list[str]]:
    """Names, section by section."""
    return [[one.name for one in section.standings] for section in arrange(standings, wish)]


def test_what_answers_other_questions_is_never_sorted_among_each_other() -> None:
    """Hidden labels come first, then open ones, then the paper's lines, however good these are."""
    there = [published(60), a_standing(1), a_standing(50, labels="open"), a_standing(2), a_standing(3, data="other")]
    wanted = [["system 3"], ["system 2", "system 1"], ["system 50"], ["model 60"]]
    assert wanted == names(there, Wish())


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in ("at", "name")])
def test_every_column_sorts(column: str) -> None:
    """Both ways, and by figures and not by their digits."""
    low = a_standing(1, rank=(2, 9), prompt="cot", frames=9, sound=False, receipts="none", knock_out=("sight",))
    high = a_standing(60, rank=(11, 12), prompt="icl", frames=32, receipts="some", knock_out=("sound",))
    first, last = ("system 60", "system 1") if column == "gap" else ("system 1", "system 60")
    assert [[first, last]] == names([low, high], Wish(sort=column, downwards=False))
    assert [[last, first]] == names([low, high], Wish(sort=column, downwards=True))


@pytest.mark.parametrize("downwards", [False, True])
def test_what_is_not_known_stands_behind_the_rest(downwards: bool) -> None:
    """Also when it is turned."""
    there = [a_standing(1, frames=None), a_standing(2, frames=8), a_standing(3, frames=64)]
    assert names(there, Wish(sort="frames", downwards=downwards))[0][-1] == "system 1"


@pytest.mark.parametrize("downwards", [False, True])
def test_those_that_are_equal_have_an_order_of_their_own(downwards: bool) -> None:
    """Whatever order they come in."""
    there = [a_standing(n) for n in range(5)]
    wish = Wish(sort="prompt", downwards=downwards)
    assert names(there, wish) == names(there[::-1], wish)


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        ({"text": "ADA ear"}, "system 1"),
        ({"text": "org/other"}, "system 2"),
        ({"text": "<b>"}, "system 3"),
        ({"prompt": "icl"}, "system 2"),
        ({"labels": "open"}, "system 3"),
        ({"data": "other"}, "system 1"),
        ({"receipts": "none"}, "system 2"),
    ],
)
def test_each_filter_leaves_the_rest_out(wish: dict[str, str], wanted: str) -> None:
    """Words are looked for in all that a submitter says, whatever their capitals."""
    there = [
        a_standing(1, notes="an ear", data="other"),
        a_standing(2, prompt="icl", receipts="none", model="org/other", submitter="Bo"),
        a_standing(3, labels="open", notes="<b>", submitter="Bo"),
    ]
    assert [[wanted]] == names(there, Wish(**wish))


@pytest.mark.parametrize("wish", [{"sort": "__class__"}, {"text": "x" * 201}])
def test_what_no_page_sends_is_refused(wish: dict[str, Any]) -> None:
    """A column that is none, and a text without end."""
    with pytest.raises(InputError):
        Wish(**wish)
