"""The speech synthesizer."""

import hashlib
import os
import subprocess
import sys
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


def open_things():
    """This process's open files and its children."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return len(os.listdir("/proc/self/fd")), children


def test_speaking_leaves_nothing_open():
    """Twenty lines leave no pipe and no process behind."""
    before = open_things()
    for _ in range(20):
        engine().speak("Yes.", Manner(voice="en-us"))
    assert before == open_things()
