"""A judge on an event loop of its own, in a thread: judging goes on while the caller generates.

TRL calls rewards in one event loop, generation runs in the main thread, and both want the same judge. So the judge has
a loop that is neither's, and remembers what it was told to begin with:

    with BackgroundJudge(chat_judge(config, cache)) as judge:
        for chunk in chunks:
            judge.start(thoughts_of(generate(chunk)))       returns at once
        rewards = await combined_reward(…, judge=judge)     joins what is under way or done
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, Self

from crossomni.chat.spending import Spent
from crossomni.errors import InputError
from crossomni.judging import Judged, LogicPoints
from crossomni.training.judges.gates import refusal
from crossomni.training.judges.protocol import RUBRICS, Judge, RubricName, Thought

Outcome = Judged[int] | Judged[LogicPoints]
_Key = tuple[RubricName, str, str, str]  # with a thought's row, rationale and text; other columns do not matter

MOST_KEPT = 4096  # some steps' worth; a cache on disk keeps the others


class BackgroundJudge:
    """A ``Judge`` that may be asked from any thread and any event loop, while its ``with`` block lasts.

    The same thought under the same rubric is judged once, also when it was begun by ``start``. A failure is told to
    whoever waits for it, and then forgotten, so that who asks later asks the judge again.

    Args:
        opening: opens the judge, in the thread (``chat_judge``; ``contextlib.nullcontext`` for one that needs none).
        most_kept: judgements in memory.

    Raises:
        Whatever ``opening`` raises, at entering; at a regular end, what judging raised and nobody has been told.
    """

    def __init__(self, opening: AbstractAsyncContextManager[Judge], *, most_kept: int = MOST_KEPT) -> None:
        self._opening = opening
        self._most_kept = most_kept
        self._is_open = False
        # Both are touched in the thread only.
        self._kept: OrderedDict[_Key, asyncio.Task[Outcome]] = OrderedDict()
        self._untold: dict[_Key, BaseException] = {}

    def __enter__(self) -> Self:
        self._loop, self._stop = asyncio.new_event_loop(), asyncio.Event()
        opened: Future[Judge] = Future()
        self._thread = ThreadPoolExecutor(1, "judge")
        self._working = self._thread.submit(self._work, opened)
        try:
            either: tuple[Future[Any], ...] = (opened, self._working)
            wait(either, return_when=FIRST_COMPLETED)
            if self._working.done():
                self._working.result()  # raises what kept the judge from opening
            self._judge = opened.result()
        except BaseException:
            self._end()
            raise
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_open = False
        self._end()
        self._working.result()
        if kind is None and self._untold:
            raise next(iter(self._untold.values()))

    @property
    def name(self) -> str:
        """The judge's own."""
        return self._judge.name

    @property
    def spent(self) -> Spent:
        """Calls and tokens so far; nothing where the judge is no chat model."""
        spent = getattr(self._judge, "spent", Spent())
        assert isinstance(spent, Spent)
        return spent

    @property
    def cost(self) -> float:
        """Of what is spent, in the currency of the judge's price."""
        return float(getattr(self._judge, "cost", 0.0))

    def start(self, thoughts: Iterable[Thought], rubrics: Sequence[RubricName] = RUBRICS) -> None:
        """Begin to judge, and return at once. What a gate refuses is left out: no judge will be asked about it."""
        due = [thought for thought in thoughts if refusal(thought) is None]
        if due:
            self._tell()
            self._loop.call_soon_threadsafe(self._begin, [(rubric, one) for one in due for rubric in rubrics])

    async def judge(self, rubric: RubricName, thought: Thought) -> Outcome:
        """Judge one thought, or join its judging where it has begun; no gate stands before it."""
        return await asyncio.wrap_future(self._asked(rubric, thought))

    def judge_now(self, rubric: RubricName, thought: Thought) -> Outcome:
        """The same for callers without an event loop."""
        return self._asked(rubric, thought).result()

    def _asked(self, rubric: RubricName, thought: Thought) -> Future[Outcome]:
        self._tell()
        return asyncio.run_coroutine_threadsafe(self._join(rubric, thought), self._loop)

    def _tell(self) -> None:
        if not self._is_open:
            raise InputError("a judge was asked that is not open. Use it so: with open_judge(…) as judge.")

    def _end(self) -> None:
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.shutdown()

    def _work(self, opened: Future[Judge]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(opened))

    async def _serve(self, opened: Future[Judge]) -> None:
        async with self._opening as judge:
            opened.set_result(judge)
            await self._stop.wait()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()  # those who still wait are told
            await asyncio.gather(*left, return_exceptions=True)

    def _begin(self, due: Iterable[tuple[RubricName, Thought]]) -> None:
        for rubric, thought in due:
            self._task(rubric, thought)

    async def _join(self, rubric: RubricName, thought: Thought) -> Outcome:
        """Wait for a judgement; who leaves early takes nobody along."""
        key, task = self._task(rubric, thought)
        try:
            outcome = await asyncio.shield(task)
        finally:
            self._untold.pop(key, None)
        if outcome.state == "failed":
            self._forget(key, task)
        return outcome

    def _task(self, rubric: RubricName, thought: Thought) -> tuple[_Key, asyncio.Task[Outcome]]:
        key = (rubric, thought.row.id, thought.row.rationale, thought.thinking)
        if (task := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return key, task
        task = self._kept[key] = asyncio.get_running_loop().create_task(self._judge.judge(rubric, thought))
        task.add_done_callback(lambda done: self._ended(key, done))
        oldest, first = next(iter(self._kept.items()))
        if len(self._kept) > self._most_kept and first.done():
            del self._kept[oldest]
        return key, task

    def _ended(self, key: _Key, task: asyncio.Task[Outcome]) -> None:
        if task.cancelled():
            self._forget(key, task)
        elif (error := task.exception()) is not None:
            self._untold[key] = error
            self._forget(key, task)

    def _forget(self, key: _Key, task: asyncio.Task[Outcome]) -> None:
        if self._kept.get(key) is task:
            del self._kept[key]
