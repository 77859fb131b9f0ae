"""What the page shows is text, whatever it holds. What it does in a browser: test_page_in_a_browser.py."""

from pathlib import Path

import pytest

from crossomni.construction.review.desk import Progress
from crossomni.construction.review.page import film_html, item_html, progress_html, serve
from crossomni.errors import InputError
from tests.construction.review.reviews import a_review, an_item

NASTY = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("field", ["about", "claim", "asks"])
def test_texts_of_an_item_are_text(field: str) -> None:
    """Markup in an annotation stays what it is."""
    shown = item_html(an_item(0, **{field: NASTY}))
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown


def test_a_reviewers_name_is_text() -> None:
    """Also in the bars."""
    shown = progress_html(NASTY, [Progress(kind="voice", done=1, items=4, by_somebody=2)])
    assert "<img" not in shown
    assert "1 of 4" in shown


def test_a_voice_has_no_claim_on_the_page() -> None:
    """Nothing is judged there, it is labelled anew."""
    assert 'class="claim"' not in item_html(an_item(0, claim=""))


def test_the_player_plays_the_clip_of_the_item() -> None:
    """By the clip's id; no path of the machine is in the page."""
    assert 'src="/clip/clip7"' in film_html(an_item(7))
    assert "videos/" not in film_html(an_item(7))


def test_a_port_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    """Before anything is served."""
    review = a_review(tmp_path, an_item(0))
    with pytest.raises(InputError, match=r"192\.0\.2\.1:0: cannot be listened at"):
        serve(review, media=tmp_path, host="192.0.2.1", port=0, tell=print)
