"""What the project's Gradio pages have in common: an address, a server, quiet events, failures told as text."""

from __future__ import annotations

import html
import socket
from collections.abc import Callable
from typing import Any

from crossomni.errors import CrossOmniError, InputError
from crossomni.optional import need

_SECONDS_TO_END = 2  # for requests under way when the server is told to stop
# No spinner over what is shown, no public API, nobody waits for another one.
QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any that is free.

    Raises:
        InputError: when the address cannot be had.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise InputError(f"{host}:{port}: cannot be listened at ({error}). Give another --port or --host.") from error


def run(application: Any, at: socket.socket, tell: Callable[[str], None], purpose: str) -> None:
    """Serve an ASGI application until the process is told to stop; ``tell`` gets its address first.

    Raises:
        MissingPackageError: when uvicorn is not installed.
    """
    uvicorn = need("uvicorn", purpose)
    host, port = at.getsockname()[:2]
    tell(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    config = uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=_SECONDS_TO_END)
    uvicorn.Server(config).run(sockets=[at])


def theme(gradio: Any, **hues: str) -> Any:
    """Gradio's own look in fonts that are there: one from elsewhere would tell others who reads when."""
    return gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"], **hues)


class Told:
    """Shows a failure of ours on the page, as text."""

    def __init__(self, gradio: Any) -> None:
        self._gradio = gradio

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, CrossOmniError):
            raise self._gradio.Error(html.escape(str(error)), duration=None, print_exception=False) from error
