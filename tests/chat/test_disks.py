"""Which disks several machines share, and a cache on one of them."""

from pathlib import Path

import pytest

from crossomni.chat import ChatReply, ReplyCache, Usage
from crossomni.chat.disks import is_shared

MOUNTS = r"""/dev/sda1 / ext4 rw 0 0
server:/data /data nfs4 rw 0 0
/dev/sdb1 /data/my\040scratch xfs rw 0 0
mds@tcp:/fs /lustre lustre rw 0 0
sshfs /home/me/far fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tmp/replies.sqlite", False),
        ("/data/full-work/shard_00000/replies.sqlite", True),
        ("/data/my scratch/replies.sqlite", False),
        ("/lustre/a/b/replies.sqlite", True),
        ("/home/me/far/replies.sqlite", True),
        ("/database/replies.sqlite", False),
    ],
)
def test_the_innermost_disk_counts(path: str, expected: bool, tmp_path: Path) -> None:
    """By the kind that the system calls it."""
    (tmp_path / "mounts").write_text(MOUNTS)
    assert expected is is_shared(Path(path), tmp_path / "mounts")


def test_where_disks_are_not_told_none_is_shared(tmp_path: Path) -> None:
    """As on macOS."""
    assert not is_shared(Path("/data"), tmp_path / "none")


@pytest.mark.parametrize("shared", [True, False])
def test_a_shared_disk_has_no_write_ahead_log(shared: bool, tmp_path: Path) -> None:
    """But a plain journal, with which several models of one process keep replies in one file, too."""
    path, reply = tmp_path / "replies.sqlite", ChatReply(text="B", thinking="", finish="stop", usage=Usage(), id="1")
    with ReplyCache(path, shared=shared) as one, ReplyCache(path, shared=shared) as other:
        for number in range(4):
            (one, other)[number % 2].keep(str(number), "m", reply)
        assert reply == one.find("3") == other.find("0")
        assert (tmp_path / "replies.sqlite-wal").exists() is not shared
