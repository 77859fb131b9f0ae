"""The board's labels: hidden ones joined to their rows, open ones from the data."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import DataError, InputError
from crossomni.leaderboard.labels import Labels, read_all
from tests.small_corpus import Small, small


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Rows on tiny real clips."""
    return small(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="module")
def data(made: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data with hidden answers; the labels are beside it."""
    return made.export(tmp_path_factory.mktemp("hidden") / "plays", hide_answers=True)


def labels_of(data: Path) -> Path:
    """The folder beside it."""
    return data.with_name(f"{data.name}-labels")


def test_hidden_labels_are_joined_to_their_rows(made: Small, data: Path) -> None:
    """Each public row gets the answer of the row that it was, and the data have the fingerprint that a run notes."""
    found = Labels.read(labels_of(data))
    corpus = Corpus.open(str(data))
    assert (corpus.fingerprint, "hidden", "plays") == (found.fingerprint, found.kind, found.data)
    assert [row.id for row in corpus.rows("test")] == list(found.rows)
    lines = (labels_of(data) / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    was = {line["id"]: line["row"] for line in map(json.loads, lines)}
    answers = {row.id: row.answer for row in made.splits["test"]}
    assert {name: answers[was[name]] for name in found.rows} == {name: row.answer for name, row in found.rows.items()}


def test_no_media_are_needed(data: Path, tmp_path: Path) -> None:
    """A board's machine need not have the clips."""
    wanted = Labels.read(labels_of(data)).fingerprint
    for folder in (data, labels_of(data)):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix in (".jsonl", ".json", ".parquet"):
                target = tmp_path / path.relative_to(data.parent)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    assert wanted == Labels.read(labels_of(tmp_path / "plays")).fingerprint


def test_open_labels_are_the_datas_own(made: Small, tmp_path: Path) -> None:
    """A data folder with answers is open."""
    found = Labels.read(made.export(tmp_path / "plays"))
    assert ("open", [row.id for row in made.splits["test"]]) == (found.kind, list(found.rows))


def test_annotations_are_open_too(made: Small, tmp_path: Path) -> None:
    """A folder of annotations has rows and answers, and no media."""
    assert 3 == len(Labels.read(made.annotate(tmp_path / "notes")).rows)


def test_playhouse_is_always_known(data: Path) -> None:
    """The shipped set's labels are there without being given."""
    assert [("plays", "hidden"), ("playhouse", "open")] == [(one.data, one.kind) for one in read_all([labels_of(data)])]
    assert Corpus.open("playhouse").fingerprint == Labels.playhouse().fingerprint


def test_two_sets_of_one_name_are_refused(made: Small, tmp_path: Path) -> None:
    """Systems on them would be ranked as if they had answered the same questions."""
    with pytest.raises(InputError, match=r"two sets of rows are called 'playhouse'.*Rename one"):
        read_all([made.export(tmp_path / "playhouse")])


def test_the_mark_needs_the_secret(data: Path) -> None:
    """The name that a cache gives to labels changes with them and with their secret, so that it tells no answer."""
    found = Labels.read(labels_of(data))
    assert found.mark == Labels.read(labels_of(data)).mark
    assert found.mark != replace(found, secret="guessed").mark
    first, *rest = found.rows.values()
    other = replace(first, answer="ABCD"["BCDA".index(first.answer)])
    assert found.mark != replace(found, rows={row.id: row for row in (other, *rest)}).mark


def test_data_whose_answers_are_hidden_are_no_labels(data: Path) -> None:
    """The public folder is refused, with the name of what to give."""
    with pytest.raises(DataError, match=r"3 of 3 rows of test have no answer.*plays-labels"):
        Labels.read(data)


def test_a_folder_without_its_data(data: Path, tmp_path: Path) -> None:
    """Labels alone do not say what their rows are."""
    alone = tmp_path / "plays-labels"
    alone.mkdir()
    (alone / "labels.jsonl").write_bytes((labels_of(data) / "labels.jsonl").read_bytes())
    with pytest.raises(DataError, match="which is no folder"):
        Labels.read(alone)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [("", "no label for 3 rows"), ('{"id": 1}\n', "an id of its own"), ("[]\n", "labels.jsonl, line 1")],
    ids=("empty", "no id", "no object"),
)
def test_labels_that_are_none(made: Small, lines: str, reason: str, tmp_path: Path) -> None:
    """A row without a label, and a line that is none, are told."""
    data = made.export(tmp_path / "plays", hide_answers=True)
    (labels_of(data) / "labels.jsonl").write_text(lines, encoding="utf-8")
    with pytest.raises(DataError, match=reason):
        Labels.read(labels_of(data))


@pytest.mark.parametrize("folder", ["nothing", "."])
def test_a_folder_that_is_no_data(folder: str, tmp_path: Path) -> None:
    """A folder without rows is refused."""
    with pytest.raises(DataError, match="Give a data folder"):
        Labels.read(tmp_path / folder)
