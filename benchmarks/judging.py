"""Time of judging 4 rollouts of 16 rows under 2 rubrics, by a stub judge that takes 1 s for a reply.

    python benchmarks/judging.py

Wanted: at most 1.5 times one call where the server takes all at once (the median of three steps, after a first one
that makes the connections, as the canaries do in a training); no call for the same texts in a second epoch; and
rollouts with judging behind them at most 1.15 times the longer of the two, whichever that is (the generator is one that
sleeps, and gives the four rollouts of a row at a time). The stub runs in the same process: its work is in the figures,
so measure on a machine that does nothing else. It exits with 1 where a figure is not met.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crossomni.chat import ChatConfig
from crossomni.corpus import Corpus
from crossomni.testing.chat_server import Behaviour, ChatServer
from crossomni.training.judges.background import BackgroundJudge
from crossomni.training.judges.opening import chat_judge
from crossomni.training.rewards import combined_reward, thoughts_of

ROWS, ROLLOUTS, RUBRICS, CALL_SECONDS = 16, 4, 2, 1.0
CALLS = ROWS * ROLLOUTS * RUBRICS
MOST_CALLS_WORTH, MOST_OVER_LONGER = 1.5, 1.15


def points(request: dict[str, Any]) -> Behaviour:
    """Full points, after a second."""
    logic = "three numbers" in request["messages"][0]["content"]
    return Behaviour(text="1 1 1" if logic else "5", delay_seconds=CALL_SECONDS)


def step(name: str) -> tuple[list[str], dict[str, list[Any]]]:
    """Replies of one step, and the columns of their rows; another name gives other replies."""
    rows = [row for row in Corpus.open("playhouse").rows("train")[:ROWS] for _ in range(ROLLOUTS)]
    columns = [row.to_columns() for row in rows]
    replies = [
        f"<think>\n{row.rationale} This is rollout {number} of {name}.\n</think>\n{row.answer}"
        for number, row in enumerate(rows)
    ]
    return replies, {key: [one[key] for one in columns] for key in columns[0]}


def opened(server: ChatServer, cache: Path, at_once: int) -> BackgroundJudge:
    """A judge that asks so many at once."""
    return BackgroundJudge(chat_judge(ChatConfig(url=server.url, model="stub", at_once=at_once), cache))


def rewarded(judge: BackgroundJudge, replies: Sequence[str], columns: dict[str, list[Any]]) -> float:
    """Seconds until all rewards are there."""
    start = time.perf_counter()
    rewards = asyncio.run(combined_reward(replies, judge=judge, **columns))
    if set(rewards) != {1.0}:
        raise SystemExit(f"rewards are {sorted(set(map(str, rewards)))}; all replies are right, so 1.0 was wanted.")
    return time.perf_counter() - start


def rolled_out(
    judge: BackgroundJudge, replies: Sequence[str], columns: dict[str, list[Any]], chunk_seconds: float
) -> float:
    """Seconds of a step whose completions come in chunks, each judged while the next is made."""
    start = time.perf_counter()
    for first in range(0, len(replies), ROLLOUTS):
        time.sleep(chunk_seconds)
        part = {name: values[first : first + ROLLOUTS] for name, values in columns.items()}
        judge.start(thoughts_of(replies[first : first + ROLLOUTS], **part))
    rewarded(judge, replies, columns)
    return time.perf_counter() - start


def main() -> None:
    """Judge alone, judge again, and judge behind rollouts."""
    faults = []

    def told(what: str, seconds: float, calls: int, ratio: float, most: float) -> None:
        missed = ratio > most
        print(f"{what:58}  {seconds:5.2f} s  {calls:3} calls  {ratio:4.2f}, wanted {most:g}{' MISSED' * missed}")
        faults.extend([what] * missed)

    with tempfile.TemporaryDirectory() as folder, ChatServer(points) as server:
        cache = Path(folder) / "judge.sqlite"
        with opened(server, cache, CALLS) as judge:
            print(f"{'the first step, which makes the connections':58}  {rewarded(judge, *step('step 0')):5.2f} s")
            seconds = statistics.median(rewarded(judge, *step(f"step {number}")) for number in (1, 2, 3))
            calls = judge.spent.replies // 4
            told(f"{CALLS} judgements at once, to one call", seconds, calls, seconds / CALL_SECONDS, MOST_CALLS_WORTH)
        with opened(server, cache, CALLS) as judge:
            seconds = rewarded(judge, *step("step 0"))
            calls = judge.spent.replies
            told("the same texts in a second epoch, calls", seconds, calls, calls, 0)
        # The generator takes longer; the judge, who takes 8 at once, as long; and the judge longer.
        for at_once, chunk_seconds in ((CALLS, 1.0), (8, 1.0), (8, 0.25)):
            generating, judging = ROWS * chunk_seconds, CALLS / at_once * CALL_SECONDS
            with opened(server, cache, at_once) as judge:
                seconds = rolled_out(judge, *step(f"{at_once} at {chunk_seconds}"), chunk_seconds=chunk_seconds)
                calls = judge.spent.replies
            what = f"rollouts {generating:g} s and judging {judging:g} s, to the longer"
            told(what, seconds, calls, seconds / max(generating, judging), MOST_OVER_LONGER)
    if faults:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
