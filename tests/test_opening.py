"""One door to data by name."""

from pathlib import Path

import pytest

from crossomni.benchmarks.names import BENCHMARKS, DATA_NAMES, benchmark_of
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.opening import open_corpus
from crossomni.testing.benchmarks import write_avut


def test_this_projects_own_data_are_opened_as_ever() -> None:
    """By the same fingerprint, and without groupings."""
    corpus = open_corpus("playhouse")
    assert (corpus.fingerprint, corpus.groups) == (Corpus.open("playhouse").fingerprint, {})


def test_a_benchmark_is_opened_by_its_name(tmp_path: Path) -> None:
    """Places may be text, as run.json has them."""
    folder = write_avut(tmp_path, clips=1, questions=2).folder
    assert open_corpus("avut", None, str(folder)).source["source"] == "avut"


def test_places_that_do_not_go_with_the_data_are_refused(tmp_path: Path) -> None:
    """Playhouse has its media, a benchmark needs them."""
    with pytest.raises(InputError, match="only 'full' takes annotations and media"):
        open_corpus("playhouse", None, tmp_path)
    with pytest.raises(InputError, match="worldsense: no media came"):
        open_corpus("worldsense")


def test_every_benchmark_is_known_by_two_names() -> None:
    """Whole and in part; nothing else is one."""
    assert {benchmark_of(name) for name in DATA_NAMES} == set(BENCHMARKS.values())
    assert [benchmark_of(name) for name in ("playhouse", "avut/", ":partial", "")] == [None] * 4
