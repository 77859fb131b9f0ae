"""TVQA's clip names: show, season, episode or two of them, segment and clip.

A name without a prefix is of The Big Bang Theory, whose clips came first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crossomni.errors import RecordError
from crossomni.records import check_clip_id

# By the prefix of a clip's name.
SHOWS = {
    "": "The Big Bang Theory",
    "castle": "Castle",
    "friends": "Friends",
    "grey": "Grey's Anatomy",
    "house": "House M.D.",
    "met": "How I Met Your Mother",
}
_PREFIXES = "|".join(filter(None, SHOWS))
_CLIP = re.compile(
    rf"(?:({_PREFIXES})_)?s([0-9]{{2}})e([0-9]{{2}})(?:-([0-9]{{2}}))?_seg([0-9]{{2}})_clip_([0-9]{{2}})"
)
_EPISODE = re.compile(r"(.*?)e([0-9]{1,3})(?:-([0-9]{1,3}))?")


@dataclass(frozen=True, kw_only=True)
class ClipName:
    """What a clip's name tells."""

    id: str
    show: str  # in full
    season: int
    episodes: tuple[int, ...]  # two where one file held a double episode
    segment: int
    clip: int

    @property
    def episode(self) -> str:
        """The episode's id: the name up to its segment; a double episode keeps its double name."""
        return self.id.partition("_seg")[0]


def is_clip_name(text: str) -> bool:
    """Whether TVQA could have given a clip this name.

    >>> is_clip_name("friends_s02e12-13_seg01_clip_04"), is_clip_name("../s01e01_seg01_clip_00")
    (True, False)
    """
    return _CLIP.fullmatch(text) is not None


def read_name(text: str, where: str) -> ClipName:
    """What a clip's name tells; ``where`` is the place that an error names.

    Raises:
        RecordError: when it is no name of TVQA's, a path for instance.

    >>> read_name("s02e12_seg01_clip_04", "here").show
    'The Big Bang Theory'
    """
    found = _CLIP.fullmatch(text)
    if found is None:
        raise RecordError(
            f"{where}: the clip is called {text!r}; wanted a name of TVQA's, such as "
            "'friends_s02e12-13_seg01_clip_04'. Give it its own name again."
        )
    prefix, season, first, last, segment, clip = found.groups()
    return ClipName(
        id=check_clip_id(text, where),
        show=SHOWS[prefix or ""],
        season=int(season),
        episodes=tuple(dict.fromkeys((int(first), int(last or first)))),
        segment=int(segment),
        clip=int(clip),
    )


def episode_groups(episodes: Iterable[str]) -> dict[str, str]:
    """Each episode's group: those that share one, so that ``s02e12-13`` goes with ``s02e12`` and with ``s02e13``.

    A split must keep groups whole. A group is called as the first of its episodes, by name; an episode that ends
    otherwise than TVQA's do is a group of its own.

    >>> episode_groups(["s02e12", "s02e12-13", "s02e14"])
    {'s02e12': 's02e12', 's02e12-13': 's02e12', 's02e14': 's02e14'}
    """
    group_of: dict[tuple[str, str], set[str]] = {}  # by season and number
    groups: dict[str, set[str]] = {}
    for episode in dict.fromkeys(episodes):
        whole = {episode}
        for part in _parts(episode):
            whole |= group_of.get(part, set())
        for member in whole:
            groups[member] = whole
            group_of.update(dict.fromkeys(_parts(member), whole))
    return {episode: min(group) for episode, group in groups.items()}


def _parts(episode: str) -> list[tuple[str, str]]:
    """The single episodes in one, with the show and season before them."""
    found = _EPISODE.fullmatch(episode)
    if found is None:
        return [(episode, "")]
    show_and_season, first, last = found.groups()
    return [(show_and_season, str(number)) for number in range(int(first), int(last or first) + 1)]
