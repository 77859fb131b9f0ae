"""Several processes share a run: each clip belongs to one of them, and nothing is lost or there twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.runs.runner import evaluate
from crossomni.evaluation.shards import Shard
from crossomni.ledger import Ledger

MODEL = "python:tests.evaluation.fakes:Slow"


def test_each_item_belongs_to_one_process() -> None:
    """Three processes part ten items among them."""
    shares = [list(Shard(rank, 3).share(range(10))) for rank in range(3)]
    assert sorted(item for share in shares for item in share) == list(range(10))


def test_one_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a launcher there is one process, which waits for nobody; with one, its variables count."""
    assert Shard.of_this_process() == Shard(0, 1)
    Shard(0, 1).wait()
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert Shard.of_this_process() == Shard(2, 4)


def test_what_killed_processes_left_is_gathered(data: Path, tmp_path: Path) -> None:
    """Shards of an earlier, killed launch count, also where one process goes on alone; a row in both counts once."""
    asked = EvalConfig(model=MODEL, data=str(data), out=tmp_path / "run")
    whole = evaluate(asked)
    lines = (asked.out / "predictions.jsonl").read_text().splitlines()
    folder = RunFolder(asked.out)
    (asked.out / "predictions.jsonl").write_text("\n".join(lines[:10]) + "\n")
    for name, part in (("00001-of-00003", lines[9:15]), ("00002-of-00003", lines[20:])):
        with Ledger(folder.shard_path(name)) as ledger:
            for line in part:
                ledger.append(json.loads(line))

    assert evaluate(asked) == whole
    assert sorted((asked.out / "predictions.jsonl").read_text().splitlines()) == sorted(lines)
    assert not (asked.out / "shards").exists()


@pytest.mark.slow
def test_two_processes_make_the_run_of_one(data: Path, tmp_path: Path) -> None:
    """Launched by accelerate, two processes leave the predictions and scores of a run that was made alone."""
    alone = evaluate(EvalConfig(model=MODEL, data=str(data), out=tmp_path / "alone"))
    launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes=2", "--num_machines=1"]
    plain = ["--mixed_precision=no", "--dynamo_backend=no", "-m", "crossomni", "evaluate"]
    run = ["--model", MODEL, "--data", str(data), "--out", str(tmp_path / "shared")]
    done = subprocess.run(
        [sys.executable, *launch, *plain, *run],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    lines = [(tmp_path / name / "predictions.jsonl").read_text().splitlines() for name in ("alone", "shared")]
    assert sorted(lines[0]) == sorted(lines[1])
    assert json.loads((tmp_path / "shared/scores.json").read_text()) == alone.scores
