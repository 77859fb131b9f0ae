"""Before a long run: proof that the model's answers hang on what it hears and on what it sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from crossomni.corpus import Corpus
from crossomni.errors import DeafOrBlindError, InputError, ModelError, ProtocolError
from crossomni.evaluation.config import KnockOut
from crossomni.evaluation.models.protocol import Ask, Model
from crossomni.evaluation.runs.controls import Controls
from crossomni.evaluation.runs.run import Run
from crossomni.media import FrameCache
from crossomni.records import by_clip
from crossomni.tasks import Modality

# In this process the same input gives the same numbers to the last bit; a server that batches asks differently each
# time may not, so that its own noise, from asking the same twice, comes on top.
_MOVED = 1e-6
_NOISE = 3  # times
_SWAPS: dict[Modality, KnockOut] = {Modality.AUDIO: "sound-swapped", Modality.VISION: "sight-swapped"}


def check_senses(model: Model, run: Run, corpus: Corpus, clips: int) -> dict[str, dict[str, float]]:
    """Exchange the sound, and then the pictures, of the first clips of a run, one question each.

    Returns, for each sense and clip, how far the log-probability of a letter moved at most, in nats.

    Raises:
        DeafOrBlindError: naming a clip whose exchange moved nothing.
        InputError: for a model that gives no log-probabilities (a method ``letter_scores``), or has no senses.
    """
    senses = [sense for sense in _SWAPS if sense in run.senses]
    if not senses:
        raise InputError(f"preflight: {model.name} is given neither sound nor sight. Leave --preflight away.")
    if not hasattr(model, "letter_scores"):
        raise InputError(f"preflight: {model.name} tells no log-probabilities of letters. Leave --preflight away.")
    cache = FrameCache.shared()
    firsts = [group[0] for _, group in by_clip(run.rows)][:clips]
    asks = [next(run.asks([row], cache, again=True)) for row in firsts]
    plain, again = (_scores(model, asks) for _ in range(2))
    noise = [_step(one, other) for one, other in zip(plain, again, strict=True)]
    found = {}
    for sense in senses:
        # Where the run itself exchanges this sense, the clip's own is what is exchanged for.
        swap = [] if _SWAPS[sense] in run.config.knock_out else [_SWAPS[sense]]
        controls = Controls(swap, corpus, corpus.rows(run.config.split))  # a limited run may have one episode
        swapped = [replace(ask, clip=controls.clip(row, cache)) for ask, row in zip(asks, firsts, strict=True)]
        steps = [_step(one, other) for one, other in zip(plain, _scores(model, swapped), strict=True)]
        still = [
            row.clip_id
            for row, step, shake in zip(firsts, steps, noise, strict=True)
            if step <= max(_MOVED, _NOISE * shake)
        ]
        if still:
            what = "sound" if sense is Modality.AUDIO else "sight"
            raise DeafOrBlindError(
                f"preflight: another clip's {what} in the place of {still[0]}'s moved no log-probability of "
                f"{model.name} ({len(still)} of {len(steps)} clips). Mend the model's input, or declare it: "
                f"--knock-out {what}."
            )
        found[sense.value] = {row.clip_id: step for row, step in zip(firsts, steps, strict=True)}
    return found


def _scores(model: Model, asks: Sequence[Ask]) -> list[Sequence[float]]:
    assert hasattr(model, "letter_scores")
    found = []
    for ask in asks:
        scores = next(iter(model.letter_scores([ask]) or ()), None)
        if not isinstance(scores, Sequence) or len(scores) != len(ask.question.options):
            raise ProtocolError(
                f"preflight: {model.name} gave {scores!r} for row {ask.question.id!r}; wanted a number for each letter."
            )
        if not all(math.isfinite(score) for score in scores):
            raise ModelError(
                f"preflight: {model.name} gave {list(scores)} for row {ask.question.id!r}; wanted finite numbers. "
                "Its weights or its precision are broken."
            )
        found.append(scores)
    return found


def _step(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
