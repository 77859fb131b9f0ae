"""The arithmetic of batches: how many rows make a step, how many steps make a training."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from crossomni.errors import InputError
from crossomni.training.config import GRPOTraining, TrainConfig


def processes() -> int:
    """How many processes train at once; ``accelerate launch`` and ``torchrun`` say it in WORLD_SIZE."""
    told = os.environ.get("WORLD_SIZE", "1")
    if not told.isdecimal() or int(told) < 1:
        raise InputError(f"WORLD_SIZE is {told!r}; wanted the number of processes. Unset it, or launch by accelerate.")
    return int(told)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Steps and batches of a training, counted as TRL 1.16 counts them.

    SFT computes a last batch that is not full, so that steps are rounded up. GRPO's ``RepeatSampler`` leaves out the
    prompts of an epoch that fill no batch, so that steps are rounded down: 982 prompts in batches of 16 are 61 steps,
    and 6 prompts of each epoch, other ones in each, are not seen.
    """

    rows: int
    devices: int
    at_once: int  # rows (GRPO: completions) that one device computes at once
    accumulation: int  # of such, one after the other, for one optimiser step
    batch: int  # rows (GRPO: prompts) of one optimiser step
    rollouts: int  # completions of a prompt; 1 in SFT
    steps_an_epoch: int
    steps: int
    left_out: int  # prompts of an epoch that fill no batch

    @property
    def seen(self) -> int:
        """Rows (GRPO: prompts) that steps are computed from, each time that one is used; at most."""
        an_epoch = self.rows - self.left_out
        whole, rest = divmod(self.steps, self.steps_an_epoch)
        return whole * an_epoch + min(rest * self.batch, an_epoch)

    @property
    def completions(self) -> int:
        """Completions that are generated; 0 in SFT."""
        return self.seen * self.rollouts if self.rollouts > 1 else 0

    @property
    def together(self) -> int:
        """Completions that one device generates at a time: of one prompt, or as many as it computes at once."""
        return max(self.rollouts, self.at_once)

    @property
    def told(self) -> str:
        """The batch as a sum, the steps and how they are rounded."""
        product = f"{self.devices} × {self.at_once} × {self.accumulation} (devices × at once × accumulated)"
        if self.rollouts == 1:
            return (
                f"{product} = {self.batch} rows a step; {self.rows} / {self.batch} = {self.rows / self.batch:.1f}, "
                f"rounded up: {self.steps_an_epoch} steps an epoch"
            )
        return (
            f"{product} = {self.batch * self.rollouts} completions a step = {self.batch} prompts × {self.rollouts}; "
            f"{self.rows} / {self.batch} = {self.rows / self.batch:.1f}, rounded down: {self.steps_an_epoch} steps an "
            f"epoch, {self.left_out} prompts left out"
        )


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
    accumulation = whole // at_a_time
    if rollouts == 1:
        loaded = math.ceil(rows / at_a_time)
        an_epoch, left_out = max(1, math.ceil(loaded / accumulation)), 0
    else:
        an_epoch, left_out = rows // config.batch, rows % config.batch
        if not an_epoch:
            raise InputError(
                f"{rows} rows make no batch of {config.batch} prompts, so that GRPO would take no step. "
                f"Take more rows, or --batch {rows} or less."
            )
    steps = math.ceil(config.epochs * an_epoch)
    return Schedule(
        rows=rows,
        devices=devices,
        at_once=config.at_once,
        accumulation=accumulation,
        batch=config.batch,
        rollouts=rollouts,
        steps_an_epoch=an_epoch,
        steps=min(steps, config.most_steps or steps),
        left_out=left_out,
    )
