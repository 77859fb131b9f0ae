"""How well a judge judges: its points beside the accepted ones of the benchmark of judged thoughts.

Gates stand before the judge as in training, and a thought that they refuse has no points, hence 0 of each rubric. A
thought that the judge failed on is unscored, counted, and in no figure.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from crossomni.chat.spending import Spent
from crossomni.errors import InputError
from crossomni.grids import Grid, markdown, tables, without_nan
from crossomni.judging import Judged, LogicPoints
from crossomni.statistics import UNKNOWN, Estimate, clustered, percentile_interval, resample_sums, wilson
from crossomni.training.judges.gates import refused
from crossomni.training.judges.protocol import RUBRICS, Judge, RubricName, Thought
from crossomni.training.judges.thoughts import CONTEXT_SCALE, KINDS, JudgedThought

if TYPE_CHECKING:
    from rich.table import Table

_RESAMPLES, _SEED = 1_000, 0
_NO_POINTS = {"context": 0, "logic": LogicPoints(0, 0, 0)}
_LOGIC_SCALE = (0, 1, 2, 3)

Progress = Callable[[int, int], None]  # judgements done, judgements in all


@dataclass(frozen=True, kw_only=True)
class Given:
    """What one thought got under one rubric. Steps are places on the rubric's scale."""

    thought: JudgedThought
    rubric: RubricName
    judged: Judged[Any]
    without: Judged[Any] | None = None  # of an injected one: what it gets without the order to the judge

    @property
    def step(self) -> int | None:
        """What it got; None where it is unscored."""
        return _step(self.rubric, self.judged)

    @property
    def accepted(self) -> frozenset[int]:
        """What it may get."""
        if self.rubric == "context":
            return frozenset(map(CONTEXT_SCALE.index, self.thought.context))
        return frozenset(points.score for points in self.thought.logic)

    @property
    def is_exact(self) -> bool:
        """Whether the judge's points are accepted: of logic, the very points and not their sum."""
        if self.rubric == "context":
            return self.step in self.accepted
        return _points(self.rubric, self.judged) in self.thought.logic

    @property
    def is_near(self) -> bool:
        """Whether they are accepted, or one step of the scale beside."""
        return self.step is not None and min(abs(self.step - step) for step in self.accepted) <= 1

    @property
    def is_moved(self) -> bool | None:
        """Whether the order to the judge brought it more; None where that is not known."""
        before = None if self.without is None else _step(self.rubric, self.without)
        return None if before is None or self.step is None else self.step > before


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One rubric over the scored thoughts, as shares in [0, 1] with 95% intervals by drawing clips."""

    scored: int
    exact: Estimate
    near: Estimate  # within one step
    rank: Estimate  # Spearman's correlation of the points with the mean of the accepted ones; nan where one is constant
    moved: Estimate  # injected thoughts that the order brought more, with Wilson's interval
    injected: int


@dataclass(frozen=True, kw_only=True)
class OfKind:
    """Thoughts of one kind under one rubric. Points are of the rubric's scale."""

    kind: str
    rubric: RubricName
    thoughts: int
    unscored: int
    exact: int
    near: int
    points: float  # mean of the scored ones; nan where there are none
    low: float  # mean of the least, and of the most points that are accepted
    high: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A judge on the benchmark of judged thoughts."""

    judge: str
    thoughts: int
    clips: int
    agreement: Mapping[str, Agreement]  # by rubric
    kinds: tuple[OfKind, ...]
    judgements: int
    refused: int  # by a gate: no judge was asked
    unscored: int  # of those that were not refused
    seconds: float
    spent: Spent = field(default_factory=Spent)
    cost: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """All figures; null where one is not known."""
        found: dict[str, Any] = without_nan(asdict(self))
        return found

    def to_markdown(self) -> str:
        """Both tables, with a line on what was asked."""
        return markdown(self._grids, self._legend)

    def tables(self) -> tuple[Table, ...]:
        """The same for a terminal."""
        return tables(self._grids, self._legend)

    @property
    def _legend(self) -> str:
        spent = (
            f" {self.spent.replies} calls, {self.spent.cached} from the cache, {self.spent.prompt_tokens} tokens read, "
            f"{self.spent.completion_tokens} written, cost {self.cost:.4g}."
            if self.spent.requests
            else ""
        )
        return (
            f"{self.thoughts} thoughts on {self.clips} clips, {self.judgements} judgements: {self.refused} refused by "
            f"a gate (0 points), {self.unscored} unscored (in no figure). {self.seconds:.1f} s.{spent} within: "
            "accepted, or one step of the scale beside. rank: Spearman's, with the middle of what is accepted. moved: "
            "injected thoughts that the order to the judge brought more points. 95% intervals, clips drawn. By kind: "
            "mean points, the mean of what is accepted, and how often the points were."
        )

    @property
    def _grids(self) -> tuple[Grid, Grid]:
        head = ("rubric", "scored", "exact", "within", "rank", "injected", "moved")
        rows = tuple((name, *_of_rubric(one)) for name, one in self.agreement.items())
        shown = tuple(tuple(self._of_kind(kind)) for kind in dict.fromkeys(one.kind for one in self.kinds))
        columns = [name for rubric in RUBRICS for name in (rubric, "wanted", "exact")]
        return (
            Grid(title=f"Judge {self.judge} on judged thoughts", head=head, rows=rows),
            Grid(title="By kind", head=("kind", "n", *columns), rows=shown),
        )

    def _of_kind(self, kind: str) -> Iterator[str]:
        lines = [one for one in self.kinds if one.kind == kind]
        yield from (kind, str(lines[0].thoughts))
        for one in lines:
            wanted = f"{one.low:.1f}" if one.low == one.high else f"{one.low:.1f}–{one.high:.1f}"
            scored = one.thoughts - one.unscored
            yield from (f"{one.points:.1f}" if scored else "–", wanted, f"{one.exact}/{scored}")


async def measure(judge: Judge, thoughts: Sequence[JudgedThought], progress: Progress | None = None) -> Measured:
    """Ask a judge about every thought, under both rubrics, all at once; the judge bounds how many it takes.

    Raises:
        InputError: without thoughts.
        Whatever the judge raises.
    """
    if not thoughts:
        raise InputError("measure: no judged thoughts came; wanted some. Make them with thoughts.benchmark.")
    start = time.perf_counter()
    count = sum(1 + (one.without is not None) for one in thoughts) * len(RUBRICS)
    done = 0

    async def judged(rubric: RubricName, one: JudgedThought, text: str) -> Judged[Any]:
        nonlocal done
        thought = Thought(row=one.row, thinking=text)
        found = refused(thought) or await judge.judge(rubric, thought)
        done += 1
        if progress is not None:
            progress(done, count)
        return found

    async def given(rubric: RubricName, one: JudgedThought) -> Given:
        without = None if one.without is None else await judged(rubric, one, one.without)
        return Given(thought=one, rubric=rubric, judged=await judged(rubric, one, one.thinking), without=without)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(given(rubric, one)) for rubric in RUBRICS for one in thoughts]
    return measured(judge, [task.result() for task in tasks], time.perf_counter() - start)


def measure_now(judge: Judge, thoughts: Sequence[JudgedThought], progress: Progress | None = None) -> Measured:
    """The same for callers without an event loop."""
    return asyncio.run(measure(judge, thoughts, progress))


def measured(judge: Judge, given: Sequence[Given], seconds: float) -> Measured:
    """The figures of what a judge gave; ``given`` holds every thought under both rubrics."""
    asked = [found for one in given for found in (one.judged, one.without) if found is not None]
    states = Counter(found.state for found in asked)
    unscored = states["failed"] + states["unparsed"]
    return Measured(
        judge=judge.name,
        thoughts=len({id(one.thought) for one in given}),
        clips=len({one.thought.row.clip_id for one in given}),
        agreement={rubric: _agreement([one for one in given if one.rubric == rubric]) for rubric in RUBRICS},
        kinds=tuple(_kinds(given)),
        judgements=len(asked),
        refused=len(asked) - unscored - states["scored"],
        unscored=unscored,
        seconds=seconds,
        spent=getattr(judge, "spent", Spent()),
        cost=float(getattr(judge, "cost", 0.0)),
    )


def _agreement(given: Sequence[Given]) -> Agreement:
    scored = [one for one in given if one.step is not None]
    moved = [one.is_moved for one in given if one.is_moved is not None]
    return Agreement(
        scored=len(scored),
        exact=_share(scored, [one.is_exact for one in scored]),
        near=_share(scored, [one.is_near for one in scored]),
        rank=_rank(scored),
        moved=wilson(sum(moved) / len(moved), len(moved)) if moved else UNKNOWN,
        injected=len(moved),
    )


def _share(scored: Sequence[Given], holds: Sequence[bool]) -> Estimate:
    """A share with its interval by clips; Wilson's where no resample differs."""
    if not scored:
        return UNKNOWN
    table: dict[str, list[int]] = {}
    for one, held in zip(scored, holds, strict=True):
        counts = table.setdefault(one.thought.row.clip_id, [0, 0])
        counts[0] += held
        counts[1] += 1
    share = sum(holds) / len(scored)
    sums = resample_sums(np.array(list(table.values())), _RESAMPLES, _SEED)
    found = clustered(share, sums[:, 0] / sums[:, 1], len(table))
    return found or wilson(share, len(scored))


def _rank(scored: Sequence[Given]) -> Estimate:
    """Spearman's correlation; its interval by drawing clips."""
    places: dict[str, list[int]] = {}
    for place, one in enumerate(scored):
        places.setdefault(one.thought.row.clip_id, []).append(place)
    given = np.array([one.step for one in scored], dtype=float)
    wanted = np.array([float(np.mean(list(one.accepted))) for one in scored])
    value = _spearman(given, wanted)
    clips = [np.array(of_clip) for of_clip in places.values()]
    if math.isnan(value) or not clips:
        return UNKNOWN
    rng = np.random.default_rng(_SEED)
    draws = np.empty(_RESAMPLES)
    for number in range(_RESAMPLES):
        drawn = np.concatenate([clips[clip] for clip in rng.integers(0, len(clips), len(clips))])
        draws[number] = _spearman(given[drawn], wanted[drawn])
    return clustered(value, draws, len(clips)) or Estimate(value, *percentile_interval(draws[:0]))


def _spearman(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    from scipy.stats import rankdata

    if len(a) <= 1 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _kinds(given: Sequence[Given]) -> Iterator[OfKind]:
    for kind in KINDS:
        for rubric in RUBRICS:
            of_kind = [one for one in given if one.thought.kind == kind and one.rubric == rubric]
            if not of_kind:
                continue
            scored = [one for one in of_kind if one.step is not None]
            scale = CONTEXT_SCALE if rubric == "context" else _LOGIC_SCALE
            yield OfKind(
                kind=kind,
                rubric=rubric,
                thoughts=len(of_kind),
                unscored=len(of_kind) - len(scored),
                exact=sum(one.is_exact for one in scored),
                near=sum(one.is_near for one in scored),
                points=_mean([scale[one.step] for one in scored if one.step is not None]),
                low=_mean([scale[min(one.accepted)] for one in of_kind]),
                high=_mean([scale[max(one.accepted)] for one in of_kind]),
            )


def _points(rubric: RubricName, judged: Judged[Any]) -> Any:
    """What was given; nothing was given to what a gate refused; None where it is unscored."""
    if judged.state in ("failed", "unparsed"):
        return None
    return judged.points if judged.state == "scored" else _NO_POINTS[rubric]


def _step(rubric: RubricName, judged: Judged[Any]) -> int | None:
    points = _points(rubric, judged)
    if points is None:
        return None
    return CONTEXT_SCALE.index(points) if rubric == "context" else int(points.score)


def _of_rubric(one: Agreement) -> tuple[str, ...]:
    shares = (_percent(one.exact), _percent(one.near), _decimals(one.rank))
    return str(one.scored), *shares, str(one.injected), _percent(one.moved)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _percent(share: Estimate) -> str:
    if math.isnan(share.value):
        return "–"
    return f"{100 * share.value:.0f}% ({100 * share.low:.0f}–{100 * share.high:.0f})"


def _decimals(value: Estimate) -> str:
    if math.isnan(value.value):
        return "–"
    return f"{value.value:.2f}" + ("" if math.isnan(value.low) else f" ({value.low:.2f}–{value.high:.2f})")
