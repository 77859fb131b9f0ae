"""The speech synthesizer."""

import ctypes
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossomni.errors import ModelError
from crossomni.playhouse.espeak import SAMPLE_RATE_HZ, Manner, engine

LINE = "We found the letter under the piano."


def test_a_line_is_sound_of_a_likely_length():
    """Seven words take between one and four seconds, and stay within [-1, 1]."""
    samples = engine().speak(LINE, Manner(voice="en-us"))
    assert samples.dtype == np.float32
    assert 1 < len(samples) / SAMPLE_RATE_HZ < 4
    assert np.abs(samples).max() <= 1


def test_a_line_sounds_the_same_after_another_one():
    """What was spoken before leaves no trace."""
    manner = Manner(voice="en-us+f4", words_per_minute=120, pitch=60)
    first = engine().speak(LINE, manner)
    engine().speak("Somebody else says something else.", Manner(voice="en-us+m1", pitch=20))
    np.testing.assert_array_equal(first, engine().speak(LINE, manner))


def test_a_line_sounds_the_same_in_another_process():
    """A new process speaks the same samples."""
    code = (
        "import hashlib; from crossomni.playhouse.espeak import Manner, engine; "
        f"print(hashlib.sha256(engine().speak({LINE!r}, Manner(voice='en-us+steph')).tobytes()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == hashlib.sha256(engine().speak(LINE, Manner(voice="en-us+steph")).tobytes()).hexdigest()


def test_lines_spoken_at_once_sound_as_one_by_one():
    """Threads wait for each other's lines."""
    manners = [Manner(voice="en-us+f4", pitch=pitch) for pitch in (20, 40, 60, 80)]
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(lambda manner: engine().speak(LINE, manner), manners))
    for samples, manner in zip(at_once, manners, strict=True):
        np.testing.assert_array_equal(samples, engine().speak(LINE, manner))


def test_more_words_a_minute_make_a_shorter_line():
    """The rate is the rate."""
    slow, fast = (engine().speak(LINE, Manner(voice="en-us", words_per_minute=rate)) for rate in (90, 180))
    assert len(slow) > 1.6 * len(fast)


def test_an_unknown_voice_is_named():
    """The error tells the voice and the line."""
    with pytest.raises(ModelError, match=r"We found.*no voice 'nobody'"):
        engine().speak(LINE, Manner(voice="nobody"))


def test_nothing_to_say_is_an_error():
    """A text without words has no sound."""
    with pytest.raises(ModelError, match="wanted a text with words"):
        engine().speak(" ", Manner(voice="en-us"))


def test_an_engine_in_use_is_refused(tmp_path):
    """What somebody else in this process has said would be heard in the line."""
    library = tmp_path / "libespeak-ng.so"
    library.write_bytes(Path(engine().library).read_bytes())
    mine = replace(engine(), library=str(library))
    mine.speak(LINE, Manner(voice="en-us"))
    theirs = ctypes.CDLL(str(library))
    with pytest.raises(ModelError, match="is in use in this process"):
        mine.speak(LINE, Manner(voice="en-us"))
    assert theirs.espeak_Initialize


def test_an_engine_without_its_voices_is_named(tmp_path):
    """The error tells the folder; the process lives on."""
    with pytest.raises(ModelError, match=r"voices in .*nowhere: it speaks at 0 "):
        replace(engine(), data=str(tmp_path / "nowhere")).speak(LINE, Manner(voice="en-us"))


def test_speaking_leaves_nothing_open():
    """Neither a spoken line nor a refused one leaves a file open or the engine in memory."""
    engine().speak("Yes.", Manner(voice="en-us"))
    with pytest.raises(ModelError):
        engine().speak("Yes.", Manner(voice="nobody"))
    assert engine().library not in Path("/proc/self/maps").read_text()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        engine().speak("Yes.", Manner(voice="en-us"))
    assert before == len(os.listdir("/proc/self/fd"))


def test_speaking_takes_no_more_and_more_memory():
    """Twenty more lines take less than 200 kB each; an engine that is not shut down keeps 800 kB."""

    def resident_bytes():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    engine().speak("Yes.", Manner(voice="en-us"))
    before = resident_bytes()
    for _ in range(20):
        engine().speak("Yes.", Manner(voice="en-us"))
    assert resident_bytes() - before < 20 * 200_000
