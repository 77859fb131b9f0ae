"""The table of where a run failed: counts, shares, and the forms in which it is shown."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jinja2

import crossomni.evaluation.reports
from crossomni.evaluation.reasoning.where import Where
from crossomni.judging import LogicPoints
from tests.evaluation.reasoned import TRAIN, shipped, wrong

ROWS = shipped().rows(TRAIN)


def table_of(wrong_places: list[tuple[str, LogicPoints | None]], right: int = 0) -> Where:
    """A table of te rows: wrong ones with these states and points, and so many right and sound ones."""
    row = next(row for row in ROWS if row.task.id == "te")
    found = [*wrong_places, *[("scored", LogicPoints(1, 1, 1))] * right]
    rows = [replace(row, id=str(number)) for number in range(len(found))]
    letters = {one.id: one.answer if int(one.id) >= len(wrong_places) else wrong(one) for one in rows}
    return Where.count(by="x", rows=rows, letters=letters, found={str(n): one for n, one in enumerate(found)})


def test_shares_are_of_what_was_scored():
    """Unscored answers are no part of them; Wilson's interval of 1 in 4 is 4.6 to 69.9."""
    bridge, source = LogicPoints(1, 0, 0), LogicPoints(0, 0, 0)
    found = table_of([("scored", bridge), *[("scored", source)] * 3, ("unparsed", None), ("no-reasoning", None)])
    share = found.tallies["te"].share("wrong", ["bridge"])
    assert [round(x, 1) for x in (share.value, share.low, share.high)] == [25.0, 4.6, 69.9]
    assert dict(found.lines())["Te"] == [
        "3, 75% (30–95)", "1, 25% (5–70)", "0, 0% (0–49)", "0, 0% (0–49)", "–", "–", "1", "1", "0", "6"
    ]  # fmt: skip


def test_json_has_no_nan():
    """A share of nothing is null."""
    found = table_of([("unparsed", None)], right=2).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    te = found["groups"]["te"]
    assert te["shares"]["at the bridge"] is None
    assert te["shares"]["right: sound"][0] == 100
    assert (te["wrong"]["unscored"], te["right"]["sound"], te["rows"]) == (1, 2, 3)


def test_markdown_has_a_cell_for_each_heading():
    """Nine tasks and three averages."""
    grid = [line for line in table_of([], right=1).to_markdown().splitlines() if line.startswith("|")]
    assert len(grid) == 2 + 12
    assert len({line.count("|") for line in grid}) == 1
    assert "| Te | – | – | – | – | 1, 100% (21–100) | 0, 0% (0–79) | 0 | 0 | 0 | 1 |" in grid


def test_the_page_shows_where_it_failed():
    """A part of the report, and nothing where nobody has looked."""
    templates = Path(crossomni.evaluation.reports.__file__).parent / "templates"
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    part = pages.get_template("where.html.j2")
    shown = part.render(run=SimpleNamespace(label="<m>", where=table_of([], right=1)))
    assert "&lt;m&gt;: where it failed" in shown
    assert "1, 100% (21–100)" in shown
    assert part.render(run=SimpleNamespace(label="m", where=None)).strip() == ""
