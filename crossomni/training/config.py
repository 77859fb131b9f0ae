"""What a training can be told. Light to import: the command line reads its options from here.

The defaults are the paper's settings (section 4.2.2, B.2); where it names none, the comment says why ours is ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from crossomni.errors import InputError
from crossomni.omni.presentation import FRAMES, PIXELS, Order, Packing, Presentation

if TYPE_CHECKING:
    from crossomni.chat.spending import Price

Switch = Literal["on", "off"]
REWARDS = ("format", "accuracy", "context", "logic")
# Equal parts: the paper gives no weights, and says of none that it counts for more.
WEIGHTS: Mapping[str, float] = dict.fromkeys(REWARDS, 1.0)
PAPER_ROWS = 982  # of GRPO (B.2)
_OF_ROWS = "Train on so many rows, as many of each modality as can be; 0: on all."


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What both trainings share."""

    model: str = field(metadata={"help": "The thinker: a folder, an id of the Hub, or tiny:KIND (random weights)."})
    tiny: Mapping[str, float] = field(
        default_factory=dict, metadata={"help": "Of tiny:KIND: sizes of the thinker, as layers=2,heads=4 (Body)."}
    )
    out: Path = field(metadata={"help": "Where weights, curves and checkpoints go; the same training goes on there."})
    data: str = field(default="playhouse", metadata={"help": "playhouse, a data folder, or full."})
    split: str = field(default="train", metadata={"help": "The split that is trained on."})
    annotations: Path | None = field(default=None, metadata={"help": "Of full: the folder of annotations."})
    media: Path | None = field(default=None, metadata={"help": "Of full: the folder of your media files."})
    rows: int | None = field(default=None, metadata={"help": _OF_ROWS, "default": "all"})
    tasks: str = field(
        default="",
        metadata={
            "help": "Train on these tasks alone: te,vi-au,…; beside --ids: hold out these alone.",
            "default": "all nine",
        },
    )
    only: str = field(
        default="",
        metadata={
            "help": "Of these, rows alone whose id is of this pattern, as in '*/vi/*'; beside --ids: hold out these.",
            "default": "all",
        },
    )
    ids: Path | None = field(
        default=None, metadata={"help": "Train on the rows of this file, an id a line, as crossomni sample writes it."}
    )
    held_out: float = field(
        default=0.05, metadata={"help": "The share of the split's episodes that is kept from training, to watch it."}
    )
    prompt: str = field(default="default", metadata={"help": "The prompt's name, as for evaluate."})
    prompts: Path | None = field(default=None, metadata={"help": "A folder of your own prompt files."})
    lora: Switch = field(default="on", metadata={"help": "off trains the whole language model: for random weights."})
    lora_rank: int = field(default=16, metadata={"help": "The rank r of LoRA."})
    lora_alpha: int = field(default=32, metadata={"help": "LoRA's alpha."})
    learning_rate: float = field(default=1e-5, metadata={"help": "At its highest."})
    batch: int = field(default=32, metadata={"help": "Rows of one optimiser step, over all processes."})
    at_once: int = field(default=1, metadata={"help": "Rows that one process computes at once."})
    epochs: float = field(default=1.0, metadata={"help": "How often each row is seen."})
    most_steps: int | None = field(default=None, metadata={"help": "Stop after so many optimiser steps."})
    save_every: int = field(default=50, metadata={"help": "Steps from one checkpoint to the next."})
    watch_every: int = field(
        default=0, metadata={"help": "Steps from one look at held-out rows to the next; 0: at the end."}
    )
    towers: Switch = field(
        default="on", metadata={"help": "Keep what the frozen towers make of a clip on disk, and use it again."}
    )
    frames: int = field(default=FRAMES, metadata={"help": "Frames of a clip, evenly spaced."})
    fps: float | None = field(default=None, metadata={"help": "Frames a second, --frames of them at most."})
    pixels: int = field(default=PIXELS, metadata={"help": "Of one frame, at most; larger ones are made smaller."})
    packing: Packing = field(default="interleaved", metadata={"help": "interleaved or apart."})
    order: Order = field(default="video-first", metadata={"help": "video-first or text-first."})
    system: str = field(default="", metadata={"help": "The system message; the template's own by default."})
    report_to: str = field(default="none", metadata={"help": "TRL's trackers: tensorboard, wandb, trackio, …"})
    trust_remote_code: bool = field(
        default=False, metadata={"help": "Run code that comes with the model's weights. Read it first."}
    )
    trl: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Further settings of TRL's trainer, as it names them."}
    )
    seed: int = field(default=0, metadata={"help": "Of the sample of rows, their order, and what is drawn."})

    def __post_init__(self) -> None:
        for name in ("lora_rank", "lora_alpha", "batch", "at_once", "most_steps", "save_every"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}; wanted at least 1.")
        for name in ("rows", "watch_every"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise InputError(f"{name} is {value}; wanted 0 or more.")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed is {self.seed}; wanted 0 to {2**32 - 1}.")
        if self.rows and self.ids is not None:
            raise InputError(f"rows is {self.rows}, and ids names the rows of {self.ids}; wanted one of the two.")
        if self.tiny and not self.model.startswith("tiny:"):
            raise InputError(f"tiny has sizes, and model is {self.model}, which has its own; wanted tiny:KIND.")
        for name in ("learning_rate", "epochs"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)}; wanted more than 0.")
        if not 0 <= self.held_out < 1:
            raise InputError(f"held_out is {self.held_out}; wanted a share, from 0 to less than 1.")
        for name in ("lora", "towers", *(["rationale"] if hasattr(self, "rationale") else [])):
            if getattr(self, name) not in get_args(Switch):
                raise InputError(f"{name} is {getattr(self, name)!r}; wanted on or off.")
        _ = self.shown  # refuses what cannot be

    @property
    def drawn(self) -> int | None:
        """How many rows are drawn; None for all that there are, or all of ``ids``."""
        return self.rows or None

    @property
    def shown(self) -> Presentation:
        """How a clip and a question are put before the model."""
        return Presentation(**{field.name: getattr(self, field.name) for field in fields(Presentation)})


@dataclass(frozen=True, kw_only=True)
class SFTTraining(TrainConfig):
    """Supervised fine-tuning: the row's rationale, then its answer (section 4.2.2)."""

    rationale: Switch = field(
        default="on", metadata={"help": "off trains on the answer alone (Table 8, without CoT supervision)."}
    )


@dataclass(frozen=True, kw_only=True)
class GRPOTraining(TrainConfig):
    """Group relative policy optimisation from the fine-tuned adapter (section 4.2.2, Table 18)."""

    learning_rate: float = field(default=5e-6, metadata={"help": "At its highest."})
    batch: int = field(default=16, metadata={"help": "Prompts of one optimiser step, over all processes."})
    at_once: int = field(default=1, metadata={"help": "Completions that one process computes at once."})
    rows: int | None = field(default=None, metadata={"help": _OF_ROWS, "default": f"{PAPER_ROWS}, or all of --ids"})
    adapter: Path | None = field(
        default=None, metadata={"help": "The fine-tuned adapter that is trained on; also the reference."}
    )
    rollouts: int = field(default=4, metadata={"help": "Completions of each prompt."})
    most_new_tokens: int = field(default=512, metadata={"help": "Of a completion."})
    temperature: float = field(default=1.0, metadata={"help": "Of a completion."})
    beta: float = field(default=0.04, metadata={"help": "How much leaving the reference costs (KL)."})
    judge: str = field(default="offline", metadata={"help": "openai:NAME@URL, or offline (playhouse's own truth)."})
    judge_price: Mapping[str, float] = field(
        default_factory=dict,
        metadata={"help": "What the judge takes for a million tokens: prompt=…, completion=…, in any one currency."},
    )
    thinking_reward: Switch = field(
        default="on", metadata={"help": "off drops both rewards that ask a judge (Table 9, without T-R)."}
    )
    weights: Mapping[str, float] = field(
        default_factory=lambda: dict(WEIGHTS), metadata={"help": "Of format, accuracy, context and logic."}
    )
    most_unscored: float = field(
        default=0.5, metadata={"help": "Stop when more than this share of completions gets no score."}
    )
    canaries_every: int = field(default=25, metadata={"help": "Steps from one test of the judge to the next."})

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("rollouts", "most_new_tokens", "canaries_every"):
            if getattr(self, name) < 1 + (name == "rollouts"):
                raise InputError(f"{name} is {getattr(self, name)}; wanted at least {1 + (name == 'rollouts')}.")
        if self.thinking_reward not in get_args(Switch):
            raise InputError(f"thinking_reward is {self.thinking_reward!r}; wanted on or off.")
        if not 0 <= self.beta < math.inf:
            raise InputError(f"beta is {self.beta}; wanted 0 or more.")
        if not 0 < self.temperature < math.inf:
            raise InputError(f"temperature is {self.temperature}; wanted more than 0.")
        _check_numbers("weights", self.weights, REWARDS)
        if not 0 <= self.most_unscored <= 1:
            raise InputError(f"most_unscored is {self.most_unscored}; wanted a share, 0 to 1.")
        _ = self.price  # refuses what cannot be

    @property
    def drawn(self) -> int | None:
        """As of the base; the paper's number where nothing is said."""
        return PAPER_ROWS if self.rows is None and self.ids is None else self.rows or None

    @property
    def price(self) -> Price:
        """What the judge takes; nothing where no price is given."""
        from crossomni.chat.spending import Price

        _check_numbers("judge_price", self.judge_price, ("prompt", "completion"))
        return Price(**self.judge_price)

    @property
    def rewarded(self) -> dict[str, float]:
        """The weight of each reward that counts, by its name."""
        names = REWARDS if self.thinking_reward == "on" else REWARDS[:2]
        return {name: weight for name in names if (weight := self.weights.get(name, 0.0))}

    @property
    def asks_judge(self) -> bool:
        """Whether a judge's points count."""
        return bool({"context", "logic"} & {*self.rewarded})


def _check_numbers(name: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse names that are not known, and values that are no finite numbers from 0."""
    for key, value in given.items():
        if key not in known:
            raise InputError(f"{name} has {key}; wanted some of {', '.join(known)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise InputError(f"{name}: {key} is {value!r}; wanted a number, 0 or more, as in {key}=0.5.")
