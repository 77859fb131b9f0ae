"""What was computed, kept on disk within bounds under a key, so that it is not computed twice."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from crossomni.errors import InputError

_LOG = logging.getLogger(__name__)
_DIGEST_BYTES = 32
_SHARERS = 8  # processes that may use up the free room of a folder without looking
_STALE_SECONDS = 3600  # a temporary file this old was left by a process that was killed


def cache_home() -> Path:
    """The folder of everything that is kept between runs: ``$CROSSOMNI_CACHE``, or the user's cache folder."""
    home = os.environ.get("CROSSOMNI_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "crossomni"
    return Path(home).expanduser()


class DiskCache:
    """Bytes on disk under a key, at most ``max_bytes`` in all; several processes may share the folder.

    Each entry is a file with its own SHA-256 at the end: an entry that is cut short or damaged is dropped and made
    again. When room is needed, what was used least lately goes first. A disk that cannot be written costs time,
    never a result: what was made is served, and one warning is logged.
    """

    suffix = ".bin"
    name = "cache"  # how its warnings call it

    def __init__(self, folder: Path, max_bytes: int) -> None:
        if max_bytes < 0:
            raise InputError(f"{self.name} {folder}: max_bytes is {max_bytes}; wanted 0 or more.")
        self.folder = folder
        self.max_bytes = max_bytes
        self._room = 0  # bytes that may be stored before the folder is looked through again
        self._warned = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._warn(error)

    def content(self, key: str, make: Callable[[], bytes | memoryview]) -> bytes | memoryview:
        """What is stored under ``key``, or else ``make()``, stored for the next time."""
        entry = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}{self.suffix}"
        stored = _load(entry)
        if stored is not None:
            return stored
        made = make()
        try:
            self._store(entry, made)
        except OSError as error:
            self._warn(error)
        return made

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            _LOG.warning("%s %s: %s; what it would hold is made again.", self.name, self.folder, error.strerror)

    def _store(self, entry: Path, content: bytes | memoryview) -> None:
        size = len(content) + _DIGEST_BYTES
        if size > self.max_bytes:
            return
        self._make_room(size)
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.write(hashlib.sha256(content).digest())
            os.replace(temporary, entry)
        finally:
            temporary.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        """Remove what was used least lately until ``size`` more bytes fit.

        The folder is looked through only when this cache's own part of the free room is used up.
        """
        if size <= self._room:
            self._room -= size
            return
        now = time.time()
        entries = []
        for item in os.scandir(self.folder):
            try:
                status = item.stat()
                if item.name.endswith(".tmp") and now - status.st_mtime > _STALE_SECONDS:
                    os.unlink(item.path)
                else:
                    entries.append((status.st_mtime_ns, status.st_size, item.path))
            except FileNotFoundError:  # another process was quicker
                continue
        total = sum(entry_size for _, entry_size, _ in entries)
        for _, entry_size, path in sorted(entries):
            if total + size <= self.max_bytes:
                break
            Path(path).unlink(missing_ok=True)
            total -= entry_size
        self._room = max(0, self.max_bytes - total - size) // _SHARERS


def _load(entry: Path) -> memoryview | None:
    """Read an entry and mark it as used, or None when it is absent; a damaged one is removed."""
    try:
        content = memoryview(entry.read_bytes())
    except OSError:
        return None
    now = time.time_ns()
    with suppress(OSError):  # a disk that can only be read
        os.utime(entry, ns=(now, now))  # the file system's own clock ticks too slowly to order two uses
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        _LOG.info("%s is damaged and is made again.", entry)
        with suppress(OSError):
            entry.unlink()
        return None
    return body
