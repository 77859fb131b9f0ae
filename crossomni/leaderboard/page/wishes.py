"""A reader's wish as the page sends it, and what a click in the table makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from crossomni.errors import InputError
from crossomni.leaderboard.page.arranging import ALL, Wish
from crossomni.leaderboard.page.columns import COLUMNS

_EVERYTHING = 1_000_000  # rows
WISHED = ("arranged", "text", "prompt", "labels", "data", "receipts")  # the page's parts, as it names them


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
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise InputError("the order of the table cannot be read. Load the page again.") from error
    if rows < 1:
        raise InputError("fewer than one row was asked for. Load the page again.")
    return replace(wish, sort=sort, downwards=downwards, rows=rows)


def order_of(wish: Wish) -> str:
    """What ``read_wish`` reads as ``arranged``."""
    return json.dumps({"sort": wish.sort, "downwards": wish.downwards, "rows": wish.rows})


def turned(wish: Wish, asked: Mapping[str, str]) -> Wish:
    """The wish after a click in the table: a column turns at each second click; or more rows. No click, no change."""
    if "more" in asked:
        return replace(wish, rows=_EVERYTHING)
    if "sort" not in asked:
        return wish
    column = COLUMNS.get(asked["sort"])
    if column is None:
        raise InputError("the board has no such column. Load the page again.")
    downwards = not wish.downwards if column.id == wish.sort else column.downwards
    return replace(wish, sort=column.id, downwards=downwards)
