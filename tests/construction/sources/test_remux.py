from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from crossomni.construction.sources.remux import cut, film_seconds, has_sound, remux, sound_seconds
from crossomni.construction.sources.tvqa_media import Frames, FramesAndSound
from crossomni.errors import InputError, MediaError, RunError
from crossomni.media.clip import ClipFile
from crossomni.testing import frame_number, write_clip
from crossomni.testing.tvqa import TvqaFolder
from tests.construction.sources.copies import FIRST, SECONDS, frames, sound


def film_of(made: TvqaFolder) -> FramesAndSound:
    """The first clip's frames and sound."""
    folder = Frames(folder=frames(made, FIRST), count=3 * SECONDS, missing=None)
    return FramesAndSound(frames=folder, sound=sound(made, FIRST))


def onsets(path: Path) -> list[float]:
    """When the tone begins, in seconds, but for one that sounds from the start."""
    samples = ClipFile(path).sound(16_000)
    loud = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).max(axis=1) > 0.1
    return ((np.flatnonzero(~loud[:-1] & loud[1:]) + 1) / 100).tolist()


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 8 s with B-frames, 12 frames a second."""
    return write_clip(tmp_path_factory.mktemp("video") / "film.mkv", seconds=SECONDS, size=(96, 64))


def test_frames_and_sound_become_one_film(whole: TvqaFolder, tmp_path: Path) -> None:
    """Each third of a second shows its own frame, as long as frames are there."""
    clip = ClipFile(remux(film_of(whole), tmp_path / "film.mp4"))
    shown = [frame_number(frame) for frame in clip.frames([0, 1 / 3, 1, 7.9])]
    assert (SECONDS, (96, 64), [0, 4, 12, 92]) == (clip.seconds, clip.size, shown)


def test_sound_is_heard_with_its_frame(whole: TvqaFolder, tmp_path: Path) -> None:
    """The mp3's own delay is taken away: what sounded with a frame sounds with it again, to a hundredth."""
    found = onsets(remux(film_of(whole), tmp_path / "film.mp4"))
    assert np.allclose(np.arange(1, SECONDS), found, atol=0.011)


def test_a_stretch_of_frames_begins_with_the_shown_one(whole: TvqaFolder, tmp_path: Path) -> None:
    """A part from 2.5 s begins within a frame, and that frame is shown until the next one's time."""
    clip = ClipFile(cut(film_of(whole), 2.5, 5.1, tmp_path / "part.mp4"))
    shown = [frame_number(frame) for frame in clip.frames([0, 0.16, 0.17, 2.59])]
    assert (2.6, [28, 28, 32, 60]) == (round(clip.seconds, 6), shown)


def test_a_stretch_of_a_video_is_exact(video: Path, tmp_path: Path) -> None:
    """A part of a video has its frames at their times, between key frames and across B-frames."""
    clip = ClipFile(cut(video, 3.21, 6.6, tmp_path / "part.mp4"))
    times = [0, 0.03, 0.05, 1, 3.38]
    wanted = [int((3.21 + time) * 12) for time in times]
    assert (3.39, wanted) == (round(clip.seconds, 6), [frame_number(frame) for frame in clip.frames(times)])


def test_a_stretch_of_sound_is_exact(video: Path, tmp_path: Path) -> None:
    """The tone of each full second is where it was, seen from the part's own start."""
    assert np.allclose([0.79, 1.79, 2.79], onsets(cut(video, 3.21, 6.6, tmp_path / "part.mp4")), atol=0.011)


def copied(video: Path, target: Path, whole: bool = True, **options: str) -> Path:
    """The video's packets in another file; not ``whole`` without the first two pictures, one of them a key frame."""
    with av.open(str(video)) as source, av.open(str(target), "w", options=options) as copy:
        streams = [copy.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.size and (whole or packet.dts is not None):
                packet.stream = streams[packet.stream_index]
                copy.mux(packet)
    return target


@pytest.mark.parametrize(
    ("name", "options"),
    [("film.mkv", {"live": "1"}), ("film.mp4", {"movflags": "frag_keyframe+empty_moov"})],
    ids=["without an index", "in fragments"],
)
def test_a_recording_is_cut_exactly_too(name: str, options: dict[str, str], video: Path, tmp_path: Path) -> None:
    """Where a file has no index, or one that leads behind the place, the right frame is found all the same."""
    film = copied(video, tmp_path / name, **options)
    clip = ClipFile(cut(film, 3.99, 5, tmp_path / "part.mp4"))
    assert [47, 48] == [frame_number(frame) for frame in clip.frames([0, 0.02])]


def test_a_film_whose_first_frames_are_lost_is_refused(video: Path, tmp_path: Path) -> None:
    """Frames that hang on one that is lost cannot be shown, and no other is shown in their place."""
    film = copied(video, tmp_path / "film.mkv", whole=False)
    with pytest.raises(MediaError, match=r"no frame to be shown at 0\.5 s"):
        cut(film, 0.5, 6, tmp_path / "part.mp4")


def test_the_same_stretch_has_the_same_bytes(video: Path, tmp_path: Path) -> None:
    """What is made twice is equal to the last bit."""
    first, second = (cut(video, 1, 7.5, tmp_path / name).read_bytes() for name in ("a.mp4", "b.mp4"))
    assert first == second


def test_sound_that_ends_early_is_followed_by_silence(video: Path, whole: TvqaFolder, tmp_path: Path) -> None:
    """A part behind the end of the sound is silent, and has a sound stream all the same."""
    short = cut(video, 0, 2, tmp_path / "short.mp4")
    film = FramesAndSound(frames=film_of(whole).frames, sound=short)
    samples = ClipFile(cut(film, 5, 7, tmp_path / "part.mp4")).sound(16_000)
    assert (32_000, 0) == (len(samples), np.abs(samples).max())


def test_odd_frames_lose_their_last_row(tmp_path: Path) -> None:
    """Frames with an odd height become a film, which H.264 has in even sizes only."""
    for number in range(1, 7):
        Image.new("RGB", (96, 55), (number * 40, 0, 0)).save(tmp_path / f"{number:05}.jpg")
    write_clip(tmp_path / "sound.mp4", seconds=2)
    film = FramesAndSound(frames=Frames(folder=tmp_path, count=6, missing=None), sound=tmp_path / "sound.mp4")
    clip = ClipFile(remux(film, tmp_path / "film.mp4"))
    assert ((96, 54), 2) == (clip.size, clip.seconds)
    assert np.allclose([40, 0, 0], clip.frames([0.1])[0, 20, 20], atol=6)


def test_grey_frames_become_a_film(tmp_path: Path) -> None:
    """JPEG without colours, as an old film may have, is read too, at its own brightness."""
    for number in range(1, 4):
        Image.new("L", (64, 64), 200).save(tmp_path / f"{number:05}.jpg")
    write_clip(tmp_path / "sound.mp4", seconds=1)
    film = FramesAndSound(frames=Frames(folder=tmp_path, count=3, missing=None), sound=tmp_path / "sound.mp4")
    picture = ClipFile(remux(film, tmp_path / "film.mp4")).frames([0.1])[0]
    assert np.allclose(200, picture, atol=3)


def test_a_damaged_frame_is_refused(copy: TvqaFolder, tmp_path: Path) -> None:
    """A frame that is cut short is named, and nothing half-written is left."""
    frame = frames(copy, FIRST) / "00003.jpg"
    frame.write_bytes(frame.read_bytes()[:400])
    (tmp_path / "out").mkdir()
    with pytest.raises(MediaError, match=r"00003\.jpg: no whole JPEG"):
        remux(film_of(copy), tmp_path / "out" / "film.mp4")
    assert [] == list((tmp_path / "out").iterdir())


def test_frames_of_another_size_are_refused(copy: TvqaFolder, tmp_path: Path) -> None:
    """A frame that is not of the others' size is not stretched in silence."""
    Image.new("RGB", (48, 32)).save(frames(copy, FIRST) / "00003.jpg")
    with pytest.raises(MediaError, match=r"00003\.jpg: 48x32 pixels, the frames before it have 96x64"):
        remux(film_of(copy), tmp_path / "film.mp4")


def test_a_stretch_that_is_none_is_refused(video: Path, tmp_path: Path) -> None:
    """A part must have a length."""
    with pytest.raises(InputError, match="from 3 to 3 s"):
        cut(video, 3, 3, tmp_path / "part.mp4")


def test_a_stretch_beyond_the_film_is_refused(whole: TvqaFolder, tmp_path: Path) -> None:
    """Where there are no frames there is no part."""
    with pytest.raises(MediaError, match="no frame to be shown at 20 s"):
        cut(film_of(whole), 20, 22, tmp_path / "part.mp4")


def test_a_folder_that_cannot_be_written_is_told(video: Path, tmp_path: Path) -> None:
    """Where the target's folder is a file, the error says that nothing was written."""
    (tmp_path / "work").write_text("a file", encoding="utf-8")
    with pytest.raises(RunError, match="was not written"):
        cut(video, 0, 1, tmp_path / "work" / "part.mp4")


def test_lengths_are_told(video: Path, whole: TvqaFolder) -> None:
    """A video's length is its pictures', frames count a third of a second each, sound is as long as its packets."""
    assert (SECONDS, SECONDS) == (film_seconds(video), film_seconds(film_of(whole)))
    assert SECONDS == pytest.approx(sound_seconds(sound(whole, FIRST)), abs=0.1)


def test_a_video_without_sound_is_noticed(tmp_path: Path, video: Path) -> None:
    """Whether a video has a sound stream is read from its headers."""
    silent = write_clip(tmp_path / "silent.mp4", seconds=1, sound=False)
    assert (True, False) == (has_sound(video), has_sound(silent))


def test_brightness_keeps_its_range(tmp_path: Path) -> None:
    """A film in JPEG's range of brightness comes out as bright as it was."""
    path = tmp_path / "bright.mkv"
    with av.open(str(path), "w") as target:
        pictures = target.add_stream("mjpeg", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuvj420p"
        tone = target.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 235, np.uint8), format="rgb24")
            target.mux(pictures.encode(frame))
        target.mux(pictures.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        silence.sample_rate, silence.pts = 16_000, 0
        target.mux(tone.encode(silence))
        target.mux(tone.encode(None))
    assert np.allclose(235, ClipFile(cut(path, 0, 1, tmp_path / "part.mp4")).frames([0.5]), atol=3)
