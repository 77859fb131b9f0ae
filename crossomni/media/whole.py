"""Is a video file as long as it says it is? FFmpeg reads a file that was cut short as if it ended there."""

from pathlib import Path
from typing import BinaryIO

from crossomni.errors import MediaError

AGAIN = "Fetch or encode it again."  # how errors about a damaged file end
# The boxes that a file is made of at its top (ISO/IEC 14496-12, Apple's QuickTime): what has another name, once the
# film is there, is something that was added behind it, and no promise.
_BOXES = frozenset((
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"imda", b"free", b"skip", b"wide", b"pnot", b"meta", b"meco",
    b"uuid", b"udta", b"pdin", b"sidx", b"ssix", b"mfra", b"emsg", b"prft",
))  # fmt: skip
_EBML_HEAD = 12  # bytes: an element's id of four and a length of at most eight


def check_whole(path: Path, format_name: str) -> None:
    """Find out whether the file is as long as it says.

    Args:
        format_name: FFmpeg's name of the container's format.

    Raises:
        MediaError: naming how much is missing.
    """
    if missing := _missing_bytes(path, format_name):
        raise MediaError(f"clip {path}: cut short, the last {missing} bytes are not there. {AGAIN}")


def _missing_bytes(path: Path, format_name: str) -> int:
    """How many bytes its own headers promise beyond the file's end; 0 for formats that promise nothing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if "mp4" in format_name:
            return max(0, _mp4_end(file, size) - size)
        if "matroska" in format_name:
            return max(0, _matroska_end(file, size) - size)
    return 0


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Where the last top-level box ends (ISO/IEC 14496-12, 4.2)."""
    position = 0
    found: set[bytes] = set()
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        if head[4:8] not in _BOXES and {b"moov", b"mdat"} <= found:
            return position
        found.add(head[4:8])
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # the true length follows the box's name
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # 0: the box reaches to the end of the file
            return size
        position += length
    return position


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Where the segment ends, which follows the EBML header (RFC 8794, RFC 9559)."""
    position = 0
    for _ in ("EBML header", "Segment"):
        file.seek(position)
        head = file.read(_EBML_HEAD)
        if len(head) < _EBML_HEAD:
            return size + 1
        width = 9 - head[4].bit_length()  # the leading zero bits tell how long the number is
        length = int.from_bytes(head[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
        if length == (1 << 7 * width) - 1:  # all ones: written live, the length was never known
            return size
        position += 4 + width + length
    return position
