"""Launches on clusters: datatrove's executors for Slurm and for Ray, given the same stages as on one machine.

All machines share the folder of the launch and read the models' file at the same path. Each rank writes in a folder of
its own there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossomni.construction.models.shards import Launch, Stages
from crossomni.errors import InputError
from crossomni.optional import need

SCRIPT, EXECUTOR, RANKS = "launch_script.slurm", "executor.pik", "ranks_to_run.json"  # as datatrove calls them
_NAME = "crossomni-build"


def slurm_executor(
    launch: Launch,
    *,
    time: str,
    partition: str,
    cpus: int = 2,
    memory_gb: int = 4,
    qos: str = "",
    environment: str = "",
) -> Any:
    """Datatrove's executor for Slurm: one array job, a task for each shard.

    Args:
        time: for each task, as sbatch takes it.
        memory_gb: for each core.
        environment: a line of shell that makes ``launch_pickled_pipeline`` known; none where sbatch passes on PATH.
    """
    executor = need("datatrove.executor.slurm", "a build on Slurm").SlurmPipelineExecutor
    return executor(
        pipeline=[Stages(launch)],
        tasks=launch.shards,
        time=time,
        partition=partition,
        cpus_per_task=cpus,
        mem_per_cpu_gb=memory_gb,
        qos=qos,
        env_command=environment or None,
        job_name=_NAME,
        max_array_size=-1,  # one array; a cluster that takes no such long ones says so
        logging_dir=str(launch.logs),
    )


def write_script(executor: Any) -> Path:
    """Write what sbatch takes, and what its tasks read, without submitting anything; ranks that are done stay out.

    Raises:
        InputError: when all ranks are done.
    """
    dill = need("dill", "a build on Slurm")
    ranks, logs = executor.get_incomplete_ranks(), executor.logging_dir
    if not ranks:
        raise InputError(f"{logs.path}: all {executor.tasks} shards are done; crossomni build writes the data now.")
    with logs.open(EXECUTOR, "wb") as file:
        dill.dump(executor, file, fmode=dill.CONTENTS_FMODE)
    with logs.open(RANKS, "w") as file:
        json.dump(ranks, file)
    task = f"srun -l -n 1 launch_pickled_pipeline {logs.resolve_paths(EXECUTOR)}"
    script = Path(logs.resolve_paths(SCRIPT))
    script.write_text(executor.get_launch_file_contents(executor.get_sbatch_args(len(ranks)), task), encoding="utf-8")
    return script


def ray_executor(launch: Launch, *, cpus: int = 2, memory_gb: int = 4) -> Any:
    """Datatrove's executor for Ray; its ``run`` wants ``ray.init`` before it."""
    executor = need("datatrove.executor.ray", "a build on Ray").RayPipelineExecutor
    return executor(
        pipeline=[Stages(launch)],
        tasks=launch.shards,
        cpus_per_task=cpus,
        mem_per_cpu_gb=memory_gb,
        logging_dir=str(launch.logs),
    )


def run_on_ray(launch: Launch, address: str) -> None:
    """Run the shards on a Ray cluster, and wait for them.

    Args:
        address: of the cluster, as ``ray.init`` takes it: ``auto`` for the one that this machine is part of, ``local``
            for one that is started here.
    """
    need("ray", "a build on Ray").init(address=address)
    ray_executor(launch).run()
