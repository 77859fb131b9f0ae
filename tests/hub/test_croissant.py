"""Croissant metadata are valid by MLCommons' own reader, and lead to the very rows."""

import json
import logging
import shutil
from pathlib import Path

import mlcroissant
import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.hub.croissant import croissant
from crossomni.hub.folders import export_annotations, export_for_viewer
from crossomni.hub.layout import Layout

DAY = "2026-01-31"
# mlcroissant's reader calls by their old names what rdflib and pandas are about to change.
pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning", "ignore:The inplace keyword", "ignore:.*default_context"
)


@pytest.fixture(scope="module")
def folders(plays: Corpus, television: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three forms, each with its metadata."""
    place = tmp_path_factory.mktemp("croissant")
    made = {
        "folder": Path(shutil.copytree(plays.folder, place / "folder")),
        "parquet": export_for_viewer(plays, place / "parquet"),
        "annotations": export_annotations(television, place / "annotations"),
    }
    for form, folder in made.items():
        source = (television if form == "annotations" else plays).source
        text = croissant(Layout.of(folder), source, published=DAY)
        (folder / "croissant.json").write_text(text, encoding="utf-8")
    return made


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@pytest.mark.parametrize("form", ["folder", "parquet", "annotations"])
def test_it_is_valid(folders, form):
    """Nothing is wrong with it, and nothing that is recommended is missing."""
    issues = mlcroissant.Dataset(jsonld=folders[form] / "croissant.json").metadata.issues
    assert (set(), set()) == (issues.errors, issues.warnings)


@pytest.mark.parametrize("form", ["folder", "parquet", "annotations"])
def test_it_leads_to_the_rows(folders, form, plays):
    """Each split is a record set whose records are the rows, in their order."""
    found = list(mlcroissant.Dataset(jsonld=folders[form] / "croissant.json").records("train"))
    for record, row in zip(found, plays.rows("train"), strict=True):
        told = row.to_columns()
        texts = ("id", "task", "question", "answer", "clip_id")
        assert {name: told[name] for name in texts} == {name: record[f"train/{name}"].decode() for name in texts}
        assert told["options"] == [option.decode() for option in record["train/options"]]
        assert told["end_seconds"] == record["train/end_seconds"]


def test_it_conforms_to_the_specification_that_it_names(folders):
    """1.1, with the licence's address and every table's hash."""
    told = json.loads((folders["folder"] / "croissant.json").read_text(encoding="utf-8"))
    assert "http://mlcommons.org/croissant/1.1" == told["conformsTo"]
    assert "https://choosealicense.com/licenses/apache-2.0/" == told["license"]
    kinds = {each["@id"]: each["@type"] for each in told["distribution"]}
    assert {
        "train/metadata.parquet": "cr:FileObject",
        "test/metadata.parquet": "cr:FileObject",
        "train/videos.mp4": "cr:FileSet",
        "test/videos.mp4": "cr:FileSet",
    } == kinds


def test_clips_that_are_not_there_are_not_told(folders):
    """Annotations list rows alone, under the clips' own licence."""
    told = json.loads((folders["annotations"] / "croissant.json").read_text(encoding="utf-8"))
    assert ["train.jsonl", "test.jsonl"] == [each["@id"] for each in told["distribution"]]
    assert "https://github.com/jayleicn/TVQA" == told["license"]


def test_a_table_that_was_changed_is_noticed(folders, tmp_path):
    """Its hash is another."""
    folder = Path(shutil.copytree(folders["annotations"], tmp_path / "changed"))
    with (folder / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(mlcroissant.GenerationError) as told:
        list(mlcroissant.Dataset(jsonld=folder / "croissant.json").records("train"))
    assert "is not identical with the reference" in str(told.value.__cause__)


def test_several_shards_of_a_split_are_one_record_set(folders, plays, tmp_path):
    """A set of files stands for them."""
    folder = tmp_path / "shards"
    shutil.copytree(folders["parquet"], folder)
    table = folder / "playhouse" / "train-00000-of-00001.parquet"
    shutil.copy(table, folder / "playhouse" / "train-00001-of-00002.parquet")
    table.rename(folder / "playhouse" / "train-00000-of-00002.parquet")
    (folder / "croissant.json").write_text(croissant(Layout.of(folder), plays.source, published=DAY))
    dataset = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    assert (set(), set()) == (dataset.metadata.issues.errors, dataset.metadata.issues.warnings)
    assert 2 * len(plays.rows("train")) == len(list(dataset.records("train")))


def test_a_licence_of_its_own_has_an_address(plays):
    """Else nobody could read it."""
    with pytest.raises(InputError, match="came without licence_link"):
        croissant(Layout.of(plays.folder), {"source": "mine", "licence": "other"})
