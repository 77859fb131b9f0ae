"""What was spent, over runs and shards."""

from pathlib import Path

import pytest

from crossomni.chat.spending import Spent
from crossomni.construction.models.costs import Progress, added, summed
from crossomni.errors import RunError

SPENT = Spent(replies=3, cached=1, prompt_tokens=20, completion_tokens=4)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A folder without it has spent nothing."""
    assert Progress.read(tmp_path) == Progress()
    told = Progress(clips=7, spent={"vision": SPENT})
    told.write(tmp_path)
    assert Progress.read(tmp_path) == told


def test_shards_are_summed() -> None:
    """By role, and what earlier runs spent is taken off."""
    one, other = Progress(clips=2, spent={"vision": SPENT}), Progress(clips=3, spent={"vision": SPENT, "audio": SPENT})
    both = summed([one, other])
    assert both == Progress(clips=5, spent={"vision": SPENT + SPENT, "audio": SPENT})
    assert both.calls == 9
    assert both.since(one).spent == {"vision": SPENT, "audio": SPENT}
    assert added({}, {"vision": SPENT}) == {"vision": SPENT}


def test_what_is_damaged_is_named(tmp_path: Path) -> None:
    """It holds no more than sums."""
    (tmp_path / "progress.json").write_text('{"clips": 1}')
    with pytest.raises(RunError, match=r"progress\.json: cannot be read .* Remove it"):
        Progress.read(tmp_path)
