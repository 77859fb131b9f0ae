"""Whether a folder lies on a disk that several machines share, where SQLite's write-ahead log does not work.

https://www.sqlite.org/wal.html: all who use the log must be on one machine, since they share memory.
"""

from __future__ import annotations

from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")  # of Linux; where it is not there, no disk is taken for a shared one
_SHARED = {"9p", "afs", "beegfs", "ceph", "cifs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
           "ocfs2", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "virtiofs", "vxfs", "wekafs"}  # fmt: skip


def is_shared(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether the file, which need not be there, is or would be on such a disk; FUSE's are all taken for shared ones.

    Args:
        mounts: a line for each disk: what it is, where it is mounted, its kind.
    """
    try:
        lines = [line.split(" ") for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return False
    # A space in a name stands there as \040. Of two mounted at one place, the later one is seen.
    kinds = {_plain(words[1]): words[2] for words in lines if len(words) > 2}
    place = path.resolve()
    for folder in (place, *place.parents):
        if (kind := kinds.get(str(folder))) is not None:
            return kind in _SHARED or kind.startswith("fuse")
    return False


def _plain(name: str) -> str:
    return name.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
