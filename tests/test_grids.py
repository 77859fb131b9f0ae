"""A table is the same for the terminal and in Markdown."""

import io

import pytest
from rich.console import Console

from crossomni.grids import Grid, markdown, tables

WORDS = Grid("Runs [b]", ("run", "points", "how"), (("qwen2.5-omni-7b", "1.00\n(+2%)", "a | b"),), left=(0, 2))


def shown(*found, width=100):
    """What the terminal shows."""
    page = io.StringIO()
    Console(file=page, width=width).print(*found)
    return [line.rstrip() for line in page.getvalue().splitlines()]


def test_the_terminal():
    """Words stand left and figures right, a cell has two lines, and what is in brackets stays."""
    assert shown(WORDS.table()) == [
        "Runs [b]",
        " run              points  how",
        " qwen2.5-omni-7b    1.00  a | b",
        "                   (+2%)",
    ]


def test_a_narrow_first_column_breaks_behind_a_mark():
    """Not within a word, where there is another way."""
    assert [line.split()[0] for line in shown(WORDS.table(), width=28)[2:4]] == ["qwen2.5-", "omni-7b"]


def test_markdown():
    """A cell is on one line, and a bar in it is no border."""
    assert WORDS.markdown().splitlines() == [
        "**Runs [b]**",
        "",
        "| run | points | how |",
        "| --- | ---: | --- |",
        "| qwen2.5-omni-7b | 1.00 (+2%) | a \\| b |",
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_a_legend_stands_below_the_last_table(count):
    """In both forms, however many tables there are."""
    assert ["", "what it says"] == markdown([WORDS] * count, "what it says").splitlines()[-2:]
    drawn = tables([WORDS] * count, "what it says")
    assert ["what it says"] == shown(*drawn)[-1:]
    assert [None] * (count - 1) == [one.caption for one in drawn[:-1]]
