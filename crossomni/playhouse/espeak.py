"""espeak-ng, a small speech synthesizer, through ``ctypes``: text in, samples out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from crossomni.errors import ModelError
from crossomni.optional import need

SAMPLE_RATE_HZ = 22_050

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7
_UTF8 = 1
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a text is spoken."""

    voice: str  # espeak's name: a language, "+", a variant
    words_per_minute: int = 150  # 80 to 450, nominal
    pitch: int = 50  # 0 to 100, where 50 is the voice's own
    pitch_range: int = 50  # 0 (monotone) to 100, where 50 is the voice's own
    word_gap: int = 0  # pause between words, in units of 10 ms at 150 words a minute


class Espeak:
    """The engine, loaded once a process; take it from :func:`engine`."""

    def __init__(self) -> None:
        loader = need("espeakng_loader", "speaking the lines of a play")
        self._library = ctypes.CDLL(loader.get_library_path())
        rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, loader.get_data_path().encode(), 0)
        if rate_hz != SAMPLE_RATE_HZ:
            raise ModelError(
                f"espeak-ng: it speaks at {rate_hz} samples a second, wanted {SAMPLE_RATE_HZ}. "
                "Install the package espeakng-loader anew."
            )
        self._heard: list[np.ndarray] = []
        self._callback = _Callback(self._hear)  # kept, since the library holds only a pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def apart(self, work: Callable[[Espeak], np.ndarray]) -> np.ndarray:
        """Do ``work`` in a fork of this process and hand back its samples, float32.

        The engine carries a state from line to line that nothing resets, so that a line would sound a little
        different after another one. A fork always starts from the engine that has not spoken yet.

        Raises:
            ModelError: when the work failed.
        """
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(read_end)
                with os.fdopen(write_end, "wb") as pipe:
                    pipe.write(work(self).astype(np.float32).tobytes())
                status = 0
            finally:
                os._exit(status)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            samples = np.frombuffer(pipe.read(), np.float32)
        _, status = os.waitpid(child, 0)
        if status != 0:
            raise ModelError(f"espeak-ng: a line could not be spoken (status {status}). See the lines above it.")
        return samples

    def speak(self, text: str, manner: Manner) -> np.ndarray:
        """What ``text`` sounds like: float32 in [-1, 1], (samples,) at 22,050 Hz, without the silence around it.

        To be called inside :meth:`apart`.
        """
        self._heard.clear()
        if self._library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
            raise ModelError(f"espeak-ng: it has no voice {manner.voice!r}. Choose one of its own (espeak-ng --voices).")
        for parameter, value in (
            (_RATE, manner.words_per_minute),
            (_PITCH, manner.pitch),
            (_RANGE, manner.pitch_range),
            (_WORD_GAP, manner.word_gap),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._heard).astype(np.float32) / 32_768
        loud = np.flatnonzero(np.abs(samples) > 0.01)
        return samples[loud[0] : loud[-1] + 1]

    def _hear(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: object) -> int:
        if count > 0:
            self._heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0  # go on speaking


@cache
def engine() -> Espeak:
    """The process's engine."""
    return Espeak()
