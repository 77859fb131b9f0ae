"""The board's Gradio page: what its parts show, and what happens when they are used."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossomni.errors import CrossOmniError, InputError
from crossomni.leaderboard.board import Board
from crossomni.leaderboard.page.arranging import ALL, MOST_TEXT, Wish
from crossomni.leaderboard.page.columns import COLUMNS, LABELS
from crossomni.leaderboard.page.kept import Latest, remembered
from crossomni.leaderboard.page.table import table_html
from crossomni.leaderboard.page.words import about_html, answer_html, pictures_html, received_html

_EVERYTHING = 1_000_000  # rows
# Gradio keeps for each session what it was shown last, a whole table, and never forgets a session but for room: 10,000
# of them by default. Nothing here needs one: a reader whose session is gone gets another without noticing.
SESSIONS = 100
_RECEIPTS = ("all", "some", "none")
_PROMPTS = ("default", "cot", "icl", "own")
_SORTS = """
element.addEventListener("click", (event) => {
  const head = event.target.closest("button[data-sort]"), more = event.target.closest("button[data-more]");
  if (head) trigger("select", {sort: head.dataset.sort}); else if (more) trigger("select", {more: true});
});
watch("value", () => window.crossomniPicked && window.crossomniPicked());
"""
_HEAD = (
    "<h1>CrossOmni</h1><p>Who finds a referent in one modality and answers from another: sound, picture, text. "
    "The board scores each submission itself, from its replies.</p>"
)
_HOW = (
    "<p>A submission is the archive of a complete run: replies, configuration, receipts, versions. "
    "<code>crossomni leaderboard submit RUN --name NAME --out FILE.zip</code> writes it. It is checked, kept as it is, "
    "and scored here with the board's own labels. Names, links and notes are shown as text.</p>"
)


def read_wish(arranged: str, text: str, prompt: str, labels: str, data: str, receipts: str) -> Wish:
    """The wish that the page's parts add up to; ``arranged`` is JSON of ``sort``, ``downwards`` and ``rows``.

    Raises:
        InputError: for anything that the page does not send.
    """
    wish = Wish(text=text or "", prompt=prompt or ALL, labels=labels or ALL, data=data or ALL, receipts=receipts or ALL)
    if not arranged:
        return wish
    try:
        order = json.loads(arranged)
        sort, downwards, rows = str(order["sort"]), bool(order["downwards"]), int(order["rows"])
    except (ValueError, TypeError, KeyError) as error:
        raise InputError("the order of the table cannot be read. Load the page again.") from error
    return replace(wish, sort=sort, downwards=downwards, rows=rows)


def turned(wish: Wish, asked: dict[str, Any]) -> Wish:
    """The wish after a click in the table: a column turns at each second click; or more rows."""
    if asked.get("more"):
        return replace(wish, rows=_EVERYTHING)
    column = COLUMNS.get(str(asked.get("sort")))
    if column is None:
        raise InputError("the board has no such column. Load the page again.")
    downwards = not wish.downwards if column.id == wish.sort else column.downwards
    return replace(wish, sort=column.id, downwards=downwards)


class View:
    """What each part of the page shows; nothing is kept for a reader."""

    def __init__(self, gradio: Any, board: Callable[[], Board], submit: Callable[[bytes], str]) -> None:
        self._gradio, self._board, self._submit = gradio, board, submit
        self._table = remembered(32, lambda kept, wish: table_html(kept.board, wish))
        self._pictures = remembered(4, lambda kept, wish: pictures_html(kept.board, wish))
        self._now = Latest(board)

    def blocks(self) -> Any:
        """The page."""
        gradio = self._gradio
        with gradio.Blocks(title="CrossOmni board", analytics_enabled=False, delete_cache=(600, 600)) as blocks:
            gradio.HTML(_HEAD, elem_id="head")
            # In the page and not on the server; page.css hides it.
            arranged = gradio.Textbox("", elem_id="arranged", container=False)
            with gradio.Tabs(elem_id="tabs"):
                with gradio.Tab("Board", id="board"):
                    wishes, table = self._filters(), gradio.HTML(elem_id="table", js_on_load=_SORTS)
                    gradio.HTML('<p class="told">All of it: <a href="/board.csv" download>CSV</a> · '
                                '<a href="/board.json" download>JSON</a></p>')  # fmt: skip
                with gradio.Tab("Pictures", id="pictures") as pictures_tab:
                    drawn = gradio.HTML(elem_id="pictures")
                with gradio.Tab("Submit", id="submit"):
                    gradio.HTML(_HOW)
                    file = gradio.File(
                        label="Archive", file_count="single", type="filepath", elem_id="file", height=150
                    )
                    send = gradio.Button("Submit", variant="primary", elem_id="send", min_width=160)
                    answer = gradio.HTML(elem_id="answer")
                with gradio.Tab("About", id="about-tab") as about_tab:
                    about = gradio.HTML(elem_id="about")
            asked, options = [arranged, *wishes], _quiet()
            blocks.load(self.filtered, inputs=asked, outputs=table, **options)
            for part in wishes:
                listen = part.change if part is wishes[0] else part.input
                listen(self.filtered, inputs=asked, outputs=table, trigger_mode="always_last", **options)
            table.select(self._clicked(), inputs=asked, outputs=[arranged, table], **options)
            pictures_tab.select(self.drawn, inputs=asked, outputs=drawn, **options)
            about_tab.select(self.told, inputs=[], outputs=about, **options)
            send.click(self.sent, inputs=[file, *asked], outputs=[answer, file, table], **options)
        blocks.state_session_capacity = SESSIONS
        return blocks

    def _filters(self) -> list[Any]:
        gradio = self._gradio
        data = sorted({standing.data for standing in self._board().standings})
        chosen = {"Prompt": _PROMPTS, "Labels": tuple(LABELS), "Data": data, "Receipts": _RECEIPTS}
        with gradio.Row(elem_id="filters"):
            text = gradio.Textbox(label="Find", placeholder="name, model, submitter, notes", elem_id="text",
                                  max_lines=1, max_length=MOST_TEXT)  # fmt: skip
            return [
                text,
                *(
                    gradio.Dropdown([ALL, *names], value=ALL, label=label, elem_id=label.lower())
                    for label, names in chosen.items()
                ),
            ]

    def _clicked(self) -> Callable[..., list[str]]:
        """``sorted`` in the form that Gradio hands a click to: by the annotation, which needs Gradio."""

        def clicked(arranged: str, text: str, prompt: str, labels: str, data: str, receipts: str, event: Any) -> Any:
            return self.sorted((arranged, text, prompt, labels, data, receipts), event._data)

        clicked.__annotations__["event"] = self._gradio.EventData
        return clicked

    def filtered(self, *asked: str) -> str:
        """The table for what stands in the filters."""
        with Told(self._gradio):
            return str(self._table(self._now(), read_wish(*asked)))

    def sorted(self, asked: Sequence[str], click: Any) -> list[str]:
        """The table after a click on one of its heads."""
        with Told(self._gradio):
            wish = turned(read_wish(*asked), click if isinstance(click, dict) else {})
            order = {"sort": wish.sort, "downwards": wish.downwards, "rows": wish.rows}
            return [json.dumps(order), str(self._table(self._now(), wish))]

    def drawn(self, *asked: str) -> str:
        """Pictures of what the table shows."""
        with Told(self._gradio):
            return str(self._pictures(self._now(), read_wish(*asked)))

    def told(self) -> str:
        """How the board is to be read."""
        return about_html(self._board())

    def sent(self, file: str | None, *asked: str) -> list[Any]:
        """Take an archive, and say what became of it."""
        if not file:
            return [answer_html("Choose an archive first.", good=False), None, self._gradio.skip()]
        try:
            key = self._submit(Path(file).read_bytes())
        except CrossOmniError as error:
            return [answer_html(str(error), good=False), None, self._gradio.skip()]
        finally:
            with suppress(OSError):
                os.unlink(file)
        return [received_html(self._now(), key), None, self.filtered(*asked)]


class Told:
    """Shows a failure of ours on the page, as text."""

    def __init__(self, gradio: Any) -> None:
        self._gradio = gradio

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, CrossOmniError):
            raise self._gradio.Error(html.escape(str(error)), duration=None, print_exception=False) from error


def _quiet() -> dict[str, Any]:
    """No spinner over the table, no public API, nobody waits for another reader."""
    return {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
