"""The arithmetic of batches: how many rows make a step, how many steps make a training."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from crossomni.errors import InputError
from crossomni.training.config import GRPOTraining, TrainConfig

_MOST_AT_ONCE = 64  # completions that are generated side by side


def processes() -> int:
    """How many processes train at once; ``accelerate launch`` and ``torchrun`` say it in WORLD_SIZE."""
    told = os.environ.get("WORLD_SIZE", "1")
    if not told.isdecimal() or int(told) < 1:
        raise InputError(f"WORLD_SIZE is {told!r}; wanted the number of processes. Unset it, or launch by accelerate.")
    return int(told)


def generated_at_once(completions: int, rollouts: int) -> int:
    """Of the completions that a device generates for a step, how many go together: those of half the prompts.

    The first can then be judged while the last are made. A step of decoding takes hardly longer for many than for one.

    >>> generated_at_once(64, 4), generated_at_once(4, 4), generated_at_once(400, 4)
    (32, 4, 64)
    """
    prompts = -(-completions // rollouts)
    return max(1, min(-(-prompts // 2), _MOST_AT_ONCE // rollouts)) * rollouts


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Steps and batches of a training, as our trainers take them.

    Steps are rounded up. SFT computes a last batch that is not full; GRPO fills it with prompts from the beginning of
    the epoch (``order.ByPrompt``): 982 prompts in batches of 16 are 62 steps, and 10 prompts of each epoch, other ones
    in each, come twice.
    """

    rows: int
    devices: int
    at_once: int  # rows (GRPO: completions) that one device computes at once
    accumulation: int  # of such, one after the other, for one optimiser step
    batch: int  # rows (GRPO: prompts) of one optimiser step
    rollouts: int  # completions of a prompt; 1 in SFT
    uses: int  # steps that completions are used for, one after the other (TRL's num_iterations); 1 in SFT
    steps_an_epoch: int
    steps: int
    twice: int  # prompts that come twice in an epoch of GRPO, to fill its last batch

    @property
    def seen(self) -> int:
        """Rows (GRPO: prompts) that steps are computed from, each time that one is used; at most."""
        an_epoch = (self.rows + self.twice) * self.uses
        whole, rest = divmod(self.steps, self.steps_an_epoch)
        return whole * an_epoch + min(rest * self.batch, an_epoch)

    @property
    def completions(self) -> int:
        """Completions that are generated; 0 in SFT."""
        if self.rollouts == 1:
            return 0
        batches = -(-self.steps // self.uses)
        whole, rest = divmod(batches, self.steps_an_epoch // self.uses)
        an_epoch = self.rows + self.twice
        return (whole * an_epoch + min(rest * self.batch, an_epoch)) * self.rollouts

    @property
    def together(self) -> int:
        """Completions that one device generates at a time."""
        return generated_at_once(self.at_once * self.accumulation, self.rollouts)

    @property
    def told(self) -> str:
        """The batch as a product, the steps and how they are rounded."""
        product = f"{self.devices} × {self.at_once} × {self.accumulation} (devices × at once × accumulated)"
        whole, rest = divmod(self.rows, self.batch)
        batches = self.steps_an_epoch // self.uses
        counted = "steps an epoch" if self.uses == 1 else f"batches, each for {self.uses} steps, an epoch"
        steps = f"{self.rows} / {self.batch} = " + (
            f"{self.rows / self.batch:.2f}, rounded up: {batches} {counted}" if rest else f"{whole} {counted}"
        )
        if self.rollouts == 1:
            return f"{product} = {self.batch} rows a step; {steps}"
        made = f"{product} = {self.batch * self.rollouts} completions a step = {self.batch} prompts × {self.rollouts}"
        return f"{made}; {steps}" + (f", {self.twice} prompts twice" if self.twice else "")


def schedule(config: TrainConfig, rows: int, devices: int) -> Schedule:
    """The arithmetic of a training on so many rows.

    Raises:
        InputError: when a batch does not divide, or there are fewer rows than GRPO's batch.
    """
    rollouts = config.rollouts if isinstance(config, GRPOTraining) else 1
    if rows < 1:
        raise InputError(f"{config.data}: no row is left to train on. Hold out less, or take another split.")
    whole, at_a_time = config.batch * rollouts, devices * config.at_once
    if whole % at_a_time:
        unit = "completions" if rollouts > 1 else "rows"
        told = f"{config.batch} prompts × {rollouts} rollouts = {whole}" if rollouts > 1 else str(whole)
        raise InputError(
            f"--batch makes {told} {unit} a step, which do not divide by {devices} processes × {config.at_once} "
            f"at once = {at_a_time}. Change --batch, --at-once or the number of processes."
        )
    if rollouts > 1 and rows < config.batch:
        raise InputError(
            f"{rows} rows make no batch of {config.batch} prompts. Take more rows, or --batch {rows} or less."
        )
    uses = _uses(config)
    batches = math.ceil(rows / config.batch)
    an_epoch = batches * uses
    steps = math.ceil(config.epochs * an_epoch)
    return Schedule(
        rows=rows,
        devices=devices,
        at_once=config.at_once,
        accumulation=whole // at_a_time,
        batch=config.batch,
        rollouts=rollouts,
        uses=uses,
        steps_an_epoch=an_epoch,
        steps=min(steps, config.most_steps or steps),
        twice=batches * config.batch - rows if rollouts > 1 else 0,
    )


def _uses(config: TrainConfig) -> int:
    told = config.trl.get("num_iterations", 1) if isinstance(config, GRPOTraining) else 1
    if not isinstance(told, int) or isinstance(told, bool) or told < 1:
        raise InputError(f"trl: num_iterations is {told!r}; wanted a whole number from 1 on.")
    return told
