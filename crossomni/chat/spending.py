"""What asking a server came to: calls, tokens, money."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

from crossomni.chat.replies import ChatReply
from crossomni.errors import ChatError, InputError


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a provider takes, in any one currency; a server of one's own takes nothing."""

    prompt: float = field(default=0.0, metadata={"help": "For a million tokens that the server reads."})
    completion: float = field(default=0.0, metadata={"help": "For a million tokens that it writes."})

    def __post_init__(self) -> None:
        for f in fields(self):
            if not 0 <= getattr(self, f.name) < math.inf:
                raise InputError(f"price: {f.name} is {getattr(self, f.name)}; wanted 0 or more for a million tokens.")


FREE = Price()


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Sums over the requests of a chat so far."""

    replies: int = 0  # requests to which the server replied
    failed: int = 0  # requests that ended without a reply
    cached: int = 0  # requests that were answered by the cache, or by the same request that was under way
    prompt_tokens: int = 0  # of the server's replies, as it counts them
    completion_tokens: int = 0
    uncounted: int = 0  # replies for which the server told no tokens: the sums above lack them

    @property
    def requests(self) -> int:
        """All of them."""
        return self.replies + self.failed + self.cached

    def cost(self, price: Price) -> float:
        """In the price's currency; too low where ``uncounted`` is not 0.

        >>> Spent(replies=1, prompt_tokens=2_000_000, completion_tokens=500_000).cost(Price(prompt=0.1, completion=0.8))
        0.6
        """
        return (self.prompt_tokens * price.prompt + self.completion_tokens * price.completion) / 1e6

    def after(self, outcome: ChatReply | ChatError) -> Spent:
        """With one more outcome of the server."""
        if isinstance(outcome, ChatError):
            return self + Spent(failed=1)
        read, written = outcome.usage.prompt_tokens, outcome.usage.completion_tokens
        return self + Spent(
            replies=1,
            prompt_tokens=read or 0,
            completion_tokens=written or 0,
            uncounted=int(read is None or written is None),
        )

    def __add__(self, other: Spent) -> Spent:
        return Spent(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})
