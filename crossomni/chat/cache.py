"""Replies kept in one SQLite file, which several processes of one machine read and write at once."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crossomni.chat.disks import is_shared
from crossomni.chat.replies import ChatReply
from crossomni.errors import RunError

_OURS = 0x43724F6D  # "CrOm": SQLite's application_id, so that nobody's other database is taken for a cache
_FORM = 1  # user_version: the form of the tables below
_PATIENCE_SECONDS = 60.0  # for another process's write, which takes a millisecond
_TABLES = (
    "CREATE TABLE IF NOT EXISTS replies (request TEXT PRIMARY KEY, model TEXT NOT NULL, reply TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    f"PRAGMA application_id = {_OURS}",
    f"PRAGMA user_version = {_FORM}",
)


class ReplyCache:
    """One file of replies by the digest of their request.

    A reply is kept when ``keep`` has returned: a kill of the process cannot lose it, a power cut may lose the last few.
    Beside the file lie two more while it is open, or after a kill (``-wal``, ``-shm``); they belong to it. SQLite's
    write-ahead log wants a disk of this machine: on one that several machines share there is a plain journal in its
    place, which is slower, and processes of one machine alone may use the file at a time.

    Args:
        shared: whether the disk is such a one; None looks.

    Raises:
        RunError: when the file is no cache of replies, is damaged, or cannot be opened.
    """

    def __init__(self, path: Path, *, shared: bool | None = None) -> None:
        self.path = path
        self._journal = "TRUNCATE" if (is_shared(path) if shared is None else shared) else "WAL"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"{path}: its folder cannot be made ({error.strerror}). Choose another file for the cache."
            ) from error
        with self._named():
            # No transaction is opened behind our back: each statement is one, but for those that `_set_up` joins.
            self._file = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
        try:
            with self._named():
                self._set_up()
        except BaseException:
            self._file.close()
            raise

    @property
    def salt(self) -> str:
        """32 hex digits, drawn when the file was made: the same for everybody who uses it, and in no request."""
        with self._named():
            return str(self._file.execute("SELECT value FROM about WHERE name = 'salt'").fetchone()[0])

    def find(self, request: str) -> ChatReply | None:
        """The reply that is kept for a request.

        Raises:
            RunError: when what is kept is no reply.
        """
        with self._named():
            found = self._file.execute("SELECT reply FROM replies WHERE request = ?", (request,)).fetchone()
        return None if found is None else self._read(found[0])

    def keep(self, request: str, model: str, reply: ChatReply) -> ChatReply:
        """Keep a reply, and give back what is kept: where two processes asked the same, both go on with the first's.

        Raises:
            RunError: when it cannot be written (a full disk, say); what was there before stays readable.
        """
        # Half a surrogate pair, which SQLite does not take, is an escape in this JSON.
        line = json.dumps(asdict(reply))
        with self._named():
            new = self._file.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", (request, model, line)).rowcount
        kept = None if new else self.find(request)
        return reply if kept is None else kept

    def __len__(self) -> int:
        """How many replies are kept."""
        with self._named():
            return int(self._file.execute("SELECT COUNT(*) FROM replies").fetchone()[0])

    def close(self) -> None:
        """Let the file go; closing twice does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _set_up(self) -> None:
        is_new = self._is_new()
        # The one statement for which SQLite does not always wait while another process opens the same new file.
        _patiently(lambda: self._file.execute(f"PRAGMA journal_mode = {self._journal}").fetchone())
        self._file.execute("PRAGMA synchronous = NORMAL")
        if is_new:
            with self._transaction("IMMEDIATE"):
                for statement in _TABLES:
                    self._file.execute(statement)
                self._file.execute("INSERT OR IGNORE INTO about VALUES ('salt', ?)", (secrets.token_hex(16),))

    def _is_new(self) -> bool:
        """Whether there is nothing in the file yet; what is not ours is refused before it is touched."""
        with self._transaction("DEFERRED"):  # one state of the file, for another process may be setting it up
            ours = (self._pragma("application_id"), self._pragma("user_version"))
            tables = self._file.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if ours == (_OURS, _FORM):
            return False
        if ours == (0, 0) and tables == 0:
            return True
        raise RunError(
            f"{self.path}: a database of something else, or a cache of another version. Choose another file for the "
            "cache."
        )

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        self._file.execute(f"BEGIN {kind}")
        with self._file:  # commits, or rolls back
            yield

    def _pragma(self, name: str) -> int:
        return int(self._file.execute(f"PRAGMA {name}").fetchone()[0])

    def _read(self, line: str) -> ChatReply:
        try:
            return ChatReply.from_record(json.loads(line))
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{self.path}: a record is no reply of a chat model ({type(error).__name__} {error}). "
                "Choose another file for the cache."
            ) from error

    @contextmanager
    def _named(self) -> Iterator[None]:
        """SQLite's failures under our name, with the file and what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise RunError(f"{self.path}: the cache cannot be used ({error}). Make room, or choose another.") from error
        except sqlite3.DatabaseError as error:
            raise RunError(
                f"{self.path}: not a cache of replies, which is an SQLite file (JSON lines of older versions are "
                f"not read), or a damaged one ({error}). Choose another file for the cache."
            ) from error


def _patiently(act: Callable[[], Any]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
