"""How long ``import crossomni`` and ``crossomni --help`` take, beside a Python that does nothing.

    .venv/bin/python benchmarks/imports.py

The commands take turns, so that all meet the same machine; medians of 15. Wanted: the import adds less than 0.1 s to
the bare Python and loads no torch, and the help is there within 0.5 s.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 15
COMMANDS = {
    "bare Python": ["-c", "pass"],
    "import crossomni": ["-c", "import crossomni, sys; assert 'torch' not in sys.modules"],
    "crossomni --help": ["-m", "crossomni", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Wall seconds of one run of Python."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each command: its median and its ratio to the bare Python."""
    rounds = [{name: seconds(arguments) for name, arguments in COMMANDS.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(taken[name] for taken in rounds) for name in COMMANDS}
    for name, median in medians.items():
        print(f"{name:18} {median:6.3f} s   {median / medians['bare Python']:5.1f}x")
    print(f"the import alone   {medians['import crossomni'] - medians['bare Python']:6.3f} s")


if __name__ == "__main__":
    main()
