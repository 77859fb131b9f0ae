"""The corpus of hostile submissions: each kind made by a function, with words of the reason that it is refused for."""

from tests.leaderboard.hostile import about, archives, replies
from tests.leaderboard.hostile.kinds import KINDS, Kind

__all__ = ["KINDS", "Kind", "about", "archives", "replies"]
