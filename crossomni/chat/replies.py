"""What a chat server answers: a reply, or a failure with its name."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import parsedate_to_datetime
from typing import Any

from crossomni.errors import ChatState

_LONGEST_WISH_SECONDS = 60.0  # of a server that says when to come again


class NotAReply(ValueError):
    """JSON came, but no reply is in it."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one request as the server counts them; None where it does not tell.

    vLLM tells those of sound and sight when it was started with ``--enable-prompt-tokens-details``.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    video_tokens: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChatReply:
    """What the model said."""

    text: str
    thinking: str = ""  # what a server keeps apart of a thinking model's reply
    finish: str | None = None  # "stop", or "length" where most_new_tokens cut it
    usage: Usage = Usage()
    # Natural logarithms by token, of the likeliest first tokens: where the request has logprobs and top_logprobs.
    first_token: Mapping[str, float] = field(default_factory=dict)
    id: str = ""  # the server's own of this reply; empty where it tells none

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> ChatReply:
        """Read a server's answer.

        Raises:
            NotAReply: saying what is missing in it.
        """
        answer = _object(answer)
        choices = answer.get("choices")
        if not isinstance(choices, list) or not choices:
            raise NotAReply(f"no choices in it, but {_words(answer) or 'nothing that says why'}")
        choice = _object(choices[0])
        message = _object(choice.get("message"))
        text, finish = message.get("content"), choice.get("finish_reason")
        # vLLM called it reasoning_content before it called it reasoning.
        thoughts = (message.get("reasoning"), message.get("reasoning_content"))
        thinking = next((thought for thought in thoughts if isinstance(thought, str) and thought), "")
        if text is None and thinking:
            text = ""  # the reply was cut before its thinking ended
        if not isinstance(text, str):
            raise NotAReply(f"its message has the content {text!r}")
        return cls(
            text=text,
            thinking=thinking,
            finish=finish if isinstance(finish, str) else None,
            usage=_usage(_object(answer.get("usage"))),
            first_token=_first_token(_object(choice.get("logprobs")).get("content")),
            id=answer["id"] if isinstance(answer.get("id"), str) else "",
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ChatReply:
        """Read what ``dataclasses.asdict`` made of a reply; other keys are left alone.

        Raises:
            KeyError, TypeError: when it is no reply.
        """
        # Replies that were kept before ids were have none.
        values = {"id": ""} | {f.name: record[f.name] for f in fields(cls) if f.name != "id" or "id" in record}
        return cls(**{**values, "usage": Usage(**values["usage"])})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why one try brought no reply."""

    state: ChatState
    what: str  # came instead
    passing: bool  # whether it can pass by itself, so that another try makes sense
    after_seconds: float = 0.0  # how long the server wants to be left alone, within reason

    @classmethod
    def of_status(cls, status: int, body: str, headers: Mapping[str, str]) -> Failure:
        """What an HTTP status of 400 or more stands for."""
        state: ChatState = "rate-limited" if status == 429 else "server-error" if status >= 500 else "refused"
        try:
            said = _words(json.loads(body)) or body
        except (ValueError, RecursionError):
            said = body
        return cls(
            state=state,
            what=f"answered with {status}" + (f", {said}" if said.strip() else ""),
            passing=state != "refused",
            after_seconds=_retry_after(headers.get("retry-after", "")),
        )


def _object(value: Any) -> dict[str, Any]:
    """A JSON object's fields. Of the hub's own objects the fields that it does not know are attributes only."""
    return {**value, **getattr(value, "__dict__", {})} if isinstance(value, dict) else {}


def _words(data: Any) -> str:
    """A server's own words in the forms that are about: ``error`` with a ``message`` or without, ``detail``."""
    while isinstance(data, dict):
        data = next((data[name] for name in ("error", "message", "detail") if data.get(name)), None)
    return data if isinstance(data, str) else ""


def _usage(usage: Mapping[str, Any]) -> Usage:
    details = _object(usage.get("prompt_tokens_details"))
    # OpenAI and SGLang have a field for each kind. vLLM has since 2026 an object with the kinds that the prompt
    # holds: one that is not in it has no token there, and that is how a deaf model shows.
    if by_kind := _object(details.get("multimodal_tokens")):
        details = {f"{kind}_tokens": by_kind.get(kind, 0) for kind in ("audio", "image", "video")}
    counts = {
        **details,
        "prompt_tokens": usage.get("prompt_tokens"),
        "completion_tokens": usage.get("completion_tokens"),
    }
    return Usage(**{f.name: _count(counts.get(f.name)) for f in fields(Usage)})


def _first_token(tokens: Any) -> dict[str, float]:
    """What is told of the first token's likeliest readings; of two that are written alike, the likelier."""
    first = _object(tokens[0]) if isinstance(tokens, list) and tokens else {}
    likeliest = first.get("top_logprobs")
    logs: dict[str, float] = {}
    for entry in map(_object, likeliest if isinstance(likeliest, list) else ()):
        token, log = entry.get("token"), entry.get("logprob")
        if isinstance(token, str) and isinstance(log, int | float) and -1e9 < log < 1e9:
            logs[token] = max(float(log), logs.get(token, -math.inf))
    return logs


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _retry_after(header: str) -> float:
    """Seconds of the header Retry-After, which holds seconds or a date; 0 where it holds neither."""
    if re.fullmatch(r"\d{1,9}(\.\d+)?", header.strip()):
        seconds = float(header)
    else:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), _LONGEST_WISH_SECONDS)
