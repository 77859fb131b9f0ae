"""How well held-out replies are foreseen, with the right clip and with another one: does training see and hear?

A loss that falls says little: it may have learned the replies' wording alone. What media add is the difference to
the loss of the same replies with another clip in their clip's place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crossomni.optional import need
from crossomni.statistics import Estimate, clustered, resample_sums
from crossomni.training.encoding import IGNORED, Encoded, Encoder, collate
from crossomni.training.examples import Example
from crossomni.training.selection import episode_of

_log = logging.getLogger(__name__)
_RESAMPLES, _SEED = 10_000, 0


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Losses of held-out replies, nats a token, and what the right clip is worth."""

    rows: int
    clips: int
    right: float  # with the row's own clip
    other: float  # with another clip, of another episode where one is held out
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
    """Measure; None where there is nothing to say: all of it is of one clip, nothing can be taken, or a loss is nan.

    A row counts where both its own clip and the other one can be taken; what cannot is named by the encoder.

    Args:
        thinker: on which TRL has put its fused head, as its trainers do.
        examples: held-out rows; of none there is nothing to say.
    """
    others = _others(examples)
    if not others:
        return None
    right = _losses(thinker, encoder, [(one.row.id, one) for one in examples], at_once)
    swapped = [(f"{one.row.id}, with another clip", replace(one, clip=others[one.clip])) for one in examples]
    other = _losses(thinker, encoder, swapped, at_once)
    both = [place for place in range(len(examples)) if right[place] is not None and other[place] is not None]
    if not both:
        return None
    table = _by_clip([(examples[place].clip, right[place], other[place]) for place in both])
    if not np.isfinite(table).all():
        _log.warning("Held-out losses are no numbers, so that nothing can be said of them: the weights are broken.")
        return None
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
    """For each clip another, of another episode where there is one: the next longer one; the longest meet the shortest.

    So what is heard and seen is exchanged, and hardly how long it takes, which alone would change a loss of told times.
    Each is another one's other clip about equally often; were it one clip for many, the rows would not be independent.
    """
    rows = {one.clip: one.row for one in examples}
    clips = sorted(rows, key=lambda clip: rows[clip].end_seconds - rows[clip].start_seconds)
    found = {}
    for place, clip in enumerate(clips):
        ring = clips[place + 1 :] + clips[:place]
        strangers = [other for other in ring if episode_of(rows[other]) != episode_of(rows[clip])]
        if ring:
            found[clip] = (strangers or ring)[0]
    return found


def _losses(
    thinker: Any, encoder: Encoder, named: Sequence[tuple[str, Example]], at_once: int
) -> list[tuple[int, float] | None]:
    """Tokens of each reply, and the sum of their losses; None for what could not be encoded."""
    found: list[tuple[int, float] | None] = []
    was_training = thinker.training
    thinker.eval()
    try:
        for start in range(0, len(named), at_once):
            some = named[start : start + at_once]
            encoded = [encoder.encode(one.for_sft()["messages"], name) for name, one in some]
            taken = iter(_measured(thinker, encoder, [one for one in encoded if not one.failure]))
            found += [None if one.failure else next(taken) for one in encoded]
    finally:
        thinker.train(was_training)
    return found


def _measured(thinker: Any, encoder: Encoder, encoded: Sequence[Encoded]) -> list[tuple[int, float]]:
    """One batch."""
    if not encoded:
        return []
    torch, accelerate = need("torch", "training"), need("accelerate.utils", "training")
    batch = accelerate.send_to_device(collate(encoded, encoder.pad), thinker.device)
    with torch.no_grad():
        logs = thinker(**batch, fused_lm_head=True).log_probs
    counts = (batch["labels"][:, 1:] != IGNORED).sum(dim=1).tolist()
    return list(zip(counts, (-logs.sum(dim=1)).tolist(), strict=True))


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
