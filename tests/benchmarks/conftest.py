"""The three benchmarks as small folders, written once; a test that breaks one works on a copy."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossomni.benchmarks.names import BENCHMARKS
from crossomni.testing.benchmarks import BenchmarkFolder, write_avut, write_daily_omni, write_worldsense

WRITERS = {"daily-omni": write_daily_omni, "worldsense": write_worldsense, "avut": write_avut}
Break = Callable[..., Path]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BenchmarkFolder]:
    """Each benchmark's folder, by its name."""
    root = tmp_path_factory.mktemp("benchmarks")
    return {name: write(root / name) for name, write in WRITERS.items()}


@pytest.fixture
def broken(written: dict[str, BenchmarkFolder], tmp_path: Path) -> Break:
    """A function that changes a benchmark's annotations and returns the changed file; clips stay where they are."""

    def change(name: str, how: Callable[[Any], Any]) -> Path:
        data = json.loads(written[name].annotations.read_text(encoding="utf-8"))
        changed = how(data)
        path = tmp_path / BENCHMARKS[name].file
        path.write_text(json.dumps(data if changed is None else changed), encoding="utf-8")
        return path

    return change


@pytest.fixture
def copied(written: dict[str, BenchmarkFolder], tmp_path: Path) -> Callable[[str], Path]:
    """A function that copies a benchmark's folder, to take clips out of it."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(written[name].folder, tmp_path / "copy"))

    return copy
