"""A judge at work in a training: rewarding, begun while completions are still made, and tested now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crossomni.optional import need
from crossomni.records import Row
from crossomni.training.judges.background import BackgroundJudge
from crossomni.training.judges.canaries import sing, summary
from crossomni.training.judges.protocol import RUBRICS
from crossomni.training.rewards import combined_reward, thoughts_of

_transformers = need("transformers", "a training")
_log = logging.getLogger(__name__)


def judged_reward(judge: BackgroundJudge | None, weights: Mapping[str, float]) -> Any:
    """The one reward of a training, as TRL takes it; its name in TRL's log is ``combined``."""

    async def combined(completions: Sequence[Any], **columns: Any) -> list[float | None]:
        return await combined_reward(completions, judge=judge, weights=weights, **columns)

    return combined


def prejudged(
    judge: BackgroundJudge, weights: Mapping[str, float]
) -> Callable[[Sequence[Mapping[str, Any]], Sequence[str]], None]:
    """What begins to judge completions as they come, while the next are made."""
    rubrics = [rubric for rubric in RUBRICS if weights.get(rubric)]

    def begin(rows: Sequence[Mapping[str, Any]], completions: Sequence[str]) -> None:
        if not rows:  # none of the chunk's clips could be taken
            return
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        judge.start(thoughts_of(completions, **columns), rubrics)

    return begin


class Canaries(_transformers.TrainerCallback):  # type: ignore[misc, name-defined]
    """Puts canaries to the judge every ``every`` steps; their scores are logged, and an alarm is told.

    An alarm stops nothing by itself: rewards may be wrong from here on, and somebody should look.
    """

    def __init__(self, judge: BackgroundJudge, rows: Sequence[Row], every: int, trainer: Any) -> None:
        self._judge, self._rows, self._every, self._trainer = judge, rows, every, trainer

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Sing, where it is time; one process does."""
        if state.global_step % self._every or not state.is_world_process_zero:
            return
        sung = asyncio.run(sing(self._judge, self._rows, seed=state.global_step))
        for name, value in summary(sung).items():
            self._trainer._metrics["train"][name].append(value)
        for one in sung:
            if one.alarm:
                _log.warning("step %s: %s", state.global_step, one.alarm)
