"""From a play to a file."""

from dataclasses import replace
from itertools import pairwise

import av
import pytest

from crossomni.playhouse.film import film
from crossomni.playhouse.plays import FRAME_SIZE, FRAMES_PER_SECOND, SAMPLE_RATE_HZ
from crossomni.playhouse.scripts import write_play

PLAY = write_play(3, 1)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """A film's path and what was said of it."""
    path = tmp_path_factory.mktemp("film") / "clip.mp4"
    return path, film(PLAY, path)


def test_a_film_is_h264_and_aac(filmed):
    """The formats that every player and every dataset viewer reads."""
    with av.open(str(filmed[0])) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.pix_fmt) == ("h264", "yuv420p")
        assert (picture.width, picture.height, picture.average_rate) == (*FRAME_SIZE, FRAMES_PER_SECOND)
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", SAMPLE_RATE_HZ, 1)


def test_picture_and_sound_last_as_long_as_was_said(filmed):
    """Both end within a frame of the seconds that ``film`` hands back."""
    path, told = filmed
    with av.open(str(path)) as container:
        for stream in container.streams:
            assert float(stream.duration * stream.time_base) == pytest.approx(told.seconds, abs=0.1)


def test_four_lines_are_spoken_one_after_another(filmed):
    """Each person speaks once, in the order of the turns."""
    lines = filmed[1].lines
    assert [line.speaker for line in lines] == [a.name for a in sorted(PLAY.actors, key=lambda a: a.turn)]
    assert all(one.end_seconds <= other.start_seconds for one, other in pairwise(lines))


def test_a_film_can_start_before_all_of_it_is_read(filmed):
    """The index stands before the data."""
    data = filmed[0].read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_a_film_is_small(filmed):
    """Picture and twice the sound (the export stores it once more) stay below 150 kB for 13.5 s on average."""
    sizes = {"video": 0, "audio": 0}
    with av.open(str(filmed[0])) as container:
        for packet in container.demux():
            sizes[packet.stream.type] += packet.size
    assert (sizes["video"] + 2 * sizes["audio"]) / filmed[1].seconds < 12_000


def test_the_same_play_gives_the_same_bytes(filmed, tmp_path):
    """Filmed again, nothing differs."""
    again = tmp_path / "again.mp4"
    assert film(PLAY, again) == filmed[1]
    assert again.read_bytes() == filmed[0].read_bytes()


def test_a_film_that_fails_leaves_nothing(tmp_path):
    """Neither a file under its name nor an unfinished one, and an older film stays whole."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"older")
    with pytest.raises(KeyError):
        film(replace(PLAY, scene="the moon"), path)
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]
    assert path.read_bytes() == b"older"
