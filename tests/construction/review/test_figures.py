"""What people confirm, and how far they agree, from labels to figures."""

from pathlib import Path

import pytest

from crossomni.construction.review.figures import PUBLISHED, Subject, figures
from crossomni.construction.review.items import ReviewFolder
from tests.construction.review.reviews import a_review, a_voice, an_item, say


def subject(review: ReviewFolder, name: str) -> Subject:
    """The figures of one kind or label."""
    return next(one for one in figures(review).subjects if one.name == name)


def test_the_share_is_one_sided_with_wilsons_interval(tmp_path: Path) -> None:
    """81 of 263 confirmed: 30.8%, and the score interval of Newcombe (1998), Table I: 25.5 to 36.6."""
    review = a_review(tmp_path, *map(an_item, range(263)))
    say(review, "Ada", **{f"item{n}": "correct" if n < 81 else "not correct" for n in range(263)})
    found = subject(review, "description").share
    assert (0.3080, 0.2553, 0.3662) == tuple(round(x, 4) for x in (found.value, found.low, found.high))


def test_who_cannot_tell_has_not_confirmed(tmp_path: Path) -> None:
    """B.4 counts what is absent from the human labels as an error; the share of the decided stands beside it."""
    review = a_review(tmp_path, *map(an_item, range(4)))
    say(review, "Ada", item0="correct", item1="correct", item2="cannot tell", item3="not correct")
    found = subject(review, "description")
    assert (found.share.value, found.cannot_tell) == (0.5, 1)
    assert found.decided.value == pytest.approx(2 / 3)


def test_an_item_counts_once_however_many_labelled_it(tmp_path: Path) -> None:
    """One item confirmed by two of four, one by all of one: 75% of two items, and an interval for two."""
    review = a_review(tmp_path, an_item(0), an_item(1), an_item(2))
    for name, label in zip("abcd", ("correct", "correct", "not correct", "cannot tell"), strict=True):
        say(review, name, item0=label)
    say(review, "a", item1="correct")
    found = subject(review, "description")
    assert (found.share.value, found.items, found.labelled, found.labels) == (0.75, 3, 2, 5)
    assert found.share.low < 0.25


def test_voices_are_compared_with_the_pipeline_reviewer_by_reviewer(tmp_path: Path) -> None:
    """20 low and 5 high by both, and so on as in the textbook: kappa is 0.4; a description has no such kappa."""
    automatic = ["low"] * 25 + ["high"] * 25
    review = a_review(tmp_path, *(a_voice(n, pitch) for n, pitch in enumerate(automatic)), an_item(99))
    said = ["low"] * 20 + ["high"] * 5 + ["low"] * 10 + ["high"] * 15
    say(review, "Ada", **{f"item{n}": label for n, label in enumerate(said)}, item50="correct")
    pitch = subject(review, "voice: pitch")
    assert pitch.with_pipeline["Ada"].value == pytest.approx(0.4)
    assert pitch.share.value == subject(review, "voice").share.value == 0.7
    assert subject(review, "description").with_pipeline == {}


def test_labels_of_different_voice_labels_are_not_put_into_one_kappa(tmp_path: Path) -> None:
    """Their values never meet, so that chance would look smaller than it is."""
    emotion = a_voice(0, "sad", id="voice/clip0/0/emotion", aspect="emotion", choices=("glad", "sad", "cannot tell"))
    review = a_review(tmp_path, a_voice(0, "low"), emotion)
    for name in ("Ada", "Bo"):
        say(review, name, item0="low", item1="sad")
    voice = subject(review, "voice")
    assert (voice.alpha.why, voice.fleiss.why, voice.pairs) == (*["told for each label of voices"] * 2, {})
    assert subject(review, "voice: emotion").alpha.why == "no variation: all reviewers said 'sad' of all"


def test_one_reviewer_gives_no_agreement_between_people(tmp_path: Path) -> None:
    """It is said, and is no number."""
    review = a_review(tmp_path, an_item(0), an_item(1))
    say(review, "Ada", item0="correct", item1="not correct")
    found = subject(review, "description")
    assert (found.alpha.value, found.alpha.why) == (None, "no item was labelled by two reviewers")
    assert found.pairs == {}


def test_what_nobody_labelled_has_no_share(tmp_path: Path) -> None:
    """JSON has null for it, never 0 or NaN."""
    told = figures(a_review(tmp_path, an_item(0))).to_json()["subjects"][0]
    assert told["share"] == {"value": None, "low": None, "high": None}
    assert told["alpha"]["value"] is None


def test_shares_of_several_items_a_clip_have_an_interval_over_clips(tmp_path: Path) -> None:
    """Items of one clip stand and fall together: the interval is wider than that of independent items."""
    items = [an_item(n, id=f"description/clip{n}/{k}") for n in range(12) for k in range(6)]
    review = a_review(tmp_path, *items)
    say(review, "Ada", **{f"item{n}": "correct" if n // 6 % 3 else "not correct" for n in range(72)})
    found = subject(review, "description")
    assert found.clips == 12
    assert found.by_clip.high - found.by_clip.low > found.share.high - found.share.low


def test_what_was_not_confirmed_is_listed(tmp_path: Path) -> None:
    """With what each reviewer said."""
    review = a_review(tmp_path, an_item(0), an_item(1))
    say(review, "Ada", item0="correct", item1="correct")
    say(review, "Bo", item1="not correct")
    (dispute,) = figures(review).disputes
    assert dispute.item.id == "description/clip1/0"
    assert dispute.said == (("Ada", "correct"), ("Bo", "not correct"))


def test_the_papers_figures_stand_beside_them(tmp_path: Path) -> None:
    """Section 2.4: 93.1, 96.8 and 98.3 percent; of biographies it has words."""
    assert {"voice": 93.1, "description": 96.8, "biography": None, "question": 98.3} == PUBLISHED
    biography = an_item(0, kind="biography", choices=("nothing inappropriate", "inappropriate", "cannot tell"),
                        automatic="nothing inappropriate")  # fmt: skip
    review = a_review(tmp_path, an_item(1), biography)
    assert subject(review, "description").published == "96.8"
    assert subject(review, "biography").published == "no inappropriate or illegal content"
