"""The ledger loses nothing that it acknowledged, whatever stops the process that writes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossomni.errors import RunError
from crossomni.ledger import Ledger, read_records, write_json

WRITER = """
import sys
from pathlib import Path
from crossomni.ledger import Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    number = sum(1 for _ in ledger.records())
    while True:
        ledger.append({"number": number, "text": "é" * (number % 3000)})
        print(number, flush=True)
        number += 1
"""

CRAMPED = """
import resource, signal, sys
from pathlib import Path
from crossomni.errors import RunError
from crossomni.ledger import Ledger, write_json
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
path = Path(sys.argv[1])
try:
    if sys.argv[2] == "json":
        write_json(path, {"text": "x" * 10_000})
    with Ledger(path) as ledger:
        for number in range(10_000):
            ledger.append({"number": number, "text": "x" * 90})
            print(number, flush=True)
except RunError as error:
    sys.exit(f"RunError: {error}")
"""


def run(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own that runs the script."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path.cwd())


def test_records_come_back_in_order(tmp_path):
    """What was appended in several sittings comes back whole and in order."""
    for number in range(3):
        with Ledger(tmp_path / "new" / "a.jsonl") as ledger:
            ledger.append({"number": number, "text": "ü\n\u2028"})
            assert [{"number": n, "text": "ü\n\u2028"} for n in range(number + 1)] == list(ledger.records())


@settings(max_examples=60, deadline=None)
@given(
    records=st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), max_size=5), cut=st.integers(0)
)
def test_any_cut_keeps_the_whole_lines(tmp_path_factory, records, cut):
    """However many bytes of the file a crash left, the records whose lines are whole are read, and no other."""
    path = tmp_path_factory.mktemp("cut") / "a.jsonl"
    with Ledger(path) as ledger:
        for record in records:
            ledger.append(record)
    kept = path.read_bytes()[: cut % (path.stat().st_size + 1)]
    path.write_bytes(kept)
    with Ledger(path) as ledger:
        ledger.append({"last": True})
        assert [*records[: kept.count(b"\n")], {"last": True}] == list(ledger.records())


def test_a_torn_last_line_is_dropped_and_reported(tmp_path, caplog):
    """Opening cuts a torn last line off, longer than a block too, and logs how much it was."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": "' + b"x" * 200_000)
    with Ledger(path) as ledger:
        assert list(ledger.records()) == [{"a": 1}]
    assert path.read_bytes() == b'{"a": 1}\n'
    assert "200007 bytes" in caplog.text


@pytest.mark.parametrize("line", [b'{"b": \n', b"[1]\n", b"\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_a_broken_line_in_the_middle_is_an_error(tmp_path, line):
    """A line that is no JSON object, with lines after it, stops the reading with file and line."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b'{"c": 3}\n')
    with Ledger(path) as ledger, pytest.raises(RunError, match=r"a\.jsonl, line 2"):
        list(ledger.records())


def test_reading_without_holding_skips_the_line_that_is_being_written(tmp_path):
    """A reader beside the writer sees whole lines only."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b"')
    assert list(read_records(path)) == [{"a": 1}]


def test_a_second_writer_is_refused_by_name(tmp_path):
    """Two processes never write one ledger: the second learns which process holds it."""
    with Ledger(tmp_path / "a.jsonl"), pytest.raises(RunError, match=f"process {os.getpid()} on .* is writing it"):
        Ledger(tmp_path / "a.jsonl")
    Ledger(tmp_path / "a.jsonl").close()


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path):
    """A path that cannot be opened is a RunError that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file/a\.jsonl"):
        Ledger(tmp_path / "file" / "a.jsonl")


@pytest.mark.parametrize("value", [float("nan"), {1, 2}])
def test_what_json_does_not_know_is_refused(tmp_path, value):
    """A record with NaN or a set in it is an error and leaves no trace in the file."""
    with Ledger(tmp_path / "a.jsonl") as ledger:
        with pytest.raises(RunError, match="does not go into JSON"):
            ledger.append({"a": value})
        assert list(ledger.records()) == []


def test_half_a_surrogate_pair_survives(tmp_path):
    """Text that UTF-8 cannot hold comes back as it was, from a file that is valid UTF-8."""
    with Ledger(tmp_path / "a.jsonl") as ledger:
        ledger.append({"reply": "\ud83d B"})
        assert list(ledger.records()) == [{"reply": "\ud83d B"}]
    assert (tmp_path / "a.jsonl").read_text(encoding="utf-8") == '{"reply": "\\ud83d B"}\n'


def test_closing_leaves_the_ledger_alone_in_its_folder(tmp_path):
    """The note of who holds the file goes away with the hold."""
    with Ledger(tmp_path / "a.jsonl"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_killed_writers_lose_nothing_and_write_nothing_twice(tmp_path):
    """Ten writers killed at seeded moments leave every acknowledged record once, in order."""
    path, moments = tmp_path / "a.jsonl", random.Random(7)
    for _ in range(10):
        writer = run(WRITER, str(path))
        writer.stdout.readline()
        time.sleep(moments.uniform(0, 0.03))
        writer.send_signal(signal.SIGKILL)
        acknowledged = writer.communicate()[0].split("\n")[:-1]
        with Ledger(path) as ledger:
            numbers = [record["number"] for record in ledger.records()]
        assert list(range(len(numbers))) == numbers
        assert not acknowledged or int(acknowledged[-1]) < len(numbers)


def test_replacing_keeps_the_file_held_and_open(tmp_path):
    """After a replacement the ledger goes on in the new file, and a second writer is still refused."""
    path = tmp_path / "a.jsonl"
    with Ledger(path) as ledger:
        for number in range(3):
            ledger.append({"number": number})
        ledger.replace(record for record in list(ledger.records()) if record["number"] != 1)
        ledger.append({"number": 3})
        with pytest.raises(RunError, match="is writing it"):
            Ledger(path)
    assert [record["number"] for record in read_records(path)] == [0, 2, 3]
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_replacement_that_fails_leaves_the_old_records(tmp_path):
    """What cannot be written in full changes nothing, and the ledger goes on."""
    path = tmp_path / "a.jsonl"
    with Ledger(path) as ledger:
        ledger.append({"number": 0})
        with pytest.raises(RunError, match="does not go into JSON"):
            ledger.replace([{"number": 1}, {"number": object()}])
        ledger.append({"number": 1})
    assert [record["number"] for record in read_records(path)] == [0, 1]
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_full_disk_has_its_name_and_leaves_the_ledger_readable(tmp_path):
    """Where a record does not fit any more, RunError says so and every record before it stays."""
    path = tmp_path / "a.jsonl"
    writer = run(CRAMPED, str(path), "ledger")
    said, error = writer.communicate()
    assert writer.returncode == 1
    assert "RunError" in error
    assert "Make room and resume" in error
    with Ledger(path) as ledger:
        assert [int(line) for line in said.split()] == [record["number"] for record in ledger.records()]
    assert path.read_bytes().endswith(b"\n")


def test_write_json_replaces_whole(tmp_path):
    """The new file stands in the old one's place and nothing else is left in the folder."""
    for data in ({"a": 1}, {"b": ["ü", None]}):
        write_json(tmp_path / "in" / "run.json", data)
        assert data == json.loads((tmp_path / "in" / "run.json").read_text(encoding="utf-8"))
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["run.json"]


def test_a_full_disk_keeps_the_old_json(tmp_path):
    """A file that does not fit leaves the old one as it was, and no temporary file."""
    write_json(tmp_path / "run.json", {"a": 1})
    writer = run(CRAMPED, str(tmp_path / "run.json"), "json")
    assert "run.json: was not written" in writer.communicate()[1]
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8")) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
