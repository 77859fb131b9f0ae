"""What is kept on disk under a key: made once, never served damaged, within bounds."""

import os
import time
from pathlib import Path

import pytest

from crossomni.errors import InputError
from crossomni.media.disk import DiskCache, cache_home

DIGEST_BYTES = 32  # at the end of each entry


class Named(DiskCache):
    """A cache with a name and a suffix of its own."""

    suffix = ".own"
    name = "own store"


def unmade() -> bytes:
    """What is stored is not made."""
    pytest.fail("it was made again")


def test_what_is_stored_is_not_made_again(tmp_path: Path) -> None:
    """Each key has its own content, for this cache and for another one of the same folder."""
    cache = DiskCache(tmp_path, 10**6)
    assert [b"one", b"two"] == [cache.content("1", lambda: b"one"), cache.content("2", lambda: b"two")]
    assert [b"one", b"two"] == [bytes(DiskCache(tmp_path, 10**6).content(key, unmade)) for key in "12"]


def test_entries_bear_the_caches_own_suffix(tmp_path: Path) -> None:
    """One file for each key, named by its SHA-256."""
    Named(tmp_path, 10**6).content("a", lambda: b"content")
    assert ["ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.own"] == os.listdir(tmp_path)


def test_nothing_stays_of_what_could_not_be_made(tmp_path: Path) -> None:
    """An error in the making is the caller's, and the next one may make it."""
    cache = DiskCache(tmp_path, 10**6)
    with pytest.raises(ZeroDivisionError):
        cache.content("a", lambda: bytes(1 // 0))
    assert os.listdir(tmp_path) == []
    assert cache.content("a", lambda: b"right") == b"right"


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b"\0" + b[1:], lambda b: b + b"\0"])
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage) -> None:
    """Cut, emptied, changed or longer: it is never served, and afterwards it is whole."""
    cache = DiskCache(tmp_path, 10**6)
    cache.content("a", lambda: b"right")
    [entry] = tmp_path.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))

    assert cache.content("a", lambda: b"right") == b"right"
    assert bytes(cache.content("a", unmade)) == b"right"


def test_what_is_larger_than_the_cache_is_served_and_not_stored(tmp_path: Path) -> None:
    """It takes no other entry's place either."""
    cache = DiskCache(tmp_path, 100)
    cache.content("small", lambda: bytes(10))
    assert bytes(69) == cache.content("large", lambda: bytes(69))
    assert bytes(10) == bytes(cache.content("small", unmade))
    assert len(os.listdir(tmp_path)) == 1


def test_the_folder_stays_within_its_bounds(tmp_path: Path) -> None:
    """Entries with their digests, whatever is added."""
    cache = DiskCache(tmp_path, 1000)
    for number in range(20):
        cache.content(str(number), lambda number=number: bytes([number]) * 100)
        assert sum(entry.stat().st_size for entry in tmp_path.iterdir()) <= 1000
    assert bytes([19]) * 100 == bytes(cache.content("19", unmade))
    assert len(os.listdir(tmp_path)) == 1000 // (100 + DIGEST_BYTES)


def test_what_a_killed_process_left_goes_when_room_is_needed(tmp_path: Path) -> None:
    """A temporary file of more than an hour ago; another process may still be writing a younger one."""
    for name, age in (("old.tmp", 3700), ("young.tmp", 10)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    DiskCache(tmp_path, 1000).content("a", lambda: b"content")

    assert not (tmp_path / "old.tmp").exists()
    assert (tmp_path / "young.tmp").exists()


def test_a_folder_that_cannot_be_made_costs_time_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Everything is served; one warning calls the cache by its name."""
    (tmp_path / "file").touch()
    cache = Named(tmp_path / "file" / "store", 100)
    assert [b"1", b"2"] == [cache.content("a", lambda value=value: value) for value in (b"1", b"2")]
    assert [f"own store {tmp_path}/file/store: Not a directory; what it would hold is made again."] == [
        record.getMessage() for record in caplog.records
    ]


def test_less_than_nothing_is_refused(tmp_path: Path) -> None:
    """The line names the cache and its folder."""
    with pytest.raises(InputError, match=r"own store .*: max_bytes is -1; wanted 0 or more"):
        Named(tmp_path, -1)


@pytest.mark.parametrize(
    ("set_to", "home"),
    [
        ({"CROSSOMNI_CACHE": "/a/b", "XDG_CACHE_HOME": "/x"}, Path("/a/b")),
        ({"CROSSOMNI_CACHE": "", "XDG_CACHE_HOME": "/x"}, Path("/x/crossomni")),
        ({"CROSSOMNI_CACHE": "", "XDG_CACHE_HOME": ""}, Path.home() / ".cache" / "crossomni"),
        ({"CROSSOMNI_CACHE": "~/c"}, Path.home() / "c"),
    ],
)
def test_where_everything_is_kept(monkeypatch: pytest.MonkeyPatch, set_to: dict[str, str], home: Path) -> None:
    """The project's own variable, else the user's cache folder."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    assert home == cache_home()
