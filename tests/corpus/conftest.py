"""A small dataset and its annotations, for the tests of this folder."""

import json
from pathlib import Path

import pytest

from tests.small_corpus import small, write_lines


@pytest.fixture(scope="session")
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
