"""What a dataset on disk must be, and what is said when it is not."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossomni.corpus import Corpus, file_sha256
from crossomni.errors import DataError, InputError
from crossomni.testing import write_clip
from tests.small_corpus import a_row, small, write_lines


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small dataset, not to be changed."""
    return small(tmp_path_factory.mktemp("media"))


@pytest.fixture
def folder(made, tmp_path):
    """Its annotations, free to be changed."""
    return made.annotate(tmp_path / "annotations")


def media_of(made) -> Path:
    """The folder in which its clips lie."""
    return next(iter(made.media.values())).parent


def change_line(path: Path, **changes) -> None:
    """Change the first line of a file of rows."""
    first, *rest = [json.loads(line) for line in path.read_text().splitlines()]
    write_lines(path, [first | changes, *rest])


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


def test_media_are_found_anywhere_below_the_folder(made, folder, tmp_path):
    """A clip's file may lie in any folder below, and end in any of the suffixes."""
    media = tmp_path / "media"
    (media / "deep" / "er").mkdir(parents=True)
    for number, (name, path) in enumerate(made.media.items()):
        shutil.copy(
            path, (media, media / "deep", media / "deep" / "er")[number] / f"{name}{'.mp4.mkv.MOV'[4 * number :][:4]}"
        )
    corpus = Corpus.open("full", folder, media)
    assert sorted({row.video for split in corpus.splits for row in corpus.rows(split)}) == [
        "deep/er/play2.MOV", "deep/play1.mkv", "play0.mp4",
    ]  # fmt: skip


def test_all_missing_and_differing_media_are_listed_together(made, folder, tmp_path):
    """One report counts and names the missing, the differing and those there twice."""
    write_lines(
        folder / "clips.jsonl",
        [
            json.loads(line) | {"sha256": file_sha256(made.media["play0"])}
            for line in (folder / "clips.jsonl").read_text().splitlines()
        ],
    )
    media = tmp_path / "media"
    (media / "again").mkdir(parents=True)
    shutil.copy(made.media["play2"], media)
    shutil.copy(made.media["play1"], media)
    shutil.copy(made.media["play1"], media / "again")
    counted = "1 of 3 clips missing, 1 differing, 0 damaged, 1 there twice: play0: no file .* .row 'train-play0-0'"
    with pytest.raises(InputError, match=counted) as caught:
        Corpus.open("full", folder, media)
    assert "\n" not in str(caught.value)
    assert [line.partition(":")[0].rpartition("/")[2] for line in Corpus.problems(folder, media)] == [
        "play0", "play2.mp4", "play1",
    ]  # fmt: skip


def test_nothing_is_wrong_with_a_right_folder(made, folder):
    """Where all fits there are no problems."""
    assert Corpus.problems(folder, media_of(made)) == ()


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


def test_a_hash_in_capitals_is_the_same_hash(folder, made):
    """Hexadecimal digits may be large or small letters."""
    plain = Corpus.open("full", folder, media_of(made)).fingerprint
    change_line(folder / "clips.jsonl", sha256=file_sha256(made.media["play0"]).upper())
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


def test_an_empty_name_is_refused():
    """Nothing is not the folder in which one happens to be."""
    with pytest.raises(InputError, match="the data's name is empty"):
        Corpus.open("")


def test_a_clip_record_without_its_fields_is_refused(folder, made):
    """The fields that a clip lacks are named."""
    (folder / "clips.jsonl").write_text('{"id": "a", "show": ""}')
    with pytest.raises(DataError, match="line 1: fields are missing: episode, start_seconds, end_seconds"):
        Corpus.open("full", folder, media_of(made))


def test_labels_held_back_as_a_whole_are_legal(made, tmp_path):
    """A split without any answer opens; the other split may have its answers."""
    held = [replace(row, answer="") for row in made.splits["test"]]
    corpus = Corpus.open(str(replace(made, splits=made.splits | {"test": held}).export(tmp_path / "data")))
    assert {row.answer for row in corpus.rows("test")} == {""}
    assert all(row.answer for row in corpus.rows("train"))


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Write a Parquet file again, changed."""
    pq.write_table(change(pq.read_table(path)), path)


def test_a_missing_parquet_column_is_named(made, tmp_path):
    """Which columns a metadata file lacks is said, with the file."""
    folder = made.export(tmp_path / "data")
    rewrite(folder / "test" / "metadata.parquet", lambda table: table.drop_columns(["pair_id", "show"]))
    with pytest.raises(DataError, match=r"test.metadata\.parquet: columns are missing: show, pair_id\."):
        Corpus.open(str(folder))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("answer", ["A", None, "C"], "answer is None; wanted text"),
        ("start_seconds", ["0", "0", "0"], "start_seconds is '0'; wanted a number"),
        ("end_seconds", [1.0, math.nan, 1.0], "end_seconds is nan; wanted a number"),
        ("file_name", ["videos/play2.mp4", "videos/play1.mp4", "videos/play2.mp4"], "row .* is on clip 'play2', but"),
    ],
)
def test_a_bad_row_of_parquet_is_refused_with_file_and_row(made, tmp_path, name, values, message):
    """What is wrong with a row of a data folder is said in one line that names file and row."""
    folder = made.export(tmp_path / "data")
    rewrite(
        folder / "test" / "metadata.parquet",
        lambda table: table.set_column(table.column_names.index(name), name, pa.array(values)),
    )
    row = 1 if values[0] == "0" else 2
    with pytest.raises(DataError, match=rf"test.metadata\.parquet, row {row}: {message}") as caught:
        Corpus.open(str(folder))
    assert "\n" not in str(caught.value)


def replaced(made, folder: Path, clip: Path | bytes) -> Path:
    """A copy of the media folder in which play2 is another file."""
    media = shutil.copytree(media_of(made), folder / "media")
    (media / "play2.mp4").write_bytes(clip if isinstance(clip, bytes) else clip.read_bytes())
    return media


@pytest.mark.parametrize(
    ("share", "message"),
    [(0.5, "FFmpeg cannot read it"), (0, "the file is empty"), (0.99, "FFmpeg cannot read it")],
)
def test_a_truncated_clip_without_a_hash_is_refused_when_opened(made, folder, tmp_path, share, message):
    """Where no hash was annotated a file that is cut short is named all the same."""
    whole = made.media["play2"].read_bytes()
    media = replaced(made, tmp_path, whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=rf"1 damaged.*play2\.mp4.*{message}.*\(row 'test-play2-0'\)") as caught:
        Corpus.open("full", folder, media)
    assert "\n" not in str(caught.value)
    assert ".." not in str(caught.value)
    assert len(Corpus.problems(folder, media)) == 1


def test_a_clip_without_a_hash_must_be_as_long_as_annotated(made, folder, tmp_path):
    """A whole file of half the annotated length is named with both lengths."""
    clips = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    write_lines(folder / "clips.jsonl", [clip | {"end_seconds": 2.5} for clip in clips])
    with pytest.raises(DataError, match=r"play0\.mp4: it is 1\.0 s long, annotated as 2\.5 s"):
        Corpus.open("full", folder, media_of(made))


def test_clips_that_cannot_be_used_are_found_before_a_run(made, folder, tmp_path):
    """A clip without sound is refused by file and row although its hash is the annotated one."""
    media = replaced(made, tmp_path, write_clip(tmp_path / "silent.mp4", seconds=1, size=(64, 48), sound=False))
    clips = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    write_lines(folder / "clips.jsonl", [c | {"sha256": file_sha256(media / f"{c['id']}.mp4")} for c in clips])
    corpus = Corpus.open("full", folder, media)
    corpus.check_media(corpus.rows("train"))
    with pytest.raises(DataError, match=r"row 'test-play2-0': clip .*play2\.mp4: no sound stream") as caught:
        corpus.check_media(corpus.rows("test"))
    assert "\n" not in str(caught.value)


def test_changed_and_missing_clips_are_found_before_a_run(made, tmp_path):
    """Each file that is not what it was is named with the first row that asks about it."""
    corpus = Corpus.open(str(made.export(tmp_path / "data")))
    corpus.media(corpus.rows("train")[0]).unlink()
    with corpus.media(corpus.rows("train")[3]).open("ab") as file:
        file.write(b"\0")
    said = r"row 'train-play0-0': .*play0\.mp4 is missing.* row 'train-play1-0': .*play1\.mp4 is not the file"
    with pytest.raises(DataError, match=said):
        corpus.check_media(corpus.rows("train"))


def test_no_rows_are_refused(folder, made):
    """A dataset without a row is no dataset."""
    for name in ("train", "test"):
        (folder / f"{name}.jsonl").write_text("")
    with pytest.raises(DataError, match="no rows"):
        Corpus.open("full", folder, media_of(made))


def test_a_missing_clip_of_a_data_folder_is_named(made, tmp_path):
    """A data folder whose media are gone is refused, and the file is named."""
    folder = made.export(tmp_path / "data")
    (folder / "test" / "videos" / "play2.mp4").unlink()
    with pytest.raises(DataError, match=r"play2\.mp4: the file is missing"):
        Corpus.open(str(folder))


def test_damaged_parquet_is_named(made, tmp_path):
    """A metadata file that is cut short is refused by name."""
    folder = made.export(tmp_path / "data")
    path = folder / "test" / "metadata.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"metadata\.parquet: cannot be read"):
        Corpus.open(str(folder))


@pytest.mark.parametrize(
    "arguments", [("full",), ("full", Path("x")), ("playhouse", Path("x"), Path("y")), ("full", Path("x"), Path("y"))]
)
def test_arguments_that_do_not_go_together_are_refused(arguments):
    """`full` wants two folders that exist; everything else wants none."""
    with pytest.raises(InputError):
        Corpus.open(*arguments)


def test_a_folder_that_is_no_data_folder_is_refused(tmp_path):
    """A folder without metadata is refused, and what can be given is said."""
    with pytest.raises(DataError, match="no data folder"):
        Corpus.open(str(tmp_path))


def test_an_unknown_split_is_refused(made, tmp_path):
    """The splits that are there are listed."""
    with pytest.raises(InputError, match="Splits are train, test"):
        Corpus.open(str(made.export(tmp_path / "data"))).rows("valid")


def test_truth_is_read_where_it_is_known(made, folder, tmp_path):
    """A data folder gives a clip's annotation back; annotations without truth give None."""
    exported = Corpus.open(str(made.export(tmp_path / "data")))
    assert exported.annotation("play0") == made.truth["play0"]
    assert Corpus.open("full", folder, media_of(made)).annotation("play0") is None
    with pytest.raises(InputError, match="no clip 'nobody'"):
        exported.annotation("nobody")


def test_an_unknown_episode_ties_no_clips_together(made, tmp_path):
    """Rows without an episode are split by clip."""
    free = replace(made, splits={s: [replace(row, episode="") for row in rows] for s, rows in made.splits.items()})
    assert Corpus.open(str(free.export(tmp_path / "data"))).splits == ("train", "test")
    free.splits["test"].append(a_row(9, "play0", "test", episode=""))
    with pytest.raises(DataError, match="episode 'play0' is in test"):
        free.export(tmp_path / "again")


def test_a_data_folder_without_its_files_is_refused(made, tmp_path):
    """A missing data.json and a broken truth are named."""
    folder = made.export(tmp_path / "data")
    (folder / "truth" / "play0.json").write_text("{")
    (folder / "truth" / "play1.json").write_text("{}")
    with pytest.raises(DataError, match=r"play0\.json: not JSON"):
        Corpus.open(str(folder)).annotation("play0")
    with pytest.raises(DataError, match=r"play1\.json: annotation"):
        Corpus.open(str(folder)).annotation("play1")
    (folder / "data.json").unlink()
    with pytest.raises(DataError, match=r"data\.json: cannot be read"):
        Corpus.open(str(folder))
