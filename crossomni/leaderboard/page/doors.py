"""What the server answers beside the Gradio page: a page for each system, two of them, downloads, submissions."""

from __future__ import annotations

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
        self._off_the_loop = need("starlette.concurrency", PURPOSE).run_in_threadpool
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
        """Take an archive: its key, or the reason; 413 where it is too long, 422 where it is no good one, 503 else."""
        parts, length = [], 0
        async for part in request.stream():
            length += len(part)
            if length > self._most_bytes:
                reason = f"more than {self._most_bytes:,} bytes came, which is all that an archive may have."
                return self._responses.JSONResponse({"reason": reason}, status_code=413)
            parts.append(part)
        try:
            key = await self._off_the_loop(self._submit, b"".join(parts))
        except (DataError, RunError) as error:  # of the board's own, and not the submitter's doing
            return self._responses.JSONResponse({"reason": str(error)}, status_code=503)
        except InputError as error:
            return self._responses.JSONResponse({"reason": str(error)}, status_code=422)
        return self._responses.JSONResponse({"key": key}, status_code=201)

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
