"""Where submissions lie: a folder here, a repository of the Hub there, through fsspec, by the same code.

One submission is one file that never changes: ``submissions/<time>-<SHA-256 of the file>.zip``. Two submitters never
write the same name, unless they send the same bytes. Beside them grows ``chain.jsonl``
(``crossomni.leaderboard.chain``).

A file is written under another name and then renamed, so that a reader sees it whole or not at all; in a store of
objects, where a file appears when it is whole, it is written at once and refused if its name is taken. To a repository
of the Hub a submission goes as a pull request, which its keeper merges.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from crossomni.errors import DataError, InputError
from crossomni.leaderboard.archive import check_size

FOLDER, CHAIN = "submissions", "chain.jsonl"
_TIME = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"(\d{8}T\d{12}Z)-([0-9a-f]{64})\.zip")
_IN_THIS_PROCESS = threading.RLock()


@dataclass(frozen=True, order=True)
class Filed:
    """A submission's file by its name: when it came, and what its bytes hash to."""

    at: datetime  # in UTC
    key: str  # SHA-256

    @property
    def name(self) -> str:
        """The file's name; names sort by time."""
        return f"{self.at.astimezone(UTC).strftime(_TIME)}-{self.key}.zip"

    @property
    def iso(self) -> str:
        """The time, to the second, in UTC."""
        return self.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    @classmethod
    def of(cls, data: bytes, at: datetime) -> Self:
        """The name that these bytes get."""
        return cls(at.astimezone(UTC), hashlib.sha256(data).hexdigest())

    @classmethod
    def read(cls, name: str) -> Self | None:
        """What a file's name says, None where it is no submission's."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        try:
            return cls(datetime.strptime(match[1], _TIME).replace(tzinfo=UTC), match[2])
        except ValueError:  # a 31st of February
            return None


@dataclass(frozen=True)
class Store:
    """Submissions and their chain below one folder of a file system."""

    fs: fsspec.AbstractFileSystem
    root: str

    @classmethod
    def open(cls, url: str | Path, **options: Any) -> Self:
        """The store at a folder's path or at a URL that fsspec knows (``hf://datasets/OWNER/NAME``).

        Args:
            options: of the file system: ``endpoint`` and ``token`` of the Hub.

        Raises:
            InputError: when no such kind of place is known, or a package for it is missing.
        """
        text = str(url)
        if not text.strip():
            raise InputError("the board's place is empty; wanted a folder, or hf://datasets/OWNER/NAME.")
        try:
            fs, root = url_to_fs(text if "://" in text else str(Path(text).absolute()), **options)
        except (ValueError, ImportError, OSError) as error:  # some kinds call their host here
            raise InputError(f"{text}: {error}. Give a folder, or hf://datasets/OWNER/NAME.") from error
        return cls(fs, root.rstrip("/"))

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return isinstance(self.fs, LocalFileSystem)

    @property
    def is_shared(self) -> bool:
        """Whether other processes can open it too."""
        return "memory" not in (self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,))

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return self.root if self.is_local else str(self.fs.unstrip_protocol(self.root))

    def exists(self) -> bool:
        """Whether anything was ever put there."""
        self.fs.invalidate_cache()
        return bool(self.fs.exists(f"{self.root}/{FOLDER}") or self.fs.exists(f"{self.root}/{CHAIN}"))

    def listed(self) -> tuple[dict[Filed, dict[str, Any]], list[str]]:
        """What the file system says of each submission, the oldest first; and the names of files that are none.

        Files whose name begins with a dot are being written, and are not there yet.
        """
        folder = f"{self.root}/{FOLDER}"
        self.fs.invalidate_cache(folder)
        try:
            infos = self.fs.ls(folder, detail=True)
        except FileNotFoundError:
            return {}, []
        found: dict[Filed, dict[str, Any]] = {}
        strangers = []
        for info in infos:
            name = info["name"].rpartition("/")[2]
            filed = Filed.read(name)
            if filed is not None and info["type"] == "file" and not info.get("islink"):
                found[filed] = info
            elif not name.startswith("."):
                strangers.append(name)
        return dict(sorted(found.items())), sorted(strangers)

    def read(self, filed: Filed) -> bytes:
        """A submission's bytes, whole and unchanged.

        Raises:
            InputError: when the file is too large, not there, or is not what its name says.
        """
        path = f"{self.root}/{FOLDER}/{filed.name}"
        try:
            check_size(self.fs.size(path) or 0)
            data: bytes = self.fs.cat_file(path)
        except FileNotFoundError as error:
            raise InputError("the file is gone. Bring it back.") from error
        except OSError as error:
            raise InputError(f"the file cannot be read ({error}). Give it back its permissions.") from error
        if hashlib.sha256(data).hexdigest() != filed.key:
            raise InputError(
                "the file's bytes are not those that its name tells: cut short, or changed. Send it again."
            )
        return data

    def put(self, filed: Filed, data: bytes) -> None:
        """Write a submission, whole or not at all.

        Raises:
            InputError: when the same submission is there already.
        """
        path = f"{self.root}/{FOLDER}/{filed.name}"
        if self.fs.exists(path):
            raise InputError(f"{filed.name} is there already. It needs no second sending.")
        self.fs.makedirs(f"{self.root}/{FOLDER}", exist_ok=True)
        if not self.is_local:
            self.fs.pipe_file(path, data)
            return
        part = Path(f"{self.root}/{FOLDER}/.{uuid.uuid4().hex}.part")
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(part, 0o444)
            os.replace(part, path)  # the same name has the same bytes, so that nothing can be lost here
        finally:
            part.unlink(missing_ok=True)

    def read_chain(self) -> bytes:
        """The chain's lines; empty where there is none."""
        try:
            data: bytes = self.fs.cat_file(f"{self.root}/{CHAIN}")
        except FileNotFoundError:
            return b""
        return data

    def append_chain(self, make: Callable[[bytes], bytes]) -> None:
        """Write what ``make`` makes of the chain behind it. Only within ``held``."""
        path, there = f"{self.root}/{CHAIN}", self.read_chain()
        more = make(there)
        if not more:
            return
        if not self.is_local:
            self.fs.pipe_file(path, there + more)
            return
        if there and not there.endswith(b"\n"):
            raise DataError(f"{path}: its last line is torn. `crossomni leaderboard verify` tells more.")
        with open(path, "ab", buffering=0) as file:
            written = file.write(more)
            if written != len(more):
                file.truncate(len(there))
                raise OSError(28, "No space left on device", path)
            os.fsync(file.fileno())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the store while something is counted and written: in a folder against all processes of the machine.

        Elsewhere it is held against threads of this process: a Hub repository has one keeper.
        """
        with _IN_THIS_PROCESS:
            if not self.is_local:
                yield
                return
            os.makedirs(self.root, exist_ok=True)
            with open(f"{self.root}/.lock", "ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
