"""Rate and memory of evaluating a model behind a server that takes 200 ms for a reply: 64 at once, 5,000 rows.

    python benchmarks/endpoint.py

The whole way of ``crossomni evaluate``: each clip's pictures and sound are taken apart and sent with every question,
the reply is read, and its row is written down. Wanted: at least 40 times the rate of asking one after the other (64 is
the limit), and memory that does not grow from 10% of the rows to the end. The server is a stub in a process of its own;
the labels are held back, so that scoring, which comes once after all rows, is not in the figures.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossomni.evaluation.runs.runner import EvalConfig, evaluate
from crossomni.export import export
from crossomni.records import Annotation, Clip, Row
from crossomni.tasks import TASKS
from crossomni.testing import write_clip
from crossomni.testing.chat_server import ChatServer

DELAY_SECONDS, AT_ONCE, ROWS, SERIAL = 0.2, 64, 5_000, 27
CLIP_SECONDS, SIZE = 1.0, (96, 64)


def write_data(folder: Path) -> Path:
    """Nine questions on each of as many clips as make up the rows, no two clips alike."""
    clips, files, rows = {}, {}, []
    media = folder / "media"
    media.mkdir()
    for number in range(-(-ROWS // len(TASKS))):
        name = f"clip_{number:04d}"
        clips[name] = Clip(id=name, show="made", episode=name, start_seconds=0.0, end_seconds=CLIP_SECONDS)

        def picture(frame: int, shade: int = number) -> NDArray[np.uint8]:
            return np.full((SIZE[1], SIZE[0], 3), (shade % 251, shade // 251, 9 * frame % 256), np.uint8)

        files[name] = write_clip(media / f"{name}.mp4", CLIP_SECONDS, SIZE, picture=picture)
        rows += [
            Row(
                id=f"{name}-{task.id}",
                clip_id=name,
                task=task,
                question="What does she wear?",
                options=("a hat", "a coat", "a scarf", "a glove"),
                answer="A",
                biography="She was born in Ghent.",
                show="made",
                episode=name,
                end_seconds=CLIP_SECONDS,
            )
            for task in TASKS
        ]
    return export(
        folder / "data",
        {"test": rows[:ROWS]},
        clips,
        files,
        truth={name: Annotation(clip=clip, persons=(), biography="") for name, clip in clips.items()},
        hide_answers=True,
        source={"source": "made", "seed": 0, "version": "0", "licence": "apache-2.0"},
    )


def serve(to: Connection) -> None:
    """Answer until the other side hangs up; tell the url, then how large a request was and how many came at once."""
    with ChatServer(delay_seconds=DELAY_SECONDS) as server:
        to.send(server.url)
        while to.recv():
            to.send((int(server.last_headers["content-length"]), server.most_at_once))


@contextmanager
def stub() -> Iterator[Connection]:
    """A server in a process of its own."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    try:
        yield here
    finally:
        here.send(False)
        process.join()


def resident_mb() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def rate(url: str, data: Path, rows: int, at_once: int) -> float:
    """Rows a second from the first question to the last reply; printed with the processor's time and the memory."""
    clock, memory = [(0.0, 0.0)], {0: 0.0}

    def progress(done: int, total: int) -> None:
        if done == 0:
            clock[0] = time.perf_counter(), time.process_time()
        if done in (total // 10, total):
            memory[done] = resident_mb()
            clock.append((time.perf_counter(), time.process_time()))

    config = EvalConfig(
        model=f"openai:stub@{url}",
        data=str(data),
        out=data.with_name(f"run-{at_once}"),
        packing="apart",
        limit=rows,
        at_once=at_once,
    )
    evaluate(config, progress=progress)
    (start, start_cpu), (end, end_cpu) = clock[0], clock[-1]
    print(
        f"{rows:5} rows, {at_once:2} at once: {end - start:5.1f} s, {rows / (end - start):5.1f} a second, "
        f"{1000 * (end_cpu - start_cpu) / rows:.1f} ms cpu each; memory {memory[rows // 10]:.0f} MB at 10%, "
        f"{memory[rows]:.0f} MB at the end"
    )
    return rows / (end - start)


def main() -> None:
    """Ask one after the other, then many at once."""
    with tempfile.TemporaryDirectory() as folder, stub() as server:
        os.environ["CROSSOMNI_CACHE"] = f"{folder}/cache"  # nothing has been decoded before
        url, data = server.recv(), write_data(Path(folder))
        serial = rate(url, data, SERIAL, 1)
        many = rate(url, data, ROWS, AT_ONCE)
        server.send(True)
        size, most = server.recv()
        print(f"ratio {many / serial:.1f}x; a request has {size / 1000:.0f} kB; most at once {most}")


if __name__ == "__main__":
    main()
