"""Sending a submission to a repository of the Hub: as a pull request, which the board's keeper merges."""

from __future__ import annotations

from datetime import datetime

from crossomni.errors import InputError
from crossomni.hub.repository import reaching
from crossomni.leaderboard.store import FOLDER, Filed
from crossomni.leaderboard.submission import unpack

NOTHING_SENT = "nothing was sent"  # where the Hub was not reached


def is_hub(place: str) -> bool:
    """Whether a store's place is a repository of the Hub.

    >>> is_hub("hf://datasets/someone/board"), is_hub("boards/mine")
    (True, False)
    """
    return place.startswith("hf://")


def propose(data: bytes, place: str, *, now: datetime, endpoint: str | None = None, token: str | None = None) -> str:
    """Check an archive, open a pull request that adds it, and return the request's address.

    Args:
        place: ``hf://datasets/OWNER/NAME``, with a folder behind it where the board is not at the top.
        endpoint: of another Hub.
        token: of the one who submits; by default the one that ``hf auth login`` stored.

    Raises:
        InputError: when the archive would be refused, the place is no repository, or the Hub refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    submission = unpack(data)
    filed = Filed.of(data, now)
    kind, repository, folder = _parts(place)
    with reaching(place, NOTHING_SENT):
        validate_repo_id(repository)
        made = HfApi(endpoint=endpoint, token=token).upload_file(
            path_or_fileobj=data,
            path_in_repo="/".join(part for part in (folder, FOLDER, filed.name) if part),
            repo_id=repository,
            repo_type=kind,
            commit_message=f"Submission: {submission.about.name}",
            create_pr=True,
        )
    return str(made.pr_url)


def _parts(place: str) -> tuple[str, str, str]:
    """Repository type, ``OWNER/NAME`` and the folder in it."""
    kind, _, rest = place.removeprefix("hf://").partition("/")
    owner, _, rest = rest.partition("/")
    name, _, folder = rest.partition("/")
    if kind != "datasets" or not owner or not name or "@" in name:
        raise InputError(f"{place}: wanted hf://datasets/OWNER/NAME, and a folder behind it or none.")
    return "dataset", f"{owner}/{name}", folder.strip("/")
