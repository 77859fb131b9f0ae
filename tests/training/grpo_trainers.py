"""Trainers by GRPO for tests: of tiny thinkers, on three clips, with rewards that need no judge."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crossomni.training.thinkers import lora
from tests.training.conftest import SHOWN, Studio, user

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

from crossomni.training.grpo import OmniGRPOTrainer  # noqa: E402

NEAR = 1e-4  # of log-probabilities; what a clip moves is more than 100 times that
QUESTIONS = ("Who sings?", "What does she wear when the music starts? A. a red hat B. a blue scarf")
ENDS = list(range(100))  # tokens that end a completion here, so that completions differ in length


def length(completions: Sequence[Any], **columns: Any) -> list[float]:
    """A reward that differs between completions."""
    return [float(len(completion[0]["content"]) % 7) for completion in completions]


def settings(folder: Path, **changes: Any) -> Any:
    """A short training without reports, checkpoints and savings of memory."""
    given = {
        "per_device_train_batch_size": 4,
        "per_device_eval_batch_size": 4,
        "num_generations": 2,
        "max_completion_length": 6,
        "max_steps": 2,
        "learning_rate": 1e-2,
        "logging_steps": 1,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "save_strategy": "no",
        "activation_checkpointing": False,
        "disable_tqdm": True,
    }
    return trl.GRPOConfig(str(folder), **{**given, **changes})


def rows(studio: Studio, *clips: Path) -> list[dict[str, Any]]:
    """A row for each clip, with another question each."""
    return [
        {"id": f"row-{place}", "prompt": user(clip, QUESTIONS[place % 2]), "answer": "ABCD"[place % 4]}
        for place, clip in enumerate(clips or (studio.short, studio.long))
    ]


def trainer(
    studio: Studio, folder: Path, thinker: Any = None, *, kind: Any = OmniGRPOTrainer, rewards: Any = length,
    clips: Sequence[Path] = (), given: Any = None, **changes: Any,
) -> Any:  # fmt: skip
    """A trainer of the thinker as it is, by default with a new adapter."""
    given = dict(given or {})
    if thinker is None:
        thinker = studio.thinker()
        given["peft_config"] = lora(thinker, 4, 8)
    if not isinstance(thinker, str):
        thinker.generation_config.eos_token_id = ENDS
    made = datasets.Dataset.from_list(rows(studio, *clips))
    return kind(
        thinker, rewards, settings(folder, **changes), processing_class=studio.processor, train_dataset=made,
        eval_dataset=made, **{"shown": SHOWN, "store": studio.store, **given},
    )  # fmt: skip


def rolled_out(made: Any, studio: Studio, *clips: Path) -> dict[str, Any]:
    """A batch: each row twice, with completions, scores and clips, in the rows' order."""
    made.model.train()
    batch: dict[str, Any] = made._generate_and_score_completions(
        [row for row in rows(studio, *clips) for _ in range(made.num_generations)]
    )
    return batch


def logs(made: Any, batch: dict[str, Any], clips: Any = None, batch_size: int | None = None, kind: Any = None) -> Any:
    """The completions' log-probabilities as training computes them: (rows, tokens), 0 where there is no token."""
    made._clips = batch["clips"] if clips is None else clips
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    compute = (kind or type(made))._get_per_token_logps_and_entropies
    found = compute(made, made.model, ids, mask, batch["completion_ids"].shape[1], batch_size=batch_size)[0]
    return (found * batch["completion_mask"]).detach()


def gap(left: Any, right: Any) -> float:
    """The largest difference."""
    return float((left - right).abs().max())


def gradients(made: Any, batch: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Loss and gradients of a batch."""
    made.model.zero_grad()
    made.model.eval()  # with no accumulation to be divided by
    loss = made._compute_loss(made.model, batch)
    loss.backward()
    return loss.item(), {name: w.grad.clone() for name, w in made.model.named_parameters() if w.grad is not None}


def history(made: Any, name: str) -> list[float]:
    """What was logged, step by step."""
    return [entry[name] for entry in made.state.log_history if name in entry]
