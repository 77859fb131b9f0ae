"""How long a training takes, part by part: an estimate, from what is computed and how fast the machine is.

A pass forward takes two operations for each weight and token, the way back two more for the gradients that are handed
on, and two for those of the weights that are trained (Kaplan et al. 2020, arXiv 2001.08361, section 2.1); attention
takes 4 × layers × heads' width for each pair of tokens, half of them masked. A layer that is recomputed takes its pass
again. What rows share is read once (``planning.sharing``); the mask of branches makes attention compute all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from crossomni.training.config import GRPOTraining, TrainConfig
from crossomni.training.planning.architecture import Thinker
from crossomni.training.planning.lengths import Lengths
from crossomni.training.planning.machine import Machine
from crossomni.training.planning.memory import recomputes
from crossomni.training.planning.schedule import Schedule
from crossomni.training.planning.sharing import Sharing

# Of a matrix product's rate, what a training reaches: norms, attention and the optimiser go by memory's speed. Taken,
# not measured; large GPU runs are said to reach 0.4 to 0.5 of their peak (Chowdhery et al. 2022, PaLM, section 4.1).
UTILISATION = 0.4
_CALLS = 40  # operations of a layer on its way forward, each of which takes at least as long as a smallest one
_BACK = 2.0  # as many on the way back, as against those forward


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Something that takes time."""

    name: str
    seconds: float
    how: str


def stretches(
    config: TrainConfig,
    thinker: Thinker,
    plan: Schedule,
    lengths: Lengths,
    machine: Machine,
    shared: Sharing,
    *,
    clips: int,
) -> tuple[Stretch, ...]:
    """What takes how long, one after the other; waiting for a judge is not among it."""
    rate = machine.operations_a_second * UTILISATION
    found = [_decoding(lengths, clips, plan), _towers(config, thinker, plan, lengths, rate, shared, clips)]
    if isinstance(config, GRPOTraining):
        found += _generating(config, thinker, plan, lengths, machine, shared)
    passes = plan.steps * plan.accumulation * plan.devices
    is_masked = isinstance(config, GRPOTraining) or shared.trunks < shared.branches
    forward = shared.trunks * _forward(thinker, shared.row, is_masked=is_masked)
    again = recomputes(config, is_gpu=machine.is_gpu)
    back = (1.0 if config.lora == "on" else 2.0) + again
    calls = thinker.layers * _CALLS * passes * machine.seconds_a_call
    if isinstance(config, GRPOTraining) and config.beta:
        found.append(_of("reference", forward, calls, rate, plan, f"{shared.told}, forward"))
    what = "forward, back" + (", and layers again" if again else "")
    found.append(
        _of("learning", forward * (1 + back), calls * (1 + _BACK + again), rate, plan, f"{shared.told}, {what}")
    )
    return tuple(found)


def _forward(thinker: Thinker, tokens: float, *, is_masked: bool = False) -> float:
    """Operations of one row's pass forward; with a mask of its own, pairs are computed that it then leaves out."""
    pairs = tokens**2 * (1.0 if is_masked else 0.5)
    attention = 4 * thinker.layers * thinker.heads * thinker.head_dim * pairs
    return 2 * thinker.working * tokens + attention


def _of(name: str, operations: float, calls: float, rate: float, plan: Schedule, how: str) -> Stretch:
    """The longer of computing and of calling, shared by the devices."""
    return Stretch(name=name, seconds=max(operations / rate, calls) / plan.devices, how=how)


def _decoding(lengths: Lengths, clips: int, plan: Schedule) -> Stretch:
    how = f"{clips} clips, once; then from the cache ({lengths.decoding_seconds:.2g} s for one, measured)"
    return Stretch(name="decoding", seconds=clips * lengths.decoding_seconds / plan.devices, how=how)


def _towers(
    config: TrainConfig, thinker: Thinker, plan: Schedule, lengths: Lengths, rate: float, shared: Sharing, clips: int
) -> Stretch:
    patches = lengths.video * thinker.merge**2
    heard = lengths.audio * (2 if thinker.family == "qwen2_5_omni" else 1)  # Qwen2.5-Omni halves behind its layers
    once = 2 * (thinker.looking * patches + thinker.hearing * heard)
    if config.towers == "on":
        times, how = clips, f"{clips} clips, once; then from disk"
    else:
        # Rollouts, reference and policy each look again.
        has_reference = isinstance(config, GRPOTraining) and bool(config.beta)
        times = shared.rollouts + shared.trunks * (1 + has_reference)
        how = f"{times:,} times, once for each reading in each pass"
    return Stretch(name="towers", seconds=times * once / rate / plan.devices, how=how)


def _generating(
    config: GRPOTraining, thinker: Thinker, plan: Schedule, lengths: Lengths, machine: Machine, shared: Sharing
) -> list[Stretch]:
    rate = machine.operations_a_second * UTILISATION
    together = plan.together
    turns = math.ceil(plan.at_once * plan.accumulation / together)  # of generating, one after the other, in a step
    reading = shared.rollouts * _forward(thinker, lengths.prompt)
    said = min(lengths.longest - lengths.longest_prompt, config.most_new_tokens)
    steps = plan.steps * turns * said
    # A word for each of the completions: all weights are read once, and each one's keys and values.
    moved = float(thinker.language * thinker.bytes_each)
    moved += together * (lengths.prompt + said / 2) * thinker.kv_elements * thinker.bytes_each
    operations = together * 2 * thinker.working
    slowest = max(moved / machine.bytes_a_second, operations / rate, thinker.layers * _CALLS * machine.seconds_a_call)
    how = f"{plan.steps} × {turns} × {said} words, {together} completions at once, as long as the longest rationale"
    return [
        Stretch(name="reading prompts", seconds=reading / rate / plan.devices, how=f"{shared.rollouts:,} prompts"),
        Stretch(name="rollouts", seconds=steps * slowest, how=how),
    ]
