"""Rate and memory of asking a chat server that takes 200 ms for a reply: 64 at once, 5,000 requests of 30 kB.

    python benchmarks/chat.py

Wanted: at least 40 times the rate of asking one after the other (64 is the limit), and memory that does not grow from
10% of the requests to the end. The server is a stub in the same process: its work and memory are in the figures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from crossomni.chat import ChatConfig, ChatReply, Messages, ask_all, image_part, text_part
from crossomni.testing.chat_server import ChatServer

DELAY_SECONDS, AT_ONCE, REQUESTS, SERIAL = 0.2, 64, 5_000, 25
PICTURE_BYTES = 22_500  # 30 kB as base64


def requests(count: int) -> Iterator[tuple[int, Messages]]:
    """Each with a picture of its own, made when it is taken."""
    for number in range(count):
        picture = image_part(os.urandom(PICTURE_BYTES), form="jpeg")
        yield number, [{"role": "user", "content": [text_part(f"What is in picture {number}?"), picture]}]


def resident_mb() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def rate(server: ChatServer, count: int, at_once: int) -> float:
    """Replies a second, printed with the processor's time and the memory at 10% and at the end."""
    start, start_cpu, early = time.perf_counter(), time.process_time(), 0.0
    config = ChatConfig(url=server.url, model="stub", at_once=at_once)
    for done, (number, reply) in enumerate(ask_all(config, requests(count)), start=1):
        if not isinstance(reply, ChatReply):
            raise SystemExit(f"request {number}: {reply}")
        if done == max(1, count // 10):
            early = resident_mb()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    print(
        f"{count:5} requests, {at_once:2} at once: {seconds:5.1f} s, {count / seconds:5.1f} a second, "
        f"{1000 * cpu / count:.1f} ms cpu each; memory {early:.0f} MB at 10%, {resident_mb():.0f} MB at the end"
    )
    return count / seconds


def main() -> None:
    """Ask one after the other, then many at once."""
    with ChatServer(delay_seconds=DELAY_SECONDS) as server:
        serial = rate(server, SERIAL, 1)
        many = rate(server, REQUESTS, AT_ONCE)
        print(f"ratio {many / serial:.1f}x; most at once {server.most_at_once}, connections {server.connections}")


if __name__ == "__main__":
    main()
