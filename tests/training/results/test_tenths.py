"""First tenth against last tenth, with intervals that can be worked out by hand."""

import math

import pytest

from crossomni.training.results.history import Step
from crossomni.training.results.tenths import tenths


def steps(values):
    """A history of one name."""
    return [Step(number, {"reward": value}) for number, value in enumerate(values, start=1)]


def test_means_of_both_ends():
    """Of thirty steps the first three and the last three count."""
    found = tenths(steps([0.1, 0.2, 0.3, *[9.0] * 24, 0.7, 0.8, 0.9]), "reward")
    assert (3, pytest.approx(0.2), pytest.approx(0.8)) == (found.steps, found.first.value, found.last.value)


def test_intervals_are_students_and_welchs():
    """Standard deviations of 0.1 over three steps: ± 4.303 × 0.1 / √3, and ± 2.776 × 0.1 × √(2/3) of the change."""
    found = tenths(steps([0.1, 0.2, 0.3, *[9.0] * 24, 0.7, 0.8, 0.9]), "reward")
    assert pytest.approx(0.2 + 4.3027 * 0.1 / 3**0.5, abs=1e-4) == found.first.high
    assert pytest.approx(0.6 - 2.7764 * 0.1 * (2 / 3) ** 0.5, abs=1e-4) == found.change.low
    assert found.clear


def test_one_step_has_no_interval():
    """Of ten steps a tenth is one, whose spread nobody knows."""
    found = tenths(steps([0.1] * 9 + [0.9]), "reward")
    assert math.isnan(found.change.low)
    assert not found.clear


def test_what_never_varies_has_no_interval():
    """A spread of nothing is no certainty."""
    assert math.isnan(tenths(steps([0.0] * 20 + [1.0] * 20), "reward").change.low)


def test_values_that_are_no_numbers_do_not_count():
    """A step whose value broke, or is missing, belongs to no tenth."""
    found = tenths([*steps([math.nan, 0.2, 0.4]), Step(4, {"loss": 1.0})], "reward")
    assert (0.2, 0.4) == (found.first.value, found.last.value)


def test_one_value_cannot_be_compared():
    """There is no change within one step."""
    assert tenths(steps([0.5]), "reward") is None
