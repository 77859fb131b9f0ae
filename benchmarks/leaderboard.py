"""A board of many submissions: how long it takes to make, to open again, and to take a submission in.

    python benchmarks/leaderboard.py make /tmp/board            1,000 submissions of 2,460 rows, made up
    python benchmarks/leaderboard.py rebuild /tmp/board         from nothing, by two processes; then opened again
    python benchmarks/leaderboard.py receive /tmp/board         one more, while all the others are there
    python benchmarks/leaderboard.py crowd http://127.0.0.1:7860 50 readers and 5 submitters at once, of a served board

Replies are of three kinds: a letter (6 in 10), "The answer is B." (2), and a thought of a thousand characters in a
think block with a letter behind it (2). Memory is the largest resident set of any of the processes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from crossomni.leaderboard.archive import read_archive, write_archive
from crossomni.leaderboard.board import build_board
from crossomni.leaderboard.labels import Labels
from crossomni.leaderboard.receive import receive
from crossomni.leaderboard.store import Filed, Store
from crossomni.leaderboard.submission import Words, pack
from crossomni.records import Prediction, Receipt, Row
from crossomni.tasks import TASKS

START = datetime(2026, 1, 1, tzinfo=UTC)
MARK = "b" * 64
RECEIPT = Receipt(frames=32, audio_seconds=9.5, video_tokens=2304, audio_tokens=238, prompt_tokens=2900)
WORDS = (  # noqa: SIM905 (a line of words)
    "she he says that the a man woman with hat red blue walks sings calm voice window holds a cup who then looks"
).split(" ")


def labels_of(rows: int, a_clip: int) -> Labels:
    """Made-up rows with answers."""
    rng = random.Random(0)

    def row(number: int) -> Row:
        options = tuple(f"{rng.choice(WORDS)} {rng.choice(WORDS)} {place}" for place in range(4))
        clip = f"play_s01e{number // a_clip:04}_clip_01"
        return Row(
            id=f"{clip}/{number}",
            clip_id=clip,
            task=TASKS[number % len(TASKS)],
            question="Who is it?",
            options=options,
            answer=rng.choice("ABCD"),
        )

    made = (row(number) for number in range(rows))
    return Labels(data="made-up", split="test", fingerprint=MARK, kind="hidden", rows={one.id: one for one in made})


def first(labels: Labels) -> dict[str, bytes]:
    """The members of a packed run, from which the others are made: packing checks everything, and takes its time."""
    run = {
        "configuration": {"data": labels.data, "split": labels.split, "prompt": "default", "model": "any"},
        "model": "any",
        "knock_out": [],
        "fingerprints": {"data": labels.fingerprint},
        "rows": len(labels.rows),
        "versions": {},
    }
    return read_archive(pack(Words(name="any"), run, [said(row) for row in labels.rows.values()], {}))


def said(row: Row) -> Prediction:
    """A prediction."""
    fields = {
        "id": row.id,
        "task": row.task.id if row.task else "",
        "clip_id": row.clip_id,
        "letter": "A",
        "reply": "A",
    }
    return Prediction(**fields, state="read", receipt=RECEIPT)


def archive(labels: Labels, members: dict[str, bytes], number: int, submitter: str = "") -> bytes:
    """A submission of its own: right in some share of the rows."""
    rng = random.Random(number)
    skill, think = rng.random(), rng.random() < 0.2
    plain = "{}" if rng.random() < 0.75 else "The answer is {}."
    thoughts = " ".join(rng.choices(WORDS, k=40_000))

    def reply(row: Row) -> str:
        letter = row.answer if rng.random() < skill else rng.choice("ABCD")
        start = rng.randrange(len(thoughts) - 1000)
        return f"<think>\n{thoughts[start : start + 950]}\n</think>\n{letter}" if think else plain.format(letter)

    lines = (json.loads(line) for line in members["replies.jsonl"].splitlines())
    replies = "".join(
        json.dumps(line | {"reply": reply(row)}) + "\n" for line, row in zip(lines, labels.rows.values(), strict=True)
    ).encode()
    about = json.loads(members["submission.json"]) | {
        "name": f"System {number}",
        "submitter": submitter or f"submitter {number}",
        "hashes": {"replies.jsonl": hashlib.sha256(replies).hexdigest()},
    }
    return write_archive({"submission.json": json.dumps(about).encode(), "replies.jsonl": replies})


def make(folder: Path, labels: Labels, count: int) -> None:
    """Put so many submissions into a store, a minute apart."""
    store, members = Store.open(folder), first(labels)
    began = time.perf_counter()
    for number in range(len(store.listed()[0]), count):
        data = archive(labels, members, number)
        store.put(Filed.of(data, START + timedelta(minutes=number)), data)
    size = sum(path.stat().st_size for path in (folder / "submissions").iterdir())
    print(f"{count} submissions, {size / 2**20:.0f} MiB, made in {time.perf_counter() - began:.0f} s")


def rebuild(folder: Path, labels: Labels, processes: int) -> None:
    """From nothing, then from the cache."""
    store = Store.open(folder)
    with TemporaryDirectory() as cache:
        for what in ("rebuilt from nothing", "opened after that", "opened once more"):
            began, worked = time.perf_counter(), worked_seconds()
            board = build_board(store, [labels], Path(cache), processes=processes)
            seconds, worked = time.perf_counter() - began, worked_seconds() - worked
            own = sum(one.labels != "published" for one in board.standings)
            print(
                f"{what}: {seconds:.2f} s ({worked:.1f} s of processors); {own} standings, "
                f"{len(board.refused)} refused; {memory()}",
                flush=True,
            )


def worked_seconds() -> float:
    """What processors have worked so far, for this process and those that it started and that ended."""
    kinds = (resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in kinds)


def memory() -> str:
    """The largest resident set so far."""
    kinds = {"this process": resource.RUSAGE_SELF, "the largest other": resource.RUSAGE_CHILDREN}
    return ", ".join(f"{name} {resource.getrusage(kind).ru_maxrss / 1024:.0f} MiB" for name, kind in kinds.items())


def take(folder: Path, labels: Labels) -> None:
    """One more submission, five times."""
    store, members, seconds = Store.open(folder), first(labels), []
    for number in range(5):
        data = archive(labels, members, 1_000_000 + number + int(time.time()))
        began = time.perf_counter()
        receive(data, store, [labels], now=datetime.now(UTC))
        seconds.append(time.perf_counter() - began)
    print(f"received in {statistics.median(seconds):.3f} s (median of {len(seconds)})")


def crowd(address: str, labels: Labels, readers: int = 50, submitters: int = 5, rounds: int = 10) -> None:
    """Readers and submitters of a served board at the same time; every answer has to be a good one."""
    members = first(labels)

    def read(reader: int) -> Iterator[float]:
        for number in range(rounds):
            page = ("/", "/board.json", "/board.csv")[(reader + number) % 3]
            began = time.perf_counter()
            with urllib.request.urlopen(f"{address}{page}", timeout=60) as answer:
                answer.read()
            yield time.perf_counter() - began

    def send(submitter: int) -> Iterator[float]:
        for number in range(rounds // 2):
            seed = hash((submitter, number, os.getpid())) % 10**9
            data = archive(labels, members, seed, f"crowd {submitter} {os.getpid()}")
            began = time.perf_counter()
            request = urllib.request.Request(f"{address}/submissions", data=data, method="POST")
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
            yield time.perf_counter() - began

    with ThreadPoolExecutor(readers + submitters) as pool:
        reading = [pool.submit(lambda n=n: list(read(n))) for n in range(readers)]
        sending = [pool.submit(lambda n=n: list(send(n))) for n in range(submitters)]
        for name, futures in (("read", reading), ("submitted", sending)):
            seconds = sorted(one for future in futures for one in future.result())
            print(
                f"{name} {len(seconds)} times: median {statistics.median(seconds):.2f} s, longest {seconds[-1]:.2f} s"
            )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "rebuild", "receive", "crowd"))
    parser.add_argument("place", help="the board's folder, or the address of a served one")
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=2460)
    parser.add_argument("--a-clip", type=int, default=10, help="rows of a clip")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    labels = labels_of(given.rows, given.a_clip)
    if given.what == "make":
        make(Path(given.place), labels, given.submissions)
    elif given.what == "rebuild":
        rebuild(Path(given.place), labels, given.processes)
    elif given.what == "receive":
        take(Path(given.place), labels)
    else:
        crowd(given.place.rstrip("/"), labels)


if __name__ == "__main__":
    sys.exit(main())
