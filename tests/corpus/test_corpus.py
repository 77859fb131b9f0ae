"""A dataset on disk: its rows, its fingerprint, its truth, and how it is named."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import DataError, InputError
from tests.corpus.conftest import change_line, media_of
from tests.small_corpus import a_row


def test_rows_come_clip_by_clip_train_first(made, tmp_path):
    """Rows that were given in turns come back grouped by clip, with media that exist."""
    first, second = made.splits["train"][:3], made.splits["train"][3:]
    mixed = [row for pair in zip(first, second, strict=True) for row in pair]
    turns = replace(made, splits={"test": made.splits["test"], "train": mixed})
    corpus = Corpus.open(str(turns.export(tmp_path / "data")))
    assert corpus.splits == ("train", "test")
    assert [row.clip_id for row in corpus.rows("train")] == ["play0"] * 3 + ["play1"] * 3
    assert all(corpus.media(row).is_file() for split in corpus.splits for row in corpus.rows(split))


def test_a_folder_gives_back_the_rows_it_was_given(made, tmp_path):
    """Every text column survives the way to disk and back."""
    corpus = Corpus.open(str(made.export(tmp_path / "data")))
    for split, rows in made.splits.items():
        assert [row.to_columns() for row in rows] == [row.to_columns() for row in corpus.rows(split)]


def test_full_equals_the_export_of_the_same_data(made, folder, tmp_path):
    """The fingerprint depends on rows and media alone, not on the form in which they are stored."""
    exported = Corpus.open(str(made.export(tmp_path / "data")))
    assert exported.fingerprint == Corpus.open("full", folder, media_of(made)).fingerprint


def test_the_fingerprint_changes_with_a_row_and_with_a_clip(made, folder, tmp_path):
    """One changed answer or one changed byte of a clip gives another fingerprint."""
    media = shutil.copytree(media_of(made), tmp_path / "media")
    prints = {Corpus.open("full", folder, media).fingerprint}
    change_line(folder / "test.jsonl", answer="D")
    prints.add(Corpus.open("full", folder, media).fingerprint)
    with (media / "play2.mp4").open("ab") as file:
        file.write(b"\0")
    prints.add(Corpus.open("full", folder, media).fingerprint)
    assert len(prints) == 3


def test_the_stamp_changes_with_any_file_and_with_none_stays(made, folder, tmp_path):
    """The stamp sees a changed annotation and a touched clip, and is the same when nothing changed."""
    media = shutil.copytree(media_of(made), tmp_path / "media")
    first = Corpus.stamp("full", folder, media)
    assert first == Corpus.stamp("full", folder, media)
    change_line(folder / "test.jsonl", answer="D")
    second = Corpus.stamp("full", folder, media)
    (media / "play2.mp4").touch()
    assert len({first, second, Corpus.stamp("full", folder, media)}) == 3


def test_labels_held_back_as_a_whole_are_legal(made, tmp_path):
    """A split without any answer opens; the other split may have its answers."""
    held = [replace(row, answer="") for row in made.splits["test"]]
    corpus = Corpus.open(str(replace(made, splits=made.splits | {"test": held}).export(tmp_path / "data")))
    assert {row.answer for row in corpus.rows("test")} == {""}
    assert all(row.answer for row in corpus.rows("train"))


def test_an_unknown_episode_ties_no_clips_together(made, tmp_path):
    """Rows without an episode are split by clip."""
    free = replace(made, splits={s: [replace(row, episode="") for row in rows] for s, rows in made.splits.items()})
    assert Corpus.open(str(free.export(tmp_path / "data"))).splits == ("train", "test")
    free.splits["test"].append(a_row(9, "play0", "test", episode=""))
    with pytest.raises(DataError, match="episode 'play0' is in test"):
        free.export(tmp_path / "again")


def test_truth_is_read_where_it_is_known(made, folder, tmp_path):
    """A data folder gives a clip's annotation back; annotations without truth give None."""
    exported = Corpus.open(str(made.export(tmp_path / "data")))
    assert exported.annotation("play0") == made.truth["play0"]
    assert Corpus.open("full", folder, media_of(made)).annotation("play0") is None
    with pytest.raises(InputError, match="no clip 'nobody'"):
        exported.annotation("nobody")


def test_an_empty_name_is_refused():
    """Nothing is not the folder in which one happens to be."""
    with pytest.raises(InputError, match="the data's name is empty"):
        Corpus.open("")


@pytest.mark.parametrize(
    "arguments", [("full",), ("full", Path("x")), ("playhouse", Path("x"), Path("y")), ("full", Path("x"), Path("y"))]
)
def test_arguments_that_do_not_go_together_are_refused(arguments):
    """`full` wants two folders that exist; everything else wants none."""
    with pytest.raises(InputError):
        Corpus.open(*arguments)


def test_an_unknown_split_is_refused(made, tmp_path):
    """The splits that are there are listed."""
    with pytest.raises(InputError, match="Splits are train, test"):
        Corpus.open(str(made.export(tmp_path / "data"))).rows("valid")


def test_no_rows_are_refused(folder, made):
    """A dataset without a row is no dataset."""
    for name in ("train", "test"):
        (folder / f"{name}.jsonl").write_text("")
    with pytest.raises(DataError, match="no rows"):
        Corpus.open("full", folder, media_of(made))
