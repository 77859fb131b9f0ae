"""Each benchmark's published file as rows, and what each refuses, by file and item."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossomni.benchmarks.opening import open_benchmark
from crossomni.corpus import Corpus
from crossomni.errors import DataError
from crossomni.records import Row
from crossomni.testing.benchmarks import BenchmarkFolder

Written = dict[str, BenchmarkFolder]
Break = Callable[[str, Callable[[Any], Any]], Path]
NAMES = ("daily-omni", "worldsense", "avut")


@pytest.fixture(scope="module")
def corpora(written: Written) -> dict[str, Corpus]:
    """Each benchmark, opened with its clips."""
    return {name: open_benchmark(name, None, folder.folder) for name, folder in written.items()}


def right(row: Row) -> str:
    """The text of the right option."""
    return row.options[row.letters.index(row.answer)]


@pytest.mark.parametrize("name", NAMES)
def test_questions_come_through(name: str, corpora: dict[str, Corpus], written: Written) -> None:
    """Question, right answer and clip are those of the row that the item was made from."""
    source_of = written[name].source_of
    playhouse = Corpus.open("playhouse")
    for row in corpora[name].rows("test"):
        source = source_of[row.id]
        assert (row.question, right(row)) == (source.question, right(source))
        assert corpora[name].media(row).read_bytes() == playhouse.media(source).read_bytes()
        assert corpora[name].clips[row.clip_id].sha256 == playhouse.clips[source.clip_id].sha256


@pytest.mark.parametrize("name", NAMES)
def test_rows_have_options_and_no_task(name: str, corpora: dict[str, Corpus]) -> None:
    """No letters stand before the options; every row is in each of its benchmark's groupings."""
    rows = corpora[name].rows("test")
    assert {row.task for row in rows} == {None}
    assert not [option for row in rows for option in row.options if option[:2] in ("A.", "B.", "C.", "D.")]
    assert set(corpora[name].groups) == {row.id for row in rows}


@pytest.mark.parametrize(
    ("name", "groupings"),
    [
        ("daily-omni", ("type", "duration", "category")),
        ("worldsense", ("domain", "task domain", "task type")),
        ("avut", ("task type", "video type")),
    ],
)
def test_groupings_are_the_benchmarks_own(name: str, groupings: tuple[str, ...], corpora: dict[str, Corpus]) -> None:
    """In the order in which a report shows them."""
    assert {tuple(values) for values in corpora[name].groups.values()} == {groupings}


def test_a_category_that_is_not_given_is_a_group(corpora: dict[str, Corpus]) -> None:
    """Daily-Omni names the category of some items only."""
    found = Counter(values["category"] for values in corpora["daily-omni"].groups.values())
    assert found == {"Lifestyle": 15, "not given": 3}


def test_three_options_are_allowed(corpora: dict[str, Corpus]) -> None:
    """Some items of WorldSense have no more."""
    assert Counter(len(row.options) for row in corpora["worldsense"].rows("test")) == {4: 12, 3: 6}


def test_a_blank_right_option_is_left_out_by_name(corpora: dict[str, Corpus], written: Written) -> None:
    """AVUT has one such item; the others are asked."""
    about = corpora["avut"].source["benchmark"]
    answer = written["avut"].source_of["avut-18"].answer
    assert about["left_out"] == [f"item 18 (QA_id 18): option {answer}, the right one, is blank"]
    assert (len(corpora["avut"].rows("test")), about["items"]) == (17, 18)


def test_what_a_run_will_say_of_it(corpora: dict[str, Corpus]) -> None:
    """Title, licence and link; a file whose hash is not that of the published one is told apart."""
    about = {name: corpus.source["benchmark"] for name, corpus in corpora.items()}
    assert [one["licence"][:5] for one in about.values()] == ["CC BY", "CC BY", "its m"]
    assert [one["annotations"]["as published"] for one in about.values()] == ["not known", "not known", "no"]
    assert {one["link"].startswith("https://huggingface.co/datasets/") for one in about.values()} == {True}


def without(field: str) -> Callable[[Any], None]:
    """Take a field out of the second item of a list."""
    return lambda data: data[1].pop(field) and None


def with_(field: str, value: Any) -> Callable[[Any], None]:
    """Put a value into a field of the second item of a list."""
    return lambda data: data[1].update({field: value})


def in_task(field: str, value: Any) -> Callable[[Any], None]:
    """Put a value into a field of the second video's task1."""
    return lambda data: list(data.values())[1]["task1"].update({field: value})


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("daily-omni", without("Question"), "qa.json, item 2: Question is nothing; wanted text"),
        ("daily-omni", without("Type"), "item 2: Type is nothing"),
        ("daily-omni", without("video_duration"), "item 2: video_duration is nothing"),
        ("daily-omni", without("Choice"), "item 2: Choice is None; wanted a list"),
        ("daily-omni", with_("Choice", ["A. x", "B. y", "z", "D. w"]), "item 2: Choice is lettered A/B/none/D"),
        ("daily-omni", with_("Answer", "E"), "item 2: the answer is 'E'; wanted one of A/B/C/D"),
        ("daily-omni", with_("Answer", ""), "item 2: the answer is ''"),
        ("daily-omni", with_("video_id", 7), "item 2: video_id is 7; wanted text"),
        ("daily-omni", with_("video_id", "../../etc/passwd"), "item 2: clip id is .* no folder and no '..'"),
        ("daily-omni", with_("content_parent_category", ["Sports"]), "item 2: content_parent_category is"),
        ("daily-omni", lambda data: data.insert(1, "an item"), "item 2: str came; wanted an object"),
        ("daily-omni", lambda data: {"items": data}, "qa.json: dict came; wanted a list of items"),
        ("worldsense", in_task("answer", "D. nothing of it"), r"item 2 \(video '_playhouseB'\), task1: the answer is"),
        ("worldsense", in_task("candidates", "A. x"), "task1: candidates is 'A. x'; wanted a list"),
        ("worldsense", in_task("task_type", None), "task1: task_type is None; wanted text"),
        ("worldsense", lambda data: data["_playhouseB"].update(task1="?"), "task1: str came; wanted an object"),
        ("worldsense", lambda data: data["_playhouseB"].pop("domain") and None, "domain is nothing"),
        ("worldsense", lambda data: data["_playhouseB"].update(Task2={}), "'Task2' came; wanted task0, task1"),
        ("worldsense", lambda data: {"v": {"domain": "Music"}}, "no task0, task1 and so on in it"),
        ("worldsense", lambda data: {f"{name}\n": one for name, one in data.items()}, r"clip id is .*\\n'; wanted"),
        ("worldsense", lambda data: list(data.values()), "worldsense_qa.json: list came; wanted a dict"),
        ("avut", without("option_C"), r"AV_Human_data.json, item 2 \(QA_id 2\): option_C is None; wanted text"),
        ("avut", without("video_path"), "video_path is nothing; wanted text"),
        ("avut", with_("video_path", "_fullsize.mp4"), "item 2 .* names no clip"),
        ("avut", without("QA_id"), "QA_id is None; wanted a number"),
        ("avut", with_("QA_id", True), "QA_id is True; wanted a number"),
        ("avut", with_("QA_id", 3), "the id 'avut-3' is also at .*, item 2"),
        ("avut", with_("answer", "the third"), "the answer is 'the third'"),
        ("avut", without("task_type"), "task_type is nothing"),
    ],
)
def test_a_broken_item_is_refused_by_name(
    name: str, how: Callable[[Any], Any], said: str, broken: Break, written: Written
) -> None:
    """With the file, the item's number and what was wanted of it, in one line."""
    with pytest.raises(DataError, match=said) as refused:
        open_benchmark(name, broken(name, how), None, rows_only=True)
    assert "\n" not in str(refused.value)


def test_items_that_cannot_be_asked_are_all_named(broken: Break) -> None:
    """Two options that say the same are the data's fault, not the form's: the others are asked."""
    path = broken("daily-omni", with_("Choice", ["A. x", "B. X", "C. y", "D. z"]))
    corpus = open_benchmark("daily-omni", path, None, rows_only=True)
    assert corpus.source["benchmark"]["left_out"] == ["item 2: options A and B say the same"]
    assert len(corpus.rows("test")) == 17


def test_a_file_without_an_item_that_can_be_asked_is_refused(broken: Break) -> None:
    """Nothing would be left."""
    path = broken("avut", lambda data: data[-1:])
    with pytest.raises(DataError, match=r"none of its 1 items can be asked \(option ., the right one, is blank"):
        open_benchmark("avut", path, None, rows_only=True)
