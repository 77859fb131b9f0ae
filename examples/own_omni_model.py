"""A model of your own that sees and hears:

    crossomni evaluate --model python:examples/own_omni_model.py:Thermometer --out runs/own

Put your network in the place of ``_reply``. Report in the receipt what really went in: a clip that was promised and did
not arrive stops the run.
"""

from collections.abc import Iterator, Sequence

from crossomni.evaluation.models import Ask, Said
from crossomni.records import Receipt
from crossomni.tasks import Modality


class Thermometer:
    """Answers by how bright and how loud a clip is."""

    name = "thermometer"
    senses = frozenset(Modality)

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """One reply for each question on a clip, which is decoded once for all of them."""
        clip, senses = asks[0].clip, asks[0].senses
        frames = clip.frames(32, (448, 252)) if clip and Modality.VISION in senses else []  # uint8 (32, 252, 448, 3)
        sound = clip.sound(16_000) if clip and Modality.AUDIO in senses else []  # float32 in [-1, 1], (samples,)
        warmth = sum(float(abs(part).mean()) for part in (frames, sound) if len(part))
        counts = {"frames": len(frames), "audio_seconds": len(sound) / 16_000, "video_tokens": len(frames)}
        for ask in asks:
            tokens = len(ask.prompt) + len(frames) + len(sound)  # all that went in, media too
            receipt = Receipt(**counts, audio_tokens=len(sound), prompt_tokens=tokens)
            yield Said(reply=f"Answer: {'ABCD'[int(100 * warmth + len(ask.prompt)) % 4]}", receipt=receipt)
