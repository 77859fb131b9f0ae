"""espeak-ng, a small speech synthesizer, through ``ctypes``: text in, samples out."""

from __future__ import annotations

import _ctypes
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from crossomni.errors import ModelError
from crossomni.optional import need

SAMPLE_RATE_HZ = 22_050
SILENCE = 0.01  # what is softer, before a line and after it, is cut

Samples = NDArray[np.float32]

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS, _DO_NOT_EXIT = 2, 0x8000
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7
_UTF8 = 1
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

_ONE_AT_A_TIME = Lock()  # the library's state is one for the whole process


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a text is spoken."""

    voice: str  # espeak's name: a language, "+", a variant
    words_per_minute: int = 150  # 80 to 450, nominal
    pitch: int = 50  # 0 to 100, where 50 is the voice's own
    pitch_range: int = 50  # 0 (monotone) to 100, where 50 is the voice's own
    word_gap: int = 0  # pause between words, in units of 10 ms at 150 words a minute


@dataclass(frozen=True)
class Espeak:
    """The engine; take it from :func:`engine`."""

    library: str  # the path of the shared library
    data: str  # the folder of its voices

    def speak(self, text: str, manner: Manner) -> Samples:
        """What ``text`` sounds like: float32 in [-1, 1], (samples,) at 22,050 Hz, without the silence around it.

        Raises:
            ModelError: when the engine does not start, is in use elsewhere in this process or has no such voice, or
                when the text has nothing to be spoken.
        """
        with _ONE_AT_A_TIME, self._loaded() as library:
            if library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
                raise ModelError(
                    f"espeak-ng, saying {text!r}: it has no voice {manner.voice!r}; "
                    "choose one of its own, such as 'en-us+m1'."
                )
            data = _synthesize(library, text, manner)
        samples: Samples = np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32_768)
        loud = np.flatnonzero(np.abs(samples) > SILENCE)
        if len(loud) == 0:
            raise ModelError(f"espeak-ng, saying {text!r}: it is silent; wanted a text with words.")
        return samples[loud[0] : loud[-1] + 1]

    @contextmanager
    def _loaded(self) -> Iterator[ctypes.CDLL]:
        """The library, loaded anew and unloaded afterwards.

        It carries a state from line to line that nothing in it resets, so that a line would sound a little
        different after another one. To load it takes half the time of a fork, which would not mix with threads.
        """
        if self._is_loaded():
            raise ModelError(
                f"espeak-ng: {self.library} is in use in this process, or was not unloaded from it, so that a line "
                "would not sound as from a fresh engine. Film in a process in which nothing else speaks."
            )
        library = ctypes.CDLL(self.library)
        try:
            rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, self.data.encode(), _DO_NOT_EXIT)
            if rate_hz != SAMPLE_RATE_HZ:
                raise ModelError(
                    f"espeak-ng, with the voices in {self.data}: it speaks at {rate_hz} samples a second (0 or -1: "
                    f"not at all), wanted {SAMPLE_RATE_HZ}. Install the package espeakng-loader anew."
                )
            yield library
        finally:
            library.espeak_Terminate()
            _ctypes.dlclose(library._handle)

    def _is_loaded(self) -> bool:
        try:
            ctypes.CDLL(self.library, os.RTLD_NOLOAD)
        except OSError:
            return False
        return True


def _synthesize(library: ctypes.CDLL, text: str, manner: Manner) -> bytes:
    """A line's int16 samples."""
    heard: list[bytes] = []

    def hear(samples: int | None, count: int, _events: int | None) -> int:
        if samples is not None and count > 0:
            heard.append(ctypes.string_at(samples, 2 * count))
        return 0  # go on speaking

    callback = _Callback(hear)  # kept, since the library holds only a pointer to it
    library.espeak_SetSynthCallback(callback)
    for parameter, value in (
        (_RATE, manner.words_per_minute),
        (_PITCH, manner.pitch),
        (_RANGE, manner.pitch_range),
        (_WORD_GAP, manner.word_gap),
    ):
        library.espeak_SetParameter(parameter, value, 0)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
    return b"".join(heard)


@cache
def engine() -> Espeak:
    """The engine that is installed.

    Raises:
        MissingPackageError: when there is none.
    """
    loader = need("espeakng_loader", "speaking the lines of a play")
    return Espeak(loader.get_library_path(), loader.get_data_path())
