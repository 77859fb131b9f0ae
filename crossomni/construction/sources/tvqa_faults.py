"""What can be wrong with a copy of TVQA. Reasons are few and fixed, so that they can be counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from crossomni.errors import RecordError

# For these an item goes no further.
Fatal = Literal[
    "the name is not TVQA's",
    "the clip is there twice",
    "frames without sound",
    "sound without frames",
    "the media cannot be used",
    "frame numbers have a gap",
    "frames and sound differ in length",
    "subtitles without a clip",
    "a clip without subtitles",
    "the subtitles are there twice",
    "the subtitles cannot be read",
    "an empty subtitle file",
    "no speaker is named",
    "times are discontinuous",
    "a time is beyond the clip",
]
# These are told; what they are about can still be used.
Noted = Literal[
    "subtitles are not in iso-8859-1",
    "two speakers at once",
    "a cue without words",
    "a file that is not TVQA's",
    "a question that cannot be used",
    "questions without a clip",
    "an episode is in several of TVQA's splits",
]
Reason = Fatal | Noted
FATAL: tuple[str, ...] = get_args(Fatal)
REASONS: tuple[str, ...] = (*FATAL, *get_args(Noted))


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong: with which clip or file, why, and where exactly."""

    item: str  # a clip's name; a file's path below the folder where no clip is named
    reason: Reason
    detail: str = ""

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise RecordError(f"fault of {self.item!r}: the reason is {self.reason!r}; wanted one of {REASONS}.")

    @property
    def is_fatal(self) -> bool:
        """Whether its item goes no further."""
        return self.reason in FATAL
