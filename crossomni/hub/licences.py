"""Which media may be passed on, by their licence and by where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossomni.card import licence_of

# Ids of the Hub under which clips may be given to anybody. What is not here, ``other`` above all, stays at home.
OPEN = (
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0",
    "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "odc-by", "odbl", "pddl", "cdla-permissive-2.0", "unlicense",
)  # fmt: skip
# Whose clips nobody may pass on, whatever a note says of their licence: they are cut from television.
_NEVER = "tvqa"  # wherever it stands in the names of the source and of its licence


def media_may_go(source: Mapping[str, Any]) -> bool:
    """Whether the clips of these data may leave: ``source`` is what data.json says.

    >>> media_may_go({"source": "playhouse"}), media_may_go({"source": "tvqa", "licence": "other"})
    (True, False)
    """
    names = (source["source"], source.get("licence_name"), source.get("licence_link"))
    return licence_of(source) in OPEN and not any(_NEVER in str(name).casefold() for name in names)
