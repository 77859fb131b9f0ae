import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossomni.construction.sources.tvqa_names import SHOWS, episode_groups, is_clip_name, read_name
from crossomni.errors import RecordError

NUMBER = st.integers(0, 99)


@pytest.mark.parametrize(
    ("name", "show"),
    [
        ("s01e02_seg01_clip_00", "The Big Bang Theory"),
        ("met_s01e02_seg01_clip_00", "How I Met Your Mother"),
        ("grey_s01e02_seg01_clip_00", "Grey's Anatomy"),
    ],
)
def test_a_prefix_names_the_show(name: str, show: str) -> None:
    """A clip's prefix tells its show, and no prefix is The Big Bang Theory."""
    assert show == read_name(name, "here").show


def test_a_double_episode_counts_as_both() -> None:
    """A clip of a double episode is of both, and its episode keeps the double name."""
    name = read_name("friends_s02e12-13_seg03_clip_04", "here")
    assert ((12, 13), "friends_s02e12-13", 3, 4) == (name.episodes, name.episode, name.segment, name.clip)


@given(st.sampled_from(sorted(SHOWS)), NUMBER, NUMBER, st.none() | NUMBER, NUMBER, NUMBER)
def test_a_name_is_read_back(
    prefix: str, season: int, episode: int, second: int | None, segment: int, clip: int
) -> None:
    """Whatever TVQA could call a clip is read as it was written."""
    double = "" if second is None else f"-{second:02}"
    start = f"{prefix}_" if prefix else ""
    text = f"{start}s{season:02}e{episode:02}{double}_seg{segment:02}_clip_{clip:02}"
    name = read_name(text, "here")
    found = (name.id, name.show, name.season, name.episodes[0], name.episodes[-1], name.segment, name.clip)
    last = episode if second is None else second
    assert (text, SHOWS[prefix], season, episode, last, segment, clip) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "../friends_s01e02_seg01_clip_00",
        "friends_s01e02_seg01_clip_00\n",
        "friends_s01e02_seg01_clip_00.mp4",
        "friends_s1e02_seg01_clip_00",
        "cheers_s01e02_seg01_clip_00",
        "s01e02_seg01_clip_0٣",
    ],
)
def test_another_name_is_refused(text: str) -> None:
    """What TVQA would not call a clip, a path above all, is refused with its place."""
    assert not is_clip_name(text)
    with pytest.raises(RecordError, match="line 7: the clip is called"):
        read_name(text, "line 7")


def test_a_double_episode_joins_the_two() -> None:
    """A double episode, and both that are in it, are one group; another show's and another season's are not."""
    groups = episode_groups(["s02e13", "s02e12-13", "s02e12", "s03e12", "met_s02e12"])
    assert {"s02e12"} == {groups[episode] for episode in ("s02e12", "s02e13", "s02e12-13")}
    assert {"s03e12", "met_s02e12"} == {groups["s03e12"], groups["met_s02e12"]}


def test_groups_join_in_chains() -> None:
    """Two double episodes that share one are a group, whichever came first."""
    assert {"s01e01-02"} == set(episode_groups(["s01e03", "s01e01-02", "s01e02-03"]).values())


def test_an_unusual_episode_stands_alone() -> None:
    """An episode that is not called as TVQA's are is a group of its own."""
    assert {"pilot": "pilot", "finale": "finale"} == episode_groups(["pilot", "finale", "pilot"])


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 1)), max_size=8))
def test_whatever_shares_an_episode_shares_a_group(spans: list[tuple[int, int]]) -> None:
    """Two episodes with a number in common are never in two groups, and a group bridges no gap."""
    numbers = {f"s01e{first:02}" + (f"-{first + 1:02}" if more else ""): {first, first + more} for first, more in spans}
    groups = episode_groups(numbers)
    assert set(numbers) == set(groups)
    for one in numbers:
        for other in numbers:
            if numbers[one] & numbers[other]:
                assert groups[one] == groups[other]
    for group in set(groups.values()):
        held = set().union(*(numbers[episode] for episode in numbers if groups[episode] == group))
        assert held == set(range(min(held), max(held) + 1))
