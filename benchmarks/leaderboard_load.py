"""A served board under load: 50 readers and 5 submitters at once, on loopback; its memory from beginning to end.

    python benchmarks/leaderboard.py make /tmp/board            1,000 submissions of 2,460 rows, made up
    python benchmarks/leaderboard_load.py /tmp/board            twenty rounds of each reader

A reader opens the page, lets it load the table as a browser does (Gradio's queue), sorts it by a column of its own,
opens a system, compares two, and takes JSON or CSV. Submitters send an archive each few rounds, so that the board is
made anew all the while. Wanted: no error, and memory that does not grow from the first quarter to the end. Submissions
go into the folder: give a copy, or one that may grow.
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


def gradio(address: str, function: int, session: str, data: list[Any], event: Any = None) -> list[Any]:
    """What a browser does when a part of the page is used: join the queue, and read until it is done."""
    joined = {"data": data, "fn_index": function, "session_hash": session, "event_data": event, "trigger_id": None}
    ask(f"{address}gradio_api/queue/join", json.dumps(joined).encode())
    with urllib.request.urlopen(f"{address}gradio_api/queue/data?session_hash={session}", timeout=SECONDS) as events:
        for line in events:
            if not line.startswith(b"data:"):
                continue
            told = json.loads(line[5:])
            if told["msg"] == "process_completed":
                if not told["success"]:
                    raise RuntimeError(f"the page failed: {told['output']}")
                result: list[Any] = told["output"]["data"]
                return result
    raise RuntimeError("the page did not answer")


def functions(address: str) -> dict[str, int]:
    """The numbers of the functions that run when the page is loaded, and when a head is clicked."""
    found = {}
    for one in json.loads(ask(f"{address}config"))["dependencies"]:
        for _, event in one["targets"]:
            found.setdefault(event, one["id"])
    return found


class Reader:
    """Somebody who reads the board."""

    def __init__(self, address: str, number: int, keys: list[str], does: dict[str, int]) -> None:
        self.address, self.keys, self.does = address, keys, does
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
            self._table(session)
        quoted, pair = urllib.parse.quote(a), urllib.parse.urlencode({"a": a, "b": b})
        download = self.rng.choice(["board.json", "board.csv", f"system/{quoted}.json"])
        for path in (f"system/{quoted}", f"compare?{pair}", download):
            self._timed(lambda path=path: ask(f"{self.address}{path}"))

    def _table(self, session: str) -> None:
        """Load it, and sort it."""
        everything = ["", "", "all", "all", "all", "all"]
        table = self._timed(lambda: gradio(self.address, self.does["load"], session, everything))
        assert "board-scroll" in str(table)
        column = {"sort": self.rng.choice(list(COLUMNS))}
        order = self._timed(lambda: gradio(self.address, self.does["select"], session, everything, column))
        assert column["sort"] in order[0]

    def _timed(self, does: Any) -> Any:
        began = time.perf_counter()
        result = does()
        self.seconds.append(time.perf_counter() - began)
        return result


def resident(process: int) -> float:
    """MiB that a process holds now."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def crowd(address: str, process: int, given: argparse.Namespace) -> None:
    """Everybody at once, in four quarters; memory is looked at after each."""
    labels = labels_of(given.rows, given.a_clip)
    members = first(labels)
    keys = [one["key"] for one in json.loads(ask(f"{address}board.json"))["standings"]]
    pressed = functions(address)
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
            readers = [Reader(address, 1000 * quarter + n, keys, pressed) for n in range(given.readers)]
            began = time.perf_counter()
            reading = [pool.submit(one.rounds, max(1, given.rounds // 4)) for one in readers]
            sending = [pool.submit(send, n, quarter) for n in range(given.submitters)]
            read = sorted(one for future in reading for one in future.result())
            sent = sorted(one for future in sending for one in future.result())
            print(
                f"quarter {quarter + 1}: {len(read)} answers in {time.perf_counter() - began:.0f} s, median "
                f"{statistics.median(read):.2f} s, longest {read[-1]:.2f} s; {len(sent)} submissions, median "
                f"{statistics.median(sent):.2f} s, longest {sent[-1]:.2f} s; {resident(process):.0f} MiB",
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
