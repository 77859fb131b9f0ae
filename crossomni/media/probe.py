"""Can a clip be used at all? Asked in milliseconds, before hours are spent on it."""

from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from crossomni.errors import MediaError
from crossomni.media.timeline import Timeline, opened, video_stream
from crossomni.media.whole import AGAIN, check_whole

# Subtitles and frames round their ends differently; half a clip is missing by more.
_MAX_LACKING_SECONDS = 1.0


def probe(path: Path, seconds: float = 0.0) -> None:
    """Look at a clip's headers, decode its first picture, and find its first sound, nothing more.

    Recorded silence is sound: only decoding all of it would tell, and a quiet scene is no fault.

    Args:
        seconds: the length that the clip should have; one that is more than a second shorter is refused.

    Raises:
        MediaError: when the file is missing, no video, cut short, too short, without frames or without sound.
    """
    with opened(path) as container:
        check_whole(path, container.format.name)
        stream = video_stream(container, path)
        if not container.streams.audio:
            raise MediaError(f"clip {path}: no sound stream; wanted a clip with sound. Encode it again with its sound.")
        lacking = {stream.index: "frames", container.streams.audio[0].index: "sound"}
        found = _said_seconds(container, stream)
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream, container.streams.audio[0]):
            if packet.size and lacking.pop(packet.stream_index, None) == "frames":
                packet.decode()
            if not lacking:
                break
    if lacking:
        raise MediaError(f"clip {path}: its streams are without {' and without '.join(lacking.values())}. {AGAIN}")
    if not found:
        found = Timeline.scan(path).seconds
    if found < seconds - _MAX_LACKING_SECONDS:
        raise MediaError(f"clip {path}: it is {found:.1f} s long, annotated as {seconds:.1f} s. {AGAIN}")


def _said_seconds(container: InputContainer, stream: VideoStream) -> float:
    """The pictures' length as the headers tell it; 0 where they do not."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return float((container.duration or 0) / av.time_base)
