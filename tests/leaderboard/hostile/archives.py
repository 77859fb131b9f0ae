# ruff: noqa: D103 (a kind's name says what it is)
"""Archives that are none, are damaged, or hold what they should not."""

from __future__ import annotations

import gzip
import io
import pickle
import stat
import struct
import tarfile
import warnings
import zipfile

from tests.leaderboard.hostile.kinds import kind
from tests.leaderboard.making import Made, zipped


def _both(made: Made) -> list[tuple[str, bytes]]:
    return list(made.members().items())


def _zipped(members: list[tuple[str, bytes]]) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        return zipped(members)


def _renamed(made: Made, name: str) -> bytes:
    (_, about), (_, replies) = _both(made)
    return zipped([("submission.json", about), (name, replies)])


# --- no archive, or a damaged one ---


@kind("the file is empty")
def empty(made: Made) -> bytes:
    return b""


@kind("no zip archive")
def text_for_an_archive(made: Made) -> bytes:
    return made.replies


@kind("no zip archive")
def a_pickle(made: Made) -> bytes:
    return pickle.dumps(made.lines)


@kind("no zip archive")
def gzip_for_an_archive(made: Made) -> bytes:
    return gzip.compress(made.replies)


@kind("no zip archive")
def tar_for_an_archive(made: Made) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in _both(made):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


@kind("cut short")
def cut_in_the_middle(made: Made) -> bytes:
    data = made.pack()
    return data[: len(data) // 2]


@kind("cut short, or more follows it")
def more_behind_the_end(made: Made) -> bytes:
    return made.pack() + b"#!/bin/sh\necho ran\n"


@kind("no zip archive")
def a_program_before_the_archive(made: Made) -> bytes:
    return b"#!/bin/sh\nexit\n" + made.pack()


@kind("directory is not where its end says")
def bytes_put_into_the_middle(made: Made) -> bytes:
    data = made.pack()
    start = data.index(b"PK\x01\x02")
    return data[:start] + b"\0" * 64 + data[start:]


@kind("damaged")
def one_byte_changed(made: Made) -> bytes:
    data = bytearray(made.pack())
    data[data.index(b"replies.jsonl") + 40] ^= 0xFF
    return bytes(data)


@kind("cut short, or more follows it")
def a_comment(made: Made) -> bytes:
    file = io.BytesIO(made.pack())
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = b"<script>alert(1)</script>"
    return file.getvalue()


@kind("one part of several")
def one_part_of_several(made: Made) -> bytes:
    data = bytearray(made.pack())
    data[-18] = 1
    return bytes(data)


# --- bombs ---


@kind("bytes; at most")
def too_large_an_archive(made: Made) -> bytes:
    return made.pack() + b"\0" * (33 * 2**20)


@kind("times its size")
def a_bomb_of_zeros(made: Made) -> bytes:
    return made.pack(replies=b"0" * (20 * 2**20))


@kind("bytes unpacked; at most")
def a_bomb_beyond_the_limit(made: Made) -> bytes:
    return made.pack(about=b" " * (70 * 2**10))


@kind("bytes unpacked; at most")
def a_member_that_announces_gigabytes(made: Made) -> bytes:
    data = bytearray(made.pack())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 24 : second + 28] = struct.pack("<I", 2**31)
    return bytes(data)


@kind("damaged")
def a_member_that_announces_too_little(made: Made) -> bytes:
    data = bytearray(made.pack())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 24 : second + 28] = struct.pack("<I", 100)
    return bytes(data)


@kind("members; wanted")
def a_thousand_members(made: Made) -> bytes:
    return zipped([*_both(made), *((f"{number}.json", b"{}") for number in range(1000))])


@kind("overlap")
def members_that_overlap(made: Made) -> bytes:
    """Both entries of the directory point to the same bytes, as in bombs without recursion."""
    data = bytearray(made.pack())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


# --- members ---


@kind("members; wanted")
def no_replies(made: Made) -> bytes:
    return zipped(_both(made)[:1])


@kind("members; wanted")
def a_third_member(made: Made) -> bytes:
    return zipped([*_both(made), ("README.md", b"hello")])


@kind("twice")
def a_member_twice(made: Made) -> bytes:
    (name, about), _ = _both(made)
    return _zipped([(name, about), (name, about)])


@kind("absolute path")
def an_absolute_name(made: Made) -> bytes:
    return _renamed(made, "/etc/cron.d/replies.jsonl")


@kind("absolute path")
def a_drive(made: Made) -> bytes:
    return _renamed(made, "C:\\replies.jsonl")


@kind("leads out of the archive")
def a_name_that_leads_out(made: Made) -> bytes:
    return _renamed(made, "../../replies.jsonl")


@kind("leads out of the archive")
def a_name_that_leads_out_by_backslashes(made: Made) -> bytes:
    return _renamed(made, "..\\..\\replies.jsonl")


@kind("is not known")
def a_name_with_a_nul(made: Made) -> bytes:
    data = made.pack()
    return data.replace(b"replies.jsonl", b"replies\0jsonl")


@kind("is not known")
def a_name_written_backwards(made: Made) -> bytes:
    return _renamed(made, "replies\u202elnosj.jsonl")


@kind("is a link")
def a_link(made: Made) -> bytes:
    return zipped(_both(made), external_attr=(stat.S_IFLNK | 0o777) << 16)


@kind("is no plain file")
def a_folder(made: Made) -> bytes:
    return _renamed(made, "replies.jsonl/")


@kind("is no plain file")
def a_device(made: Made) -> bytes:
    return zipped(_both(made), external_attr=(stat.S_IFCHR | 0o644) << 16)


@kind("archive inside the archive")
def an_archive_inside(made: Made) -> bytes:
    return zipped([("submission.json", _both(made)[0][1]), ("replies.zip", made.pack())])


@kind("pickled objects")
def a_pickle_inside(made: Made) -> bytes:
    return zipped([("submission.json", _both(made)[0][1]), ("replies.pkl", pickle.dumps(made.lines))])


@kind("pickled objects")
def code_inside(made: Made) -> bytes:
    return zipped([("setup.py", b"import os"), ("replies.jsonl", made.replies)])


@kind("encrypted")
def an_encrypted_member(made: Made) -> bytes:
    data = bytearray(made.pack())
    for at in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    return bytes(data)


@kind("packed by method")
def another_way_of_packing(made: Made) -> bytes:
    return zipped(_both(made), method=zipfile.ZIP_LZMA)


@kind("was changed")
def replies_that_are_not_those_hashed(made: Made) -> bytes:
    about = made.members()["submission.json"]
    made.lines[0]["reply"] = "D"
    return made.pack(about=about)
