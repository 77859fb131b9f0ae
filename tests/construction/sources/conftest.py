import shutil
from pathlib import Path

import pytest

from crossomni.testing.tvqa import TvqaFolder
from tests.construction.sources.copies import write_copy


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TvqaFolder:
    """A copy of TVQA in which nothing is wrong; nobody changes it."""
    return write_copy(tmp_path_factory.mktemp("tvqa"))


@pytest.fixture
def copy(whole: TvqaFolder, tmp_path: Path) -> TvqaFolder:
    """The same, to be spoiled."""
    for folder in (whole.media, whole.annotations):
        shutil.copytree(folder, tmp_path / folder.name)
    return TvqaFolder(tmp_path / "media", tmp_path / "annotations", whole.source_of)
