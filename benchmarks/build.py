"""A build from plays by truth and templates, once their media exist: clips a second, and memory.

    python benchmarks/build.py [--clips 200] [--media FOLDER]

Wanted: at least 5 clips a second on two cores, from annotations to data folder, and flat memory: twice the clips take
at most 5% more. Extrapolated to the paper's 4,147 clips. The plays are filmed first (not counted), or taken from
FOLDER. It exits with 1 where it is slower or memory grows.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crossomni.construction.build import build_rows
from crossomni.export import export
from crossomni.playhouse.company import Season, film_season

LEAST_A_SECOND, MOST_GROWTH, PAPER_CLIPS, PAPER_ROWS, SEED = 5.0, 1.05, 4_147, 39_726, 3


def build(season: Season, count: int, out: Path) -> None:
    """What ``crossomni build`` does after filming, but for the card's audit."""
    truth = {one.clip.id: one for place, one in enumerate(season.annotations()) if place < count}
    made = build_rows(tuple(truth.values()), test_share=0.6, seed=SEED)
    clips = {name: one.clip for name, one in truth.items()}
    media = {name: season.video(name) for name in truth}
    export(out, made.rows, clips, media, truth=truth, source={"source": "playhouse", "seed": SEED, "version": "0"})
    print(sum(map(len, made.rows.values())))


def measured(folder: Path, clips: int, count: int) -> tuple[float, int, float]:
    """Seconds, rows, and peak memory in MB, of a process of its own."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        command = [sys.executable, __file__, "--child", str(folder), str(clips), str(count), f"{out}/data"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - start
    rows, peak = done.stdout.split()
    return seconds, int(rows), float(peak) / 1024


def main() -> None:
    """Film, measure, tell."""
    if sys.argv[1:2] == ["--child"]:
        folder, clips, count, out = sys.argv[2:]
        build(Season(clips=int(clips), seed=SEED, folder=Path(folder)), int(count), Path(out))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--media", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = given.media or Path(own)
        twice = 2 * given.clips
        for _ in film_season(Season(clips=twice, seed=SEED, folder=folder), os.cpu_count() or 1):
            pass
        seconds, rows, peak = measured(folder, twice, given.clips)
        _, _, peak_of_twice = measured(folder, twice, twice)
    speed = given.clips / seconds
    whole = seconds * PAPER_CLIPS / given.clips
    print(f"{given.clips} clips, {rows} rows: {seconds:.1f} s, {speed:.1f} clips a second")
    print(f"peak memory {peak:.0f} MB; {peak_of_twice:.0f} MB for twice the clips")
    print(f"extrapolated to {PAPER_CLIPS:,} clips ({PAPER_ROWS:,} rows in the paper): {whole / 60:.1f} min")
    sys.exit(0 if speed >= LEAST_A_SECOND and peak_of_twice <= MOST_GROWTH * peak else 1)


if __name__ == "__main__":
    main()
