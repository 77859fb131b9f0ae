"""A real trainer writes its history as it goes, also when it is stopped and goes on at a checkpoint."""

import contextlib
import io
import logging

import pytest
import torch
from transformers import Trainer, TrainerCallback, TrainerState, TrainingArguments

from crossomni.training.results.history import read_history
from crossomni.training.results.progress import BarCallback, watch


class Stopped(Exception):
    """The training was stopped from outside."""


class StopAt(TrainerCallback):
    """Stops in the middle of a step, as an error would."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        """At its step."""
        if state.global_step == self.step:
            raise Stopped


class Line(torch.nn.Module):
    """Learns y = 2 x."""

    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(1, 1)

    def forward(self, x, labels=None):
        """Its squared error."""
        return {"loss": ((self.line(x) - labels) ** 2).mean()}


def train(folder, stop=0, resume=False):
    """Eight steps with a look at held-out rows before the first and at every fourth; checkpoints at every third."""
    torch.manual_seed(0)
    rows = [{"x": torch.tensor([float(i % 3)]), "labels": torch.tensor([2.0 * (i % 3)])} for i in range(16)]
    arguments = TrainingArguments(
        str(folder / "checkpoints"), max_steps=8, per_device_train_batch_size=2, logging_steps=1, save_steps=3,
        eval_strategy="steps", eval_steps=4, report_to="none", use_cpu=True, learning_rate=0.05,
        dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = Trainer(Line(), arguments, train_dataset=rows, eval_dataset=rows[:4])
    written = watch(trainer, folder / "history.jsonl", "lines")
    trainer.add_callback(StopAt(stop))
    try:
        if not resume:
            trainer.evaluate()
        trainer.train(resume_from_checkpoint=resume)
    finally:
        written.close()


@pytest.fixture(scope="module")
def histories(tmp_path_factory):
    """Of a training that went through, and of one that was stopped at step 6 (checkpoint at 3) and went on."""
    whole, stopped = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("stopped")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        train(whole)
    with pytest.raises(Stopped):
        train(stopped, stop=6)
    before = read_history(stopped / "history.jsonl")
    train(stopped, resume=True)
    after = read_history(stopped / "history.jsonl")
    return {
        "whole": read_history(whole / "history.jsonl"),
        "before": before,
        "after": after,
        "said": printed.getvalue(),
    }


def test_every_step_is_there(histories):
    """Loss and learning rate of each step, held-out loss before the first one and where it was measured."""
    assert list(range(9)) == [step.step for step in histories["whole"]]
    assert [0, 4, 8] == [step.step for step in histories["whole"] if "eval_loss" in step.values]
    assert all({"loss", "learning_rate"} <= {*step.values} for step in histories["whole"][1:])


def test_a_stopped_training_leaves_what_it_logged(histories):
    """Steps up to its end are in the file."""
    assert [0, 1, 2, 3, 4, 5] == [step.step for step in histories["before"]]


def test_going_on_gives_the_history_of_one_that_was_never_stopped(histories):
    """Steps after the checkpoint are taken again and replace those that were there."""
    whole, after = (
        [(step.step, step.values.get("loss"), step.values.get("eval_loss")) for step in histories[name]]
        for name in ("whole", "after")
    )
    assert whole == after


def test_nothing_is_told_where_nobody_watches(histories):
    """Neither a bar nor the trainer's own lines of figures."""
    assert "" == histories["said"]


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, 2), (3600.0, 0)])
def test_without_a_terminal_a_line_comes_now_and_then(caplog, seconds, lines):
    """With the step, the latest figures and the time that is left; no sooner than was said."""
    caplog.set_level(logging.INFO)
    bar, state = BarCallback("lines", seconds), TrainerState(max_steps=1062, global_step=1000)
    with contextlib.redirect_stderr(io.StringIO()):
        bar.on_train_begin(None, state, None)
        for state.global_step in (1001, 1002):
            bar.on_step_end(None, state, None)
            bar.on_log(None, state, None, {"loss": 0.5, "reward": 0.25})
        bar.on_train_end(None, state, None)
    assert lines == len(caplog.messages)
    if lines:
        assert caplog.messages[0].startswith("lines: step 1,001 of 1,062, about 00:0")
        assert caplog.messages[1].startswith("lines: step 1,002 of 1,062, loss 0.5, reward 0.25, about 00:0")
