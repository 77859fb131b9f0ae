"""What the server answers beside the Gradio page: a page for each system, two of them, downloads, submissions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from crossomni.errors import DataError, InputError, RunError
from crossomni.leaderboard.board import Board, Standing
from crossomni.leaderboard.page.details import compare_page, system_page
from crossomni.leaderboard.page.kept import Kept, Latest, remembered
from crossomni.leaderboard.page.table import table_html
from crossomni.leaderboard.page.wishes import WISHED, order_of, read_wish, turned
from crossomni.optional import need

PURPOSE = "the board's page"
_PAGES_KEPT = 128  # each some 100 kB
_TABLES_KEPT = 32  # each up to some MB
_AT_ONCE = 16  # archives that are on their way, each up to the most bytes
_CHECKED_AT_ONCE = 2  # of these: an archive of the most bytes takes a gigabyte while it is read
_SECONDS_TO_SEND = 120
# The plain pages hold no script and load nothing; were there markup that got through, it would not run.
_NOTHING_RUNS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Doors:
    """Answers to requests, in Starlette's form; ``routes`` says which are asked for where."""

    def __init__(self, board: Callable[[], Board], submit: Callable[[bytes], str], most_bytes: int) -> None:
        self._responses = need("starlette.responses", PURPOSE)
        anyio = need("anyio", PURPOSE)
        self._off_the_loop, self._threads = anyio.to_thread.run_sync, anyio.CapacityLimiter
        self._checking: Any = None  # made within the server's loop
        self._coming = 0
        self._now, self._submit, self._most_bytes = Latest(board), submit, most_bytes
        self._table = remembered(_TABLES_KEPT, lambda kept, wish: table_html(kept.board, wish).encode())
        self._json = remembered(1, lambda kept: _dumped(kept.board.to_json()))
        self._csv = remembered(1, lambda kept: kept.board.to_csv().encode("utf-8"))
        self._system = remembered(_PAGES_KEPT, lambda kept, key: system_page(kept.board, kept.one(key)).encode())
        self._pair = remembered(
            _PAGES_KEPT, lambda kept, a, b: compare_page(kept.board, kept.one(a), kept.one(b)).encode()
        )

    def routes(self) -> list[Any]:
        """What is asked for where."""
        route = need("starlette.routing", PURPOSE).Route
        asked = {
            "/board.json": self.board_json,
            "/board.csv": self.board_csv,
            "/table": self.table,
            "/system/{key:path}.json": self.system_json,
            "/system/{key:path}.csv": self.system_csv,
            "/system/{key:path}": self.system,
            "/compare": self.compare,
        }
        answers = [route(path, answer, methods=["GET"]) for path, answer in asked.items()]
        return [*answers, route("/submissions", self.submission, methods=["POST"])]

    def board_json(self, _request: Any) -> Any:
        """All of the board."""
        return self._download(self._json(self._now()), "application/json")

    def board_csv(self, _request: Any) -> Any:
        """A line a system."""
        return self._download(self._csv(self._now()), "text/csv; charset=utf-8")

    def table(self, request: Any) -> Any:
        """The table for what stands in the page's filters, after a click in it where there was one, and its order."""
        asked = request.query_params
        try:
            wish = turned(read_wish(*(asked.get(name, "") for name in WISHED)), asked)
        except InputError as error:
            return self._responses.PlainTextResponse(str(error), status_code=422)
        headers = {"X-Arranged": order_of(wish), "X-Content-Type-Options": "nosniff"}
        return self._responses.HTMLResponse(self._table(self._now(), wish), headers=headers)

    def system_json(self, request: Any) -> Any:
        """One system."""
        kept, standing = self._asked(request)
        if standing is None:
            return self._missing()
        return self._download(_dumped(kept.alone(standing).to_json()["standings"][0]), "application/json")

    def system_csv(self, request: Any) -> Any:
        """One system, as a line below its heads."""
        kept, standing = self._asked(request)
        if standing is None:
            return self._missing()
        return self._download(kept.alone(standing).to_csv().encode("utf-8"), "text/csv; charset=utf-8")

    def system(self, request: Any) -> Any:
        """A system's page."""
        kept, standing = self._asked(request)
        return self._page(self._system(kept, standing.key)) if standing else self._missing()

    def compare(self, request: Any) -> Any:
        """Two systems."""
        kept, keys = self._now(), [request.query_params.get(side, "") for side in "ab"]
        if not all(map(kept.one, keys)):
            return self._missing()
        return self._page(self._pair(kept, *keys))

    async def submission(self, request: Any) -> Any:
        """Take an archive: its key, or the reason.

        413 where it is too long, 422 where it is no good one, 408 where it is too slow, 403 where another site's page
        sends it from a reader's browser, 503 where the board is busy or at fault.
        """
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return self._refused(403, "another site's page sent it. Send it from the board's own page, or by curl.")
        if self._coming >= _AT_ONCE:
            return self._refused(503, f"{_AT_ONCE} archives are on their way already. Send it again in a minute.")
        self._coming += 1
        try:
            async with asyncio.timeout(_SECONDS_TO_SEND):
                data = await self._body(request)
            if data is None:
                said = f"more than {self._most_bytes:,} bytes came, which is all that an archive may have."
                return self._refused(413, f"{said} Shorten the replies' thinking.")
            self._checking = self._checking or self._threads(_CHECKED_AT_ONCE)
            key = await self._off_the_loop(self._submit, data, limiter=self._checking)
        except TimeoutError:
            return self._refused(408, f"it was not here within {_SECONDS_TO_SEND} seconds. Send it again.")
        except (DataError, RunError) as error:  # of the board's own, and not the submitter's doing
            return self._refused(503, str(error))
        except InputError as error:
            return self._refused(422, str(error))
        finally:
            self._coming -= 1
        return self._responses.JSONResponse({"key": key}, status_code=201)

    async def _body(self, request: Any) -> bytes | None:
        """All that comes, None where it is more than an archive may have."""
        parts, length = [], 0
        async for part in request.stream():
            length += len(part)
            if length > self._most_bytes:
                return None
            parts.append(part)
        return b"".join(parts)

    def _refused(self, status: int, reason: str) -> Any:
        return self._responses.JSONResponse({"reason": reason}, status_code=status)

    def _asked(self, request: Any) -> tuple[Kept, Standing | None]:
        kept = self._now()
        return kept, kept.one(request.path_params["key"])

    def _download(self, data: bytes, kind: str) -> Any:
        return self._responses.Response(data, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    def _page(self, page: bytes) -> Any:
        return self._responses.HTMLResponse(page, headers=_NOTHING_RUNS)

    def _missing(self) -> Any:
        text = "There is no such system on this board. Its list is at /board.csv.\n"
        return self._responses.PlainTextResponse(text, status_code=404)


def _dumped(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8")
