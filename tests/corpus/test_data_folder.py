"""A data folder, rows in Parquet beside their media: what is said when something of it is wrong."""

import math
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crossomni.corpus import Corpus
from crossomni.errors import DataError


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


def test_damaged_parquet_is_named(made, tmp_path):
    """A metadata file that is cut short is refused by name."""
    folder = made.export(tmp_path / "data")
    path = folder / "test" / "metadata.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"metadata\.parquet: cannot be read"):
        Corpus.open(str(folder))


def test_a_missing_clip_of_a_data_folder_is_named(made, tmp_path):
    """A data folder whose media are gone is refused, and the file is named."""
    folder = made.export(tmp_path / "data")
    (folder / "test" / "videos" / "play2.mp4").unlink()
    with pytest.raises(DataError, match=r"play2\.mp4: the file is missing"):
        Corpus.open(str(folder))


def test_a_folder_that_is_no_data_folder_is_refused(tmp_path):
    """A folder without metadata is refused, and what can be given is said."""
    with pytest.raises(DataError, match="no data folder"):
        Corpus.open(str(tmp_path))


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
