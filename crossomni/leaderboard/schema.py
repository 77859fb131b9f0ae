"""What a submission may hold, field by field: pydantic's models, which refuse whatever they do not know.

Nothing of a submission is used before it went through here. Texts are plain text: what a page or a terminal would take
for commands (control signs, signs that turn the direction of writing, invisible ones) is refused, and markup is left
as the characters that it is.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from crossomni.errors import InputError

FORMAT = 1
LONGEST_NAME, LONGEST_LINK, LONGEST_NOTES, LONGEST_ID = 80, 500, 2_000, 300
LONGEST_REPLY = 32_000  # characters
MOST_ENTRIES = 80  # of a mapping: versions, configuration
MOST_MARKS = 3  # combining signs in a row: languages need two, towers of them hide the lines around
_MOST = 10**9  # tokens, frames, seconds of one row
_SHOWN = 60

_Model = TypeVar("_Model", bound=BaseModel)
Prompt = Literal["default", "cot", "icl", "own"]
KnockOutName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z\-]{0,39}$")]
Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _plain(text: str) -> str:
    """The text, when it shows nothing but itself."""
    marks = 0
    for sign in text:
        kind = unicodedata.category(sign)
        if kind in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp") and sign != "\n":
            what = "a sign that turns the direction of writing" if sign in _TURNS else "a sign that cannot be seen"
            raise ValueError(f"holds {what} (U+{ord(sign):04X}); wanted plain text. Take it out")
        marks = marks + 1 if kind == "Mn" else 0
        if marks > MOST_MARKS:
            raise ValueError(f"holds more than {MOST_MARKS} combining signs in a row; wanted plain text")
    if text != text.strip():
        raise ValueError("begins or ends with white space. Take it off")
    return text


_TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def _one_line(text: str) -> str:
    if "\n" in text:
        raise ValueError("has several lines; wanted one")
    return _plain(text)


def _web_address(text: str) -> str:
    """The text, when it is empty or an address that a browser opens as a page."""
    if not text:
        return text
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is no address ({error}); wanted https://…") from error
    if parts.scheme not in ("http", "https") or not host or not text.isascii() or any(c in text for c in " \"'<>\\`"):
        raise ValueError("is no address of a page; wanted http://… or https://…, in ASCII, or nothing")
    if "@" in parts.netloc:
        raise ValueError("has a name or password before its host. Leave them out")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character. Take it out")
    return text


# Lengths are looked at first, so that nothing long is gone through sign by sign.
_OneLine = AfterValidator(_one_line)
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME), _OneLine]
Who = Annotated[str, StringConstraints(max_length=LONGEST_NAME), _OneLine]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID), _OneLine]
Short = Annotated[str, StringConstraints(max_length=LONGEST_ID), _OneLine]
Notes = Annotated[str, StringConstraints(max_length=LONGEST_NOTES), AfterValidator(_plain)]
Link = Annotated[str, StringConstraints(max_length=LONGEST_LINK), AfterValidator(_plain), AfterValidator(_web_address)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,60}$")]
Text = Annotated[str, StringConstraints(max_length=LONGEST_NOTES), AfterValidator(_no_nul)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**64)]  # seeds, too; longer ones no text can be made of
Setting = bool | Whole | float | Text | None | Annotated[list[Short], Field(max_length=40)]
Count = Annotated[int, Field(ge=0, le=_MOST)]
Claim = Annotated[float, Field(ge=-_MOST, le=_MOST)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class AboutData(_Strict):
    """Which rows were asked."""

    name: Short
    split: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,40}$")]
    fingerprint: Hex64
    rows: Annotated[int, Field(ge=1, le=_MOST)]


class About(_Strict):
    """``submission.json``: who, what, on which data, how, with which versions."""

    format: Literal[1]
    name: Name
    submitter: Who
    link: Link
    notes: Notes
    model: ModelName
    data: AboutData
    prompt: Prompt
    knock_out: Annotated[list[KnockOutName], Field(max_length=20)]
    configuration: Annotated[dict[Key, Setting], Field(max_length=MOST_ENTRIES)]
    fingerprints: Annotated[dict[Key, Short], Field(max_length=MOST_ENTRIES)]
    versions: Annotated[dict[Key, Short], Field(max_length=MOST_ENTRIES)]
    hashes: dict[Literal["replies.jsonl"], Hex64]  # SHA-256 of the other members
    claimed: Annotated[dict[Key, Claim | None], Field(max_length=MOST_ENTRIES)]  # never believed; differences are told


class ReceiptLine(_Strict):
    """What of a row reached the model, as far as its side reports it."""

    frames: Count | None
    audio_seconds: Annotated[float, Field(ge=0, le=_MOST)] | None
    video_tokens: Count | None
    audio_tokens: Count | None
    prompt_tokens: Count | None

    @property
    def is_whole(self) -> bool:
        """Whether it is known how much of sight and of sound reached the model."""
        return self.video_tokens is not None and self.audio_tokens is not None


class ReplyLine(_Strict):
    """One line of ``replies.jsonl``. No letter: the board reads the reply itself."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID), AfterValidator(_no_nul)]
    reply: Annotated[str, StringConstraints(max_length=LONGEST_REPLY), AfterValidator(_no_nul)]
    state: Literal["read", "empty", "unread", "ambiguous", "failed"]
    receipt: ReceiptLine | None


def parse(model: type[_Model], text: bytes, where: str) -> _Model:
    """One JSON object as ``model``.

    Raises:
        InputError: naming place and field, what came and what is wrong with it.
    """
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: byte {error.start} is no UTF-8 ({error.reason}). Write the file in UTF-8; "
            "`crossomni leaderboard submit` does."
        ) from error
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{where}: {_first(error)}. Make the submission again: crossomni leaderboard submit") from None


def check(model: type[_Model], data: Any, where: str) -> _Model:
    """The same of what is no JSON yet.

    Raises:
        InputError: as ``parse`` does.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{where}: {_first(error)}.") from None


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, in one line that a terminal shows as it is."""
    found = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    said = found["msg"].removeprefix("Value error, ").rstrip(".")
    if place.startswith("configuration."):  # one of several kinds: what each of them lacks would be five reasons
        setting = ".".join(place.split(".")[:2])
        return (
            f"{shorten(setting)[1:-1]}: wanted a text of at most {LONGEST_NOTES:,} signs, a number of 64 bits, "
            f"true, false, null, or a list of 40 short texts; {shorten(found['input'])} came"
        )
    came = found["input"]
    shown = "" if isinstance(came, dict) or found["type"] in ("missing", "json_invalid") else f"; {shorten(came)} came"
    count = error.error_count()
    more = f" (and {count - 1} more)" if count > 1 else ""
    field = f"{shorten(place)[1:-1]}: " if place else ""
    return f"{field}{said}{shown}{more}"


def shorten(value: Any) -> str:
    """How a value is told in one line: in ASCII, cut where it is long."""
    text = ascii(value) if not isinstance(value, list) else f"a list of {len(value)}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…'"
