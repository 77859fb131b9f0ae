"""The folder of a training as the trainers leave it, with a history that is made up."""

from pathlib import Path

from crossomni.training.config import GRPOTraining, SFTTraining
from crossomni.training.results.history import History
from crossomni.training.results.record import Training, TrainingFolder, settings

KINDS = ("empty", "colon", "own-rationale")


def training(kind="sft", model="Qwen/Qwen2.5-Omni-3B", **changes) -> Training:
    """What ``training.json`` says of a small one."""
    config = {"sft": SFTTraining, "grpo": GRPOTraining}[kind](model=model, out=Path("runs/small"))
    values = {
        "kind": kind,
        "configuration": settings(config),
        "versions": {"crossomni": "0.1.0", "trl": "1.16.0"},
        "data": {"source": {"source": "playhouse", "version": "0.1.0"}, "fingerprint": "ab" * 32},
        "base": {"name": model, "fingerprint": "cd" * 20},
        "train_ids": ("row-1", "row-2"),
        "held_out_ids": ("row-9",),
        "seeds": {"rows": 0},
    }
    return Training(**{**values, **changes})


def logs(kind: str, step: int, steps: int) -> dict[str, float]:
    """What a step logs: everything gets better."""
    share = step / steps
    common = {"loss": 3 - 2 * share + 0.01 * (step % 3), "learning_rate": 1e-5 * (1 - share), "grad_norm": 1.0}
    if kind == "sft":
        return common | {"mean_token_accuracy": share, "entropy": 2 - share}
    found = common | {"reward": share, "reward_std": 0.1, "kl": 0.02 * share, "unscored": 0.1, "failed_rows": 0.0}
    found |= {f"completions/{name}": value for name, value in (
        ("mean_length", 100 + step % 4), ("min_length", 20), ("max_length", 300), ("clipped_ratio", 0.0))}  # fmt: skip
    for name in ("format", "accuracy", "context", "logic"):
        found |= {f"reward/{name}/mean": share + 0.01 * (step % 2), f"reward/{name}/std": 0.2,
                  f"reward/{name}/unscored": 0.1 * (name in ("context", "logic"))}  # fmt: skip
    for name in ("context", "logic"):
        found |= {f"reward/{name}/length_correlation": 0.1}
        if step % max(1, steps // 4) == 0:
            found |= {f"canary/{name}/{kind}": float(kind == "own-rationale") for kind in KINDS}
    return found


def write(folder: Path, kind="sft", steps=40, extra=None, **changes) -> TrainingFolder:
    """Make the folder. ``extra``: what a step logs besides, by step."""
    made = TrainingFolder(folder)
    made.claim(training(kind, **changes))
    with History(made.history_path) as history:
        history.log(0, {"eval_loss": 3.0})
        for step in range(1, steps + 1):
            history.log(step, logs(kind, step, steps) | (extra or {}).get(step, {}))
        history.log(steps, {"eval_loss": 1.2, "train_runtime": 90.0})
    return made
