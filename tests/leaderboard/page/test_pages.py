"""The board's pages as HTML: all that submitters say is text. In a browser: test_in_a_browser.py."""

import math
import re

import pytest

from crossomni.leaderboard.board import Refused, Standing
from crossomni.leaderboard.page.arranging import Wish
from crossomni.leaderboard.page.details import cautions, compare_page, system_page
from crossomni.leaderboard.page.kept import Kept
from crossomni.leaderboard.page.pictures import history, radar
from crossomni.leaderboard.page.table import table_html
from crossomni.leaderboard.page.words import about_html, answer_html, pictures_html, received_html
from crossomni.scoring import GROUPS
from crossomni.tasks import TASKS
from tests.leaderboard.page.boards import a_board, a_standing, published

NASTY = "<img src=x onerror='window.hacked = 1'> $\\frac{1}$ ${7 * 7} {{7 * 7}} \"'"


@pytest.fixture(scope="module")
def nasty() -> Standing:
    """Markup and formulas wherever a submitter can write."""
    return a_standing(5, name=NASTY, submitter=NASTY, notes=NASTY, link=NASTY, model=NASTY, data=NASTY, told=(NASTY,))


def no_markup(page: str) -> None:
    """Nothing of the text became a tag; it is there, as text."""
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_all_a_submitter_says_is_text(nasty: Standing) -> None:
    """In the table, on the system's page, beside another one, in pictures, and when it was taken or refused."""
    board = a_board(nasty, a_standing(1), published(2))
    kept = Kept(board)
    no_markup(table_html(board, Wish()))
    no_markup(system_page(board, nasty))
    no_markup(compare_page(board, board.standings[1], nasty))
    no_markup(pictures_html(board, Wish()))
    no_markup(received_html(kept, nasty.key))
    no_markup(answer_html(NASTY, good=False))
    refused = type(board)(standings=(), refused=(Refused(file=NASTY, reason=NASTY),), head="")
    no_markup(about_html(refused))


def test_the_table_has_every_figure_with_its_interval() -> None:
    """Nine tasks, three averages and the gap."""
    page = table_html(a_board(a_standing(0)), Wish())
    cells = re.findall(r'<td class="(?:average|task)"[^>]*>([-\d.]+)<small>([^<]*)</small>', page)
    assert len(cells) == len(TASKS) + 4
    assert ("39.0", "37–41") in cells  # overall
    assert ("1.0", "-2 to 4") in cells  # the gap: with a dash one could not tell a minus from it


def test_published_lines_say_so() -> None:
    """And that nobody has receipts of them."""
    page = table_html(a_board(published(0)), Wish())
    assert "Published in the paper: 1 system" in page
    assert "They carry no receipts." in page
    assert "paper, Table 5" in page


def test_a_long_board_shows_its_first_rows_and_all_when_asked() -> None:
    """The page opens at once, whatever comes."""
    board = a_board(*(a_standing(n) for n in range(130)))
    assert [100, 130] == [table_html(board, Wish(rows=rows)).count("<tr data-key") for rows in (100, 1000)]
    assert "Show all 130" in table_html(board, Wish())


def test_a_systems_page_has_all_that_is_known() -> None:
    """Figures, configuration, what the board noticed, and addresses to take it from."""
    one = a_standing(3, knock_out=("sound",), told=("the claimed scores are others",), link="https://example.org/x",
                     notes="two\nlines")  # fmt: skip
    page = system_page(a_board(one, a_standing(4)), one)
    for wanted in ("org/model", "2026-11-04T12:00:00Z", "without sound", "receipts complete", "two\nlines", one.key,
                   "the claimed scores are others", "https://example.org/x", f"/system/{one.key}.csv",
                   "Rank 1–2 among 2"):  # fmt: skip
        assert wanted in page
    assert 'href="https://example.org' not in page  # a link leads where its text says, or nowhere


def test_a_systems_page_has_configuration_and_versions(nasty: Standing) -> None:
    """Whole, and as text; a system without any has no such part."""
    one = a_standing(3, configuration={"frames": "32", "version of torch": "2.13.0", "system": NASTY})
    page = system_page(a_board(one), one)
    assert "<dt>version of torch</dt><dd>2.13.0</dd>" in page
    no_markup(page)
    assert "Configuration and versions" not in system_page(a_board(nasty), nasty)


def test_where_two_configurations_part_is_told() -> None:
    """Beside each other, and what they share is not repeated."""
    a, b = (a_standing(n, configuration={"seed": "7", "pixels": str(n)}) for n in (100, 200))
    page = compare_page(a_board(a, b), a, b)
    assert '<td>pixels</td><td class="apart">100</td><td class="apart">200</td>' in page
    assert "<td>seed</td>" not in page


def test_a_difference_has_an_interval_and_says_what_it_knows() -> None:
    """b - a; bold where the interval leaves 0 out; and that it is no paired comparison."""
    a, b = a_standing(0), a_standing(10)
    page = compare_page(a_board(a, b), a, b)
    assert "+10.00" in page
    assert "+7.2 to +12.8" in page  # 2 * sqrt(2) about 10
    assert '<td class="apart up">+10.00' in page
    assert "crossomni compare RUN RUN" in page
    assert '<td class="">+1.00' in compare_page(a_board(a, b), a, a_standing(1))


def test_a_smaller_gap_is_better() -> None:
    """Its difference is coloured the other way round."""
    a, b = a_standing(0), a_standing(10)
    assert '<td class="apart up">-10.00' in compare_page(a_board(a, b), a, b)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"labels": "open"}, "its labels are open"), ({"data": "other"}, "different questions"),
     ({"knock_out": ("sound",)}, "not given the same senses")],
)  # fmt: skip
def test_what_cannot_be_compared_is_told(changes: dict[str, object], said: str) -> None:
    """Other data, other labels, other senses."""
    a, b = a_standing(0), a_standing(1, **changes)
    assert said in " ".join(cautions(a, b))
    assert not list(cautions(a, a_standing(2)))


def test_a_published_line_beside_a_submission_is_told() -> None:
    """It is about other questions."""
    a, b = a_standing(0), published(1)
    assert "printed in the paper" in " ".join(cautions(a, b))


def test_what_is_not_known_is_no_figure() -> None:
    """No interval, no task, no overall: a dash, and pictures all the same."""
    names = [group.name for group in GROUPS] + ["gap"]
    bare = a_standing(0, scores=dict.fromkeys(names, math.nan), frames=None, sound=None)
    page = system_page(a_board(bare), bare)
    assert "nan" not in page
    assert "<svg" in radar((bare,))
    assert "<svg" in history((bare, a_standing(1)))


def test_an_empty_choice_says_so() -> None:
    """Of the table and of the pictures."""
    board = a_board(a_standing(0))
    assert "No system fits" in table_html(board, Wish(text="zebra"))
    assert "No system fits" in pictures_html(board, Wish(text="zebra"))


def test_a_submission_that_the_board_cannot_use_is_told() -> None:
    """Under the key that it came with."""
    board = type(a_board())(standings=(), refused=(Refused(file="20261123-abc.zip", reason="cut short"),), head="")
    assert "cut short" in received_html(Kept(board), "abc")
    assert "in a moment" in received_html(Kept(board), "def")
