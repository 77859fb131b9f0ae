"""A build by models against a stub that takes 300 ms for a reply: many requests at once, a second run, kills.

    python benchmarks/build_models.py [--clips 40] [--kills 30]

Wanted: with 64 requests at once at least 40 times as fast as one request after the other; a second run over the same
clips makes no call and takes under 5% of the first; flat memory, from a quarter of the clips on; killed 30 times at
random moments (seeded), what is kept is that of an undisturbed run but for the server's own names of its replies. The
stub answers from the plays' truth, in a process of its own; it exits with 1 where a figure is not met.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from crossomni.chat.client import Chat  # noqa: E402
from crossomni.chat.config import ChatConfig  # noqa: E402
from crossomni.construction.models.building import CLIPS, Done, work_through  # noqa: E402
from crossomni.construction.models.clip_work import Work  # noqa: E402
from crossomni.construction.models.costs import Progress  # noqa: E402
from crossomni.construction.models.settings import BuildModels, Endpoint  # noqa: E402
from crossomni.corpus import Corpus  # noqa: E402
from crossomni.testing.chat_server import Behaviour, ChatServer  # noqa: E402
from tests.construction.models.scripted import Models  # noqa: E402

CALL_SECONDS = 0.3
# 64 requests at once over all roles, in the proportion of their calls; there are two readers.
AT_ONCE = {"vision": 9, "language": 42, "audio": 3, "reader": 5}
LEAST_SPEEDUP, MOST_SECOND = 40.0, 0.05
COPIES, MOST_GROWTH_MEGABYTES = 5, 30  # of the clips, to watch memory; what a build may grow by after its first quarter


def clips(count: int) -> dict[str, Any]:
    """Truth and media of so many shipped plays."""
    corpus = Corpus.open("playhouse")
    rows = {row.clip_id: row for split in corpus.splits for row in corpus.rows(split)}
    return {name: (corpus.annotation(name), corpus.media(rows[name])) for name in list(rows)[:count]}


def serve(count: int, address: Any, delay: Any) -> None:
    """The stub, until its process is ended. What it has said once it knows by heart, so that it costs little."""
    models, known = Models(clips(count)), dict[str, str]()
    _ = models._frames, models._voices  # it has looked at the plays before it is asked

    def reply(request: dict[str, Any]) -> Behaviour:
        key = hashlib.sha256(json.dumps([request["model"], request["messages"]]).encode()).hexdigest()
        if key not in known:
            known[key] = str(models(request))
        return Behaviour(text=known[key], delay_seconds=delay.value)

    with ChatServer(reply) as server:
        address.send(server.url)
        signal.pause()


def at(url: str, at_once: dict[str, int]) -> BuildModels:
    """All roles at the stub."""
    one = {
        role: Endpoint(chat=ChatConfig(url=url, model=role, tries=1, at_once=many)) for role, many in at_once.items()
    }
    reader = one.pop("reader")
    readers = tuple(replace(reader, chat=replace(reader.chat, model=f"reader {number}")) for number in (1, 2))
    return BuildModels(**one, readers=readers, frames=4, pixels=224 * 126, clips_at_once=48)


def works(count: int) -> list[Work]:
    """Half of the clips to train on."""
    return [
        Work(clip=annotation.clip, file=file, split="train" if place % 2 else "test", seed=1)
        for place, (annotation, file) in enumerate(clips(count).values())
    ]


def timed(models: BuildModels, some: list[Work], folder: Path) -> tuple[Done, float]:
    """A run and its seconds."""
    start = time.perf_counter()
    done = work_through(models, some, folder)
    return done, time.perf_counter() - start


def calls(done: Done) -> int:
    """Replies that a server gave."""
    return sum(spent.replies for spent in done.spent.values())


def kept(folder: Path) -> list[Any]:
    """Of clips, without the server's names of its replies."""
    lines = [json.loads(line) for line in (folder / CLIPS).read_text().splitlines()]
    for line in lines:
        for asked in (*line["asked"], *(one for item in line["items"] for one in item["asked"])):
            del asked["request_id"]
    return sorted(lines, key=lambda line: str(line["clip"]))


async def serially(url: str, count: int) -> float:
    """Seconds of a request, when one is made after the other."""
    async with Chat(ChatConfig(url=url, model="vision")) as chat:
        await chat.ask([{"role": "user", "content": "Output the word ready."}])
        start = time.perf_counter()
        for _ in range(count):
            await chat.ask([{"role": "user", "content": "Output the word ready."}])
        return (time.perf_counter() - start) / count


def speed(url: str, count: int, folder: Path) -> bool:
    """One request after the other, a build with 64 at once, and all of it again."""
    each = asyncio.run(serially(url, 20))
    done, seconds = timed(at(url, AT_ONCE), works(count), folder / "many")
    again, second = timed(at(url, AT_ONCE), works(count), folder / "many")
    speedup, share = calls(done) * each / seconds, second / seconds
    rows = sum(len(one.items) for one in done.worked)
    print(f"one request after the other: {each:.3f} s each")
    print(f"{count} clips, 64 at once: {calls(done)} calls in {seconds:.1f} s, {speedup:.1f}x; {rows} rows kept")
    print(f"again: {calls(again)} calls, {share:.1%} of the first run")
    return speedup >= LEAST_SPEEDUP and calls(again) == 0 and share < MOST_SECOND


def resident_megabytes() -> float:
    """Of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory(url: str, count: int, folder: Path) -> bool:
    """The clips several times, under other names: what is resident at a quarter of them, and at the end."""
    several = [
        replace(work, clip=replace(work.clip, id=f"{work.clip.id}_{copy}"))
        for copy in range(COPIES)
        for work in works(count)
    ]
    seen: dict[int, float] = {}

    def look(progress: Progress) -> None:
        seen[progress.clips] = resident_megabytes()

    work_through(at(url, AT_ONCE), several, folder / "memory", look)
    quarter, end = seen[len(several) // 4], seen[len(several)]
    print(f"{len(several)} clips: {quarter:.0f} MB resident at a quarter of them, {end:.0f} MB at the end")
    return end - quarter <= MOST_GROWTH_MEGABYTES


def killed(url: str, kills: int, folder: Path) -> bool:
    """Two clips, killed so often, against an undisturbed run."""
    command = [sys.executable, "-m", "tests.construction.models.runs"]
    subprocess.run([*command, str(folder / "whole"), url], cwd=ROOT, check=True)
    luck = random.Random(0)
    for _ in range(kills):
        running = subprocess.Popen([*command, str(folder / "killed"), url], cwd=ROOT)
        time.sleep(luck.uniform(0.5, 4))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    subprocess.run([*command, str(folder / "killed"), url], cwd=ROOT, check=True)
    same = kept(folder / "whole") == kept(folder / "killed")
    print(f"killed {kills} times: {'the same' if same else 'ANOTHER result'}")
    return same


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--kills", type=int, default=30)
    given = parser.parse_args()
    os.environ["NO_PROXY"] = "127.0.0.1"
    os.environ.pop("HF_HUB_OFFLINE", None)
    delay = multiprocessing.Value("d", 0.0)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(given.clips, theirs, delay), daemon=True)
    server.start()
    url = ours.recv()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        work_through(at(url, AT_ONCE), works(given.clips), folder / "by heart")
        delay.value = CALL_SECONDS
        fine = speed(url, given.clips, folder)
        delay.value = 0.02
        fine = memory(url, given.clips, folder) and fine
        fine = killed(url, given.kills, folder) and fine
    server.terminate()
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
