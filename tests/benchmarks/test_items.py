"""How options, answers and groups are read: exactly, and refused by name."""

import json
from pathlib import Path

import pytest

from crossomni.benchmarks.items import Item, Published, group, letter_of, read_json, text, unlettered
from crossomni.errors import DataError, RecordError

OPTIONS = ("a red car", "a blue car", "two cars")


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        (" B. ", "B"),
        ("(B)", "B"),
        ("B)", "B"),
        ("B. a blue car", "B"),
        ("(C) two cars", "C"),
        ("a blue car", "B"),
    ],
)
def test_an_answer_has_several_forms(answer: str, letter: str) -> None:
    """A letter, with or without marks, with or without its text, or the text alone."""
    assert letter_of(answer, OPTIONS, "here") == letter


@pytest.mark.parametrize("answer", ["", "D", "b", "AB", "B. two cars", "a car", None, 1, ["B"], "B or C"])
def test_any_other_answer_is_refused(answer: object) -> None:
    """With the place, what came and what was wanted."""
    with pytest.raises(
        DataError, match=r"^qa\.json, item 7: the answer is .*; wanted one of A/B/C, or the text of one"
    ):
        letter_of(answer, OPTIONS, "qa.json, item 7")


@pytest.mark.parametrize(
    ("choices", "options"),
    [
        (["A. x", "B. y"], ("x", "y")),
        (["A) x", "B) y", "C) z"], ("x", "y", "z")),
        (["(A) x", "(B) y"], ("x", "y")),
        (["A.x", "B: y"], ("x", "y")),
        (["x ", "y"], ("x", "y")),
        (["x", "C: drive", "y"], ("x", "C: drive", "y")),
        (["J. Smith", "M. Jones"], ("J. Smith", "M. Jones")),
        (["A.", "B. y"], ("", "y")),
    ],
)
def test_letters_before_options_are_taken_off(choices: list[str], options: tuple[str, ...]) -> None:
    """Where all have their own; a text that only looks so stays."""
    assert unlettered(choices, "Choice", "here") == options


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["A. x", "B. y", "z"], "lettered A/B/none; wanted A/B/C"),
        (["A. x", "B. y", "B. z"], "lettered A/B/B; wanted A/B/C"),
        (["B. x", "A. y", "C. z"], "lettered B/A/C; wanted A/B/C"),
        (["B. x", "A. y"], "lettered B/A; wanted A/B"),
        (["x"], "wanted a list of 2 to 26 texts"),
        ("A. x, B. y", "wanted a list"),
        (["x", None], "wanted a list"),
        (None, "None; wanted a list"),
        (["x"] * 27, "2 to 26"),
    ],
)
def test_other_options_are_refused(choices: object, said: str) -> None:
    """Half lettered, wrongly lettered, too few, too many, or no texts."""
    with pytest.raises(DataError, match=rf"^here: Choice is (.*){said}"):
        unlettered(choices, "Choice", "here")


def test_a_text_must_be_there() -> None:
    """A field that is missing, blank or a number is refused."""
    assert text({"q": " what? "}, "q", "here") == "what?"
    for data, came in (({}, "nothing"), ({"q": " "}, "' '"), ({"q": 3}, "3")):
        with pytest.raises(DataError, match=f"here: q is {came}; wanted text"):
            text(data, "q", "here")


def test_a_group_may_be_absent() -> None:
    """Null, blank and missing are one group by name; a list is refused."""
    assert [group(data, "g", "here") for data in ({}, {"g": None}, {"g": " "}, {"g": "Sports"})] == [
        *["not given"] * 3,
        "Sports",
    ]
    with pytest.raises(DataError, match=r"here: g is \['Sports'\]; wanted text"):
        group({"g": ["Sports"]}, "g", "here")


def published(options: tuple[str, ...], answer: str = "A") -> Published:
    """An item with these options."""
    return Published(
        id="x", where="here", video="v", stems=("v",), question="?", options=options, answer=answer, groups={}
    )


def test_what_cannot_be_asked_is_named() -> None:
    """A blank option, by its letter and whether it is the right one; options that say the same."""
    assert published(("x", "y")).fault == ""
    assert published(("x", " "), "A").fault == "option B is blank"
    assert published(("", "y"), "A").fault == "option A, the right one, is blank"
    assert published(("x", "y", "X ")).fault == "options A and C say the same"


def test_an_item_needs_no_task() -> None:
    """Three options and no task are a row here; one option is not; its columns have no task."""
    item = Item(id="x", clip_id="v", question="?", options=("x", "y", "z"), answer="C")
    assert (item.task, item.letters, item.to_columns()["task"]) == (None, ("A", "B", "C"), "")
    with pytest.raises(RecordError, match="1 options came, 2 to 26 were wanted"):
        Item(id="x", clip_id="v", question="?", options=("x",), answer="A")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"a": 1}', "dict came; wanted a list"),
        (b"[]", "an empty list came"),
        (b"3", "int came"),
        (b'["\\ud83d"]', "is not JSON in UTF-8 .*surrogates not allowed"),
        (b'{"v": {}, "v": {}}', "is not JSON in UTF-8 .'v' is in one object twice"),
    ],
)
def test_a_file_of_another_form_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    """No JSON, another kind of JSON, or nothing in it."""
    path = tmp_path / "qa.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"qa.json: {said}"):
        read_json(path, list)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Files that were saved on Windows begin with one."""
    path = tmp_path / "qa.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([1]).encode())
    assert read_json(path, list) == [1]
