"""A history has each step once, with what was logged last, whatever stopped the training and wherever it went on."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossomni.errors import RunError
from crossomni.training.results.history import History, Step, read_history

# Sittings of one training: each goes on at a checkpoint that was written, and takes some steps.
SITTINGS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=8)


def test_each_logged_step_is_a_line(tmp_path):
    """What was logged can be read from the file at once, while the training goes on."""
    with History(tmp_path / "h.jsonl") as history:
        history.log(1, {"loss": 2.5, "epoch": 0.1})
        assert (Step(1, {"loss": 2.5}),) == read_history(tmp_path / "h.jsonl")


def test_two_logs_of_one_step_are_one_record(tmp_path):
    """Loss and held-out loss of one step stand together, and the later of two values counts."""
    with History(tmp_path / "h.jsonl") as history:
        for logs in ({"loss": 2.5}, {"eval_loss": 3.0}, {"eval_loss": 2.0}):
            history.log(4, logs)
    lines = (tmp_path / "h.jsonl").read_text(encoding="utf-8").splitlines()
    assert [{"step": 4, "loss": 2.5, "eval_loss": 2.0}] == [json.loads(line) for line in lines]


def test_what_could_not_be_measured_is_left_out(tmp_path):
    """None is no 0: the name is not there."""
    with History(tmp_path / "h.jsonl") as history:
        history.log(1, {"reward": None, "kl": 0.0})
    assert {"kl": 0.0} == read_history(tmp_path / "h.jsonl")[0].values


def test_numbers_that_are_none_survive(tmp_path):
    """A loss that broke is told as such by the file, which stays JSON."""
    with History(tmp_path / "h.jsonl") as history:
        history.log(1, {"loss": math.nan, "grad_norm": math.inf})
    values = read_history(tmp_path / "h.jsonl")[0].values
    assert math.isnan(values["loss"])
    assert math.inf == values["grad_norm"]
    assert "nan" == json.loads((tmp_path / "h.jsonl").read_text())["loss"]


@given(SITTINGS)
@settings(max_examples=60, deadline=None)
def test_resuming_doubles_no_step(tmp_path_factory, sittings):
    """After any number of resumptions each step is there once, with the value of the sitting that took it last."""
    path = tmp_path_factory.mktemp("h") / "h.jsonl"
    wanted: dict[int, float] = {}
    for number, (checkpoint, steps) in enumerate(sittings):
        start = min(checkpoint, max(wanted, default=0))
        wanted = {step: value for step, value in wanted.items() if step <= start}
        with History(path) as history:
            history.go_back(start)
            for step in range(start + 1, start + steps + 1):
                history.log(step, {"loss": float(number)})
                wanted[step] = float(number)
    assert wanted == {step.step: step.values["loss"] for step in read_history(path)}


def test_a_torn_line_is_dropped_when_the_training_goes_on(tmp_path):
    """A kill in the middle of a line loses that line alone."""
    path = tmp_path / "h.jsonl"
    path.write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo', encoding="utf-8")
    with History(path) as history:
        history.go_back(1)
        history.log(2, {"loss": 1.0})
    assert [(1, 2.0), (2, 1.0)] == [(step.step, step.values["loss"]) for step in read_history(path)]


def test_an_earlier_step_without_going_back_is_refused(tmp_path):
    """A trainer that jumped back says so first."""
    with History(tmp_path / "h.jsonl") as history:
        history.log(5, {"loss": 1.0})
        with pytest.raises(RunError, match="step 3 came after step 5"):
            history.log(3, {"loss": 1.0})


@pytest.mark.parametrize("line", ['{"step": 1, "loss": 1}', '{"step": "2"}', '{"loss": 1}', '{"step": 9, "loss": "x"}'])
def test_a_damaged_history_names_the_line(line, tmp_path):
    """A step that is there twice, or no number, is told with its line."""
    path: Path = tmp_path / "h.jsonl"
    path.write_text('{"step": 1, "loss": 2}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(RunError, match="line 2"):
        read_history(path)


def test_no_file_is_an_empty_history(tmp_path):
    """A training that has not begun has no steps."""
    assert () == read_history(tmp_path / "h.jsonl")
