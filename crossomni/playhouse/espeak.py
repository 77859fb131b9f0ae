"""espeak-ng, a small speech synthesizer, through ``ctypes``: text in, samples out."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from crossomni.errors import ModelError
from crossomni.optional import need

SAMPLE_RATE_HZ = 22_050
SILENCE = 0.01  # what is softer, before a line and after it, is cut

Samples = NDArray[np.float32]

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7
_UTF8 = 1
# How a process that speaks one line ends.
_SPOKE, _BROKE_DOWN, _SAID_WHY_NOT = 0, 1, 2
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


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
        self._heard: list[bytes] = []
        self._callback = _Callback(self._hear)  # kept, since the library holds only a pointer to it
        self._library.espeak_SetSynthCallback(self._callback)
        # The language is loaded here once, and not again in each fork.
        self._library.espeak_SetVoiceByName(b"en-us")

    def speak(self, text: str, manner: Manner) -> Samples:
        """What ``text`` sounds like: float32 in [-1, 1], (samples,) at 22,050 Hz, without the silence around it.

        The engine carries a state from line to line that nothing resets, so that a line would sound a little
        different after another one. Each line is therefore spoken in a fork of this process, which starts from
        the engine that has not spoken yet.

        Raises:
            ModelError: when the engine has no such voice, or the text has nothing to be spoken.
        """
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            self._speak_into(write_end, text, manner)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            data = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != _SPOKE:
            why = data.decode() if status == _SAID_WHY_NOT else f"its process ended with {status}"
            raise ModelError(f"espeak-ng, saying {text!r}: {why}.")
        samples: Samples = np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32_768)
        loud = np.flatnonzero(np.abs(samples) > SILENCE)
        if len(loud) == 0:
            raise ModelError(f"espeak-ng, saying {text!r}: it is silent; wanted a text with words.")
        return samples[loud[0] : loud[-1] + 1]

    def _speak_into(self, write_end: int, text: str, manner: Manner) -> NoReturn:
        """Write a line's int16 samples, or why there are none, and end this process."""
        status = _BROKE_DOWN
        try:
            has_voice = self._library.espeak_SetVoiceByName(manner.voice.encode()) == 0
            if has_voice:
                data = self._synthesize(text, manner)
            else:
                data = f"it has no voice {manner.voice!r}; choose one of its own, such as 'en-us+m1'".encode()
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(data)
            status = _SPOKE if has_voice else _SAID_WHY_NOT
        finally:
            os._exit(status)

    def _synthesize(self, text: str, manner: Manner) -> bytes:
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
        return b"".join(self._heard)

    def _hear(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples is not None and count > 0:
            self._heard.append(ctypes.string_at(samples, 2 * count))
        return 0  # go on speaking


@cache
def engine() -> Espeak:
    """The process's engine."""
    return Espeak()
