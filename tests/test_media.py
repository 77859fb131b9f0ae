"""Frames and sound of a clip: the right ones, the same however they are read, and a clear word when there are none."""

import hashlib
import logging
import multiprocessing
import os
import resource
import shutil
import time
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from crossomni.errors import InputError, MediaError
from crossomni.media import ClipFile, FrameCache
from crossomni.testing import frame_number, write_clip

FORMATS = ("b.mp4", "plain.mp4", "open.mp4", "hevc.mp4", "b.mkv", "b.mov", "b.webm")
ROOMY = 10**9


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A folder of two-second clips of 24 frames, one in each way of storing them."""
    folder = tmp_path_factory.mktemp("clips")
    for suffix in (".mp4", ".mkv", ".mov", ".webm"):
        write_clip(folder / f"b{suffix}")
    write_clip(folder / "plain.mp4", b_frames=False)
    write_clip(folder / "silent.mp4", sound=False)
    _encode_again(folder / "b.mp4", folder / "open.mp4", "libx264", {"x264-params": "open-gop=1:keyint=8:bframes=3"})
    _encode_again(folder / "b.mp4", folder / "hevc.mp4", "libx265", {"x265-params": "log-level=none:keyint=8"})
    return folder


def _encode_again(source, target, codec, options):
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream(codec, rate=12, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number, frame in enumerate(old.decode(video=0)):
            plain = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
            plain.pts, plain.time_base = number, Fraction(1, 12)
            new.mux(stream.encode(plain))
        new.mux(stream.encode())


def _all_frames(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def _write_sound(path, samples, start=0, picture_start=0):
    """A clip of one second of grey frames with these samples, (channels, samples) at 16 kHz, lossless."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        track = container.add_stream("flac", rate=16_000, layout="mono" if len(samples) == 1 else "stereo")
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number + picture_start, Fraction(1, 10)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        packed = (samples * 32767).astype(np.int16).T.reshape(1, -1)
        sound = av.AudioFrame.from_ndarray(packed, format="s16", layout=track.layout.name)
        sound.sample_rate, sound.pts, sound.time_base = 16_000, start, Fraction(1, 16_000)
        container.mux(track.encode(sound))
        container.mux(track.encode())
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_length_and_size(clips, name):
    """A clip tells its length in seconds and its size in pixels."""
    clip = ClipFile(clips / name)
    assert (pytest.approx(clip.seconds, abs=1e-9), clip.size) == (2.0, (160, 120))


def test_times_are_midpoints(clips):
    """Frame times are the midpoints of equal intervals."""
    assert ClipFile(clips / "b.mp4").frame_times(4).tolist() == [0.25, 0.75, 1.25, 1.75]


@pytest.mark.parametrize("name", FORMATS)
def test_frame_at_a_time_is_the_last_begun(clips, name):
    """The frame at a time is the last one that starts at or before it, its own start included."""
    clip = ClipFile(clips / name)
    times = [number / 12 + part for number in range(24) for part in (0, 0.04, 0.08)]
    assert [number for number in range(24) for _ in range(3)] == [frame_number(f) for f in clip.frames(times)]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(0, 23), min_size=1, max_size=6))
def test_skipping_changes_no_pixel(clips, name, numbers):
    """Any frames in any order, repeated or not, have the pixels of decoding everything from the start."""
    everything = _all_frames(clips / name)
    frames = ClipFile(clips / name).frames([(number + 0.5) / 12 for number in numbers])
    assert np.array_equal(np.stack([everything[number] for number in numbers]), frames)


def test_resized(clips):
    """Frames are resized by Pillow, bicubic; size is width and height."""
    clip = ClipFile(clips / "b.mp4")
    expected = np.stack([Image.fromarray(f).resize((64, 40), Image.Resampling.BICUBIC) for f in clip.frames(3)])
    frames = clip.frames(3, size=(64, 40))
    assert (np.uint8, (3, 40, 64, 3)) == (frames.dtype, frames.shape)
    assert np.array_equal(expected, frames)


def test_torchcodec_gives_the_same(clips):
    """The second reader gives the same pixels."""
    try:
        import torchcodec.decoders  # noqa: F401
    except (ImportError, RuntimeError) as error:
        if os.environ.get("CROSSOMNI_REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"torchcodec does not import here: {str(error).splitlines()[0]}")
    for name in FORMATS:
        for size in (None, (64, 48)):
            ours = ClipFile(clips / name).frames(7, size)
            assert np.array_equal(ours, ClipFile(clips / name, reader="torchcodec").frames(7, size)), name


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.mov", "b.webm"])
@pytest.mark.parametrize("rate_hz", [16_000, 22_050])
def test_sound_is_on_the_frames_clock(clips, name, rate_hz):
    """The tone starts at the first frame and again a second later, and the sound is as long as the clip."""
    samples = ClipFile(clips / name).sound(rate_hz)
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    second = loud[loud > 0.75 * rate_hz][0]
    assert (np.float32, (2 * rate_hz,)) == (samples.dtype, samples.shape)
    assert pytest.approx([loud[0] / rate_hz, second / rate_hz], abs=0.003) == [0, 1]


def test_loud_stereo_is_averaged(tmp_path):
    """Two loud channels alike stay as loud as one."""
    wave = 0.9 * np.sin(np.arange(16_000) / 10)
    samples = ClipFile(_write_sound(tmp_path / "loud.mkv", np.stack([wave, wave]))).sound()
    assert np.abs(samples[100:-100] - wave[100:-100]).max() < 1e-3


def test_late_sound_is_preceded_by_silence(tmp_path):
    """Sound that starts after the first frame leaves silence before it, and after an early end."""
    samples = ClipFile(_write_sound(tmp_path / "late.mkv", np.full((1, 8000), 0.5), start=4000)).sound()
    assert len(samples) == 16_000
    assert pytest.approx([samples[3900], samples[8000], samples[12_200]], abs=0.01) == [0, 0.5, 0]


def test_early_sound_is_cut(tmp_path):
    """Sound from before the first frame is not heard."""
    steps = np.repeat([0.1, 0.2, 0.3, 0.4], 4000)[None]
    samples = ClipFile(_write_sound(tmp_path / "early.mkv", steps, picture_start=5)).sound()
    assert pytest.approx([samples[2000], samples[6000], samples[12_000]], abs=0.01) == [0.3, 0.4, 0]


def _bad_clips(clips, folder):
    whole = (clips / "b.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is no video.")
    (folder / "folder.mp4").mkdir()
    with av.open(str(folder / "heard.mp4"), "w") as container:
        track = container.add_stream("aac", rate=16_000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 16_000
        container.mux(track.encode(sound))
        container.mux(track.encode())
    with av.open(str(folder / "frameless.mkv"), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        track = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
        sound.sample_rate = 16_000
        container.mux(track.encode(sound))


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.mp4", "no such file"),
        ("cut.mp4", "Invalid data"),
        ("empty.mp4", "empty"),
        ("text.mp4", "Invalid data"),
        ("folder.mp4", "folder"),
        ("heard.mp4", "no video stream"),
        ("frameless.mkv", "without frames"),
    ],
)
def test_bad_clip(clips, tmp_path, name, words, cached):
    """A clip that is none is refused in one line that names the file and what is wrong, and leaves nothing."""
    _bad_clips(clips, tmp_path)
    cache = FrameCache(tmp_path / "cache", ROOMY) if cached else None
    for use in (lambda clip: clip.seconds, lambda clip: clip.frames(2), lambda clip: clip.sound()):
        with pytest.raises(MediaError, match=rf"(?i){name}.*{words}") as caught:
            use(ClipFile(tmp_path / name, cache))
        assert "\n" not in str(caught.value)
    assert not cached or list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.mov", "b.webm"])
def test_cut_anywhere(clips, tmp_path, name):
    """A file cut at any place is refused."""
    whole = (clips / name).read_bytes()
    for length in [*range(1, len(whole), 797), len(whole) - 1]:
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(MediaError):
            _ = ClipFile(tmp_path / name).seconds


def test_faststart_cut(clips, tmp_path):
    """A file with its index in front is refused when its end is missing."""
    with (
        av.open(str(clips / "b.mp4")) as old,
        av.open(str(tmp_path / "fast.mp4"), "w", options={"movflags": "faststart"}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    whole = (tmp_path / "fast.mp4").read_bytes()
    assert ClipFile(tmp_path / "fast.mp4").seconds == 2.0
    (tmp_path / "fast.mp4").write_bytes(whole[:-700])
    with pytest.raises(MediaError, match="cut short, the last 700 bytes"):
        _ = ClipFile(tmp_path / "fast.mp4").seconds


def test_damaged_pictures_are_not_served(clips, tmp_path):
    """Where bytes in the middle are damaged, the frames are refused or are the right ones."""
    whole, path = (clips / "b.mp4").read_bytes(), tmp_path / "clip.mp4"
    expected = ClipFile(clips / "b.mp4").frames(24)
    refused = 0
    for place in range(1000, len(whole) // 2, 400):
        path.write_bytes(whole[:place] + b"\xa5" * 40 + whole[place + 40 :])
        try:
            assert np.array_equal(expected, ClipFile(path).frames(24))
        except MediaError:
            refused += 1
    assert refused > 0


def test_no_sound_stream(clips):
    """A clip without a sound stream shows its frames, and says so when its sound is asked for."""
    clip = ClipFile(clips / "silent.mp4")
    assert len(clip.frames(3)) == 3
    with pytest.raises(MediaError, match=r"silent\.mp4.*no sound stream"):
        clip.sound()


@pytest.mark.parametrize(
    "use",
    [
        lambda clip: clip.frames(0),
        lambda clip: clip.frames([2.0]),
        lambda clip: clip.frames([-0.1]),
        lambda clip: clip.frames([float("nan")]),
        lambda clip: clip.frames(1, size=(0, 5)),
        lambda clip: clip.sound(0),
        lambda clip: ClipFile(clip.path, reader="opencv"),
    ],
)
def test_bad_question(clips, use):
    """What a clip cannot give is refused: no frames, times outside of it, no pixels, no rate, no such reader."""
    with pytest.raises(InputError, match=r"b\.mp4.*wanted"):
        use(ClipFile(clips / "b.mp4"))


def _everything(path, cache=None):
    """All that is read of a clip in these tests, as bytes."""
    clip = ClipFile(path, cache)
    return clip.frames(5, (64, 48)).tobytes() + clip.frames(3).tobytes() + clip.sound().tobytes()


def test_cache_changes_nothing(clips, tmp_path):
    """The bytes are the same without a cache, with a new one, a full one, one that evicts, and a damaged one."""
    path, cache = clips / "b.mp4", FrameCache(tmp_path / "cache", ROOMY)
    expected = _everything(path)
    assert expected == _everything(path, cache)
    assert expected == _everything(path, cache)
    assert expected == _everything(path, FrameCache(tmp_path / "small", 100_000))
    assert expected == _everything(path, FrameCache(tmp_path / "none", 0))
    for damage in (lambda b: b[: len(b) // 2], lambda b: b[:-1], lambda b: b"", lambda b: b[:200] + b"\7" + b[201:]):
        for entry in cache.folder.iterdir():
            entry.write_bytes(damage(entry.read_bytes()))
        assert expected == _everything(path, cache)
        assert expected == _everything(path, cache)


def test_cache_is_by_content(clips, tmp_path):
    """The same file under another name adds nothing to the cache; another file under the same name is read anew."""
    cache, path = FrameCache(tmp_path / "cache", ROOMY), tmp_path / "clip.mp4"
    shutil.copy(clips / "b.mp4", path)
    first = _everything(clips / "b.mp4", cache)
    before = {entry.name for entry in cache.folder.iterdir()}
    assert first == _everything(path, cache)
    assert before == {entry.name for entry in cache.folder.iterdir()}
    shutil.copy(clips / "plain.mp4", path)
    assert _everything(clips / "plain.mp4") == _everything(path, cache)


def test_hash_is_kept_until_the_file_changes(clips, tmp_path):
    """A file's hash is stored once the file has settled, and is never that of an older content."""
    cache, path = FrameCache(tmp_path / "cache", ROOMY), tmp_path / "clip.mp4"
    shutil.copy(clips / "b.mp4", path)
    time.sleep(2.1)
    assert _sha256(path) == cache.sha256(path) == cache.sha256(path)
    assert len(list(cache.folder.iterdir())) == 1
    path.write_bytes(path.read_bytes()[::-1])
    assert _sha256(path) == cache.sha256(path) == ClipFile(path).sha256


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_cache_is_bounded(tmp_path):
    """The folder never holds more than it may, and what was used least lately goes first."""
    cache = FrameCache(tmp_path, 2500)
    for key in ("a", "b"):
        cache.array(key, lambda: np.zeros(1000, np.uint8))
    time.sleep(0.02)
    cache.array("a", lambda: pytest.fail("a was stored"))
    cache.array("c", lambda: np.zeros(1000, np.uint8))
    assert sum(entry.stat().st_size for entry in tmp_path.iterdir()) <= 2500
    cache.array("a", lambda: pytest.fail("a was used lately"))
    assert cache.array("b", lambda: np.full(1, 7))[0] == 7


def test_a_cache_that_cannot_be_written_costs_time_and_no_result(tmp_path, caplog):
    """Where no folder can be made, every array is served, and one warning says so."""
    (tmp_path / "file").touch()
    cache = FrameCache(tmp_path / "file" / "cache", ROOMY)
    assert [cache.array("a", lambda value=value: np.full(1, value))[0] for value in (1, 2)] == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        f"frame cache {tmp_path}/file/cache: Not a directory; what it would hold is made again."
    ]
    with pytest.raises(InputError, match="max_bytes is -1"):
        FrameCache(tmp_path, -1)


def _in_process(target, *arguments):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    return context.Process(target=target, args=(queue, *arguments)), queue


def _read_repeatedly(queue, path, folder):
    queue.put({hashlib.sha256(_everything(path, FrameCache(folder, 120_000))).hexdigest() for _ in range(8)})


def test_cache_is_shared_by_processes(clips, tmp_path):
    """Two processes that write, use and evict the same entries both get the right bytes."""
    path = clips / "b.mp4"
    started = [_in_process(_read_repeatedly, path, tmp_path) for _ in range(2)]
    for process, _ in started:
        process.start()
    seen = set().union(*(queue.get(timeout=60) for _, queue in started))
    for process, _ in started:
        process.join()
    assert {hashlib.sha256(_everything(path)).hexdigest()} == seen
    assert not list(tmp_path.glob("*.tmp"))


def _read_with_a_full_disk(queue, path, folder):
    # The system refuses to write a file beyond 20 kB, in the middle of a write, as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    warnings = []
    handler = logging.Handler()
    handler.emit = lambda record: warnings.append(record.getMessage())
    logging.getLogger("crossomni.media.disk").addHandler(handler)
    content = _everything(path, FrameCache(folder, ROOMY))
    queue.put((hashlib.sha256(content).hexdigest(), warnings))


def test_full_disk(clips, tmp_path):
    """Where the disk takes no more, frames are served, one warning is logged, and nothing half-written stays."""
    process, queue = _in_process(_read_with_a_full_disk, clips / "b.mp4", tmp_path)
    process.start()
    digest, warnings = queue.get(timeout=60)
    process.join()
    assert hashlib.sha256(_everything(clips / "b.mp4")).hexdigest() == digest
    assert len(warnings) == 1
    assert "too large" in warnings[0]
    assert all(entry.suffix == ".npy" and entry.stat().st_size < 20_000 for entry in tmp_path.iterdir())
