"""A repository's name, and what is said when the Hub refuses or cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crossomni.errors import InputError


def check_name(repo_id: str, what: str = "push to") -> None:
    """Find out whether it can be a repository's name; ``what`` says in messages what it is for.

    Raises:
        InputError: when it cannot.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise InputError(f"{what} {repo_id!r}: is no repository's name ({error}). Give OWNER/NAME.") from error
    if "/" not in repo_id:
        raise InputError(f"{what} {repo_id!r}: names no owner. Give OWNER/NAME.")


def check_token(repo_id: str, token: str | None) -> None:
    """Find out whether there is a token, before anything is written or sent.

    Raises:
        InputError: when there is none, with the command that gets one.
    """
    from huggingface_hub import get_token

    if not (token or get_token()):
        raise InputError(f"push to {repo_id}: no token was found; wanted one that may write. Run: hf auth login")


@contextmanager
def reaching(what: str, kept: str) -> Iterator[None]:
    """Turn the Hub's failures into one line.

    Args:
        what: it begins the line: ``push to OWNER/NAME``, or a place.
        kept: what a user has not lost where the Hub is not reached.

    Raises:
        InputError: when the Hub refuses, is not reached, or has no such repository.
    """
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
    )

    try:
        yield
    except HfHubHTTPError as error:
        said = _on_one_line(error.server_message or error)
        raise InputError(
            f"{what}: the Hub refused it ({error.response.status_code}: {said}). "
            "Check the name, and that the token may write there: hf auth login"
        ) from error
    except (HFValidationError, LocalTokenNotFoundError) as error:
        raise InputError(f"{what}: {_on_one_line(error)}. Check the name, and log in: hf auth login") from error
    except (OfflineModeIsEnabled, HTTPError) as error:
        raise InputError(
            f"{what}: the Hub was not reached ({_on_one_line(error)}). Check the network and HF_HUB_OFFLINE; {kept}."
        ) from error


def _on_one_line(said: object) -> str:
    return " ".join(str(said).split()).rstrip(".")
