"""`load_dataset("crossomni")` from anywhere, never stale, and exports that load without this package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import datasets
import pytest

import crossomni_dataset
from crossomni.corpus import Corpus
from crossomni.errors import InputError, MissingPackageError
from crossomni.export import export_parquet
from crossomni.records import COLUMNS
from tests.corpus.conftest import change_line, media_of
from tests.small_corpus import small

ROOT = Path(__file__).resolve().parent.parent
datasets.disable_progress_bars()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small dataset, not to be changed."""
    return small(tmp_path_factory.mktemp("media"))


@pytest.fixture
def load(made, tmp_path):
    """A call that loads `full` from annotations in tmp_path and the small dataset's media."""
    made.annotate(tmp_path / "annotations")

    def call(**changes):
        folders = {"annotations_dir": str(tmp_path / "annotations"), "media_dir": str(media_of(made))}
        return datasets.load_dataset("crossomni", "full", cache_dir=str(tmp_path / "cache"), **(folders | changes))

    return call


@pytest.fixture(scope="module")
def exported(made, tmp_path_factory):
    """The small dataset as a data folder."""
    return made.export(tmp_path_factory.mktemp("export") / "data")


def check_columns(features) -> None:
    """The contract's columns, with their features."""
    assert tuple(features) == COLUMNS
    assert features["video"] == datasets.Video()
    assert features["audio"] == datasets.Audio(sampling_rate=16_000)
    assert features["options"] == datasets.List(datasets.Value("string"))


def test_full_serves_rows_and_decodes_them(made, load):
    """Rows of `full` have the contract's columns; picture and sound come from the same file."""
    rows = load(split="test")
    check_columns(rows.features)
    assert [row.id for row in made.splits["test"]] == rows["id"][:]
    row = rows[0]
    assert row["video"].metadata.num_frames == 14
    sound = row["audio"].get_all_samples()
    assert sound.sample_rate == 16_000
    assert sound.duration_seconds == pytest.approx(14 / 12, abs=0.1)


def test_streaming_serves_the_same_rows(load):
    """A stream gives what the cached rows give, clip by clip."""
    stream = load(split="train", streaming=True)
    check_columns(stream.features)
    assert list(stream.select_columns(["id", "clip_id"])) == list(load(split="train").select_columns(["id", "clip_id"]))
    assert next(iter(stream))["video"].metadata.num_frames == 12


def test_changed_annotations_are_never_served_stale(load, tmp_path):
    """After a change to the annotations the next load shows the change."""
    assert load(split="test")["answer"][0] == "A"
    change_line(tmp_path / "annotations" / "test.jsonl", answer="D")
    assert load(split="test")["answer"][0] == "D"


def test_changed_media_are_checked_again(load, made, tmp_path):
    """A clip that vanishes after the first load is missed by the second, cache or no cache."""
    media = shutil.copytree(media_of(made), tmp_path / "media")
    load(media_dir=str(media))
    (media / "play1.mp4").unlink()
    with pytest.raises(InputError, match=r"1 of 3 clips missing.*play1"):
        load(media_dir=str(media))


def test_the_same_data_are_cached_once(load, tmp_path):
    """Two loads of the same data make one cache."""
    load()
    load()
    assert len(list((tmp_path / "cache" / "crossomni").iterdir())) == 1


def test_reading_text_opens_no_media(load, made, tmp_path):
    """The calls that the module's docstring shows work although every clip is damaged after it was hashed."""
    media = shutil.copytree(media_of(made), tmp_path / "media")
    rows = load(split="test", media_dir=str(media))
    stream = load(split="test", media_dir=str(media), streaming=True)
    for path in media.iterdir():
        path.write_text("no clip")
    assert rows.filter(lambda task: task == "vi", input_columns=["task"]).num_rows == 1
    assert rows.select_columns(["id", "task"])[0] == {"id": "test-play2-0", "task": "au"}
    assert rows["question"][0] == "Who plays part 0?"
    paths = rows.cast_column("video", datasets.Video(decode=False)).cast_column("audio", datasets.Audio(decode=False))
    assert paths[0]["video"] == paths[0]["audio"] == {"bytes": None, "path": str(media / "play2.mp4")}
    assert [row["id"] for row in stream.decode(False).filter(lambda row: row["task"] == "vi")] == ["test-play2-1"]
    names = stream.select_columns(["id", "task"]).filter(lambda row: row["task"] == "vi")
    assert [row["id"] for row in names] == ["test-play2-1"]
    with pytest.raises(RuntimeError):
        rows[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"media_dir": None}, "media missing.*load_dataset media_dir=…, a command --media"),
        ({"media_dir": None, "annotations_dir": None}, "annotations_dir=… and media_dir=…"),
        ({"media_dir": "nowhere"}, "nowhere: no such folder"),
        ({"data_dir": "x"}, "data_dir"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(load, changes, message):
    """What is missing or not understood is said in one line, before anything is cached."""
    with pytest.raises(InputError, match=message) as caught:
        load(**changes)
    assert "\n" not in str(caught.value)


def test_an_unknown_configuration_lists_those_there_are(load):
    """The error of `datasets` names both configurations."""
    with pytest.raises(ValueError, match=r"'other' not found.*'playhouse', 'full'"):
        datasets.load_dataset("crossomni", "other")


def test_another_build_of_datasets_is_refused_clearly():
    """Where the private door is gone, the error names what is missing and the version that was tested."""
    with pytest.raises(
        MissingPackageError, match=f"PackagedDatasetModuleFactory.*datasets=={crossomni_dataset.TESTED}"
    ):
        crossomni_dataset.register(
            SimpleNamespace(_PACKAGED_DATASETS_MODULES={}, DatasetModule=0, BuilderConfigsParameters=0)
        )


def test_other_packaged_builders_still_load(tmp_path):
    """Our door answers for our name only."""
    (tmp_path / "a.csv").write_text("x\n1\n")
    rows = datasets.load_dataset(
        "csv", data_files=str(tmp_path / "a.csv"), cache_dir=str(tmp_path / "c"), split="train"
    )
    assert rows["x"][:] == [1]


@pytest.mark.parametrize("streaming", [False, True])
def test_an_export_loads_without_this_package(exported, tmp_path, streaming):
    """Plain `load_dataset` on the folder gives the contract's columns, and decodes both media."""
    rows = datasets.load_dataset(str(exported), split="train", streaming=streaming, cache_dir=str(tmp_path))
    check_columns(rows.features)
    row = next(iter(rows))
    assert row["video"].metadata.num_frames == 12
    assert row["audio"].get_all_samples().sample_rate == 16_000
    assert (row["id"], row["options"]) == ("train-play0-0", ["Ada", "Bo", "Cy", "Di"])


@pytest.mark.parametrize(("place", "name"), [("..", "data"), (".", "../data"), ("../..", "{parent}/data")])
def test_an_export_loads_by_the_relative_paths_of_its_card(exported, tmp_path, monkeypatch, place, name):
    """A folder below, one beside, and one further down are found by their names."""
    monkeypatch.chdir(exported / place)
    name = name.format(parent=exported.parent.name)
    rows = datasets.load_dataset(name, split="test", streaming=True, cache_dir=str(tmp_path))
    assert next(iter(rows.select_columns(["id"])))["id"] == "test-play2-0"


def test_the_viewers_parquet_loads_without_this_package(exported, tmp_path):
    """Plain `load_dataset` on the Parquet folder gives the contract's columns, and decodes both media."""
    folder = export_parquet(Corpus.open(str(exported)), tmp_path / "viewer")
    rows = datasets.load_dataset(str(folder), "playhouse", split="test", cache_dir=str(tmp_path / "cache"))
    check_columns(rows.features)
    assert rows[0]["video"].metadata.num_frames == 14
    assert rows[0]["audio"].get_all_samples().sample_rate == 16_000


FRONT_MATTER = """---
configs:
- config_name: playhouse
  default: true
  data_files:
  - split: train
    path: crossomni/shipped/train/**
  - split: test
    path: crossomni/shipped/test/**
---
"""
EVERYWHERE = """
import os, sys
sys.modules["torchcodec"] = None  # not installed, as far as this process can tell
import datasets
checkout, elsewhere = sys.argv[1:]
sys.path.insert(0, checkout)
import crossomni_dataset
assert crossomni_dataset.__file__.startswith(checkout)
for folder in (elsewhere, elsewhere + "/empty", elsewhere + "/script", checkout):
    os.chdir(folder)
    assert list(datasets.load_dataset("crossomni")) == ["train", "test"]
    rows = datasets.load_dataset("crossomni", "playhouse", split="test")
    assert rows["id"][0] == "test-play2-0" and rows.builder_name == "crossomni_dataset", rows
    assert next(iter(datasets.load_dataset("crossomni", split="test", streaming=True).decode(False)))["task"] == "au"
    assert datasets.get_dataset_config_names("crossomni") == ["playhouse", "full"]
assert len(os.listdir(datasets.config.HF_DATASETS_CACHE / "crossomni")) == 1
del sys.modules["crossomni_dataset"], sys.modules["torchcodec"]  # the folder builder encodes with torchcodec
os.chdir(elsewhere + "/empty")
assert datasets.load_dataset(checkout, split="train").features == rows.features
assert datasets.load_dataset(checkout, "playhouse", split="test").num_rows == 3
"""


@pytest.fixture
def checkout(exported, tmp_path):
    """A checkout with a small shipped set and a card."""
    folder = tmp_path / "crossomni"
    (folder / "crossomni").mkdir(parents=True)
    shutil.copy(ROOT / "crossomni_dataset.py", folder)
    for path in (ROOT / "crossomni").glob("*.py"):
        shutil.copy(path, folder / "crossomni")
    shutil.copytree(ROOT / "crossomni" / "media", folder / "crossomni" / "media")
    shutil.copytree(exported, folder / "crossomni" / "shipped")
    (folder / "README.md").write_text(FRONT_MATTER)
    return folder


@pytest.mark.slow
def test_playhouse_loads_from_any_folder(checkout, tmp_path):
    """An empty folder, one with a crossomni.py, the checkout and its parent give the same rows from one cache."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "crossomni.py").write_text("raise SystemExit(1)")
    subprocess.run(
        [sys.executable, "-c", EVERYWHERE, str(checkout), str(tmp_path)],
        env=os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"},
        check=True,
        timeout=120,
    )
