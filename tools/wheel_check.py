"""Build the wheel, install it where nothing else is, and use it from another folder.

    .venv/bin/python tools/wheel_check.py

The new environment gets what the wheel declares for its core and no extra: it has no torch, so the steps also show
that the first thing a user does needs none. Exits with 1 at the first step that fails.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WANTED = (
    "crossomni/py.typed",
    "crossomni/shipped/README.md",
    "crossomni/shipped/data.json",
    "crossomni/shipped/test/metadata.parquet",
    "crossomni/metrics/crossomni/crossomni.py",
    "crossomni/metrics/crossomni/README.md",
    "crossomni_dataset.py",
)
EVALUATE = "--data playhouse --model uniform --split test --limit 20 --out run"
METRIC = """
import crossomni, evaluate
metric = evaluate.load(crossomni.metric_path())
scores = metric.compute(predictions=["A", "B"], references=["A", "C"], tasks=["au", "au-vi"])
assert (scores["single"], scores["cross"], scores["n"]) == (100, 0, 2), scores
"""
DATASET = """
import sys
import crossomni_dataset
from datasets import Video, load_dataset
rows = load_dataset("crossomni", split="test").remove_columns("audio").cast_column("video", Video(decode=False))
assert rows[0]["task"] and rows[0]["video"]["path"], rows[0]
assert "torch" not in sys.modules
"""
STEPS = (
    ["-m", "crossomni", "evaluate", *EVALUATE.split()],
    ["-c", METRIC],
    ["-c", DATASET],
)


def build(folder: Path) -> Path:
    """Build the wheel from this checkout, without what an earlier build left behind."""
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # setuptools would pack files that are long gone
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT], check=True)
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    (wheel,) = folder.glob("crossomni-*.whl")
    missing = set(WANTED) - set(zipfile.ZipFile(wheel).namelist())
    if missing:
        sys.exit(f"{wheel.name} lacks {', '.join(sorted(missing))}. See packages and package_data in setup.cfg.")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment with the wheel and what it declares; returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", constraints, wheel], check=True)
    return python


def main() -> None:
    """Do it all in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder)
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB", flush=True)
        python = install(wheel, folder / "venv")
        (folder / "elsewhere").mkdir()
        # An own cache, so that nothing an earlier run kept can stand in for what the wheel lacks.
        own = {**os.environ, "HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
        for step in STEPS:
            subprocess.run([python, *step], cwd=folder / "elsewhere", env=own, check=True)
    print("the wheel works in an empty environment")


if __name__ == "__main__":
    main()
