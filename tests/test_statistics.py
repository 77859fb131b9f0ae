"""Intervals and tests against closed forms, other libraries and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from crossomni.statistics import (
    UNKNOWN,
    Estimate,
    clustered,
    correlation,
    difference,
    holm,
    mcnemar,
    mean,
    no_difference,
    percentile_interval,
    relative_change,
    resample_sums,
    swap_p,
    wilson,
)


@pytest.mark.parametrize(("right", "trials"), [(0, 1), (0, 20), (7, 20), (20, 20), (156, 313)])
def test_wilson_agrees_with_scipy(right: int, trials: int) -> None:
    """Wilson's interval is the one that scipy gives for the same count."""
    expected = binomtest(right, trials).proportion_ci(0.95, "wilson")
    found = wilson(right / trials, trials)
    assert (expected.low, expected.high) == pytest.approx((found.low, found.high), abs=1e-12)


def test_wilson_of_nothing_is_unknown() -> None:
    """No trials give nan, not 0."""
    assert all(math.isnan(x) for x in (wilson(math.nan, 0).value, wilson(0.5, 0).low, UNKNOWN.high))


def test_variances_of_a_mean_add() -> None:
    """The mean of k equal independent estimates is narrower by the root of k."""
    one = Estimate(0.5, 0.4, 0.6)
    found = mean([one] * 4)
    assert pytest.approx((found.value, found.low, found.high)) == (0.5, 0.45, 0.55)


def test_mean_of_certain_shares_keeps_an_interval() -> None:
    """Tasks that are all right still leave doubt, since each rests on few questions."""
    assert 0.5 < mean([wilson(1.0, 10)] * 3).low < 0.95


def test_difference_of_independent_shares_is_newcombes() -> None:
    """56 of 70 against 48 of 80 is the worked example of Newcombe (1998): 0.0524 to 0.3339."""
    found = difference(wilson(48 / 80, 80), wilson(56 / 70, 70))
    assert pytest.approx((found.value, found.low, found.high), abs=5e-5) == (0.2, 0.0524, 0.3339)


def test_correlation_narrows_a_difference() -> None:
    """Two runs that are right on the same questions differ by nothing, and nearly surely so."""
    share = wilson(0.5, 20)
    apart, together = difference(share, share), difference(share, share, correlation=1.0)
    assert apart.high > 0.2
    assert together.high == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("questions", [1, 6, 60, 420])
def test_what_nothing_tells_apart_may_still_differ(questions: int) -> None:
    """At the bound no question of n would tell the two apart in 5 of 100 cases; nothing is known of no question."""
    found = no_difference(questions)
    assert (found.value, found.low) == (0.0, -found.high)
    assert (1 - found.high) ** questions == pytest.approx(0.05)
    assert math.isnan(no_difference(0).value)


def test_resampling_is_deterministic() -> None:
    """One seed gives one result, in whatever order the clips come; another seed gives another."""
    table = np.random.default_rng(0).integers(0, 5, (50, 3))
    first = resample_sums(table, 200, seed=1)
    np.testing.assert_array_equal(first, resample_sums(table[::-1], 200, seed=1))
    assert not np.array_equal(first, resample_sums(table, 200, seed=2))


@pytest.mark.parametrize("kinds", [2, 1_000])
def test_resampled_sums_have_the_moments_of_drawing_clips(kinds: int) -> None:
    """Mean and variance are those of a sum of clips drawn with replacement, for few kinds of clips and for many."""
    table = np.random.default_rng(0).integers(0, kinds, (300, 1))
    sums = resample_sums(table, 20_000, seed=0)[:, 0]
    assert table.sum() == pytest.approx(sums.mean(), rel=0.01)
    assert len(table) * table.var() == pytest.approx(sums.var(), rel=0.05)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_resamples_keep_the_number_of_clips(counts: list[int]) -> None:
    """Every resample draws as many clips as there are."""
    table = np.column_stack([counts, np.ones(len(counts), dtype=int)])
    assert (resample_sums(table, 20, seed=0)[:, 1] == len(counts)).all()


def test_resamples_without_a_value_are_left_out() -> None:
    """A resample that lacks the group has no share; the interval is that of the others."""
    draws = np.array([np.nan, *np.linspace(0, 1, 101)])
    assert pytest.approx(percentile_interval(draws)) == (0.025, 0.975)


@pytest.mark.parametrize(("clips", "draws"), [(4, [0.1, 0.9]), (50, [1.0, 1.0]), (50, [np.nan, np.nan])])
def test_bootstrap_says_when_it_cannot_speak(clips: int, draws: list[float]) -> None:
    """Fewer than five clips, resamples that never differ, or none with a value give no interval."""
    assert clustered(0.5, np.array(draws), clips) is None


def test_swapping_gives_the_exact_sign_test() -> None:
    """Ten clips that all differ by one in one direction: p = 2/1024; clips that do not differ say nothing."""
    found = swap_p(np.array([[1.0]] * 10 + [[0.0]] * 90), 50_000, seed=0)
    assert found[0] == pytest.approx(2 / 1024, abs=0.0006)
    assert swap_p(np.zeros((5, 1)), 100, seed=0)[0] == 1
    assert swap_p(np.array([[1.0], [-1.0]]), 100, seed=0)[0] == 1


@pytest.mark.slow
def test_swapping_rejects_what_is_alike_as_often_as_it_says() -> None:
    """Of 400 pairs of equal runs on 12 clips about 5% have p below 0.05, and no more."""
    rng = np.random.default_rng(0)
    p_values = [swap_p(rng.integers(-3, 4, (12, 1)).astype(float), 500, seed)[0] for seed in range(400)]
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.07


def test_mcnemar_is_the_exact_sign_test() -> None:
    """One against nine discordant questions give 22/1024; none at all gives 1."""
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(0, 0) == 1.0


def test_holm_steps_down() -> None:
    """The smallest p is multiplied by the family's size, the next by one less, and none falls below an earlier one."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_holm_leaves_unknown_p_out_of_the_family() -> None:
    """A task without questions does not make the others pay."""
    assert holm([0.01, math.nan]) == pytest.approx([0.01, math.nan], nan_ok=True)
    assert all(math.isnan(p) for p in holm([math.nan]))


def test_correlation_of_what_never_varies_is_nought() -> None:
    """All right, all wrong, or nothing at all goes with nothing."""
    mixed = np.array([True, False, True])
    assert correlation(mixed, mixed) == pytest.approx(1)
    for never in (np.full(3, True), np.full(3, False)):
        assert correlation(mixed, never) == 0
    assert correlation(mixed[:0], mixed[:0]) == 0


def test_relative_change_is_the_papers() -> None:
    """Table 6: Cross goes from 42.12 to 50.98, printed as +21.04%; from nothing there is no change."""
    assert round(relative_change(50.98, 42.12), 2) == 21.04
    assert math.isnan(relative_change(1.0, 0.0))
    assert math.isnan(relative_change(1.0, math.nan))
