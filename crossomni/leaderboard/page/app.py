"""The board as a server: the Gradio page, a page for each system, downloads, and an address for submissions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossomni.errors import RunError
from crossomni.leaderboard.archive import LIMITS
from crossomni.leaderboard.board import Board, build_board
from crossomni.leaderboard.page.doors import PURPOSE, Doors
from crossomni.leaderboard.page.table import TEMPLATES
from crossomni.leaderboard.page.view import View
from crossomni.leaderboard.page.watch import Watch
from crossomni.leaderboard.receive import A_DAY, receive
from crossomni.leaderboard.store import Store
from crossomni.media.disk import cache_home
from crossomni.optional import need
from crossomni.serving import listening, run, theme

if TYPE_CHECKING:
    from crossomni.leaderboard.labels import Labels

_LOOK_SECONDS, _LOOK_FAR_SECONDS = 2.0, 60.0  # between two looks at a store: in a folder, across the network


def serve(
    store: str,
    labels: Sequence[Labels],
    host: str,
    port: int,
    tell: Callable[[str], None],
    *,
    cache: Path | None = None,
    a_day: int = A_DAY,
) -> None:
    """Serve the board until the process is told to stop; ``tell`` gets its address once it can be reached.

    Args:
        store: a folder, or ``hf://datasets/OWNER/NAME``; one without a submission is an empty board.
        labels: the board's own; no answer of theirs is in anything that is served.
        cache: where scored submissions are kept, on the board's side; in the user's cache by default.
        a_day: submissions that a submitter may send in a day.

    Raises:
        InputError: when the address cannot be had.
        MissingPackageError: when gradio is not installed.
    """
    with listening(host, port) as at:
        need("gradio", PURPOSE)
        place = Store.open(store)
        watch = _watch(place, labels, cache or cache_home() / "leaderboard")

        def submit(data: bytes) -> str:
            try:
                key = receive(data, place, labels, now=datetime.now(UTC), a_day=a_day)
                watch.refresh()
            except OSError as error:  # of the store: no room, no network
                said = error.strerror or type(error).__name__
                raise RunError(f"the board cannot be written or read now ({said}). Send it again later.") from error
            return key

        app = application(lambda: watch.board, submit, most_bytes=LIMITS.archive_bytes)
        watch.start()
        try:
            run(app, at, tell, PURPOSE)
        finally:
            watch.stop()


def _watch(store: Store, labels: Sequence[Labels], cache: Path) -> Watch:
    processes = min(len(os.sched_getaffinity(0)), 8)

    def look() -> object:
        there, strangers = store.listed()
        return tuple((filed.name, info.get("size")) for filed, info in there.items()), tuple(strangers)

    return Watch(
        look,
        lambda: build_board(store, labels, cache, processes=processes),
        every_seconds=_LOOK_SECONDS if store.is_local else _LOOK_FAR_SECONDS,
    )


def application(board: Callable[[], Board], submit: Callable[[bytes], str], *, most_bytes: int) -> Any:
    """The ASGI application.

    ``/`` is the Gradio page; ``/system/KEY``, ``/compare?a=KEY&b=KEY`` are plain pages; ``/board.json``, ``/board.csv``
    and ``/system/KEY.json``, ``.csv`` are downloads; ``POST /submissions`` takes an archive as its body.

    Args:
        board: gives the board as it is now, at once.
        submit: takes an archive and returns its key when the board has it; raises InputError with the reason.
        most_bytes: of an archive; a longer one is refused before all of it is here.

    Raises:
        MissingPackageError: when gradio is not installed.
    """
    gradio, fastapi = need("gradio", PURPOSE), need("fastapi", PURPOSE)
    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(Doors(board, submit, most_bytes).routes())
    return gradio.mount_gradio_app(
        app,
        View(gradio, board, submit).blocks(),
        path="/",
        theme=theme(gradio, primary_hue="blue"),
        css=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
        head=f"<script>{(TEMPLATES / 'page.js').read_text(encoding='utf-8')}</script>",
        max_file_size=most_bytes,
        footer_links=[],
        show_error=False,
        ssr_mode=False,
    )
