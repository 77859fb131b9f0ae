"""A clip whose sound or pictures come from elsewhere: for controlled experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossomni.media.clip import ClipFile


class AlteredClip(ClipFile):
    """A clip with the frames or the sound of another one, muted, or with its sound shifted.

    Length and size stay its own, so that nothing else changes: another clip's frames are spread over its length, and
    another clip's sound is cut, or filled with silence, to its length.
    """

    def __init__(
        self,
        clip: ClipFile,
        *,
        picture: ClipFile | None = None,
        sound: ClipFile | None = None,
        muted: bool = False,
        shift: float = 0.0,
    ) -> None:
        """``shift`` is the share of its length, in [0, 1), by which the sound comes late; its end comes first."""
        super().__init__(clip.path, clip.cache, reader=clip.reader)
        self._own = clip
        self._seen = picture or clip
        self._heard = sound or clip
        self._muted = muted
        self._shift = shift

    @property
    def picture_path(self) -> Path:
        """The file that the frames are in."""
        return self._seen.path

    @property
    def key(self) -> str:
        """What identifies pictures and sound by their content."""
        seen, heard = self._seen.sha256, self._heard.sha256
        return f"{self.sha256} seen {seen} heard {heard} muted {self._muted} shift {self._shift}"

    def frames(
        self, times: int | Sequence[float] | NDArray[np.float64], size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """As ``ClipFile.frames``, of the clip that is seen."""
        if self._seen is self._own:
            return super().frames(times, size)
        at = self._seconds_of(times) * (self._seen.seconds / self.seconds)
        return self._seen.frames(np.minimum(at, np.nextafter(self._seen.seconds, 0)), size or self.size)

    def sound(self, rate_hz: int = 16_000) -> NDArray[np.float32]:
        """As ``ClipFile.sound``, altered."""
        length = round(self.seconds * rate_hz)
        samples = np.zeros(length, np.float32)
        heard = self._heard.sound(rate_hz)[:length]
        if not self._muted:
            samples[: len(heard)] = heard
        return np.roll(samples, round(self._shift * length))
