"""How much is read where rows that begin alike share what they begin with (``crossomni.omni.branches``).

Completions of one prompt share the prompt, rows about one clip the clip. In learning they do within a batch of
``--at-once`` rows; a rollout reads a prompt once for all of its completions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from crossomni.training.config import GRPOTraining, TrainConfig
from crossomni.training.planning.lengths import Lengths
from crossomni.training.planning.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Trunks, and what branches off them, of a whole training on all devices. Tokens are means."""

    trunks: int  # that are read in learning: prompts, or in SFT clips
    branches: int  # completions, or in SFT rows
    trunk: float  # tokens of one
    branch: float
    rollouts: int  # prompts that are read to be gone on from; 0 in SFT
    most_trunks: int  # of one batch
    most_branches: int  # of one trunk in a batch

    @property
    def row(self) -> float:
        """Tokens of a trunk with its branches."""
        return self.trunk + self.branches / self.trunks * self.branch

    @property
    def tokens(self) -> float:
        """That are read in learning, once forward."""
        return self.trunks * self.row

    @property
    def told(self) -> str:
        """What is shared with what."""
        if not self.rollouts:
            alone = self.branches == self.trunks
            return f"{self.branches:,} rows" + ("" if alone else f" that share {self.trunks:,} readings of their clips")
        return f"{self.branches:,} completions behind {self.trunks:,} prompts"


def sharing(config: TrainConfig, plan: Schedule, lengths: Lengths, clips: Sequence[Hashable]) -> Sharing:
    """What is shared in a training.

    SFT's is an estimate: rows of a clip that fill no batch stand together with those of other clips. GRPO's is exact
    where a device's completions of a step begin with a prompt's first.

    Args:
        clips: of each row that is trained on.
    """
    if isinstance(config, GRPOTraining):
        reply = min(lengths.reply, config.most_new_tokens)
        a_step = plan.at_once * plan.accumulation  # completions of one device
        trunks = [
            (start + plan.at_once - 1) // plan.rollouts - start // plan.rollouts + 1
            for start in range(0, a_step, plan.at_once)
        ]
        return Sharing(
            trunks=plan.steps * plan.devices * sum(trunks),
            branches=plan.completions,
            trunk=lengths.prompt,
            branch=reply,
            rollouts=plan.steps * plan.devices * math.ceil(a_step / plan.rollouts),
            most_trunks=max(trunks),
            most_branches=min(plan.at_once, plan.rollouts),
        )
    an_epoch = sum(math.ceil(count / plan.at_once) for count in Counter(clips).values())
    return Sharing(
        trunks=math.ceil(an_epoch * plan.seen / plan.rows),
        branches=plan.seen,
        trunk=lengths.media,
        branch=lengths.text + lengths.reply,
        rollouts=0,
        most_trunks=plan.at_once,  # of the rows that are left of their clips
        most_branches=1,
    )
