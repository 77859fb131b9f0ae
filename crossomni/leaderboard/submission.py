"""A submission: what a run said, as an archive, and back under the schema.

The archive holds ``submission.json`` (``schema.About``: who, which data, how, which versions, hashes) and
``replies.jsonl`` (``schema.ReplyLine``: a row's id, reply, state and receipt). No letters, no scores that count: the
board reads the replies and scores them itself.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossomni.errors import InputError
from crossomni.leaderboard.archive import ABOUT, LIMITS, REPLIES, Limits, read_archive, write_archive
from crossomni.leaderboard.configuration import bare, setting, without_secrets
from crossomni.leaderboard.schema import FORMAT, LONGEST_REPLY, About, ReplyLine, check, parse, shorten
from crossomni.records import Prediction

_PROMPTS = ("default", "cot", "icl")
_KEPT = 1_500  # characters of a setting; a longer one (a system prompt) goes in as its hash


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the submitter says of the system, as plain text."""

    name: str
    submitter: str = ""
    link: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Submission:
    """An archive that went through the schema; its rows have not met the board's labels yet."""

    about: About
    replies: tuple[ReplyLine, ...]

    @property
    def receipts(self) -> str:
        """For how many rows it is known what reached the model: ``all``, ``some`` or ``none``."""
        whole = sum(line.receipt is not None and line.receipt.is_whole for line in self.replies)
        return "none" if not whole else "all" if whole == len(self.replies) else "some"

    @property
    def frames(self) -> int | None:
        """The most frames of a clip that reached the model, None where no receipt says."""
        known = [line.receipt.frames for line in self.replies if line.receipt is not None]
        return max((count for count in known if count is not None), default=None)

    @property
    def sound(self) -> bool | None:
        """Whether sound reached the model, None where the receipts do not say."""
        known = [line.receipt.audio_tokens if line.receipt is not None else None for line in self.replies]
        return True if any(known) else None if None in known else False


def pack(words: Words, run: Mapping[str, Any], predictions: Sequence[Prediction], claimed: Mapping[str, Any]) -> bytes:
    """A finished run as a submission's archive; the same run and words give the same bytes.

    Folders of this machine stay out: of a path its last part is kept.

    Args:
        run: what the run's ``run.json`` says.
        claimed: the run's scores, for comparison alone; empty where its labels are held back.

    Raises:
        InputError: when the run is not complete, or on part of its data, or with turned options; when the words are
            not what the schema wants.
    """
    _check_run(run, predictions)
    replies = b"".join(_line(prediction) for prediction in predictions)
    about = _about(words, run, predictions, claimed) | {"hashes": {REPLIES: hashlib.sha256(replies).hexdigest()}}
    made = check(About, about, "the submission")
    text = json.dumps(made.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    data = write_archive({ABOUT: text.encode(), REPLIES: replies})
    unpack(data)  # what would be refused there is refused here
    return data


def unpack(data: bytes, limits: Limits = LIMITS) -> Submission:
    """An archive's submission, when it is whole and as the schema wants it.

    Raises:
        InputError: with one line that says what is wrong and what to do.
    """
    members = read_archive(data, limits)
    about = parse(About, members[ABOUT], ABOUT)
    if hashlib.sha256(members[REPLIES]).hexdigest() != about.hashes.get("replies.jsonl"):
        raise InputError(
            f"{REPLIES} is not the file whose hash {ABOUT} tells: it was changed. Submit the run as it is."
        )
    if len(set(about.knock_out)) < len(about.knock_out):
        raise InputError(f"{ABOUT}: knock_out names {about.knock_out[0]} or another twice. Name each once.")
    return Submission(about, tuple(_replies(members[REPLIES], about.data.rows, limits)))


def _replies(text: bytes, rows: int, limits: Limits) -> Iterable[ReplyLine]:
    count = text.count(b"\n")
    if not text.endswith(b"\n"):
        raise InputError(f"{REPLIES}: the last line has no end, so the file is cut short. Submit the run again.")
    if count != rows or count > limits.rows:
        raise InputError(
            f"{REPLIES}: it has {count:,} lines, {ABOUT} tells of {rows:,} rows (at most {limits.rows:,} are taken). "
            "Give one line a row."
        )
    seen: dict[str, int] = {}
    for number, line in enumerate(text[:-1].split(b"\n"), start=1):
        where = f"{REPLIES}, line {number}"
        if len(line) > limits.line_bytes:
            raise InputError(
                f"{where}: {len(line):,} bytes; at most {limits.line_bytes:,} are taken. Shorten the reply."
            )
        reply = parse(ReplyLine, line, where)
        first = seen.setdefault(reply.id, number)
        if first != number:
            raise InputError(f"{where}: the id {shorten(reply.id)} is on line {first} already. Give one line a row.")
        if reply.state == "failed":
            raise InputError(
                f"{where}: row {shorten(reply.id)} failed, so the run is not complete. Run again into the same folder: "
                "failed rows are asked again."
            )
        yield reply


# --- from a run ---


def _check_run(run: Mapping[str, Any], predictions: Sequence[Prediction]) -> None:
    settings = run.get("configuration")
    if not isinstance(settings, Mapping) or not isinstance(run.get("fingerprints"), Mapping) or "data" not in settings:
        raise InputError("run.json has no configuration or fingerprints. Run again into another folder.")
    failed = [one.id for one in predictions if one.state == "failed"]
    if failed:
        raise InputError(
            f"{len(failed)} of {len(predictions)} rows failed, {failed[0]!r} for one, so the run is not complete. "
            "Run again into the same folder: failed rows are asked again."
        )
    if len(predictions) != run.get("rows"):
        raise InputError(f"{len(predictions)} of {run.get('rows')} rows are there: not complete. Finish the run first.")
    if settings.get("rotation"):
        raise InputError(f"the run's options are turned by {settings['rotation']} places. Submit the plain run.")


def _about(
    words: Words, run: Mapping[str, Any], predictions: Sequence[Prediction], claimed: Mapping[str, Any]
) -> dict[str, Any]:
    settings = run["configuration"]
    return {
        "format": FORMAT,
        **{name: getattr(words, name).strip() for name in ("name", "submitter", "link", "notes")},
        "model": bare(str(run.get("model") or settings.get("model") or "")),
        "data": {
            "name": bare(str(settings["data"])),
            "split": settings.get("split"),
            "fingerprint": run["fingerprints"].get("data"),
            "rows": len(predictions),
        },
        "prompt": _prompt_of(settings),
        "knock_out": sorted(run.get("knock_out") or ()),
        "configuration": {name: _setting(name, value) for name, value in settings.items()},
        "fingerprints": {name: str(value) for name, value in run["fingerprints"].items()},
        "versions": {name: without_secrets(str(value)) for name, value in (run.get("versions") or {}).items()},
        "claimed": {
            name: float(value) if math.isfinite(value) else None
            for name, value in claimed.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
    }


def _prompt_of(settings: Mapping[str, Any]) -> str:
    """The prompt's name where it is one of the project's own, as it is; ``own`` for all else."""
    plain = not settings.get("prompts") and not settings.get("shots") and not settings.get("system")
    return settings["prompt"] if plain and settings.get("prompt") in _PROMPTS else "own"


def _setting(name: str, value: Any) -> Any:
    value = setting(name, value)
    if isinstance(value, str) and len(value) > _KEPT:
        return f"sha256 {hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()}"
    return list(value) if isinstance(value, tuple) else value


def _line(prediction: Prediction) -> bytes:
    """The row's line; characters that no file of text can hold become U+FFFD."""
    line = prediction.to_json()
    reply = _whole(line["reply"])
    if len(reply) > LONGEST_REPLY:
        raise InputError(
            f"row {prediction.id!r}: the reply has {len(reply):,} characters; at most {LONGEST_REPLY:,} are taken. "
            "Set a bound for generated tokens and run again."
        )
    kept = {"id": line["id"], "reply": reply, "state": line["state"], "receipt": line["receipt"]}
    return json.dumps(kept, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
