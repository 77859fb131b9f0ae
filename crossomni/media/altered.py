"""A clip with its sound taken from elsewhere: for controlled experiments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossomni.media.clip import ClipFile


class AlteredClip(ClipFile):
    """The frames of one clip with the sound of another (or of itself), muted or shifted.

    The sound is cut, or filled with silence, to the length of the picture.
    """

    def __init__(self, picture: ClipFile, sound: ClipFile, *, muted: bool = False, shift: float = 0.0) -> None:
        """``shift`` is the share of its length, in [0, 1), by which the sound comes late; its end comes first."""
        super().__init__(picture.path, picture.cache, reader=picture.reader)
        self._heard = sound
        self._muted = muted
        self._shift = shift

    @property
    def key(self) -> str:
        """What identifies pictures and sound by their content."""
        return f"{self.sha256} heard {self._heard.sha256} muted {self._muted} shift {self._shift}"

    def sound(self, rate_hz: int = 16_000) -> NDArray[np.float32]:
        """As ``ClipFile.sound``, altered."""
        length = round(self.seconds * rate_hz)
        samples = np.zeros(length, np.float32)
        heard = self._heard.sound(rate_hz)[:length]
        if not self._muted:
            samples[: len(heard)] = heard
        return np.roll(samples, round(self._shift * length))
