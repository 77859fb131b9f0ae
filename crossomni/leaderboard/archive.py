"""A submission's file: a zip of two members, read under limits and written the same each time.

What is wrong with an archive is found before anything is unpacked, and unpacking never goes beyond what was announced:
the end of the file says how many members there are, the directory where each lies and how large it is, and both have to
fit the file to the byte. Nothing is ever written to disk.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from crossomni.errors import InputError
from crossomni.leaderboard.schema import shorten

ABOUT, REPLIES = "submission.json", "replies.jsonl"
MEMBERS = (ABOUT, REPLIES)
_AGAIN = "Make the submission again: crossomni leaderboard submit"
_END, _CENTRAL, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_END_BYTES, _LOCAL_BYTES = 22, 30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NESTED = (".zip", ".gz", ".bz2", ".xz", ".zst", ".tar", ".tgz", ".7z", ".rar", ".whl", ".jar")
_CODE = (
    ".pkl",
    ".pickle",
    ".pt",
    ".pth",
    ".bin",
    ".npy",
    ".npz",
    ".joblib",
    ".py",
    ".pyc",
    ".so",
    ".sh",
    ".exe",
    ".js",
)
_BROKEN = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, struct.error, zlib.error, EOFError, OSError,
    OverflowError,
)  # fmt: skip  # all that zipfile is known to raise on bytes that are no archive


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large a submission may be."""

    archive_bytes: int = 32 * 2**20
    about_bytes: int = 64 * 2**10
    replies_bytes: int = 256 * 2**20
    line_bytes: int = 256 * 2**10  # of replies.jsonl
    ratio: int = 400  # unpacked to packed, where more than a megabyte is unpacked; replies of one letter reach 60
    rows: int = 100_000

    def of(self, member: str) -> int:
        """The most bytes of a member, unpacked."""
        return self.about_bytes if member == ABOUT else self.replies_bytes


LIMITS = Limits()
_FREE_OF_RATIO = 2**20


def write_archive(members: Mapping[str, bytes]) -> bytes:
    """The archive's bytes: the same members give the same bytes, whenever and wherever (with one zlib)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in MEMBERS:
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, members[name], compresslevel=6)
    return file.getvalue()


def read_archive(data: bytes, limits: Limits = LIMITS) -> dict[str, bytes]:
    """Both members' bytes.

    Raises:
        InputError: with one line that says what is wrong and what to do.
    """
    check_size(len(data), limits)
    _check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_members(infos)
            for info in infos:
                _check_sizes(info, limits)
            _check_layout(infos, data)
            return {info.filename: _unpacked(archive, info) for info in infos}
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(f"the archive is damaged ({_said(error)}). Send the file whole. {_AGAIN}") from error


def check_size(size: int, limits: Limits = LIMITS) -> None:
    """Refuse a file before it is read.

    Raises:
        InputError: when it is empty or too large.
    """
    if not size:
        raise InputError(f"the file is empty; wanted a submission's archive. {_AGAIN}")
    if size > limits.archive_bytes:
        raise InputError(
            f"the archive has {size:,} bytes; at most {limits.archive_bytes:,} are taken. "
            "Shorten the replies' thinking."
        )


def _said(error: Exception) -> str:
    return shorten(str(error) or type(error).__name__)[1:-1]


def _check_end(data: bytes) -> None:
    """Refuse what is no zip of two members that begins with the first byte and ends with the last."""
    if data[:4] != _LOCAL or len(data) < _END_BYTES:
        raise InputError(f"the file begins with {shorten(data[:4])[1:]}, so it is no zip archive. {_AGAIN}")
    end = data[-_END_BYTES:]
    if end[:4] != _END:
        raise InputError(f"the archive does not end where it should: it is cut short, or more follows it. {_AGAIN}")
    disk, first_disk, here, members, size, start, comment = struct.unpack("<4H2IH", end[4:])
    if disk or first_disk or here != members or comment:
        raise InputError(f"the archive is one part of several, or has a comment; wanted one plain file. {_AGAIN}")
    if members != len(MEMBERS):
        raise InputError(f"the archive has {members} members; wanted {' and '.join(MEMBERS)}, nothing else. {_AGAIN}")
    if start + size + _END_BYTES != len(data) or data[start : start + 4] != _CENTRAL:
        raise InputError(f"the archive's directory is not where its end says; bytes were put in or left out. {_AGAIN}")


def _check_members(infos: list[zipfile.ZipInfo]) -> None:
    for info in infos:
        _check_name(info)
        if info.flag_bits & 0x1:
            raise InputError(
                f"the member {info.filename} is encrypted; wanted it readable. Pack it without a password."
            )
        if info.compress_type not in _METHODS:
            raise InputError(
                f"the member {info.filename} is packed by method {info.compress_type}; wanted deflate. {_AGAIN}"
            )
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise InputError(f"the archive has {names[0]} twice; wanted {' and '.join(MEMBERS)}. {_AGAIN}")


def _check_name(info: zipfile.ZipInfo) -> None:
    """Refuse a member that is not one of the two, with what is wrong about it."""
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        why = "is a link; wanted a plain file"
    elif kind not in (0, stat.S_IFREG) or name.endswith("/"):
        why = "is no plain file"
    elif name in MEMBERS:
        return
    elif name.startswith(("/", "\\")) or name[1:2] == ":":
        why = "has an absolute path; wanted a bare name"
    elif ".." in name.replace("\\", "/").split("/"):
        why = "leads out of the archive; wanted a bare name"
    elif name.lower().endswith(_NESTED):
        why = "is an archive inside the archive, which is not opened"
    elif name.lower().endswith(_CODE):
        why = "can hold code or pickled objects, which are never read"
    else:
        why = "is not known"
    raise InputError(
        f"the member {shorten(name)} {why}. A submission holds {' and '.join(MEMBERS)}, nothing else. {_AGAIN}"
    )


def _check_sizes(info: zipfile.ZipInfo, limits: Limits) -> None:
    most = limits.of(info.filename)
    if info.file_size > most:
        raise InputError(
            f"the member {info.filename} has {info.file_size:,} bytes unpacked; at most {most:,} are taken. "
            "Shorten what is in it."
        )
    if info.file_size > _FREE_OF_RATIO and info.file_size > limits.ratio * max(info.compress_size, 1):
        raise InputError(
            f"the member {info.filename} unpacks to {info.file_size // max(info.compress_size, 1):,} times its size; "
            f"at most {limits.ratio} times is taken. Replies of a model are not that much alike."
        )


def _check_layout(infos: list[zipfile.ZipInfo], data: bytes) -> None:
    """Members begin with the file, and none lies in another."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end or (end == 0 and info.header_offset):
            raise InputError(f"the archive's members overlap, or bytes lie before them. {_AGAIN}")
        end = info.header_offset + _LOCAL_BYTES + len(info.orig_filename.encode()) + info.compress_size
    if end + _END_BYTES > len(data):
        raise InputError(f"a member of the archive ends beyond the file. {_AGAIN}")


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The member's bytes: as many as it announced, and not one more is unpacked."""
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise InputError(
            f"the member {info.filename} unpacks to {len(content):,} bytes, {info.file_size:,} were announced. {_AGAIN}"
        )
    return content
