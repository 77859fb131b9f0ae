"""Files that survive a kill: a ledger of JSON lines that only grows, and whole JSON files written at once.

A record counts as written when ``append`` has returned. One record is one line and one write to a file opened for
appending, so that a kill can tear the last line only; the next opening drops a torn last line and says so.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crossomni.errors import RunError

_log = logging.getLogger(__name__)


class Ledger:
    """One file of JSON lines, held by one process at a time.

    Use it as a context manager; the file and its parent folders are made where they are not there.

    Raises:
        RunError: when another process holds the file, or the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._holder = path.with_name(f".{path.name}.holder")
        self._held = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise RunError(
                f"{path}: cannot be opened for writing ({error.strerror}). Choose another folder."
            ) from error
        try:
            self._lock()
            self._drop_torn_line()
        except BaseException:
            self.close()
            raise

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record as one line; when this returns, a kill of this process cannot lose it.

        Raises:
            RunError: when the line cannot be written whole (a full disk, say); what was there before stays readable.
        """
        try:
            line = encode(json.dumps(dict(record), ensure_ascii=False, allow_nan=False) + "\n")
        except (TypeError, ValueError) as error:
            raise RunError(f"{self.path}: a record does not go into JSON ({error}): {_shown(repr(record))}.") from error
        end = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise RunError(
                f"{self.path}: a record was not written ({error.strerror}). Make room and resume."
            ) from error
        if written < len(line):
            os.ftruncate(self._file, end)
            raise RunError(f"{self.path}: no room for a record of {len(line)} bytes. Make room and resume.")

    def records(self) -> Iterator[dict[str, Any]]:
        """Every record in the order of writing.

        Raises:
            RunError: naming the line that is no JSON object.
        """
        return read_records(self.path)

    def replace(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Put these records in the place of all that are there: a kill leaves the old file or the new one.

        Raises:
            RunError: when they cannot be written; the old file stays as it was.
        """
        temporary = self.path.with_name(f".{self.path.name}.new")
        temporary.unlink(missing_ok=True)
        old, self._file = self._file, os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held before anybody can see it
            for record in records:
                self.append(record)
            os.fsync(self._file)
            os.replace(temporary, self.path)
        except BaseException:
            os.close(self._file)
            self._file = old
            temporary.unlink(missing_ok=True)
            raise
        os.close(old)

    def close(self) -> None:
        """Give the file free for other processes; closing twice does nothing."""
        if self._file >= 0:
            if self._held:
                self._holder.unlink(missing_ok=True)
            os.close(self._file)
            self._file, self._held = -1, False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        """Hold the file; who holds it stands in a small file beside it, for those who come second."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._held = True
            self._holder.write_text(f"process {os.getpid()} on {os.uname().nodename}", encoding="utf-8")
        except BlockingIOError:
            who = self._holder.read_text(encoding="utf-8") if self._holder.exists() else "another process"
            raise RunError(f"{self.path}: {who} is writing it. Wait for its end, or choose another folder.") from None
        except OSError as error:
            raise RunError(f"{self.path}: cannot be held ({error.strerror}). Choose another folder.") from error

    def _drop_torn_line(self) -> None:
        """Cut the file after its last newline."""
        size = os.fstat(self._file).st_size
        end, block = size, 1 << 16
        while end > 0:
            start = max(0, end - block)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            _log.warning(
                "%s: dropped the last %d bytes, a line that a stopped run did not finish.", self.path, size - end
            )
            os.ftruncate(self._file, end)


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Every record of a file of JSON lines; a last line without its newline is torn and is left out.

    Raises:
        RunError: naming the file and the line that is no JSON object.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RunError(
                    f"{path}, line {number}: {_shown(line)} is not JSON ({error}). Mend or remove the line."
                ) from error
            if not isinstance(record, dict):
                raise RunError(
                    f"{path}, line {number}: {_shown(line)} came, a JSON object was wanted. Remove the line."
                )
            yield record


def _shown(line: bytes | str) -> str:
    return repr(line[:60] if isinstance(line, str) else line[:60].decode(errors="replace"))


def encode(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which UTF-8 does not have, as JSON's own escape of it.

    >>> encode("B \\ud83d")
    b'B \\\\ud83d'
    """
    return text.encode("utf-8", errors="backslashreplace")


def write_json(path: Path, data: Any) -> None:
    """Write one JSON file whole or not at all: a reader sees the old file or the new one. NaN stays ``NaN``.

    Raises:
        RunError: when it cannot be written (a full disk, say); the old file stays as it was.
    """
    content = encode(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise RunError(f"{path}: was not written ({error.strerror}). Make room, or choose another folder.") from error
