"""Kappa and alpha give the values of the literature, and say why where they have none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossomni.construction.review.agreement import Judged, alpha_of_counts, cohen, fleiss, krippendorff


def judged(*labels_of_reviewers: str, apart: bool = True) -> list[Judged]:
    """A column of labels for each reviewer, an item a character; ``*`` is no label. All items on clips of their own."""
    return [
        Judged(
            clip_id=f"clip{place if apart else 0}",
            labels={f"r{who}": label for who, label in enumerate(labels) if label != "*"},
        )
        for place, labels in enumerate(zip(*labels_of_reviewers, strict=True))
    ]


@pytest.mark.parametrize(
    ("alpha", "labels"),
    [
        # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A, B and C.
        (0.095, ("0100000010", "1110010000")),
        (0.692, ("aabbdcccedda", "babbbccceddd")),
        (0.743, ("123321412***", "1233224125*3", "*3332342251*", "1233244125" "1*")),
        # The example of https://en.wikipedia.org/wiki/Krippendorff%27s_alpha with three coders.
        (0.691, ("*****3412113" "3*3", "1*213343*******", "**21344*21133*4")),
    ],
)  # fmt: skip
def test_alpha_is_that_of_the_literature(alpha: float, labels: tuple[str, ...]) -> None:
    """Published examples of nominal alpha, with and without missing labels, to their three digits."""
    assert krippendorff(judged(*labels)).value == pytest.approx(alpha, abs=5e-4)


def test_cohen_is_that_of_the_literature() -> None:
    """50 proposals, both say yes to 20 and no to 15, one alone to 5, the other alone to 10: kappa is 0.4."""
    one, other = "y" * 20 + "y" * 5 + "n" * 10 + "n" * 15, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    assert cohen(judged(one, other), "r0", "r1").value == pytest.approx(0.4)


def test_fleiss_is_that_of_the_literature() -> None:
    """Ten subjects, fourteen raters, five categories: the textbook's 0.210."""
    counts = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    rows = ["".join(letter * count for letter, count in zip("abcde", row, strict=True)) for row in counts]
    found = fleiss(judged(*map("".join, zip(*rows, strict=True))))
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert found.items == 10


def test_fleiss_takes_the_items_that_were_labelled_equally_often() -> None:
    """Of five items two have three labels and three have two: the three are taken."""
    assert fleiss(judged("abaab", "abbab", "ab***")).items == 3


def test_intervals_hold_the_value_and_want_five_clips() -> None:
    """A bootstrap over clips; with all items on one clip there is none, and the value stays."""
    labels = ("abababababba", "abbbababaabb")
    apart, together = krippendorff(judged(*labels)), krippendorff(judged(*labels, apart=False))
    assert apart.low < apart.value < apart.high
    assert (together.value, together.low, together.high) == (apart.value, None, None)


def test_full_agreement_has_no_interval_of_no_width() -> None:
    """Where no resample differs, the bootstrap says nothing rather than [1, 1]."""
    found = krippendorff(judged("abababab", "abababab"))
    assert (found.value, found.low, found.high) == (1.0, None, None)


@pytest.mark.parametrize(
    ("why", "found"),
    [
        ("no item was labelled by two reviewers", krippendorff(judged("abc"))),
        ("no item was labelled by two reviewers", fleiss(judged("ab*", "**c"))),
        ("r0 and r1 have no item in common", cohen(judged("ab*", "**c"), "r0", "r1")),
        ("no variation: all reviewers said 'a' of all", krippendorff(judged("aaa", "aaa"))),
        ("no variation: all reviewers said 'a' of all", fleiss(judged("aaa", "aaa"))),
        ("no variation: r0 said 'a' of all", cohen(judged("aaa", "aba"), "r0", "r1")),
        ("no variation: r1 said 'b' of all", cohen(judged("aba", "bbb"), "r0", "r1")),
    ],
)
def test_what_has_no_value_says_why(why: str, found: object) -> None:
    """No coefficient is 0, 1 or nan where it cannot be computed."""
    assert (found.value, found.why) == (None, why)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=4), min_size=2, max_size=8))
def test_alpha_is_observed_over_expected_disagreement_of_pairs(items: list[list[str]]) -> None:
    """The short formula equals the definition, pair by pair."""
    counts = np.array([[labels.count(value) for value in "abc"] for labels in items])
    everything = [label for labels in items for label in labels]
    total = len(everything)

    def differing(labels: list[str]) -> int:
        return sum(a != b for i, a in enumerate(labels) for j, b in enumerate(labels) if i != j)

    observed = sum(differing(labels) / (len(labels) - 1) for labels in items) / total
    expected = differing(everything) / (total * (total - 1))
    found = alpha_of_counts(counts)
    assert math.isnan(found) if expected == 0 else found == pytest.approx(1 - observed / expected)
