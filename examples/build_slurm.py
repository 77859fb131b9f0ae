"""Build from TVQA on a Slurm cluster: a shard of the clips a task, by datatrove's executor.

First, on one machine, look through the copy and cut the clips (no model is asked), with the shards' number:

    python examples/build_slurm.py --media TVQA --annotations TVQA --models examples/build_tvqa.yaml \\
        --work data/full-work --shards 64 --time 12:00:00 --partition cpu

It writes the launch script, and submits it where ``--submit`` is given. When all ranks are done, the same build on one
machine asks nothing any more and writes the data:

    crossomni build --source tvqa --media TVQA --annotations TVQA --models examples/build_tvqa.yaml --out data/full \\
        --shards 64
"""

import argparse
from pathlib import Path

from datatrove.executor.slurm import SlurmPipelineExecutor

from crossomni.cli.build_models import TvqaBuild, cut_clips
from crossomni.construction.models.shards import Launch, Stages
from crossomni.construction.sources.tvqa import Tvqa


def main() -> None:
    """Cut, write what is to be done, and make the launch script."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("media", "annotations", "models", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test-share", type=float, default=0.6)
    parser.add_argument("--time", default="12:00:00")
    parser.add_argument("--partition", default="cpu")
    parser.add_argument("--submit", action="store_true")
    given = parser.parse_args()
    wanted = TvqaBuild(
        media=given.media,
        annotations=given.annotations,
        models=given.models,
        out=given.work.with_name(given.work.name.removesuffix("-work")),
        seed=given.seed,
        test_share=given.test_share,
        pairs=None,
        shards=given.shards,
    )
    works, lost = cut_clips(wanted, Tvqa(given.media, given.annotations))
    launch = Launch.of(given.models.resolve(), works, wanted.work.resolve(), given.shards)
    executor = SlurmPipelineExecutor(
        pipeline=[Stages(launch)],
        tasks=given.shards,
        time=given.time,
        partition=given.partition,
        cpus_per_task=2,
        mem_per_cpu_gb=4,
        job_name="crossomni-build",
        logging_dir=str(launch.logs),
    )
    script = wanted.work / "launch.sbatch"
    task = f"srun -l -n 1 launch_pickled_pipeline {launch.logs / 'executor.pik'}"
    script.write_text(executor.get_launch_file_contents(executor.get_sbatch_args(given.shards), task))
    print(f"{len(works)} clips in {given.shards} shards, {len(lost)} clips or files left out; see {script}")
    if given.submit:
        executor.run()


if __name__ == "__main__":
    main()
