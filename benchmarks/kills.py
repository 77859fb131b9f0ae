"""A run that is killed fifty times at random moments ends as one that was left alone.

    .venv/bin/python benchmarks/kills.py [--kills 50] [--seed 7]

A model that takes its time is asked the shipped test rows. Each process is killed (SIGKILL) a random while after its
start: while it starts, while it answers, while it writes scores or report. In the end every row must be there once, and
scores and predictions must be those of an undisturbed run. The exit status is 1 where they are not.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from crossomni.evaluation.models.protocol import Ask, Said
from crossomni.records import Receipt
from crossomni.tasks import Modality

SECONDS_A_ROW = 0.06


class Slow:
    """Says a letter that follows from the row alone, after a while."""

    name = "slow"
    senses = frozenset({Modality.TEXT})

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """One reply for each question."""
        for ask in asks:
            time.sleep(SECONDS_A_ROW)
            letter = random.Random(ask.seed).choice("ABCD")
            yield Said(reply=f"The answer is {letter}.", receipt=Receipt.text_only(1))


def run(out: Path) -> list[str]:
    """The command of a run."""
    return [sys.executable, "-m", "crossomni", "evaluate", "--model", f"python:{__file__}:Slow", "--out", str(out)]


def killed(out: Path, kills: int, seed: int) -> list[int]:
    """Kill the run again and again; how many rows were there after each kill."""
    draw, rows = random.Random(seed), []
    while len(rows) < kills:
        process = subprocess.Popen(
            run(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(timeout=draw.uniform(0.1, 4.0))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            rows.append(len(lines(out)))
        else:
            sys.exit(f"the run ended after {len(rows)} kills: take more rows or fewer kills")
    return rows


def lines(out: Path) -> list[str]:
    """The lines of its predictions that are whole."""
    path = out / "predictions.jsonl"
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def main() -> None:
    """Kill, finish, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        disturbed, alone = Path(folder) / "disturbed", Path(folder) / "alone"
        rows = killed(disturbed, given.kills, given.seed)
        for out in (disturbed, alone):
            subprocess.run(run(out), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        counts = Counter(json.loads(line)["id"] for line in lines(disturbed))
        same = sorted(lines(disturbed)) == sorted(lines(alone))
        scores = [json.loads((out / "scores.json").read_text(encoding="utf-8")) for out in (disturbed, alone)]
    print(f"{given.kills} kills, seed {given.seed}; rows there after each: {', '.join(map(str, rows))}")
    print(f"rows {len(counts)}, each once: {set(counts.values()) == {1}}; predictions the same: {same}; "
          f"scores the same: {scores[0] == scores[1]}")  # fmt: skip
    sys.exit(not (same and scores[0] == scores[1] and set(counts.values()) == {1}))


if __name__ == "__main__":
    main()
