"""Folders for the Hub hold rows, card and what describes them, and of clips under a licence of their own nothing."""

import json
from dataclasses import replace

import pytest
from datasets import load_dataset
from huggingface_hub import DatasetCard, DatasetCardData

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.export import export_parquet
from crossomni.hub.folders import export_annotations, export_for_viewer
from tests.hub.conftest import names

# https://github.com/huggingface/hub-docs/blob/main/datasetcard.md, and docs/hub/datasets-gated.md
KNOWN = {
    "language", "license", "license_name", "license_link", "tags", "annotations_creators", "language_creators",
    "pretty_name", "size_categories", "source_datasets", "task_categories", "task_ids", "multilinguality", "configs",
    "dataset_info", "extra_gated_fields", "extra_gated_prompt", "extra_gated_heading", "extra_gated_button_content",
}  # fmt: skip


@pytest.fixture(scope="module")
def parquet(plays, tmp_path_factory):
    """For the Hub's viewer."""
    return export_for_viewer(plays, tmp_path_factory.mktemp("viewer") / "data")


@pytest.fixture(scope="module")
def annotations(television, tmp_path_factory):
    """Rows of clips that may not go."""
    return export_annotations(television, tmp_path_factory.mktemp("annotations") / "data", "| reader |")


def test_parquet_has_all_that_lies_beside_it(parquet):
    """Card, Croissant, benchmark and source stand at the root."""
    assert names(parquet) == [
        "README.md", "croissant.json", "data.json", "eval.yaml",
        "playhouse/test-00000-of-00001.parquet", "playhouse/train-00000-of-00001.parquet",
    ]  # fmt: skip


def test_annotations_are_rows_alone(annotations):
    """No table with sound in it, no truth, no clip."""
    assert names(annotations) == [
        "README.md", "clips.jsonl", "croissant.json", "data.json", "eval.yaml", "test.jsonl", "train.jsonl",
    ]  # fmt: skip


def test_annotations_tell_nothing_that_is_said_in_a_clip(annotations):
    """Nor any folder of this machine."""
    text = "".join((annotations / name).read_text(encoding="utf-8") for name in names(annotations))
    assert "How you doing?" not in text
    assert "/home/me" not in text


def test_annotations_and_the_users_clips_are_the_data_again(annotations, television):
    """They open as ``full`` does, by the hash of each clip."""
    opened = Corpus.open("full", annotations, television.folder)
    assert {split: [row.to_columns() for row in rows] for split, rows in opened.rows_by_split.items()} == {
        split: [row.to_columns() for row in rows] for split, rows in television.rows_by_split.items()
    }
    assert {name: clip.sha256 for name, clip in television.clips.items()} == {
        name: clip.sha256 for name, clip in opened.clips.items()
    }


def test_annotations_load_without_this_package(annotations, tmp_path):
    """The card's configuration and features are those of the files."""
    rows = load_dataset(str(annotations), "full", split="test", cache_dir=str(tmp_path))
    assert ["test-play2-0", "test-play2-1", "test-play2-2"] == rows["id"][:]
    assert "video" not in rows.features


@pytest.mark.parametrize("kind", ["parquet", "annotations"])
def test_a_card_is_what_the_hub_knows(kind, request):
    """Its front matter is read by the Hub's own class, has no unknown field, and says the same again."""
    text = (request.getfixturevalue(kind) / "README.md").read_text(encoding="utf-8")
    data = DatasetCard(text).data
    assert isinstance(data, DatasetCardData)
    assert set() == {*data.to_dict()} - KNOWN
    assert data.to_dict() == DatasetCard(f"---\n{data.to_yaml()}\n---\n").data.to_dict()


def test_a_card_of_free_clips(parquet):
    """What people look for it by: licence, size, tasks, modalities."""
    data = DatasetCard.load(parquet / "README.md").data.to_dict()
    assert ("apache-2.0", "n<1K", "en") == (data["license"], data["size_categories"], data["language"])
    assert ["multiple-choice", "video-text-to-text"] == data["task_categories"]
    assert {"audio", "text", "video"} < {*data["tags"]}
    sizes = [split["num_bytes"] for split in data["dataset_info"]["splits"]]
    assert sum(sizes) == data["dataset_info"]["download_size"] == data["dataset_info"]["dataset_size"]
    assert not [name for name in data if name.startswith("extra_gated")]


def test_a_card_of_clips_with_a_licence_of_their_own(annotations):
    """It names and links the licence, and asks users to agree to it first."""
    data = DatasetCard.load(annotations / "README.md").data.to_dict()
    assert ("other", "tvqa", "https://github.com/jayleicn/TVQA") == tuple(
        data[name] for name in ("license", "license_name", "license_link")
    )
    assert ["extra_gated_button_content", "extra_gated_fields", "extra_gated_heading", "extra_gated_prompt"] == sorted(
        name for name in data if name.startswith("extra_gated")
    )
    assert "checkbox" in data["extra_gated_fields"].values()


def test_the_audit_stands_in_the_card(annotations):
    """As in any other form of the data."""
    assert "| reader |" in (annotations / "README.md").read_text(encoding="utf-8")


def test_a_folder_that_is_there_is_not_written_over(plays, tmp_path):
    """Whatever it holds."""
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InputError, match="it holds something else"):
        export_annotations(plays, tmp_path)


def test_data_of_unknown_source_are_refused(plays, tmp_path):
    """Their licence is not known."""
    with pytest.raises(InputError, match=r"no data\.json tells its source"):
        export_annotations(replace(plays, source={}), tmp_path / "data")


def test_the_source_is_told_as_it_is(parquet, plays):
    """Beside the tables, for whoever sends the folder on."""
    assert dict(plays.source) == json.loads((parquet / "data.json").read_text(encoding="utf-8"))


def test_the_tables_are_those_of_a_plain_export(parquet, plays, tmp_path):
    """The card too."""
    plain = export_parquet(plays, tmp_path / "plain")
    assert {name: (plain / name).read_bytes() for name in names(plain)} == {
        name: (parquet / name).read_bytes() for name in names(plain)
    }
