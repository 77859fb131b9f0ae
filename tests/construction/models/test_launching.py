"""Launches on clusters."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.launching import ray_executor, slurm_executor, write_script
from crossomni.construction.models.shards import Launch, gathered
from crossomni.errors import InputError
from crossomni.testing.chat_server import ChatServer
from tests.construction.models.scripted import Faults
from tests.construction.models.test_shards import models_file

pytest.importorskip("datatrove")
# In the place of the cluster's own: a task runs here, on a machine that is called here.
_STAND_INS = {"srun": '#!/bin/bash\nshift 3\nexec "$@"\n', "scontrol": "#!/bin/bash\necho here\n"}


def launched(works: list[Work], folder: Path, shards: int) -> Launch:
    """With a server that is not asked."""
    with ChatServer(lambda request: "ready") as server:
        models = models_file(folder, server)
    return Launch.of(models, works, folder / "work", shards)


def test_the_script_is_an_array_of_the_shards(works: list[Work], tmp_path: Path) -> None:
    """It is shell, names what it runs, and what it runs is there."""
    launch = launched(works, tmp_path, 1500)
    executor = slurm_executor(launch, time="01:00:00", partition="cpu", environment="source /shared/venv/bin/activate")
    script = write_script(executor)
    subprocess.run(["bash", "-n", script], check=True)
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/bash"
    assert {"#SBATCH --array=0-1499", "#SBATCH --time=01:00:00", "#SBATCH --partition=cpu", "#SBATCH --requeue"} <= {
        *lines
    }
    assert not any("--qos" in line for line in lines)
    assert lines.index("source /shared/venv/bin/activate") < lines.index(task := lines[-1])
    assert task == f"srun -l -n 1 launch_pickled_pipeline {launch.logs / 'executor.pik'}"
    assert (launch.logs / "executor.pik").stat().st_size > 0
    assert json.loads((launch.logs / "ranks_to_run.json").read_text()) == [*range(1500)]


def test_ranks_that_are_done_stay_out(works: list[Work], tmp_path: Path) -> None:
    """Until none is left."""
    launch = launched(works, tmp_path, 2)
    executor = slurm_executor(launch, time="01:00:00", partition="cpu")
    executor.mark_rank_as_completed(0)
    assert "#SBATCH --array=0-0\n" in write_script(executor).read_text()
    assert json.loads((launch.logs / "ranks_to_run.json").read_text()) == [1]
    executor.mark_rank_as_completed(1)
    with pytest.raises(InputError, match="all 2 shards are done"):
        write_script(executor)


def test_ray_gets_the_same_stages(works: list[Work], tmp_path: Path) -> None:
    """And the same markers: a rank that Slurm has done is done."""
    launch = launched(works, tmp_path, 2)
    executor = ray_executor(launch)
    assert executor.world_size == 2
    slurm_executor(launch, time="01:00:00", partition="cpu").mark_rank_as_completed(0)
    assert executor.get_incomplete_ranks() == [1]
    assert executor.pipeline == slurm_executor(launch, time="01:00:00", partition="cpu").pipeline


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_script_does_a_shard_a_task(
    works: list[Work], serve: Callable[[Faults], ChatServer], tmp_path: Path
) -> None:
    """Run with stand-ins for srun and scontrol, as Slurm would: each task by its number in the array."""
    for name, text in _STAND_INS.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    with serve(Faults()) as server:
        models = models_file(tmp_path, server)
        launch = Launch.of(models, works, tmp_path / "work", 2)
        executor = slurm_executor(launch, time="01:00:00", partition="cpu")
        executor.mark_rank_as_completed(0)  # so that the one task of the array is rank 1
        path = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]])
        environ = {**os.environ, "PATH": path, "SLURM_ARRAY_TASK_ID": "0", "SLURM_NODELIST": "here"}
        subprocess.run(["bash", write_script(executor)], env=environ, check=True, capture_output=True)
        done = gathered(models, works, launch.folder, 2, partly=True)
    assert done.worked.names == (works[1].clip.id,)
    assert done.worked[0].items
    assert 0 < launch.progress.calls < server.requests  # which has been greeted, too
    assert executor.get_incomplete_ranks() == []
