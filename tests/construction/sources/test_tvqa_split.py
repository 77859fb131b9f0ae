from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossomni.construction.sources.tvqa_split import split_clip
from crossomni.errors import InputError
from crossomni.records import Clip
from tests.construction.sources.copies import line


@st.composite
def clips(draw: st.DrawFn) -> Clip:
    """A clip of 1 to 25 lines of 0.2 to 8 s with pauses of 0 to 20 s, in milliseconds."""
    lengths = draw(st.lists(st.tuples(st.integers(0, 20_000), st.integers(200, 8_000)), min_size=1, max_size=25))
    lines, at = [], 0
    for number, (pause, length) in enumerate(lengths):
        lines.append(line("Ann", str(number), (at + pause) / 1000, (at + pause + length) / 1000))
        at += pause + length
    end = at + draw(st.integers(0, 40_000))
    return Clip(
        id="s01e01_seg01_clip_00", show="x", episode="s01e01", start_seconds=0, end_seconds=end / 1000, lines=lines
    )


def clip(*times: tuple[float, float], seconds: float) -> Clip:
    """A clip with lines at these times."""
    lines = tuple(line("Ann", str(number), *span) for number, span in enumerate(times))
    return Clip(
        id="s01e01_seg01_clip_00", show="x", episode="s01e01", start_seconds=0, end_seconds=seconds, lines=lines
    )


@given(clips())
def test_every_line_is_in_one_part_and_whole(whole: Clip) -> None:
    """All lines are kept once, in their order, at their times in the clip, and each within its part."""
    parts = split_clip(whole)
    texts, times = [], []
    for part in parts:
        for said in part.lines:
            texts.append(said.text)
            at = part.start_seconds + said.start_seconds, part.start_seconds + said.end_seconds
            times.append(tuple(round(time, 3) for time in at))
            assert 0 <= said.start_seconds < said.end_seconds <= round(part.end_seconds - part.start_seconds, 3)
    assert [said.text for said in whole.lines] == texts
    assert [(said.start_seconds, said.end_seconds) for said in whole.lines] == times


@given(clips())
def test_parts_are_within_bounds(whole: Clip) -> None:
    """No part is longer than it may be, none is empty or overlaps the next, and none reaches beyond the clip."""
    parts = split_clip(whole)
    assert all(part.lines and round(part.end_seconds - part.start_seconds, 3) <= 30 for part in parts)
    assert all(before.end_seconds <= after.start_seconds for before, after in pairwise(parts))
    assert 0 <= parts[0].start_seconds
    assert parts[-1].end_seconds <= whole.end_seconds


@given(clips())
def test_short_parts_are_rare(whole: Clip) -> None:
    """Where all lines with what surrounds them fit into one part, there is one; a short part is not beside another."""
    parts = split_clip(whole)
    if whole.end_seconds <= 30:
        assert 1 == len(parts)
    for before, after in pairwise(parts):
        both_short = max(part.end_seconds - part.start_seconds for part in (before, after)) < 15
        core = after.start_seconds + after.lines[-1].end_seconds - before.start_seconds - before.lines[0].start_seconds
        assert not both_short or core > 30


def test_the_cut_is_in_the_longest_pause() -> None:
    """Of several ways with as many parts, the longer pause is cut, in its middle."""
    parts = split_clip(clip((0, 17), (17.2, 19), (21, 24), (24.2, 40), seconds=40))
    assert [(0, 20), (20, 40)] == [(part.start_seconds, part.end_seconds) for part in parts]


def test_parts_have_ids_of_their_own() -> None:
    """Parts are numbered from 01 behind the clip's name, and keep show and episode."""
    parts = split_clip(clip((0, 20), (25, 45), seconds=46))
    assert ["s01e01_seg01_clip_00_p01", "s01e01_seg01_clip_00_p02"] == [part.id for part in parts]
    assert {("x", "s01e01")} == {(part.show, part.episode) for part in parts}


def test_lines_without_a_pause_are_parted_where_they_meet() -> None:
    """Where one line follows the other at once, the cut is between them."""
    parts = split_clip(clip((0, 16), (16, 32), seconds=32))
    assert [(0, 16), (16, 32)] == [(part.start_seconds, part.end_seconds) for part in parts]


def test_a_single_line_may_be_too_long() -> None:
    """A line is never cut, also where it is longer than a part may be."""
    parts = split_clip(clip((1, 36), (40, 42), seconds=43))
    assert (1, 36) == (parts[0].start_seconds, parts[0].end_seconds)
    assert 2 == len(parts)


def test_long_stillness_is_left_out() -> None:
    """Of stillness that has no room, as much is left out before as behind."""
    (part,) = split_clip(clip((50, 54), seconds=104))
    assert (37, 67) == (part.start_seconds, part.end_seconds)


def test_a_clip_without_lines_has_no_parts() -> None:
    """Where nobody speaks there is nothing to align with."""
    assert () == split_clip(clip(seconds=60))


def test_lines_that_overlap_are_refused() -> None:
    """Lines that run into each other cannot be parted."""
    with pytest.raises(InputError, match="overlap or reach beyond"):
        split_clip(clip((0, 3), (2, 4), seconds=60))


def test_lines_beyond_the_clip_are_refused() -> None:
    """A line that ends behind its clip cannot be in a part."""
    with pytest.raises(InputError, match="overlap or reach beyond its 3"):
        split_clip(replace(clip((0, 4), seconds=60), end_seconds=3))


def test_bounds_that_are_none_are_refused() -> None:
    """The shortest part is not longer than the longest."""
    with pytest.raises(InputError, match="20 to 10"):
        split_clip(clip((0, 3), seconds=60), min_seconds=20, max_seconds=10)
