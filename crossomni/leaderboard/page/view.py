"""The board's Gradio page: what its parts show, and what happens when they are used."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from crossomni.errors import CrossOmniError
from crossomni.leaderboard.board import Board
from crossomni.leaderboard.page.arranging import ALL, MOST_TEXT
from crossomni.leaderboard.page.columns import LABELS
from crossomni.leaderboard.page.kept import Latest, remembered
from crossomni.leaderboard.page.wishes import read_wish
from crossomni.leaderboard.page.words import about_html, answer_html, pictures_html, received_html
from crossomni.serving import QUIET, Told

# Gradio keeps for each session what it was shown last, and never forgets a session but for room: 10,000 of them by
# default. Nothing here needs one: a reader whose session is gone gets another without noticing.
SESSIONS = 100
_RECEIPTS = ("all", "some", "none")
_PROMPTS = ("default", "cot", "icl", "own")
_SORTS = """
element.addEventListener("click", (event) => {
  const head = event.target.closest("button[data-sort]"), more = event.target.closest("button[data-more]");
  if (!head && !more) return;
  window.crossomniClicked = head ? {sort: head.dataset.sort} : {more: "yes"};
  trigger("select");
});
watch("value", () => window.crossomniPicked && window.crossomniPicked());
"""
# The table comes by plain HTTP and not through Gradio's queue, which keeps what each session was shown.
_SHOWN = "async (...asked) => (await window.crossomniTable(asked, {}))[1]"
_CLICKED = "async (...asked) => await window.crossomniTable(asked, window.crossomniClicked)"
_HEAD = (
    "<h1>CrossOmni</h1><p>Who finds a referent in one modality and answers from another: sound, picture, text. "
    "The board scores each submission itself, from its replies.</p>"
)
_HOW = (
    "<p>A submission is the archive of a complete run: replies, configuration, receipts, versions. "
    "<code>crossomni leaderboard submit RUN --name NAME --out FILE.zip</code> writes it. It is checked, kept as it is, "
    "and scored here with the board's own labels. Names, links and notes are shown as text.</p>"
)


class View:
    """What each part of the page shows; nothing is kept for a reader."""

    def __init__(self, gradio: Any, board: Callable[[], Board], submit: Callable[[bytes], str]) -> None:
        self._gradio, self._board, self._submit = gradio, board, submit
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
            asked, options = [arranged, *wishes], QUIET
            shown = {"fn": None, "inputs": asked, "outputs": table, "js": _SHOWN, **options}
            blocks.load(**shown)
            for part in wishes:
                listen = part.change if part is wishes[0] else part.input
                listen(**shown, trigger_mode="always_last")
            table.select(None, inputs=asked, outputs=[arranged, table], js=_CLICKED, **options)
            pictures_tab.select(self.drawn, inputs=asked, outputs=drawn, **options)
            about_tab.select(self.told, inputs=[], outputs=about, **options)
            send.click(self.sent, inputs=[file], outputs=[answer, file], **options).then(**shown)
        blocks.state_session_capacity = SESSIONS
        # Gradio looks whether a file was uploaded only in pages that it launched itself: in one that is mounted, a
        # request may name any file of the server as its upload, and have it read.
        blocks.has_launched = True
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

    def drawn(self, *asked: str) -> str:
        """Pictures of what the table shows."""
        with Told(self._gradio):
            return str(self._pictures(self._now(), read_wish(*asked)))

    def told(self) -> str:
        """How the board is to be read."""
        return about_html(self._board())

    def sent(self, file: str | None) -> list[Any]:
        """Take an archive, and say what became of it."""
        if not file:
            return [answer_html("Choose an archive first.", good=False), None]
        try:
            key = self._submit(Path(file).read_bytes())
        except CrossOmniError as error:
            return [answer_html(str(error), good=False), None]
        finally:
            with suppress(OSError):
                os.unlink(file)
        return [received_html(self._now(), key), None]
