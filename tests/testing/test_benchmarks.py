"""The fakes of other benchmarks: what they promise of themselves."""

from pathlib import Path

import pytest

from crossomni.errors import InputError
from crossomni.testing.benchmarks import write_daily_omni, write_worldsense


def test_more_than_there_is_is_refused(tmp_path: Path) -> None:
    """Clips and questions come from the set in the package."""
    with pytest.raises(InputError, match="clips is 43; wanted 1 to 42"):
        write_daily_omni(tmp_path, clips=43)
    with pytest.raises(InputError, match=r"questions is 99; wanted 1 to \d+ a clip"):
        write_worldsense(tmp_path, questions=99)


def test_two_writings_are_the_same(tmp_path: Path) -> None:
    """Byte for byte."""
    one, two = (write_daily_omni(tmp_path / name, clips=2, questions=2) for name in "ab")
    assert one.annotations.read_bytes() == two.annotations.read_bytes()
