"""How well held-out replies are foreseen, with the right clip and with another one: does training see and hear?

A loss that falls says little: it may have learned the replies' wording alone. What media add is the difference to
the loss of the same replies with another clip in their clip's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crossomni.optional import need
from crossomni.statistics import Estimate, clustered, resample_sums
from crossomni.training.encoding import IGNORED, Encoder, collate
from crossomni.training.examples import Example

_RESAMPLES, _SEED = 10_000, 0


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Losses of held-out replies, nats a token, and what the right clip is worth."""

    rows: int
    clips: int
    right: float  # with the row's own clip
    other: float  # with another episode's clip
    gain: Estimate | None  # other less right, by bootstrap over clips; None where it cannot speak

    @property
    def sees(self) -> bool:
        """Whether the right clip helps beyond chance."""
        return self.gain is not None and self.gain.low > 0

    def to_json(self) -> dict[str, Any]:
        """All figures."""
        return asdict(self) | {"sees": self.sees}

    @property
    def told(self) -> str:
        """In a line."""
        worth = "too few clips for an interval"
        if self.gain is not None:
            worth = f"the right clip is worth {self.gain.value:.4f} [{self.gain.low:.4f}, {self.gain.high:.4f}]"
        return f"held out, {self.rows} rows: loss {self.right:.4f}, with another clip {self.other:.4f}; {worth}"


def held_out(thinker: Any, encoder: Encoder, examples: Sequence[Example], at_once: int = 4) -> HeldOut | None:
    """Measure; None where nothing is held out, or all of it is of one clip. Rows that cannot be taken are left out.

    Args:
        thinker: on which TRL has put its fused head, as its trainers do.
    """
    others = _others(examples)
    if not others:
        return None
    swapped = [replace(one, clip=others[one.clip]) for one in examples]
    right, other = (_losses(thinker, encoder, side, at_once) for side in (examples, swapped))
    both = [place for place in range(len(examples)) if right[place] is not None and other[place] is not None]
    table = _by_clip([(examples[place].clip, right[place], other[place]) for place in both])
    tokens, sums, sums_other = table.sum(axis=0)
    draws = resample_sums(table, _RESAMPLES, _SEED)
    gains = (draws[:, 2] - draws[:, 1]) / draws[:, 0]
    return HeldOut(
        rows=len(both),
        clips=len(table),
        right=float(sums / tokens),
        other=float(sums_other / tokens),
        gain=clustered(float((sums_other - sums) / tokens), gains, len(table)),
    )


def _others(examples: Sequence[Example]) -> dict[Path, Path]:
    """For each clip one of another episode: the clips in a ring, each met by the one half a round further."""
    episodes = {one.clip: (one.row.show, one.row.episode) for one in examples}
    clips = list(episodes)
    found = {}
    for place, clip in enumerate(clips):
        ring = clips[place + len(clips) // 2 :] + clips[: place + len(clips) // 2]
        strangers = [other for other in ring if other != clip and episodes[other] != episodes[clip]]
        if strangers or len(clips) > 1:
            found[clip] = next(iter(strangers or [other for other in ring if other != clip]))
    return found


def _losses(
    thinker: Any, encoder: Encoder, examples: Sequence[Example], at_once: int
) -> list[tuple[int, float] | None]:
    """Tokens of each reply, and the sum of their losses; None for what could not be encoded."""
    torch, accelerate = need("torch", "training"), need("accelerate.utils", "training")
    found: list[tuple[int, float] | None] = []
    was_training = thinker.training
    thinker.eval()
    try:
        for start in range(0, len(examples), at_once):
            some = examples[start : start + at_once]
            encoded = [encoder.encode(one.for_sft()["messages"], one.row.id) for one in some]
            batch = accelerate.send_to_device(collate(encoded, encoder.pad), thinker.device)
            with torch.no_grad():
                logs = thinker(**batch, fused_lm_head=True).log_probs
            counts = (batch["labels"][:, 1:] != IGNORED).sum(dim=1).tolist()
            for one, count, total in zip(encoded, counts, (-logs.sum(dim=1)).tolist(), strict=True):
                found.append(None if one.failure else (count, total))
    finally:
        thinker.train(was_training)
    return found


def _by_clip(measured: Sequence[Any]) -> Any:
    """Sums of each clip: (clips, 3), tokens and both losses."""
    sums: dict[Path, Any] = {}
    for clip, right, other in measured:
        sums[clip] = sums.get(clip, np.zeros(3)) + np.array([right[0], right[1], other[1]])
    return np.array(list(sums.values()))


def weighed(examples: Sequence[Example], most: int) -> Iterator[Example]:
    """At most so many examples, evenly over the order that they are in (clip by clip)."""
    step = max(1.0, len(examples) / most)
    yield from (examples[int(place * step)] for place in range(min(most, len(examples))))
