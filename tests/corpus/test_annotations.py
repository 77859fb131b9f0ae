"""Annotations, the JSON lines that `full` takes: what they must be, and what is said when they are not."""

import math

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import DataError, InputError
from tests.corpus.conftest import change_line, media_of


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": "Ada"}, "line 1: row .* answer is 'Ada'"),
        ({"answer": 1}, "line 1: answer is 1; wanted text"),
        ({"options": ["a", "b", "c"]}, "line 1: row .* 3 options came, 4 were wanted"),
        ({"options": "abcd"}, "line 1: options is 'abcd'; wanted a list"),
        ({"rationale": "because"}, "line 1: row .* has a rationale; in test it must be empty"),
        ({"id": "train-play0-0"}, "line 1: the id 'train-play0-0' is also at .*test.jsonl|train.jsonl, line 1: the id"),
        ({"clip_id": "../secret"}, "line 1: row .* clip id is '../secret'"),
        ({"clip_id": "/etc/passwd"}, "line 1: row .* clip id is '/etc/passwd'"),
        ({"clip_id": "nobody"}, "line 1: row .* on clip 'nobody'"),
        ({"episode": "play0"}, "episode 'play play0' is in"),
        ({"task": "smell"}, "line 1: unknown task 'smell'"),
        ({"start_seconds": "0"}, "line 1: start_seconds is '0'; wanted a number"),
        ({"start_seconds": None}, "line 1: start_seconds is None; wanted a number"),
        ({"end_seconds": math.nan}, "line 1: end_seconds is nan; wanted a number"),
        ({"end_seconds": True}, "line 1: end_seconds is True; wanted a number"),
        ({"options": ["a", "b", None, "d"]}, "line 1: row .* an option is empty or not text"),
        ({"show": ["play"]}, r"line 1: show is \['play'\]; wanted text"),
        ({"id": "\ud800"}, r"line 1: id is '\\ud800'; wanted text"),
        ({"question": "Who \udfff?"}, r"line 1: question is 'Who \\udfff\?'; wanted text in whole characters"),
        ({"options": ["a", "b", "\ud800", "d"]}, r"line 1: options is .*ud800.*; wanted a list of texts"),
        ({"id": "one\ntwo"}, r"line 1: id is 'one\\ntwo'; wanted text on one line"),
        ({"start_seconds": -4}, "line 1: row .* goes from -4 to 1 s; wanted 0 <= start_seconds <= end_seconds"),
        ({"start_seconds": 2}, "line 1: row .* goes from 2 to 1 s; wanted 0 <= start_seconds <= end_seconds"),
        ({"answer": ""}, "line 1: row 'test-play2-0' has no answer, though other rows of test have one"),
    ],
)
def test_a_bad_row_is_refused_with_file_and_line(folder, made, changes, message):
    """What is wrong with a row is said in one line that names file and line."""
    change_line(folder / "test.jsonl", **changes)
    with pytest.raises(DataError, match=message) as caught:
        Corpus.open("full", folder, media_of(made))
    assert "\n" not in str(caught.value)
    assert ".jsonl" in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[1]", '{"id": "x"}', "[" * 100_000])
def test_a_line_that_is_no_row_is_refused(folder, made, text):
    """Broken JSON, a list and a row without columns are refused with file and line."""
    (folder / "test.jsonl").write_text(text)
    with pytest.raises(DataError, match=r"test\.jsonl, line 1"):
        Corpus.open("full", folder, media_of(made))


SAID = {"speaker": "Ada", "text": "Yes.", "start_seconds": 0, "end_seconds": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "../a"}, "line 1: clip '../a': clip id is"),
        ({"id": 7}, "line 1: id is 7; wanted text"),
        ({"sha256": None}, "line 1: sha256 is None; wanted text"),
        ({"episode": 3}, "line 1: episode is 3; wanted text"),
        ({"start_seconds": "0"}, "line 1: start_seconds is '0'; wanted a number of seconds"),
        ({"end_seconds": None}, "line 1: end_seconds is None; wanted a number of seconds"),
        ({"end_seconds": [1]}, r"line 1: end_seconds is \[1\]; wanted a number of seconds"),
        ({"end_seconds": math.nan}, "line 1: end_seconds is nan; wanted a number of seconds"),
        ({"lines": None}, "line 1: lines is None; wanted a list of lines"),
        ({"lines": ["Yes."]}, r"line 1, lines\[0\]: 'Yes.' came; wanted one JSON object"),
        ({"lines": [SAID, SAID | {"start_seconds": "0"}]}, r"line 1, lines\[1\]: start_seconds is '0'; wanted a nu"),
        ({"lines": [SAID | {"text": 5}]}, r"line 1, lines\[0\]: text is 5; wanted text"),
        ({"split": 3}, "line 1: split is 3; wanted text"),
        ({"colour": "red"}, "line 1: fields are unknown: colour. Wanted id, show, episode"),
    ],
)
def test_a_bad_clip_record_is_refused(folder, made, changes, message):
    """What is wrong with a clip is said in one line that names file, line and field, and what was wanted."""
    change_line(folder / "clips.jsonl", **changes)
    with pytest.raises(DataError, match=rf"clips\.jsonl, {message}") as caught:
        Corpus.open("full", folder, media_of(made))
    assert "\n" not in str(caught.value)


def test_a_clip_record_without_its_fields_is_refused(folder, made):
    """The fields that a clip lacks are named."""
    (folder / "clips.jsonl").write_text('{"id": "a", "show": ""}')
    with pytest.raises(DataError, match="line 1: fields are missing: episode, start_seconds, end_seconds"):
        Corpus.open("full", folder, media_of(made))


def test_a_clip_noted_for_another_split_is_refused(folder, made):
    """The split that a clip's line names is that of the rows which ask about it."""
    change_line(folder / "clips.jsonl", split="test")
    said = r"clips\.jsonl: clip 'play0' is noted for the split 'test', but row 'train-play0-0' of train asks"
    with pytest.raises(DataError, match=said):
        Corpus.open("full", folder, media_of(made))


def test_a_mark_before_the_first_character_is_no_character(folder, made):
    """A file of JSON lines that an editor began with a byte order mark is read like any other."""
    plain = Corpus.open("full", folder, media_of(made)).fingerprint
    for name in ("test.jsonl", "clips.jsonl"):
        (folder / name).write_text((folder / name).read_text(), encoding="utf-8-sig")
    assert Corpus.open("full", folder, media_of(made)).fingerprint == plain


def test_a_split_without_rows_is_named(folder, made):
    """An empty file of rows is at fault, and not the media."""
    (folder / "test.jsonl").write_text("\n")
    with pytest.raises(DataError, match=r"test\.jsonl: no rows in it"):
        Corpus.open("full", folder, media_of(made))


def test_an_unknown_split_of_annotations_names_their_folder(folder, made):
    """The rows are at fault, and not the media."""
    with pytest.raises(InputError, match=rf"{folder}: no split 'valid'"):
        Corpus.open("full", folder, media_of(made)).rows("valid")
