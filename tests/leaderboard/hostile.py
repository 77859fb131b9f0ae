# ruff: noqa: D103 (a kind's name says what it is)
"""The corpus of hostile submissions: each kind made by a function, with words of the reason that it is refused for."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from tests.leaderboard.making import Made, zipped


@dataclass(frozen=True)
class Kind:
    """One way to be hostile, careless or damaged."""

    name: str
    make: Callable[[Made], bytes]
    reason: str  # words of the line that refuses it


KINDS: list[Kind] = []


def kind(reason: str) -> Callable[[Callable[[Made], bytes]], Callable[[Made], bytes]]:
    """Add the function to the corpus under its own name."""

    def add(make: Callable[[Made], bytes]) -> Callable[[Made], bytes]:
        KINDS.append(Kind(make.__name__, make, reason))
        return make

    return add


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


# --- submission.json ---


def _about(made: Made, **changes: object) -> bytes:
    made.about |= changes
    return made.pack()


@kind("Invalid JSON")
def no_json(made: Made) -> bytes:
    return made.pack(about=b"name: x")


@kind("no UTF-8")
def latin_letters(made: Made) -> bytes:
    return made.pack(about=made.members()["submission.json"].replace(b"Ear", "Hör".encode("latin-1")))


@kind("no UTF-8")
def utf_16(made: Made) -> bytes:
    return made.pack(about=made.members()["submission.json"].decode().encode("utf-16"))


@kind("recursion limit")
def brackets_by_the_thousand(made: Made) -> bytes:
    return made.pack(about=b"[" * 30_000 + b"]" * 30_000)


@kind("recursion limit")
def settings_nested_deeply(made: Made) -> bytes:
    deep = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    text = made.members()["submission.json"].replace(
        b'"configuration": {', b'"configuration": {"deep": ' + deep + b", "
    )
    return made.pack(about=text)


@kind("Field required")
def a_field_left_out(made: Made) -> bytes:
    del made.about["model"]
    return made.pack()


@kind("Extra inputs are not permitted")
def a_field_too_many(made: Made) -> bytes:
    return _about(made, __class__="os.system")


@kind("finite number")
def a_score_that_is_nan(made: Made) -> bytes:
    return _about(made, claimed={"overall": float("nan")})


@kind("finite number")
def a_setting_that_is_infinite(made: Made) -> bytes:
    return _about(made, claimed={"overall": float("-inf")})


@kind("Input should be 1")
def another_format(made: Made) -> bytes:
    return _about(made, format=99)


@kind("at least 1 character")
def no_name(made: Made) -> bytes:
    return _about(made, name="")


@kind("at most 80 characters")
def a_name_of_a_megabyte(made: Made) -> bytes:
    return _about(made, name="x" * 30_000)


@kind("direction of writing")
def a_name_written_from_the_right(made: Made) -> bytes:
    return _about(made, name="GPT\u202e4-inmO")


@kind("cannot be seen")
def a_name_with_an_invisible_sign(made: Made) -> bytes:
    return _about(made, name="Om\u200bni")


@kind("cannot be seen")
def a_name_with_a_nul_sign(made: Made) -> bytes:
    return _about(made, name="Om\0ni")


@kind("cannot be seen")
def a_name_that_moves_the_cursor(made: Made) -> bytes:
    return _about(made, name="x\x1b[2J\x1b]0;owned\x07")


@kind("combining signs")
def a_tower_of_accents(made: Made) -> bytes:
    return _about(made, name="o" + "\u0301" * 60)


@kind("several lines")
def a_name_of_several_lines(made: Made) -> bytes:
    return _about(made, submitter="Ann\nBo")


@kind("at most 2000 characters")
def notes_without_end(made: Made) -> bytes:
    return _about(made, notes="la " * 5_000)


@kind("no address of a page")
def a_link_that_runs(made: Made) -> bytes:
    return _about(made, link="javascript:alert(1)")


@kind("no address of a page")
def a_link_to_a_file(made: Made) -> bytes:
    return _about(made, link="file:///etc/passwd")


@kind("no address of a page")
def a_link_that_leaves_its_quotes(made: Made) -> bytes:
    return _about(made, link='https://x.org/"onmouseover="alert(1)')


@kind("name or password before its host")
def a_link_with_a_password(made: Made) -> bytes:
    return _about(made, link="https://google.com:secret@evil.org/")


@kind("Input should be 'default'")
def an_unknown_prompt(made: Made) -> bytes:
    return _about(made, prompt="<img src=x>")


@kind("at most 80 items")
def settings_by_the_thousand(made: Made) -> bytes:
    return _about(made, configuration={f"s{number}": number for number in range(2_000)})


@kind("wanted a text of at most 2,000 signs, a number of 64 bits")
def a_seed_of_four_thousand_digits(made: Made) -> bytes:
    return _about(made, configuration={"seed": 10**4000})


@kind("less than or equal to")
def a_claim_beyond_all_percent(made: Made) -> bytes:
    return _about(made, claimed={"overall": 1e308})


@kind("at most 36 are taken")
def rows_by_the_hundred_thousand(made: Made) -> bytes:
    made.about["data"]["rows"] = 100_000
    return made.pack(replies=made.replies + b"".join(b'{"id": "%d"}\n' % n for n in range(100_000 - 36)))


@kind("fingerprint")
def other_data(made: Made) -> bytes:
    made.about["data"]["fingerprint"] = "6" * 64
    return made.pack()


@kind("split")
def another_split(made: Made) -> bytes:
    made.about["data"]["split"] = "train"
    return made.pack()


@kind("knock_out names")
def a_knock_out_twice(made: Made) -> bytes:
    return _about(made, knock_out=["sound", "sound"])


# --- replies.jsonl ---


def _line(made: Made, **changes: object) -> bytes:
    made.lines[3] |= changes
    return made.pack()


@kind("tells of 36 rows")
def one_row_too_few(made: Made) -> bytes:
    made.lines.pop()
    return made.pack()


@kind("rows of plays have no reply")
def a_row_left_out(made: Made) -> bytes:
    made.lines.pop()
    made.about["data"]["rows"] -= 1
    return made.pack()


@kind("tells of 36 rows")
def one_row_too_many(made: Made) -> bytes:
    made.lines.append(made.lines[0] | {"id": "another"})
    return made.pack()


@kind("are no rows of plays")
def an_unknown_id(made: Made) -> bytes:
    return _line(made, id="nobody/knows")


@kind("is on line 1 already")
def an_id_twice(made: Made) -> bytes:
    return _line(made, id=made.lines[0]["id"])


@kind("not complete")
def a_failed_row(made: Made) -> bytes:
    return _line(made, reply="", state="failed")


@kind("state")
def an_unknown_state(made: Made) -> bytes:
    return _line(made, state="right")


@kind("Extra inputs are not permitted")
def a_letter_of_its_own(made: Made) -> bytes:
    return _line(made, letter="A")


@kind("valid string")
def a_reply_that_is_no_text(made: Made) -> bytes:
    return _line(made, reply=["A"])


@kind("at most 32000 characters")
def a_reply_without_end(made: Made) -> bytes:
    return _line(made, reply="la " * 40_000)


@kind("bytes; at most")
def a_line_without_end(made: Made) -> bytes:
    return _line(made, reply="".join(chr(0x4E00 + number % 20_000) for number in range(300_000)))


@kind("NUL")
def a_reply_with_a_nul(made: Made) -> bytes:
    return _line(made, reply="A\0")


@kind("hex escape")
def half_a_character(made: Made) -> bytes:
    return made.pack(replies=made.replies.replace(b'"reply": "A"', b'"reply": "A\\ud83d"', 1))


@kind("no UTF-8")
def replies_in_latin_letters(made: Made) -> bytes:
    return made.pack(replies=made.replies.replace(b'"reply": "A"', b'"reply": "\xe4"', 1))


@kind("Invalid JSON")
def an_empty_line(made: Made) -> bytes:
    made.lines.pop()
    return made.pack(replies=made.replies + b"\n")


@kind("cut short")
def a_last_line_without_its_end(made: Made) -> bytes:
    return made.pack(replies=made.replies[:-5])


@kind("Invalid JSON")
def a_line_that_is_code(made: Made) -> bytes:
    return made.pack(replies=made.replies.replace(made.replies.split(b"\n")[3], b"__import__('os')"))


@kind("recursion limit")
def a_receipt_nested_deeply(made: Made) -> bytes:
    line = json.dumps(made.lines[3]).encode()
    return made.pack(replies=made.replies.replace(line, line[:-1] + b', "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"))


@kind("audio_seconds")
def seconds_that_are_nan(made: Made) -> bytes:
    return _line(made, receipt=made.lines[3]["receipt"] | {"audio_seconds": float("nan")})


@kind("greater than or equal to 0")
def fewer_than_no_frames(made: Made) -> bytes:
    return _line(made, receipt=made.lines[3]["receipt"] | {"frames": -1})


@kind("less than or equal to")
def tokens_beyond_counting(made: Made) -> bytes:
    return _line(made, receipt=made.lines[3]["receipt"] | {"prompt_tokens": 10**30})


@kind("should be an object")
def a_receipt_that_is_a_list(made: Made) -> bytes:
    return _line(made, receipt=[1, 2, 3])
