"""What a chat client can be told. Light to import: the command line reads its options from here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crossomni.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ChatConfig:
    """Which model of which server is asked, how, and how patiently."""

    url: str = field(metadata={"help": "The server's address, as in http://localhost:8000/v1."})
    model: str = field(metadata={"help": "The model's name on the server."})
    at_once: int = field(default=64, metadata={"help": "Requests under way at the same time, at most."})
    per_minute: int = field(default=0, metadata={"help": "Requests begun in a minute, at most; 0: no limit."})
    tries: int = field(default=5, metadata={"help": "Tries of a request whose failure may pass by itself."})
    deadline_seconds: float = field(default=120.0, metadata={"help": "Time for one try, until its last byte."})
    most_new_tokens: int = field(default=1024, metadata={"help": "The longest reply, in tokens."})
    temperature: float = field(default=0.0, metadata={"help": "0 takes the likeliest token each time."})
    seed: int | None = field(default=None, metadata={"help": "Of the server's sampling; none leaves it to the server."})

    def __post_init__(self) -> None:
        if not _is_address(self.url):
            raise InputError(
                f"url is {_without_secrets(self.url)!r}; wanted http://HOST:PORT/v1 or the same with https, without "
                "user, password or query. A key belongs in OPENAI_API_KEY."
            )
        if not self.model.strip():
            raise InputError("model is empty; wanted its name on the server, as GET /v1/models lists it.")
        for name in ("at_once", "tries", "most_new_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; wanted at least 1.")
        if self.per_minute < 0:
            raise InputError(f"per_minute is {self.per_minute}; wanted 0 (no limit) or more.")
        if not 0 < self.deadline_seconds < math.inf:
            raise InputError(f"deadline_seconds is {self.deadline_seconds}; wanted more than 0.")
        if not 0 <= self.temperature < math.inf:
            raise InputError(f"temperature is {self.temperature}; wanted at least 0.")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        extra = (parts.username, parts.password, parts.query, parts.fragment)
        return url.startswith(("http://", "https://")) and bool(parts.hostname) and parts.port != 0 and not any(extra)
    except ValueError:  # a port that is no number, say
        return False


def _without_secrets(url: str) -> str:
    return re.sub(r"[?#].*|(?<=//)[^/]*@", "…", url, flags=re.DOTALL)
