"""Submissions for tests: rows, labels, a good archive, and archives of any members."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crossomni.leaderboard.labels import Labels
from crossomni.records import Row
from tests.small_corpus import a_row

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARK = "5" * 64
RECEIPT = {"frames": 8, "audio_seconds": 4.5, "video_tokens": 100, "audio_tokens": 50, "prompt_tokens": 300}


def some_rows(count: int = 36, a_clip: int = 3) -> tuple[Row, ...]:
    """Rows of all tasks, ``a_clip`` on each clip."""
    return tuple(a_row(number, f"clip{number // a_clip}", "test") for number in range(count))


def some_labels(rows: Sequence[Row] | None = None, **changes: Any) -> Labels:
    """The board's labels of these rows."""
    rows = some_rows() if rows is None else rows
    fields = {"data": "plays", "split": "test", "fingerprint": MARK, "kind": "hidden", "secret": "s"} | changes
    return Labels(rows={row.id: row for row in rows}, **fields)


def reply_of(row: Row, reply: str | None = None, **changes: Any) -> dict[str, Any]:
    """A line of replies.jsonl; right unless told otherwise."""
    line = {"id": row.id, "reply": row.answer if reply is None else reply, "state": "read", "receipt": RECEIPT}
    return line | changes


def about_of(rows: Sequence[Row], **changes: Any) -> dict[str, Any]:
    """What submission.json says, but for the hashes."""
    return {
        "format": 1,
        "name": "Ear and Eye",
        "submitter": "Ann",
        "link": "https://example.org/model?x=1",
        "notes": "Two lines\nof notes.",
        "model": "org/model-7b",
        "data": {"name": "plays", "split": "test", "fingerprint": MARK, "rows": len(rows)},
        "prompt": "default",
        "knock_out": [],
        "configuration": {"frames": 32, "temperature": 0.0, "prompt": "default", "shots": 0},
        "fingerprints": {"data": MARK, "model": ""},
        "versions": {"crossomni": "0.1.0", "python": "3.11.2"},
        "claimed": {},
    } | changes


@dataclass
class Made:
    """A submission in the making, to be spoiled at will before it is packed."""

    about: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Sequence[Row] | None = None, reply: str | None = None, **about: Any) -> Made:
        """A good one: each row answered right, or as ``reply`` says."""
        rows = some_rows() if rows is None else rows
        return cls(about_of(rows, **about), [reply_of(row, reply) for row in rows])

    def copy(self) -> Made:
        """Another one that can be spoiled."""
        return copy.deepcopy(self)

    @property
    def replies(self) -> bytes:
        """The member replies.jsonl."""
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in self.lines)

    def members(self, replies: bytes | None = None, about: bytes | None = None) -> dict[str, bytes]:
        """Both members; the hash is that of the replies, whatever they are."""
        replies = self.replies if replies is None else replies
        told = self.about | {"hashes": {"replies.jsonl": hashlib.sha256(replies).hexdigest()}}
        text = json.dumps(told, ensure_ascii=False).encode() if about is None else about
        return {"submission.json": text, "replies.jsonl": replies}

    def pack(self, replies: bytes | None = None, about: bytes | None = None) -> bytes:
        """The archive."""
        return zipped(self.members(replies, about).items())


def zipped(members: Mapping[str, bytes] | Any, method: int = zipfile.ZIP_DEFLATED, **info: Any) -> bytes:
    """A zip of these ``(name, bytes)``; ``info`` sets fields of each member's ``ZipInfo``."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type, member.external_attr = method, 0o644 << 16
            for key, value in info.items():
                setattr(member, key, value)
            archive.writestr(member, content)
    return file.getvalue()
