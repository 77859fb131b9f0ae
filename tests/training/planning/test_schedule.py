"""The arithmetic of batches."""

from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.training.config import GRPOTraining, SFTTraining
from crossomni.training.order import ByPrompt
from crossomni.training.planning.schedule import processes, schedule


def sft(**changes: Any) -> SFTTraining:
    """A fine-tuning's configuration."""
    return SFTTraining(model="m", out=Path("o"), **changes)


def grpo(**changes: Any) -> GRPOTraining:
    """A GRPO's configuration."""
    return GRPOTraining(model="m", out=Path("o"), **changes)


def test_the_papers_grpo_is_62_steps_of_16_prompts() -> None:
    """982 / 16 = 61.4, rounded up; 10 prompts come twice, to fill the last batch."""
    made = schedule(grpo(at_once=2), 982, 8)
    assert (62, 62, 10, 4) == (made.steps, made.steps_an_epoch, made.twice, made.accumulation)
    assert (992, 3_968) == (made.seen, made.completions)
    assert made.told.endswith(
        "64 completions a step = 16 prompts × 4; 982 / 16 = 61.38, rounded up: 62 steps an epoch, 10 prompts twice"
    )


def test_what_divides_is_not_said_to_be_rounded() -> None:
    """Neither in SFT nor in GRPO, and no prompt comes twice."""
    assert schedule(sft(batch=4), 8, 1).told.endswith("4 rows a step; 8 / 4 = 2 steps an epoch")
    assert schedule(grpo(batch=4), 8, 1).told.endswith("4 prompts × 4; 8 / 4 = 2 steps an epoch")
    assert "65 / 32 = 2.03, rounded up: 3 steps" in schedule(sft(), 65, 1).told


def test_sft_computes_the_last_batch_though_it_is_not_full() -> None:
    """33 rows in batches of 32 are two steps, and every row is seen."""
    made = schedule(sft(), 33, 1)
    assert (2, 33, 0) == (made.steps, made.seen, made.completions)


@pytest.mark.parametrize(("rows", "batch", "rollouts"), [(982, 16, 4), (16, 16, 2), (33, 8, 4)])
def test_grpo_steps_are_those_of_the_trainers_order(rows: int, batch: int, rollouts: int) -> None:
    """It gives as many completions, each for as many steps as one generation serves."""
    made = schedule(grpo(batch=batch, rollouts=rollouts), rows, 1)
    sampler = ByPrompt(prompts=rows, batch=batch, rollouts=rollouts, uses=made.accumulation, seed=0)
    # A generation's batch goes to `accumulation` micro-steps, which make one optimiser step.
    assert len(sampler) == made.steps * batch * rollouts * made.accumulation


def test_completions_that_are_used_twice_make_twice_as_many_steps() -> None:
    """And no more completions (TRL's num_iterations)."""
    made = schedule(grpo(batch=2, rollouts=2, at_once=4, trl={"num_iterations": 2}), 8, 1)
    assert (8, 8, 16) == (made.steps_an_epoch, made.steps, made.completions)
    cut = schedule(grpo(batch=2, rollouts=2, at_once=4, most_steps=3, trl={"num_iterations": 2}), 8, 1)
    assert (3, 8) == (cut.steps, cut.completions)


@pytest.mark.parametrize(("epochs", "most", "steps", "seen"), [(2.0, None, 4, 40), (1.5, None, 3, 36), (9.0, 1, 1, 16)])
def test_epochs_and_the_most_steps_count(epochs: float, most: int | None, steps: int, seen: int) -> None:
    """Part of an epoch is rounded up to whole steps."""
    made = schedule(sft(epochs=epochs, most_steps=most, batch=16), 20, 1)
    assert (steps, seen) == (made.steps, made.seen)


def test_a_batch_that_does_not_divide_is_refused() -> None:
    """In SFT by rows, in GRPO by completions; the line shows both sides."""
    with pytest.raises(InputError, match=r"32 rows a step, which do not divide by 3 processes × 1 at once = 3"):
        schedule(sft(), 100, 3)
    with pytest.raises(InputError, match=r"16 prompts × 4 rollouts = 64 completions .* 3 processes × 8 at once = 24"):
        schedule(grpo(at_once=8), 100, 3)


def test_fewer_rows_than_a_batch_of_prompts_are_refused() -> None:
    """Of GRPO: most of its batch would be the same few prompts. SFT takes a step."""
    with pytest.raises(InputError, match="15 rows make no batch of 16 prompts"):
        schedule(grpo(), 15, 1)
    assert 1 == schedule(sft(), 15, 1).steps


def test_no_rows_are_refused() -> None:
    """There is nothing to divide."""
    with pytest.raises(InputError, match="no row is left"):
        schedule(sft(), 0, 1)


def test_processes_are_those_that_the_launcher_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without a launcher; nonsense is refused."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert 1 == processes()
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert 8 == processes()
    monkeypatch.setenv("WORLD_SIZE", "many")
    with pytest.raises(InputError, match="WORLD_SIZE is 'many'"):
        processes()
