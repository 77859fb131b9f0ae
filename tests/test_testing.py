"""The made-up clips are what they say."""

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from crossomni.errors import InputError
from crossomni.testing import TONE_HZ, frame_number, write_clip


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv", "clip.webm"])
def test_each_frame_carries_its_number(tmp_path, name):
    """Every format keeps the number of every frame readable."""
    with av.open(str(write_clip(tmp_path / name, seconds=1.5))) as container:
        assert list(range(18)) == [frame_number(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_same_bytes_each_time(tmp_path, suffix):
    """Clips made alike are the same file."""
    assert len({write_clip(tmp_path / f"clip{suffix}").read_bytes() for _ in range(6)}) == 1


def test_tone(tmp_path):
    """The tone has the pitch that is promised."""
    with av.open(str(write_clip(tmp_path / "clip.mp4"))) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert pytest.approx(TONE_HZ, abs=5) == np.abs(np.fft.rfft(samples[:24_000])).argmax() * 2


def test_without_sound(tmp_path):
    """A clip without sound has no sound stream."""
    with av.open(str(write_clip(tmp_path / "clip.mp4", sound=False))) as container:
        assert not container.streams.audio


@pytest.mark.parametrize("b_frames", [True, False])
def test_b_frames(tmp_path, b_frames):
    """B-frames are there when they are asked for, and only then."""
    with av.open(str(write_clip(tmp_path / "clip.mp4", b_frames=b_frames))) as container:
        kinds = {PictureType(frame.pict_type) for frame in container.decode(video=0)}
    assert b_frames == (PictureType.B in kinds)


def test_own_picture(tmp_path):
    """The caller may draw the frames."""
    white = np.full((120, 160, 3), 255, np.uint8)
    with av.open(str(write_clip(tmp_path / "clip.mp4", picture=lambda _: white))) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame[:100].min() > 250


def test_unknown_format(tmp_path):
    """An unknown suffix is refused by name, and nothing is written."""
    with pytest.raises(InputError, match=r"\.avi"):
        write_clip(tmp_path / "clip.avi")
    assert list(tmp_path.iterdir()) == []
