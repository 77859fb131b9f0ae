"""A served board under load: 50 readers and 5 submitters at once, on loopback; its memory from beginning to end.

    python benchmarks/leaderboard.py make /tmp/board            1,000 submissions of 2,460 rows, made up
    python benchmarks/leaderboard_load.py /tmp/board            twenty rounds of each reader

A reader opens the page, loads the table and sorts it by a column of its own as the page does, opens a system, compares
two, and takes JSON or CSV. Submitters send an archive each few rounds, so that the board is made anew all the while.
Wanted: no error, and memory that does not grow from the first quarter to the end. Submissions go into the folder: give
a copy, or one that may grow.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leaderboard import archive, first, labels_of

from crossomni.leaderboard.page.app import serve
from crossomni.leaderboard.page.columns import COLUMNS

SECONDS = 120  # that an answer may take before it is an error


def be_the_server(place: str, rows: int, a_clip: int, cache: str, told: Connection) -> None:
    """Serve the board in a process of its own."""
    serve(place, [labels_of(rows, a_clip)], "127.0.0.1", 0, told.send, cache=Path(cache), a_day=10**6)


def ask(url: str, data: bytes | None = None, kind: str = "application/json") -> bytes:
    """The body of a good answer; any other is an error."""
    request = urllib.request.Request(url, data=data, headers={"Content-Type": kind} if data else {})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        body: bytes = answer.read()
        return body


class Reader:
    """Somebody who reads the board."""

    def __init__(self, address: str, number: int, keys: list[str]) -> None:
        self.address, self.keys = address, keys
        self.rng = random.Random(number)
        self.seconds: list[float] = []

    def rounds(self, count: int) -> list[float]:
        """Seconds of all that was asked."""
        for _ in range(count):
            self._one()
        return self.seconds

    def _one(self) -> None:
        session = f"{self.rng.random()}"[2:13]
        a, b = self.rng.sample(self.keys, 2)
        self._timed(lambda: ask(self.address))
        # A browser keeps this open: by its end the server knows that the reader has gone, and forgets the session.
        with urllib.request.urlopen(f"{self.address}gradio_api/heartbeat/{session}", timeout=SECONDS):
            self._table()
        quoted, pair = urllib.parse.quote(a), urllib.parse.urlencode({"a": a, "b": b})
        download = self.rng.choice(["board.json", "board.csv", f"system/{quoted}.json"])
        for path in (f"system/{quoted}", f"compare?{pair}", download):
            self._timed(lambda path=path: ask(f"{self.address}{path}"))

    def _table(self) -> None:
        """Load it, and sort it."""
        self._timed(lambda: ask(f"{self.address}config"))
        asked = {"text": "", "prompt": "all", "labels": "all", "data": "all", "receipts": "all"}
        for click in ({}, {"sort": self.rng.choice(list(COLUMNS))}):
            wish = urllib.parse.urlencode(asked | click)
            table = self._timed(lambda wish=wish: ask(f"{self.address}table?{wish}"))
            assert b"board-scroll" in table

    def _timed(self, does: Any) -> Any:
        began = time.perf_counter()
        result = does()
        self.seconds.append(time.perf_counter() - began)
        return result


def resident(process: int) -> float:
    """MiB that a process holds now."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def told(seconds: list[float], name: str) -> str:
    """How many, and how long they took; sorted."""
    return f"{len(seconds)} {name}" + (
        f", median {statistics.median(seconds):.2f} s, longest {seconds[-1]:.2f} s" if seconds else ""
    )


def crowd(address: str, process: int, given: argparse.Namespace) -> None:
    """Everybody at once, in four quarters; memory is looked at after each."""
    labels = labels_of(given.rows, given.a_clip)
    members = first(labels)
    keys = [one["key"] for one in json.loads(ask(f"{address}board.json"))["standings"]]
    print(f"{len(keys)} systems; {resident(process):.0f} MiB before anybody came", flush=True)

    def send(submitter: int, quarter: int) -> list[float]:
        seconds = []
        for number in range(given.submissions):
            seed = 10**7 + int(time.time()) * 1000 + submitter * 100 + quarter * 10 + number
            data = archive(labels, members, seed, f"crowd {submitter}")
            began = time.perf_counter()
            ask(f"{address}submissions", data, "application/zip")
            seconds.append(time.perf_counter() - began)
        return seconds

    with ThreadPoolExecutor(given.readers + given.submitters) as pool:
        for quarter in range(4):
            readers = [Reader(address, 1000 * quarter + n, keys) for n in range(given.readers)]
            began = time.perf_counter()
            reading = [pool.submit(one.rounds, max(1, given.rounds // 4)) for one in readers]
            sending = [pool.submit(send, n, quarter) for n in range(given.submitters)]
            read = sorted(one for future in reading for one in future.result())
            sent = sorted(one for future in sending for one in future.result())
            seconds = time.perf_counter() - began
            print(
                f"quarter {quarter + 1}, {seconds:.0f} s: {told(read, 'answers')}; {told(sent, 'submissions')}; "
                f"{resident(process):.0f} MiB",
                flush=True,
            )


def main() -> None:
    """Serve, and let them come."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", help="the board's folder, which will grow")
    for name, value in {"rows": 2460, "a-clip": 10, "readers": 50, "submitters": 5, "rounds": 20}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--submissions", type=int, default=2, help="of each submitter in each quarter")
    given = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
    with TemporaryDirectory() as cache:
        server = multiprocessing.get_context("spawn").Process(
            target=be_the_server, args=(given.place, given.rows, given.a_clip, cache, there)
        )
        began = time.perf_counter()
        server.start()
        try:
            address = here.recv()
            print(f"served {time.perf_counter() - began:.0f} s after it was started, from nothing", flush=True)
            crowd(address, server.pid or 0, given)
        finally:
            server.terminate()
            server.join()


if __name__ == "__main__":
    sys.exit(main())
