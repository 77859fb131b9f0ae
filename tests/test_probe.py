"""What a quick look at a clip finds, before anything is asked about it."""

import av
import numpy as np
import pytest

from crossomni.errors import MediaError
from crossomni.media.probe import probe
from crossomni.testing import write_clip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A whole clip in each format, and clips that cannot be used."""
    folder = tmp_path_factory.mktemp("probed")
    for suffix in (".mp4", ".mkv", ".mov", ".webm"):
        write_clip(folder / f"whole{suffix}", size=(64, 48))
    write_clip(folder / "silent.mp4", size=(64, 48), sound=False)
    _write(folder / "frameless.mkv", frames=0, sounds=1)
    _write(folder / "soundless.mkv", frames=5, sounds=0)
    (folder / "text.mp4").write_text("This is no video.")
    whole = (folder / "whole.mp4").read_bytes()
    start = whole.index(b"mdat") + 4
    (folder / "garbage.mp4").write_bytes(whole[:start] + bytes(2000) + whole[start + 2000 :])
    return folder


def _write(path, frames, sounds):
    """A clip of both streams, with so many frames and blocks of sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        track = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for _ in range(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        if frames:
            container.mux(video.encode())
        for _ in range(sounds):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
            sound.sample_rate = 16_000
            container.mux(track.encode(sound))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm"])
def test_a_whole_clip_passes(folder, suffix):
    """A clip of two seconds passes with its length, and with one that rounding made a little longer."""
    for seconds in (0, 2, 2.9):
        probe(folder / f"whole{suffix}", seconds)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.mp4", "no such file"),
        ("text.mp4", "FFmpeg cannot read it"),
        ("silent.mp4", "no sound stream"),
        ("frameless.mkv", "its streams are without frames"),
        ("soundless.mkv", "its streams are without sound"),
        ("garbage.mp4", "FFmpeg cannot read it"),
    ],
)
def test_a_clip_that_cannot_be_used_is_named(folder, name, words):
    """One line names the file and what it lacks."""
    with pytest.raises(MediaError, match=rf"{name}: .*{words}") as caught:
        probe(folder / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm"])
def test_a_clip_cut_anywhere_is_refused(folder, tmp_path, suffix):
    """Wherever a file ends too early, it is seen without reading all of it."""
    whole = (folder / f"whole{suffix}").read_bytes()
    for length in [*range(1, len(whole), len(whole) // 20), len(whole) - 1]:
        (tmp_path / f"cut{suffix}").write_bytes(whole[:length])
        with pytest.raises(MediaError):
            probe(tmp_path / f"cut{suffix}")


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("behind", [b"\xd5\x4f\x1a\x93garbage!", b"and then some words", bytes(40), b"\xff\xff"])
def test_what_stands_behind_a_whole_clip_is_no_part_of_it(folder, tmp_path, suffix, behind):
    """Bytes that were added after the last box cut nothing short."""
    longer = tmp_path / f"longer{suffix}"
    longer.write_bytes((folder / f"whole{suffix}").read_bytes() + behind)
    probe(longer, 2)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clip_that_is_too_short_is_refused(folder, suffix):
    """A clip of two seconds is not one of four."""
    with pytest.raises(MediaError, match=r"it is 2\.0 s long, annotated as 4\.0 s"):
        probe(folder / f"whole{suffix}", 4)
