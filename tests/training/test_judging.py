"""A judge at work: one reward of all parts, judging that begins early, and canaries that are logged."""

import asyncio
import logging
import time
from collections import defaultdict
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from crossomni.judging import Judged
from crossomni.training.judges.background import BackgroundJudge
from tests.training.judged import GOOD, FakeJudge, columns, reply, row, scored, shipped_rows

pytest.importorskip("transformers")

from crossomni.training.judging import Canaries, judged_reward, prejudged

EVEN = {"format": 1.0, "accuracy": 1.0, "context": 1.0, "logic": 1.0}
DOWN = Judged(state="failed", error="down")
ROWS = shipped_rows()


def opened(judge: Any) -> BackgroundJudge:
    """The judge in a thread of its own."""
    return BackgroundJudge(nullcontext(judge))


def rewards(judge: Any, weights: dict[str, float], *completions: str, **changes: Any) -> list[float | None]:
    """What TRL gets of them, all of one row."""
    told = columns(*[row()] * len(completions), **changes)
    found: list[float | None] = asyncio.run(judged_reward(judge, weights)(completions=completions, **told))
    return found


def honest(rubric: str, thought: Any) -> Any:
    """Full points for a row's own rationale, none for anything else."""
    most = {"context": 5, "logic": 3}[rubric]
    return scored(rubric, most if thought.thinking == thought.row.rationale else 0)


class Trainer:
    """What canaries need of TRL's: where its metrics are gathered."""

    def __init__(self) -> None:
        self._metrics: Any = {"train": defaultdict(list)}

    @property
    def logged(self) -> dict[str, list[float]]:
        """Of the training."""
        return dict(self._metrics["train"])


def sung(judge: Any, step: int, every: int = 5, *, first: bool = True) -> dict[str, list[float]]:
    """What is logged after a step of a process."""
    trainer = Trainer()
    state = SimpleNamespace(global_step=step, is_world_process_zero=first)
    Canaries(judge, ROWS, every, trainer).on_step_end(None, state, None)
    return trainer.logged


def test_trl_logs_the_one_reward_as_combined() -> None:
    """It takes the function's name."""
    assert "combined" == judged_reward(None, EVEN).__name__
    assert asyncio.iscoroutinefunction(judged_reward(None, EVEN))


def test_the_reward_is_the_weighted_mean_of_its_parts() -> None:
    """Format and accuracy are whole here, context 2 of 5 and logic 2 of 3 points."""
    with opened(FakeJudge()) as judge:
        assert [pytest.approx((1 + 1 + 2 / 5 + 2 / 3) / 4)] == rewards(judge, EVEN, reply(row().answer))
        assert [pytest.approx((1 + 3 * 2 / 5) / 4)] == rewards(
            judge, {"accuracy": 1, "context": 3}, reply(row().answer)
        )


def test_what_has_no_weight_is_not_asked() -> None:
    """And no judge at all where none counts."""
    fake = FakeJudge()
    with opened(fake) as judge:
        rewards(judge, {"accuracy": 1.0, "logic": 1.0}, reply())
    assert ["logic"] == [rubric for rubric, _ in fake.asked]
    assert [1.0] == rewards(None, {"format": 1.0}, reply())


def test_a_judge_that_fails_leaves_that_completion_unscored() -> None:
    """That one alone, and without a 0."""
    fake = FakeJudge(lambda rubric, thought: DOWN if "red" in thought.thinking else scored(rubric, 2))
    blue = GOOD.replace("red", "blue")
    with opened(fake) as judge:
        found = rewards(judge, {"context": 1.0}, reply(thinking=GOOD), reply(thinking=blue), "no block")
    assert [None, 2 / 5, 0.0] == found


def test_the_share_of_unscored_completions_is_logged() -> None:
    """Of each part by its name."""
    metrics: dict[str, float] = {}
    with opened(FakeJudge(lambda rubric, thought: DOWN)) as judge:
        rewards(judge, EVEN, reply(), "no block", log_metric=metrics.__setitem__)
    unscored = {name: value for name, value in metrics.items() if name.endswith("unscored")}
    wanted = {"format": 0.0, "accuracy": 0.0, "context": 0.5, "logic": 0.5}
    assert {f"reward/{name}/unscored": share for name, share in wanted.items()} == unscored


def test_judging_begins_at_once_and_is_not_done_twice() -> None:
    """Rewards join what was begun while other completions were still made."""
    fake = FakeJudge(seconds=0.2)
    told = columns(row())
    with opened(fake) as judge:
        began = time.monotonic()
        prejudged(judge, EVEN)([{name: values[0] for name, values in told.items()}], [reply()])
        assert time.monotonic() - began < 0.1
        time.sleep(0.25)
        began = time.monotonic()
        rewards(judge, EVEN, reply())
        assert time.monotonic() - began < 0.15
    assert {"context", "logic"} == {rubric for rubric, _ in fake.asked}
    assert 2 == len(fake.asked)


def test_only_rubrics_that_count_are_begun() -> None:
    """And nothing where nothing came."""
    fake = FakeJudge()
    told = columns(row())
    with opened(fake) as judge:
        begin = prejudged(judge, {"accuracy": 1.0, "logic": 0.5, "context": 0.0})
        begin([], [])
        begin([{name: values[0] for name, values in told.items()}], [reply()])
        rewards(judge, {"logic": 0.5}, reply())
    assert ["logic"] == [rubric for rubric, _ in fake.asked]


def test_canaries_are_logged_by_rubric_and_kind() -> None:
    """An honest judge: worthless thoughts at 0, the control at 1, no alarm."""
    with opened(FakeJudge(honest)) as judge:
        logged = sung(judge, 10)
    kinds = {"empty", "colon", "thought-process", "order", "own-rationale"}
    both = {f"canary/{rubric}/{kind}" for rubric in ("context", "logic") for kind in kinds}
    assert {*both, "canary/context/another-row", "canary/context/another-row-and-order", "canary/alarms"} == {*logged}
    assert [0.0] == logged["canary/alarms"] == logged["canary/logic/order"]
    assert [1.0] == logged["canary/context/own-rationale"]


def test_canaries_sing_every_so_many_steps_in_one_process() -> None:
    """Not in between, and not once more for each process."""
    with opened(FakeJudge(honest)) as judge:
        assert [step for step in range(1, 13) if sung(judge, step, every=4)] == [4, 8, 12]
        assert {} == sung(judge, 4, every=4, first=False)


def test_other_steps_sing_of_other_rows() -> None:
    """So that a cache of replies does not answer for the judge; of the same step, the same."""
    asked = []
    for step in (5, 10, 5):
        fake = FakeJudge(honest)
        with opened(fake) as judge:
            sung(judge, step)
        asked.append({thought.row.id for _, thought in fake.asked})
    assert asked[0] == asked[2]
    assert asked[0] != asked[1]


def test_an_alarm_is_told_with_its_step_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """And stops nothing: who gives everybody everything is named once for each canary."""
    with caplog.at_level(logging.WARNING), opened(FakeJudge(lambda rubric, thought: scored(rubric, 5))) as judge:
        logged = sung(judge, 10)
    told = [record.getMessage() for record in caplog.records]
    assert all(line.startswith("step 10: canary ") and "at most." in line for line in told)
    assert [float(len(told))] == logged["canary/alarms"]
    assert told
    assert [1.0] == logged["canary/context/order"]


def test_a_judge_that_is_down_alarms_and_gives_no_score(caplog: pytest.LogCaptureFixture) -> None:
    """No 0 stands for its silence."""
    with caplog.at_level(logging.WARNING), opened(FakeJudge(lambda rubric, thought: DOWN)) as judge:
        logged = sung(judge, 5)
    assert {"canary/alarms"} == {*logged}
    assert logged["canary/alarms"][0] == len(caplog.records) > 0
    assert "failed (down)" in caplog.text
