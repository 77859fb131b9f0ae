"""A reviewer is led through what is open, can go back, and sees how far it is."""

from pathlib import Path

import pytest

from crossomni.construction.review.desk import Desk, Wish, key_of
from crossomni.construction.review.items import ReviewFolder
from crossomni.errors import InputError
from tests.construction.review.reviews import a_review, a_voice, an_item, say

IDS = ["voice/clip0/0/pitch", "description/clip1/0", "description/clip2/0", "description/clip3/0"]


@pytest.fixture
def review(tmp_path: Path) -> ReviewFolder:
    """A voice and three descriptions."""
    return a_review(tmp_path, a_voice(0, "low"), *map(an_item, (1, 2, 3)))


@pytest.fixture
def desk(review: ReviewFolder) -> Desk:
    """A desk on it."""
    return Desk(review)


def test_what_is_open_comes_next_and_what_was_passed_over_comes_at_the_end(desk: Desk) -> None:
    """From the item that was labelled on, then from the start, then nothing."""
    wish = Wish()
    assert IDS[0] == desk.open_item("Ada", wish)
    assert IDS[2] == desk.open_item("Ada", wish, after=IDS[1])
    for place in (1, 2, 3):
        desk.label("Ada", IDS[place], 0)
    assert IDS[0] == desk.open_item("Ada", wish, after=IDS[3])
    desk.label("Ada", IDS[0], 0)
    assert desk.open_item("Ada", wish, after=IDS[0]) == ""
    assert IDS[0] == desk.open_item("Bo", wish)


def test_several_people_can_share_the_work(desk: Desk, review: ReviewFolder) -> None:
    """Who wants to leaves out what others have labelled; also in another process."""
    say(review, "Ada", item0="low", item1="correct")
    assert IDS[2] == desk.open_item("Bo", Wish(alone=True))
    assert IDS[0] == desk.open_item("Bo", Wish())


def test_one_kind_can_be_wished(desk: Desk) -> None:
    """Next, back and forth stay within it."""
    wish = Wish(kind="description")
    assert IDS[1] == desk.open_item("Ada", wish) == desk.beside(IDS[1], -1, wish)
    assert IDS[0] == desk.beside(IDS[1], -1, Wish())
    with pytest.raises(InputError, match="the kind is 'smell'"):
        Wish(kind="smell")


def test_going_back_shows_what_was_said(desk: Desk) -> None:
    """And what was said last, after a change."""
    desk.label("Ada", IDS[1], 0)
    desk.label("Ada", IDS[1], 1)
    assert desk.said("Ada", IDS[1]) == "not correct"
    assert desk.said("Bo", IDS[1]) == ""
    assert IDS[1] == desk.last_labelled("Ada", Wish())


def test_progress_is_told_by_kind(desk: Desk) -> None:
    """The reviewer's own, and everybody's."""
    desk.label("Ada", IDS[1], 0)
    desk.label("Bo", IDS[2], 0)
    voice, description = desk.progress("Ada")
    assert (voice.kind, voice.done, voice.items, voice.by_somebody) == ("voice", 0, 1, 0)
    assert (description.kind, description.done, description.items, description.by_somebody) == ("description", 1, 3, 2)


@pytest.mark.parametrize(
    ("name", "item", "place", "said"),
    [("", IDS[0], 0, "reviewer's name"), ("Ada", "x", 0, "no item 'x'"), ("Ada", IDS[0], 3, "choice 3"),
     ("Ada", IDS[0], -1, "choice -1")],
)  # fmt: skip
def test_what_no_button_sends_is_refused(desk: Desk, name: str, item: str, place: int, said: str) -> None:
    """A request can hold anything."""
    with pytest.raises(InputError, match=said):
        desk.label(name, item, place)


def test_each_choice_has_a_key() -> None:
    """Counted from 1; who cannot tell presses 0."""
    item = a_voice(0, "low")
    assert [key_of(item, place) for place in range(3)] == ["1", "2", "0"]
