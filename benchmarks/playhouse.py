"""How long playhouse takes to film: CPU time of 100 clips with their truth, extrapolated to the paper's 4,147.

Wanted: under 20 CPU minutes for 4,147 clips. Starting the program is in it once, and is not multiplied.

    .venv/bin/python benchmarks/playhouse.py
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

PAPER_CLIPS = 4_147
WANTED_MINUTES = 20


def cpu_seconds(clips: int, folder: Path) -> float:
    """CPU seconds, user and system, of filming ``clips`` clips, all processes together."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "crossomni", "playhouse", "--clips", str(clips), "--seed", "0"]
    subprocess.run([*command, "--out", str(folder)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure one clip (what starting costs), then many, and extrapolate the difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100)
    clips = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as folder:
        start = cpu_seconds(1, Path(folder, "one"))
        whole = cpu_seconds(clips, Path(folder, "many"))
        size = sum(file.stat().st_size for file in Path(folder, "many", "clips").iterdir())
    each = (whole - start) / (clips - 1)
    minutes = (start + each * (PAPER_CLIPS - 1)) / 60
    print(f"{clips} clips: {whole:.1f} CPU s, {each:.3f} a clip, {size / clips / 1e3:.0f} kB a clip")
    print(f"{PAPER_CLIPS} clips: {minutes:.1f} CPU minutes (wanted: under {WANTED_MINUTES})")


if __name__ == "__main__":
    main()
