"""A stretch of a clip as one mp4 file (H.264, AAC), from a video or from frames and sound: exact, the same bytes again.

Frames are cut and encoded in one go, without a whole film in between, so that pictures lose only once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.video.frame import PictureType
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from PIL import Image

from crossomni.construction.sources.tvqa_media import Film, FramesAndSound
from crossomni.errors import InputError, MediaError, RunError
from crossomni.media.probe import probe
from crossomni.media.timeline import Timeline, opened, video_stream

FRAMES_PER_SECOND = 3  # of the release's pictures

_CLOCK = Fraction(1, 90_000)  # seconds a tick; a third of a second and the usual frame rates are whole numbers of it
# Without B-frames, the macroblock tree and weighted prediction, because with them this encoder may write other bytes in
# another run; one thread, because what is written hangs on their number.
_PICTURE_OPTIONS = {
    "preset": "veryfast", "crf": "20", "threads": "1", "x264-params": "bframes=0:mbtree=0:weightp=0"
}  # fmt: skip
_CONTAINER_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}
_AAC_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OTHER_RATE_HZ = 48_000
_BITS_PER_SECOND = {"mono": 64_000, "stereo": 128_000}


def film_seconds(film: Film) -> float:
    """How long the pictures are; a video is probed, frames are counted.

    Raises:
        MediaError: when a video cannot be used.
    """
    if isinstance(film, FramesAndSound):
        return film.frames.count / FRAMES_PER_SECOND
    probe(film)
    with opened(film) as container:
        stream = video_stream(container, film)
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
    return Timeline.scan(film).seconds


def has_sound(video: Path) -> bool:
    """Whether the file has a sound stream.

    Raises:
        MediaError: when it cannot be read.
    """
    with opened(video) as container:
        return bool(container.streams.audio)


def sound_seconds(path: Path) -> float:
    """How long a file of sound is, by its packets: headers of mp3 files often guess.

    Raises:
        MediaError: when it cannot be read or has no sound.
    """
    with opened(path) as container:
        stream = _sound_stream(container, path)
        ticks = sum(packet.duration or 0 for packet in container.demux(stream) if packet.size)
        return float(ticks * (stream.time_base or 0))


def remux(film: FramesAndSound, target: Path) -> Path:
    """All of a clip's frames and sound as one mp4.

    Raises:
        MediaError: when something of it cannot be read.
        RunError: when the file cannot be written.
    """
    return cut(film, 0.0, film_seconds(film), target)


def cut(film: Film, start_seconds: float, end_seconds: float, target: Path) -> Path:
    """The stretch ``[start, end)`` of a film, from its first frame on, as an mp4; a kill leaves nothing half-written.

    It begins with the frame that is shown at the start, and has ``end - start`` seconds of pictures and of sound
    (silence where the sound has ended). Pixels are those of the film, but for an odd last row or column.

    Raises:
        InputError: when the stretch is none.
        MediaError: when something of it cannot be read.
        RunError: when the file cannot be written.
    """
    if not 0 <= start_seconds < end_seconds:
        raise InputError(f"{target}: a part from {start_seconds} to {end_seconds} s; wanted 0 <= start < end.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(unfinished), "w", format="mp4", options=_CONTAINER_OPTIONS) as container:
            _write(container, film, start_seconds, end_seconds)
        os.replace(unfinished, target)
    except (OSError, av.FFmpegError) as error:
        raise RunError(f"{target}: was not written ({error.strerror}). Make room, or choose another folder.") from error
    finally:
        with suppress(OSError):  # where the folder cannot be written there is nothing to remove
            unfinished.unlink(missing_ok=True)
    return target


def _write(container: Any, film: Film, start: float, end: float) -> None:
    if isinstance(film, FramesAndSound):
        pictures, sound_path, zero = _drawn(film, start, end), film.sound, None
    else:
        timeline = Timeline.scan(film)
        pictures, sound_path, zero = _filmed(film, timeline, start, end), film, timeline.start_seconds
    first = next(pictures, None)
    if first is None or first[0] > 0:
        place = film.frames.folder if isinstance(film, FramesAndSound) else film
        raise MediaError(f"{place}: there is no frame to be shown at {start} s, or it is damaged. Fetch it again.")
    rate, layout = _sound_form(sound_path)
    video = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=_PICTURE_OPTIONS)
    video.width, video.height = first[1].width // 2 * 2, first[1].height // 2 * 2
    video.pix_fmt, video.codec_context.time_base = "yuv420p", _CLOCK
    video.codec_context.colorspace = first[1].colorspace
    audio = container.add_stream("aac", rate=rate, layout=layout, options={"aac_coder": "fast"})
    audio.bit_rate = _BITS_PER_SECOND[layout]
    for stream in (video, audio):
        stream.codec_context.flags |= Flags.bitexact
    for packet in _picture_packets(video, first, pictures, end - start):
        container.mux(packet)
    for frame in _heard(sound_path, rate, layout, zero, (start, end)):
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


Picture = tuple[float, av.VideoFrame]  # seconds from the start of the stretch


def _drawn(film: FramesAndSound, start: float, end: float) -> Iterator[Picture]:
    """The pictures of a stretch; the first is shown from its start on."""
    size = None
    try:
        paths = film.frames.paths()
    except OSError as error:
        raise MediaError(f"{film.frames.folder}: cannot be read ({error.strerror}). Fetch the frames again.") from error
    for number, path in enumerate(paths):
        if Fraction(number + 1, FRAMES_PER_SECOND) <= start or Fraction(number, FRAMES_PER_SECOND) >= end:
            continue
        try:
            with Image.open(path) as picture:
                picture.load()
                frame = av.VideoFrame.from_image(picture.convert("RGB"))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise MediaError(f"{path}: no whole JPEG ({error}). Fetch the clip's frames again.") from error
        size = size or (frame.width, frame.height)
        if (frame.width, frame.height) != size:
            raise MediaError(f"{path}: {frame.width}x{frame.height} pixels, the frames before it have "
                             f"{size[0]}x{size[1]}. Fetch the clip's frames again.")  # fmt: skip
        yield max(0.0, number / FRAMES_PER_SECOND - start), frame


def _filmed(path: Path, timeline: Timeline, start: float, end: float) -> Iterator[Picture]:
    """The frames of a stretch of a video; the first is shown from its start on."""
    from_key_frame = _decoded(path, timeline, start, seek=True)
    first = next(from_key_frame, None)
    if first is not None and first[0] <= start:
        frames: Iterable[Picture] = _and_then(first, from_key_frame)
    else:  # files without an index, or with a wrong one, land behind the place
        frames = _decoded(path, timeline, start, seek=False)
    shown: Picture | None = None
    for at, frame in frames:
        if at >= end:
            break
        if at <= start:
            shown = (0.0, frame)
            continue
        if shown is not None:
            yield shown
            shown = None
        yield at - start, frame
    if shown is not None:
        yield shown


def _and_then(first: Picture, others: Iterator[Picture]) -> Iterator[Picture]:
    yield first
    yield from others


def _decoded(path: Path, timeline: Timeline, start: float, seek: bool) -> Iterator[Picture]:
    """Frames by their time from the film's first."""
    with opened(path) as container:
        stream = video_stream(container, path)
        stream.codec_context.thread_count = 1
        if seek and stream.time_base is not None:
            with suppress(av.FFmpegError):  # a recording without an index is read from its start
                container.seek(int((timeline.start_seconds + start) / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if frame.is_corrupt:
                raise MediaError(f"clip {path}: a frame at {frame.time} s is damaged. Encode it again.")
            if frame.time is not None and frame.time >= timeline.start_seconds:
                yield round(frame.time - timeline.start_seconds, 6), frame


def _picture_packets(
    stream: VideoStream, first: Picture, others: Iterator[Picture], seconds: float
) -> Iterator[Packet[Any]]:
    """Packets that last until the next one, the last until the end of the stretch."""
    packets = list(_encoded(stream, _and_then(first, others)))
    starts = [packet.pts or 0 for packet in packets]
    ends = [*starts[1:], max(starts[-1] + 1, round(seconds / _CLOCK))]
    for packet, start, end in zip(packets, starts, ends, strict=True):
        packet.duration = end - start
        yield packet


def _encoded(stream: VideoStream, pictures: Iterable[Picture]) -> Iterator[Packet[Any]]:
    for at, picture in pictures:
        # Every stream that comes out has the usual range of brightness, also where the film has that of JPEG.
        frame = picture.reformat(stream.width, stream.height, "yuv420p", dst_color_range=ColorRange.MPEG)
        frame.pts, frame.time_base = round(at / _CLOCK), _CLOCK
        frame.pict_type = PictureType.NONE  # the encoder chooses its own key frames
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _sound_stream(container: Any, path: Path) -> AudioStream:
    if not container.streams.audio:
        raise MediaError(f"{path}: no sound stream; wanted sound. Fetch it again.")
    stream: AudioStream = container.streams.audio[0]
    stream.codec_context.thread_count = 1
    return stream


def _sound_form(path: Path) -> tuple[int, str]:
    """The rate in Hz and the layout that a film's sound is written with: its own where AAC and mp4 have them."""
    with opened(path) as container:
        context = _sound_stream(container, path).codec_context
        rate = context.rate if context.rate in _AAC_RATES_HZ else _OTHER_RATE_HZ
        return rate, "mono" if context.layout.nb_channels == 1 else "stereo"


def _heard(
    path: Path, rate: int, layout: str, zero: float | None, span: tuple[float, float]
) -> Iterator[av.AudioFrame]:
    """The sound of a stretch: gaps filled, on the pictures' clock, cut to the sample, silence behind an early end.

    ``zero`` is the pictures' start on the file's clock; None for sound in its own file, which starts with its first
    sample (behind the encoder's delay, which mp3 files carry in front).
    """
    first, last = (round(seconds * rate) for seconds in span)
    with opened(path) as container:
        stream = _sound_stream(container, path)
        if zero is None:
            zero = float((stream.start_time or 0) * (stream.time_base or 0))
        graph = _chain(
            stream,
            aresample=f"{rate}:async=1:first_pts={round(zero * rate)}:rematrix_maxval=1.0",
            aformat=f"sample_fmts=fltp:channel_layouts={layout}:sample_rates={rate}",
            atrim=f"start_sample={first}:end_sample={last}",
            asetpts="N",
            apad=f"whole_len={last - first}",
        )
        for frame in container.decode(stream):
            try:
                graph.push(frame)
            except av.EOFError:  # behind the end of the stretch nothing more is taken
                break
            yield from _pulled(graph)
        else:
            graph.push(None)
        yield from _pulled(graph)


def _chain(stream: AudioStream, **filters: str) -> av.filter.Graph:
    """FFmpeg's filters one behind the other."""
    graph = av.filter.Graph()
    chain = [graph.add_abuffer(template=stream, time_base=stream.time_base)]
    chain += [graph.add(name, settings) for name, settings in filters.items()]
    for source, sink in pairwise([*chain, graph.add("abuffersink")]):
        source.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
