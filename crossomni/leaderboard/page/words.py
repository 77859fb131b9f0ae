"""What the page says beside its table, as HTML: pictures, what became of a submission, how the board is to be read."""

from __future__ import annotations

import html
from itertools import chain

from crossomni.leaderboard.board import Board
from crossomni.leaderboard.page import pictures
from crossomni.leaderboard.page.arranging import Wish, arrange
from crossomni.leaderboard.page.kept import Kept
from crossomni.leaderboard.page.table import SAYS, address, title

_MOST_REFUSED = 50  # that are named on the page; all of them are in board.json


def pictures_html(board: Board, wish: Wish) -> str:
    """History and heat maps of the systems that fit a wish, a heat map a section."""
    sections = arrange(board.standings, wish)
    dated = [one for one in chain.from_iterable(section.standings for section in sections) if one.at]
    parts = ["<h3>Overall over time</h3>", pictures.history(dated)] if dated else []
    for section in sections:
        first = section.standings[: pictures.MOST_SYSTEMS]
        more = f", the first {len(first)} here" if len(section.standings) > len(first) else ""
        parts += [f"<h3>{html.escape(title(section))}{more}</h3>", pictures.heat_map(first)]
    told = "Percent right. The systems of the table, in its order and by its filters; a dashed line is chance."
    return f'<div class="picture">{"".join(parts) or "<p>No system fits.</p>"}</div><p class="told">{told}</p>'


def answer_html(text: str, *, good: bool) -> str:
    """What became of a submission, as text."""
    return f'<p class="{"good" if good else "bad"}" role="status">{html.escape(text)}</p>'


def received_html(kept: Kept, key: str) -> str:
    """That an archive was taken, and where the system is to be seen."""
    board, standing = kept.board, kept.one(key)
    known = f"<code>{html.escape(key)}</code>"
    if standing is None:
        refused = next((one.reason for one in board.refused if key in one.file), "")
        said = (
            f"and is not on the board: {html.escape(refused)}" if refused else "and will be on the board in a moment."
        )
        return f'<p class="{"bad" if refused else "good"}" role="status">Received as {known} {said}</p>'
    return (
        f'<p class="good" role="status">Received as {known}: <a href="{html.escape(address(key))}">'
        f"{html.escape(standing.name)}</a>, rank {standing.place}. It is in the table.</p>"
    )


def about_html(board: Board) -> str:
    """How to read the board, and what is known of the whole of it."""
    refused = "".join(
        f"<li><code>{html.escape(one.file)}</code>: {html.escape(one.reason)}</li>"
        for one in board.refused[:_MOST_REFUSED]
    )
    count = len(board.refused)
    files = f"<h3>Files of the store that are not shown: {count}</h3><ul>{refused}</ul>" if refused else ""
    head = f"<p>The chain of submissions ends with <code>{html.escape(board.head)}</code>.</p>" if board.head else ""
    kinds = "".join(f"<li><b>{html.escape(name)}</b>: {html.escape(said)}</li>" for name, said in SAYS.items())
    return f"{_READING}<h3>Labels</h3><ul>{kinds}</ul>{_RECEIPTS}{_CHAIN}{head}{files}"


_READING = """<h3>How to read it</h3>
<ul>
<li><b>Rank</b> is the range of places that the 95% interval of Overall allows, among systems on the same data and
labels. Systems whose intervals overlap are not told apart by these questions, so that their ranges overlap too.</li>
<li><b>Single</b> are questions within one modality, <b>Cross</b> those from one to another, <b>Gap</b> is Single -
Cross in points. <b>Overall</b> weighs all questions alike. Chance is 25 percent.</li>
<li>A reply in which no answer can be read counts as wrong.</li>
<li>Intervals are clustered by clip, since the questions about one clip stand and fall together.</li>
</ul>"""
_RECEIPTS = """<h3>Receipts</h3>
<p>A receipt says what of a row really reached the model: frames, seconds of sound, tokens. <b>all</b>: every row has
one. <b>none</b>: the replies were made elsewhere, and nobody can check here what the model was given. <b>Without</b>
names senses that were taken away on purpose.</p>"""
_CHAIN = """<h3>How it is kept</h3>
<p>A submission is one file that never changes, and its key is the file's SHA-256. The board is made from these files
and the labels alone: whoever has both can make it again and compare.</p>"""
