"""The failures of the project, each with its own name.

An error says where, what came, what was wanted and what to do. Each class also inherits the standard
library's class for that kind of failure, so that callers who do not know us can still catch it.
"""

from typing import Literal, get_args

ChatState = Literal["unreachable", "timeout", "rate-limited", "server-error", "refused", "not-a-reply"]
CHAT_STATES: tuple[ChatState, ...] = get_args(ChatState)


class CrossOmniError(Exception):
    """Root of every error that the project raises on purpose."""


class InputError(CrossOmniError, ValueError):
    """What the user gave cannot be used; the command line exits with 2."""


class RecordError(InputError):
    """A record is not what its kind demands."""


class MediaError(InputError):
    """A clip is missing, cut short, silent where sound was promised, or cannot be decoded."""


class DataError(InputError):
    """A dataset's folder, annotations or labels are not what they should be."""


class RunError(InputError):
    """A run's folder belongs to another run, or is damaged."""


class KnockOutError(InputError):
    """A knock-out cannot be had from these data."""


class ProtocolError(InputError):
    """A model of the user's own does not do what the protocol asks of a model."""


class MissingPackageError(CrossOmniError, ImportError):
    """A package that is optional is needed here and is not installed."""


class ModelError(CrossOmniError, RuntimeError):
    """A model could not be loaded, or could not answer."""


class DeafOrBlindError(ModelError):
    """Sound or sight was promised and did not reach the model, or was left out and did (no score without a receipt)."""


class ChatError(ModelError):
    """A chat server gave no reply; ``state`` is the way in which it failed, one of ``CHAT_STATES``."""

    def __init__(self, message: str, state: ChatState) -> None:
        super().__init__(message, state)  # both, so that it survives pickling
        self.state = state

    def __str__(self) -> str:
        return str(self.args[0])


class TrainingError(CrossOmniError, RuntimeError):
    """A training that cannot go on: too little of it can be scored, say."""
