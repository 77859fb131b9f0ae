"""A review's items and folder: what can be there, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest

from crossomni.construction.review.items import KEYS, ReviewFolder
from crossomni.errors import DataError, InputError, RecordError, RunError
from tests.construction.review.reviews import a_review, a_voice, an_item, as_line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "smell"}, "the kind is 'smell'"),
        ({"id": " "}, "wanted an id"),
        ({"clip_id": "../x"}, "clip id is '../x'"),
        ({"video": "../secrets.mp4"}, "wanted a path inside the media folder"),
        ({"video": "/etc/passwd"}, "wanted a path inside the media folder"),
        ({"claim": 3}, "claim is 3; wanted text"),
        ({"choices": ("correct", "cannot tell")}, "2 choices came"),
        ({"choices": ("correct", "correct", "cannot tell")}, "texts that differ"),
        ({"choices": ("correct", "not correct", "maybe")}, "'cannot tell' as the last"),
        ({"choices": (*(f"v{n}" for n in range(len(KEYS) + 1)), "cannot tell")}, "choices came"),
        ({"automatic": "cannot tell"}, "the pipeline's label is 'cannot tell'"),
    ],
)
def test_an_item_that_cannot_be_labelled_is_refused(changes: dict[str, Any], said: str) -> None:
    """Each field that would break the page or the figures, named."""
    with pytest.raises(RecordError, match="item ") as error:
        an_item(0, **changes)
    assert said in str(error.value)


def test_items_come_back_as_they_were_written(tmp_path: Path) -> None:
    """In their order, by id."""
    items = (an_item(2), a_voice(1, "low"), an_item(0))
    assert items == tuple(a_review(tmp_path, *items).items.values())


def test_the_same_sample_is_not_written_twice_and_another_one_is_refused(tmp_path: Path) -> None:
    """People's labels hang on the items of a folder."""
    about = {"data": "playhouse", "seed": 1}
    assert ReviewFolder(tmp_path).write([an_item(0)], about) is True
    assert ReviewFolder(tmp_path).write([an_item(0)], about) is False
    with pytest.raises(RunError, match="another sample is in it"):
        ReviewFolder(tmp_path).write([an_item(1)], about | {"seed": 2})


def test_labels_without_a_sample_are_not_written_over(tmp_path: Path) -> None:
    """A folder that lost its review.json, but has labels, is not taken for an empty one."""
    (tmp_path / "labels.jsonl").write_text("{}\n")
    with pytest.raises(RunError, match="labels of another sample"):
        ReviewFolder(tmp_path).write([an_item(0)], {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no items in it"),
        ("[]\n", "line 1: list came"),
        ("{\n", "line 1: not JSON"),
        (as_line(an_item(0)) * 2, "line 2: item 'description/clip0/0' is there twice"),
        (as_line(an_item(0), colour="red"), "line 1: no review item (colour"),
        (as_line(an_item(0), choices="abc"), "line 1: no review item (choices"),
        (as_line(an_item(0), automatic="maybe"), "line 1: item 'description/clip0/0': the pipeline's label"),
        ('{"id": "x"}\n', "line 1: no review item (kind, clip_id"),
    ],
)
def test_a_damaged_file_of_items_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """File, line, and what is wrong, in one line."""
    review = a_review(tmp_path, an_item(0))
    review.items_path.write_text(text)
    with pytest.raises(DataError) as error:
        _ = ReviewFolder.open(tmp_path).items
    assert "items.jsonl" in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_review_is_named(tmp_path: Path) -> None:
    """What was wanted stands in the line."""
    with pytest.raises(DataError, match="crossomni review sample"):
        ReviewFolder.open(tmp_path)


def test_media_that_moved_are_named_before_anybody_labels(tmp_path: Path) -> None:
    """The folder, or the first file that is not there; another folder can be given."""
    review = a_review(tmp_path / "review", an_item(0), an_item(1), media=tmp_path / "gone")
    with pytest.raises(InputError, match="gone: no such folder"):
        review.media()
    with pytest.raises(InputError, match=r"clip0\.mp4: the file is missing, and those of 1 more"):
        review.media(tmp_path)
    (tmp_path / "videos").mkdir()
    for number in (0, 1):
        (tmp_path / "videos" / f"clip{number}.mp4").write_bytes(b"x")
    assert tmp_path == review.media(tmp_path)
