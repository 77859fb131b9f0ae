"""Time and memory of scoring at full scale: 39,726 predictions on 4,147 clips, 10,000 clustered resamples.

    python benchmarks/scoring.py

Wanted: the metric under 2 s and under 1 GB. Printed beside it, measured in the same run: a plain bootstrap that draws
clips one resample at a time (timed on 100 resamples, extrapolated), and the other figures of a report.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import numpy as np

from crossomni.pairing import paired
from crossomni.scoring import RESAMPLES, details, score
from crossomni.tasks import TASKS

ROWS, CLIPS = 39_726, 4_147
SAMPLE = 100


def timed(name: str, work: Callable[[], object]) -> float:
    """Wall seconds of one call, printed with its CPU seconds and the process's peak memory so far."""
    start, start_cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<44} {seconds:7.2f} s   cpu {cpu:6.2f} s   peak {peak:5.0f} MB")
    return seconds


def plain(hits: np.ndarray, task: np.ndarray, clip: np.ndarray, resamples: int) -> list[np.ndarray]:
    """Draw clips, gather their rows, average by task: the obvious way."""
    rng = np.random.default_rng(0)
    order = np.argsort(clip, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(clip, minlength=CLIPS))[:-1])
    shares = []
    for _ in range(resamples):
        rows = np.concatenate([rows_of[i] for i in rng.integers(0, CLIPS, CLIPS)])
        counts = np.bincount(task[rows], minlength=len(TASKS))
        shares.append(np.bincount(task[rows], weights=hits[rows], minlength=len(TASKS)) / counts)
    return shares


def main() -> None:
    """Make the predictions and time each way once."""
    rng = np.random.default_rng(0)
    task, clip = rng.integers(0, len(TASKS), ROWS), rng.integers(0, CLIPS, ROWS)
    tasks, clips = [TASKS[i].id for i in task], [f"clip_{i}" for i in clip]
    references = rng.choice(list("ABCD"), ROWS).tolist()
    first, second = (
        [right if hit else None for right, hit in zip(references, rng.random(ROWS) < share, strict=True)]
        for share in (0.50, 0.52)
    )
    hits = np.array([letter is not None for letter in first])

    ours = timed("score, clustered", lambda: score(first, references, tasks, clips))
    obvious = (
        timed(f"plain bootstrap, {SAMPLE} resamples", lambda: plain(hits, task, clip, SAMPLE)) * RESAMPLES / SAMPLE
    )
    print(f"plain bootstrap, {RESAMPLES:,} resamples: {obvious:.0f} s; ratio {obvious / ours:.0f}x")
    timed("details, clustered", lambda: details(first, references, tasks, clips))
    timed("paired, clustered (loads statsmodels)", lambda: paired(first, second, references, tasks, clips))
    timed("score, Wilson", lambda: score(first, references, tasks))


if __name__ == "__main__":
    main()
