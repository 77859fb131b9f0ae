"""Build from TVQA on a cluster, by Slurm or by Ray: a shard of the clips a task, by datatrove's executors.

First, on one machine, look through the copy and cut the clips (no model is asked), with the shards' number:

    python examples/build_slurm.py --media TVQA --annotations TVQA --models examples/build_tvqa.yaml \\
        --out data/full --shards 64 --time 12:00:00 --partition cpu

It writes the launch script and says where; ``sbatch`` takes it. When all tasks are done, the same build on one machine
asks nothing any more and writes the data:

    crossomni build --source tvqa --media TVQA --annotations TVQA --models examples/build_tvqa.yaml --out data/full \\
        --shards 64

The folder beside ``--out`` (``data/full-work``) is on a disk that all machines share, and so are the models' file and
the prompts. With ``--ray auto`` the tasks run on the Ray cluster that this machine is part of, and the command waits.
"""

import argparse
from pathlib import Path

from crossomni.cli.data import SEED, TEST_SHARE
from crossomni.construction.models import launching
from crossomni.construction.models.from_tvqa import TvqaBuild
from crossomni.construction.models.settings import BuildModels
from crossomni.construction.models.shards import Launch


def main() -> None:
    """Cut, write what is to be done, and make the launch script, or run it on Ray."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("media", "annotations", "models", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--test-share", type=float, default=TEST_SHARE)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--time", default="12:00:00")
    parser.add_argument("--partition", default="cpu")
    parser.add_argument("--qos", default="")
    parser.add_argument("--environment", default="", help="A line of shell, as in: source /shared/venv/bin/activate")
    parser.add_argument("--ray", metavar="ADDRESS", help="Run on this Ray cluster instead, as in: auto")
    given = parser.parse_args()
    wanted = TvqaBuild(
        media=given.media, annotations=given.annotations, models=given.models, out=given.out, seed=given.seed,
        test_share=given.test_share, pairs=given.pairs, shards=given.shards,
    )  # fmt: skip
    wanted.check_out(BuildModels.read(wanted.models_file))
    cutting = wanted.cut(wanted.source)
    for _ in cutting:
        pass
    print(f"{len(cutting.works)} clips in {given.shards} shards, {len(cutting.lost)} clips or files left out")
    launch = Launch.of(wanted.models_file, cutting.works, wanted.work, given.shards)
    if given.ray:
        launching.run_on_ray(launch, given.ray)
        return
    executor = launching.slurm_executor(
        launch, time=given.time, partition=given.partition, qos=given.qos, environment=given.environment
    )
    print(f"sbatch {launching.write_script(executor)}")


if __name__ == "__main__":
    main()
