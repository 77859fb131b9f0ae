# ruff: noqa: D103 (a kind's name says what it is)
"""Archives whose ``replies.jsonl`` is not what it should be."""

from __future__ import annotations

import json

from tests.leaderboard.hostile.kinds import kind
from tests.leaderboard.making import Made


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
