"""What was decoded, kept on disk within bounds, so that no clip is decoded twice."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossomni.errors import MediaError
from crossomni.media.disk import DiskCache, cache_home

_SHARED_BYTES = 8 * 2**30
_SETTLED_SECONDS = 2  # a file changed more lately could change again without its times showing it


class FrameCache(DiskCache):
    """Arrays on disk under a key, lossless: ``.npy`` files."""

    suffix = ".npy"
    name = "frame cache"

    @classmethod
    def shared(cls) -> FrameCache:
        """The cache that all runs of a user share, at most 8 GiB (``cache_home``).

        What is decoded once is decoded for every model, prompt, knock-out and question.
        """
        return cls(cache_home() / "frames", _SHARED_BYTES)

    def array(self, key: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """The array stored under ``key``, or else ``make()``, stored for the next time."""

        def written() -> memoryview:
            buffer = io.BytesIO()
            np.save(buffer, make(), allow_pickle=False)
            return buffer.getbuffer()

        array: NDArray[Any] = np.load(io.BytesIO(self.content(key, written)), allow_pickle=False)
        return array

    def sha256(self, path: Path) -> str:
        """SHA-256 of a file in hexadecimal, computed once as long as the file stays as it is.

        Raises:
            MediaError: when the file cannot be read.
        """
        status = _status(path)
        changed = max(status.st_mtime, status.st_ctime)
        if time.time() - changed < _SETTLED_SECONDS:
            return file_sha256(path)
        identity = (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        digest = self.array(
            f"sha256 {identity}", lambda: np.frombuffer(bytes.fromhex(file_sha256(path)), np.uint8).copy()
        )
        return digest.tobytes().hex()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal.

    Raises:
        MediaError: when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaError(f"clip {path}: {error.strerror}; wanted a video file. Check the name.") from error


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise MediaError(f"clip {path}: {error.strerror}; wanted a video file. Check the name.") from error
