"""Small data of the two kinds that there are: clips that may be passed on, and clips that may not."""

from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.corpus import Corpus
from crossomni.records import Line
from tests.small_corpus import small

TVQA = {
    "source": "tvqa",
    "seed": 7,
    "version": "0.1.0",
    "media": "/home/me/tvqa",
    "licence": "other",
    "licence_name": "tvqa",
    "licence_link": "https://github.com/jayleicn/TVQA",
}


@pytest.fixture(scope="session")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Three clips of playhouse's licence, nine rows; not to be changed."""
    folder = tmp_path_factory.mktemp("plays")
    return Corpus.open(str(small(folder / "media").export(folder / "data")))


@pytest.fixture(scope="session")
def television(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The same as if cut from TVQA, with lines that are said in it; not to be changed."""
    folder = tmp_path_factory.mktemp("television")
    made = small(folder / "media")
    line = Line(speaker="Ada", text="How you doing?", start_seconds=0, end_seconds=1)
    made.clips = {name: replace(clip, lines=(line,)) for name, clip in made.clips.items()}
    return Corpus.open(str(made.export(folder / "data", source=TVQA)))


def names(folder: Path) -> list[str]:
    """Paths of all files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
