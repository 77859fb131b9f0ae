"""Time of reading TVQA: 15,000 question lines and their clips' subtitles, as .srt and as JSON lines.

    python benchmarks/tvqa_reader.py

Wanted: questions and subtitles in under 5 s, the files found included. TVQA has 7 questions a clip, so that these are
2,143 clips; each gets 30 cues here. The bytes are made first and are in the page cache when they are read.
"""

from __future__ import annotations

import json
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from crossomni.construction.sources.tvqa_annotations import index_annotations
from crossomni.construction.sources.tvqa_names import SHOWS
from crossomni.construction.sources.tvqa_questions import read_questions
from crossomni.construction.sources.tvqa_subtitles import read_subtitles
from crossomni.testing.tvqa import srt_time

QUESTIONS, QUESTIONS_A_CLIP, CUES = 15_000, 7, 30
TEXT = "so what did you say to her when she came back from the café with that old box of letters"
WORDS = TEXT.split()
NAMES = ("Ann", "Bob", "Dr. Reyes", "<UNKNAME>")


def names() -> list[str]:
    """TVQA's names of as many clips as there are to be."""
    shows = [prefix and f"{prefix}_" for prefix in SHOWS]
    count = -(-QUESTIONS // QUESTIONS_A_CLIP)
    return [
        f"{shows[n % 6]}s{n // 600 + 1:02}e{n // 24 % 25 + 1:02}_seg01_clip_{n // 6 % 100:02}" for n in range(count)
    ]


def cues(rng: random.Random) -> list[tuple[float, float, str, str]]:
    """Start, end, speaker and words of one clip's cues."""
    return [(at * 2.0, at * 2.0 + 1.8, rng.choice(NAMES), " ".join(rng.choices(WORDS, k=8))) for at in range(CUES)]


def write(folder: Path, as_srt: bool) -> None:
    """An annotations' folder."""
    rng = random.Random(0)
    found = list(dict.fromkeys(names()))
    lines = []
    for name in found:
        made = cues(rng)
        if as_srt:
            parts = (
                f"{n}\n{srt_time(start)} --> {srt_time(end)}\n({who}:)<i>{text}</i>\n"
                for n, (start, end, who, text) in enumerate(made, start=1)
            )
            (folder / f"{name}.srt").write_bytes("\n".join(parts).encode("iso-8859-1"))
        else:
            sub = [{"text": f"{who} : {text}", "start": start, "end": end} for start, end, who, text in made]
            lines.append(json.dumps({"vid_name": name, "sub": sub}))
    if lines:
        (folder / "tvqa_preprocessed_subtitles.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with (folder / "tvqa_train.jsonl").open("w", encoding="utf-8") as file:
        for number in range(QUESTIONS):
            name = found[number % len(found)]
            prefix = name.partition("_")[0] if not name.startswith("s0") else ""
            line = {"qid": number, "q": " ".join(WORDS), **{f"a{n}": " ".join(WORDS[: n + 4]) for n in range(5)}}
            line |= {"answer_idx": number % 5, "ts": "76.01-84.2", "vid_name": name, "show_name": SHOWS[prefix]}
            file.write(json.dumps(line) + "\n")


def timed(name: str, work: Callable[[], int]) -> float:
    """Wall seconds of one call, printed with what it counted and the process's peak memory so far."""
    start, start_cpu = time.perf_counter(), time.process_time()
    count = work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<40} {count:>7,} {seconds:7.2f} s   cpu {cpu:6.2f} s   peak {peak:5.0f} MB")
    return seconds


def main() -> None:
    """Read both forms once."""
    for as_srt in (True, False):
        with TemporaryDirectory() as place:
            folder = Path(place)
            write(folder, as_srt)
            found = index_annotations(folder)
            assert not found.faults, found.faults[0]
            form = ".srt" if as_srt else "JSON lines"
            total = timed(
                f"find the files, subtitles as {form}", lambda at=folder: len(index_annotations(at).subtitles)
            )
            total += timed("questions", lambda at=found: sum(1 for path in at.questions for _ in read_questions(path)))
            total += timed(
                "lines of subtitles",
                lambda at=found: sum(len(read_subtitles(name, one).lines) for name, (one,) in at.subtitles.items()),
            )
            print(f"in all {total:.2f} s, wanted under 5 s\n")


if __name__ == "__main__":
    main()
