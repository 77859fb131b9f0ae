"""The data that servers are asked about, and a quiet environment for their clients."""

from pathlib import Path

import pytest

from tests.evaluation.models.endpoint.served import make_data


@pytest.fixture(autouse=True)
def _quiet(quiet: None) -> None:
    """Every test here."""


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of three clips. Labels are held back: runs are not scored, which takes most of their time."""
    return make_data(tmp_path_factory.mktemp("three") / "data", hide_answers=True)


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its labels."""
    return make_data(tmp_path_factory.mktemp("labelled") / "data", hide_answers=False)


@pytest.fixture(scope="session")
def clip(three: Path) -> Path:
    """The clip of the first rows."""
    return three / "test/videos/clip_00.mp4"
