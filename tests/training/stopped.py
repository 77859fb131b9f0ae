"""Trainings that are killed: ``python -m tests.training.stopped FILE``, in a process that may be.

FILE holds a JSON list of [kind, settings, step]. Each training goes on in a process of its own, which kills itself
before the step after ``step``, as the system does when memory runs out.
"""

import json
import os
import signal
import sys
from pathlib import Path

from transformers import TrainerCallback

from crossomni.settings_file import configured
from crossomni.training import grpo, recipe, sft  # noqa: F401 (loaded once, for all processes that are forked)
from crossomni.training.config import GRPOTraining, SFTTraining

KINDS = {"sft": SFTTraining, "grpo": GRPOTraining}


class KilledAt(TrainerCallback):
    """Kills its own process where so many steps have been taken."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args, state, control, **kwargs):
        """At its step."""
        if state.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def main(file: Path) -> None:
    """Each training in turn."""
    for kind, settings, step in json.loads(file.read_text()):
        child = os.fork()
        if not child:
            recipe.train(configured(KINDS[kind], settings, str(file)), [KilledAt(step)])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(f"{settings['out']}: ended with {status}; it was to be killed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
