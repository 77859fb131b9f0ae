"""An export is whole or not there, stores each video once, and holds labels back when asked."""

import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import av
import pyarrow.parquet as pq
import pytest
import yaml

from crossomni import tables
from crossomni.card import Listed, card
from crossomni.corpus import Corpus
from crossomni.errors import DataError, InputError, MediaError
from crossomni.export import Making, export_parquet, is_exported
from crossomni.media import track
from crossomni.records import Line
from crossomni.testing import write_clip
from tests.small_corpus import SOURCE, a_row, small


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A small dataset with 60 rows a clip, not to be changed."""
    return small(tmp_path_factory.mktemp("media"), rows=60)


@pytest.fixture
def made(many):
    """The same with three rows a clip, free to be changed."""
    return replace(
        many,
        clips=dict(many.clips),
        media=dict(many.media),
        splits={
            split: [row for row in rows if row.id.endswith(("-0", "-1", "-2"))][:9]
            for split, rows in many.splits.items()
        },
    )


def files_below(folder: Path) -> list[str]:
    """Paths of all files, relative and sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def size_of(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_data_folder_has_these_files(made, tmp_path):
    """Card, data.json, clips, truth, and for each split its metadata and videos; nothing else is left beside it."""
    folder = made.export(tmp_path / "data")
    assert files_below(folder) == [
        "README.md", "clips.jsonl", "data.json", "test/metadata.parquet", "test/videos/play2.mp4",
        "train/metadata.parquet", "train/videos/play0.mp4", "train/videos/play1.mp4",
        "truth/play0.json", "truth/play1.json", "truth/play2.json",
    ]  # fmt: skip
    assert os.listdir(tmp_path) == ["data"]
    assert json.loads((folder / "data.json").read_text()) == SOURCE | {
        "fingerprint": Corpus.open(str(folder)).fingerprint
    }


def test_what_the_making_told_is_in_the_folder(made, tmp_path):
    """The audit stands in the card, and what was dropped lies beside it, from the moment that the folder is there."""
    folder = made.export(tmp_path / "data", making=Making(audit="| reader | all |", dropped=[{"item": "x"}]))
    assert "\n## Shortcuts and leaks\n\n| reader | all |\n\n## Loading\n" in (folder / "README.md").read_text()
    assert (folder / "dropped.jsonl").read_text() == '{"item": "x"}\n'


def test_an_audit_stays_out_of_a_card_that_hides_the_answers(made, tmp_path):
    """It is made from the answers, so that little of it would tell many of them in a small set."""
    folder = made.export(tmp_path / "data", hide_answers=True, making=Making(audit="| reader | all |"))
    assert "reader" not in (folder / "README.md").read_text()


def test_a_finished_export_is_known_by_its_source(made, tmp_path):
    """The same source is finished, an empty place is free, another source or a labels' folder is in the way."""
    folder = made.export(tmp_path / "data")
    assert is_exported(folder, SOURCE)
    assert not is_exported(tmp_path / "new", SOURCE)
    with pytest.raises(InputError, match="holds something else"):
        is_exported(folder, SOURCE | {"seed": 8})
    made.export(tmp_path / "other", hide_answers=True)
    shutil.rmtree(tmp_path / "other")
    assert not is_exported(tmp_path / "other", SOURCE)
    with pytest.raises(InputError, match="other-labels: there already"):
        is_exported(tmp_path / "other", SOURCE, hide_answers=True)


@pytest.mark.parametrize(("name", "said"), [("file/data", "cannot be written"), ("file", "there already")])
def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path, name, said):
    """A file where the folder or its parent should be is refused."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=said):
        is_exported(tmp_path / name, SOURCE)


def test_a_damaged_data_json_is_no_finished_export(made, tmp_path):
    """What cannot be read is something else, and no traceback."""
    folder = made.export(tmp_path / "data")
    (folder / "data.json").write_text("{")
    with pytest.raises(InputError, match="holds something else"):
        made.export(folder)


def test_twenty_times_the_rows_store_media_once(many, made, tmp_path):
    """Rows add their text alone: the sound in the metadata and the videos are stored once a clip."""
    few, all_rows = made.export(tmp_path / "few"), many.export(tmp_path / "many")
    media = sum(path.stat().st_size + len(track(path, "audio")) for path in many.media.values())
    assert size_of(all_rows) - size_of(few) < media / 10


def test_the_sound_is_the_clips_own_unchanged(made, tmp_path):
    """The packets of the sound track are those of the clip."""
    path = made.media["play0"]

    def packets(source):
        with av.open(source) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    assert packets(str(path)) == packets(io.BytesIO(track(path, "audio")))
    assert track(path, "audio") == track(path, "audio")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov"])
def test_every_container_keeps_its_suffix_and_gives_its_sound(made, tmp_path, suffix):
    """Clips of each format are exported as they are."""
    made.media["play2"] = write_clip(tmp_path / f"other{suffix}", seconds=1, size=(64, 48))
    folder = made.export(tmp_path / "data")
    assert (folder / "test" / "videos" / f"play2{suffix}").is_file()
    assert Corpus.open(str(folder)).rows("test")[0].video == f"test/videos/play2{suffix}"


def test_hidden_answers_are_apart(made, tmp_path):
    """Answers, rationales and truth are not in the folder; the labels lie beside it, by the rows' names in both."""
    folder = made.export(tmp_path / "data", hide_answers=True)
    corpus = Corpus.open(str(folder))
    assert {(row.answer, row.rationale) for split in corpus.splits for row in corpus.rows(split)} == {("", "")}
    assert not (folder / "truth").exists()
    labels = [json.loads(line) for line in (tmp_path / "data-labels" / "labels.jsonl").read_text().splitlines()]
    named = [{"row": row.id, "answer": row.answer} for rows in made.splits.values() for row in rows]
    assert [{"row": label["row"], "answer": label["answer"]} for label in labels] == named
    questions = {row.id: row.question for split in corpus.splits for row in corpus.rows(split)}
    wanted = {row.id: row.question for rows in made.splits.values() for row in rows}
    assert {label["row"]: questions[label["id"]] for label in labels} == wanted
    assert "held back" in (folder / "README.md").read_text()


def test_nothing_leads_back_to_hidden_answers(made, tmp_path):
    """No seed, no speaker, no old name of a row or a pair is in the folder, and no drop; all of it lies apart."""
    made.splits["test"] = [replace(row, pair_id="play2/3") for row in made.splits["test"]]
    said = Line(speaker="Ada", text="Yes.", start_seconds=0, end_seconds=1)
    made.clips["play2"] = replace(made.clips["play2"], lines=(said,))
    folder = made.export(tmp_path / "data", hide_answers=True, making=Making(dropped=[{"item": "test-play2-9"}]))
    corpus, apart = Corpus.open(str(folder)), tmp_path / "data-labels"
    assert "seed" not in corpus.source
    assert corpus.clips["play2"].lines == (replace(said, speaker=""),)
    rows = corpus.rows("test")
    assert len({row.pair_id for row in rows}) == 1
    assert not {row.id for row in rows} & {row.id for row in made.splits["test"]}
    assert not any("test-play2-" in path.read_text() for path in folder.glob("*.*"))
    assert "play2/3" not in {row.pair_id for row in rows}
    assert json.loads((apart / "data.json").read_text()).items() >= SOURCE.items()
    assert (apart / "dropped.jsonl").is_file()


def test_hidden_rows_stand_in_an_order_that_tells_nothing(many, tmp_path):
    """Within a clip rows are sorted by their drawn names, which differ from one drawing to the next."""
    orders = []
    for name in ("one", "two"):
        corpus = Corpus.open(str(many.export(tmp_path / name, hide_answers=True)))
        ids = [row.id for row in corpus.rows("test")]
        assert ids == sorted(ids)
        orders.append([row.question for row in corpus.rows("test")])
    assert orders[0] != orders[1]


def test_a_finished_export_with_hidden_answers_is_left_as_it_is(made, tmp_path):
    """The secret that lies apart gives the same names again; with another seed it is something else."""
    folder = made.export(tmp_path / "data", hide_answers=True)
    before = (folder / "data.json").stat().st_mtime_ns
    made.export(folder, hide_answers=True)
    assert (folder / "data.json").stat().st_mtime_ns == before
    assert is_exported(folder, SOURCE, hide_answers=True)
    with pytest.raises(InputError, match="holds something else"):
        is_exported(folder, SOURCE | {"seed": 8}, hide_answers=True)


def test_a_finished_export_is_left_as_it_is(made, tmp_path):
    """The same rows and media again write nothing."""
    folder = made.export(tmp_path / "data")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    made.export(folder)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_folder_that_holds_something_else_is_refused(made, tmp_path):
    """Neither another export nor a stranger's file is overwritten."""
    folder = made.export(tmp_path / "data")
    made.splits["test"].pop()
    with pytest.raises(InputError, match="holds something else"):
        made.export(folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        made.export(tmp_path / "other")
    assert files_below(tmp_path / "other") == ["notes.txt"]


def break_nothing_but(made, what: str, tmp_path: Path) -> None:
    """Make one thing wrong."""
    test = made.splits["test"]
    if what == "two rows with one id":
        test.append(test[0])
    elif what == "a rationale in test":
        test[0] = replace(test[0], rationale="because")
    elif what == "no media":
        del made.media["play2"]
    elif what == "media that are gone":
        made.media["play2"] = tmp_path / "gone.mp4"
    elif what == "another file's hash":
        made.clips["play2"] = replace(made.clips["play2"], sha256="0" * 64)
    elif what == "an episode in two splits":
        test.append(a_row(9, "play2", "test", episode="play0"))
    elif what == "no clip record":
        del made.clips["play2"]
    elif what == "no rows":
        made.splits.clear()
    elif what == "an empty split":
        test.clear()
    elif what == "no sound":
        made.media["play2"] = write_clip(tmp_path.parent / "silent.mp4", seconds=1, size=(64, 48), sound=False)
    elif what == "a file that is no clip":
        made.media["play2"] = tmp_path.parent / "text.mp4"
        made.media["play2"].write_text("no clip")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("two rows with one id", "split test, row 4: the id 'test-play2-0' is also at split test, row 1"),
        ("a rationale in test", "split test, row 1: row 'test-play2-0' has a rationale"),
        ("no media", "clip 'play2': no media file"),
        ("media that are gone", "clip 'play2': no media file at .*gone.mp4"),
        ("another file's hash", "clip 'play2': .*play2.mp4 has sha256"),
        ("an episode in two splits", "row 4: episode 'play play0' is in test, and in train at split train, row 1"),
        ("no clip record", "row 'test-play2-0' is on clip 'play2'"),
        ("no rows", "no rows"),
        ("an empty split", "split 'test' has no rows"),
        ("no sound", "silent.mp4: the clip has no sound"),
        ("a file that is no clip", "text.mp4: FFmpeg cannot read it"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(made, tmp_path, what, message):
    """One line says what is wrong, and neither the folder nor a half of it is there."""
    place = tmp_path / "place"
    place.mkdir()
    break_nothing_but(made, what, place)
    with pytest.raises((DataError, MediaError), match=message) as caught:
        made.export(place / "data", hide_answers=True)
    assert "\n" not in str(caught.value)
    assert os.listdir(place) == []


def test_a_place_that_cannot_be_written_is_one_clear_line(made, tmp_path):
    """A file where a folder should be gives an input error, not a traceback from the system."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        made.export(tmp_path / "file" / "data")


def test_parquet_holds_the_media_once_a_row_group(many, tmp_path):
    """The viewer's files embed every clip, and still store it once, not once a row."""
    corpus = Corpus.open(str(many.export(tmp_path / "data")))
    folder = export_parquet(corpus, tmp_path / "viewer", "| reader |")
    assert "| reader |" in (folder / "README.md").read_text()
    assert files_below(folder) == [
        "README.md", "playhouse/test-00000-of-00001.parquet", "playhouse/train-00000-of-00001.parquet",
    ]  # fmt: skip
    media = sum(path.stat().st_size + len(track(path, "audio")) for path in many.media.values())
    assert size_of(folder) < 1.5 * media
    table = pq.read_table(folder / "playhouse" / "test-00000-of-00001.parquet")
    assert table["video"][0].as_py() == {"bytes": many.media["play2"].read_bytes(), "path": "play2.mp4"}


def test_row_groups_stay_below_the_bound(many, tmp_path):
    """No row group has more rows than a reader should hold, also where one clip alone has more."""
    rows = [a_row(number, "play2", "test") for number in range(2 * tables.ROWS_PER_GROUP + 5)]
    folder = replace(many, splits={"test": rows}).export(tmp_path / "data")
    metadata = pq.read_metadata(folder / "test" / "metadata.parquet")
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [1000, 1000, 5]


def front_matter(text: str) -> dict:
    """The YAML at a card's top."""
    return yaml.safe_load(text.split("---\n")[1])


def test_the_card_names_configuration_splits_and_columns(made, tmp_path):
    """The front matter is what the Hub and `datasets` need."""
    front = front_matter((made.export(tmp_path / "data") / "README.md").read_text())
    assert front["configs"] == [
        {
            "config_name": "playhouse",
            "default": True,
            "data_files": [{"split": "train", "path": "train/**"}, {"split": "test", "path": "test/**"}],
        }
    ]
    assert [split["num_examples"] for split in front["dataset_info"]["splits"]] == [6, 3]
    assert front["license"] == "apache-2.0"
    assert "extra_gated_prompt" not in front


def test_media_under_a_licence_of_their_own_are_gated():
    """Another licence needs its name and link, and asks users to agree first."""
    source = {"source": "tvqa", "licence_name": "tvqa", "licence_link": "https://example.org/licence"}
    splits = {"test": Listed(rows=1, bytes=1, files="test/**")}
    front = front_matter(card(source, splits, hidden=False))
    assert (front["license"], front["license_name"], front["configs"][0]["config_name"]) == ("other", "tvqa", "full")
    assert "extra_gated_fields" in front
    with pytest.raises(InputError, match="licence_link"):
        card(source | {"licence_link": ""}, splits, hidden=False)
