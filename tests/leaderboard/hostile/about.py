# ruff: noqa: D103 (a kind's name says what it is)
"""Archives whose ``submission.json`` is not what it should be."""

from __future__ import annotations

from tests.leaderboard.hostile.kinds import kind
from tests.leaderboard.making import Made


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
