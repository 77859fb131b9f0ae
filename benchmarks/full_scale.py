"""The dataset at the paper's size: 39,726 rows on 4,147 clips (Table 2), their metadata made up, by ``full``.

    .venv/bin/python benchmarks/full_scale.py                  sizes from the shipped playhouse
    .venv/bin/python benchmarks/full_scale.py --data FOLDER    sizes from the clips of another data folder

Clips are stand-ins of a few bytes, each with its own hash, so that the join is a real one. It prints

- how long the cache takes to make, and the first row once it exists, beside the first row without a cache, in a new
  process each (wanted: under 2 s with it);
- memory along a whole pass with media by path: resident set at 10 % and at the end (wanted: flat);
- the clip changes along the pass (wanted: as many as clips, that is clip by clip);
- both exports at this size, from the measured bytes of video, sound and text of real clips.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq

from crossomni.corpus import Corpus
from crossomni.export import export_parquet
from crossomni.records import Clip, Row
from crossomni.tasks import TASKS

SIZES = {"train": (2_725, 37_266), "test": (1_422, 2_460)}  # split -> clips, rows
PASS = """
import os, resource, sys, time
import crossomni_dataset
from datasets import Audio, Video, disable_progress_bars, load_dataset
disable_progress_bars()
mib = lambda: int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
start = time.perf_counter()
data = load_dataset("crossomni", "full", annotations_dir=sys.argv[1], media_dir=sys.argv[2])
rows = data["train"].cast_column("video", Video(decode=False)).cast_column("audio", Audio(decode=False))
rows[0]
print("first", time.perf_counter() - start)
if sys.argv[3:]:
    changes, last, total = 0, "", len(rows)
    for number, row in enumerate(rows):
        changes += row["clip_id"] != last
        last = row["clip_id"]
        if number == total // 10:
            print("early", mib())
    print("late", mib())
    print("pass", time.perf_counter() - start)
    print("changes", changes)
"""


def make(folder: Path) -> None:
    """Write annotations and stand-in media of the paper's size; a row has about 1.8 kB of text."""
    media = folder / "media"
    media.mkdir()
    clips = []
    for split, (clip_count, row_count) in SIZES.items():
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(row_count):
                clip_id = f"{split}_{number % clip_count:04d}"
                row = Row(
                    id=f"{split}-{number}",
                    clip_id=clip_id,
                    task=TASKS[number % 9],
                    question="Where was the person born who says that the train has left already? " * 2,
                    options=tuple(f"In the town of {name}, by the river" for name in ("Aa", "Bo", "Ce", "Du")),
                    answer="ABCD"[number % 4],
                    biography=f"Biography {clip_id} of somebody in a red coat. " * 20,
                    rationale="First the modalities, then the referent. " * 15 if split == "train" else "",
                    show="show",
                    episode=clip_id,
                    start_seconds=0.0,
                    end_seconds=75.0,
                )
                file.write(json.dumps(row.to_columns()) + "\n")
        clips += [f"{split}_{number:04d}" for number in range(clip_count)]
    with (folder / "clips.jsonl").open("w", encoding="utf-8") as file:
        for clip_id in clips:
            (media / f"{clip_id}.mp4").write_text(clip_id)
            clip = Clip(id=clip_id, show="show", episode=clip_id, start_seconds=0, end_seconds=75)
            file.write(json.dumps(asdict(clip)) + "\n")


def run(folder: Path, whole: bool) -> dict[str, float]:
    """Load in a new process; the numbers that it prints."""
    command = [sys.executable, "-c", PASS, str(folder), str(folder / "media"), *(["whole"] if whole else [])]
    environment = os.environ | {"HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1"}
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in (line.split() for line in printed.splitlines())}


def stored(paths: Iterable[Path]) -> tuple[int, int]:
    """Bytes that the media columns and the other columns of Parquet files take."""
    media = text = 0
    for path in paths:
        metadata = pq.read_metadata(path)
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                if column.path_in_schema.partition(".")[0] in ("video", "audio"):
                    media += column.total_compressed_size
                else:
                    text += column.total_compressed_size
    return media, text


def sizes(data: str, folder: Path) -> None:
    """Print both exports at full scale, from what the clips and rows of real data take."""
    corpus = Corpus.open(data)
    rows = [row for split in corpus.splits for row in corpus.rows(split)]
    paths = {row.clip_id: corpus.media(row) for row in rows}
    video = sum(path.stat().st_size for path in paths.values())
    seconds = sum(corpus.clips[name].end_seconds - corpus.clips[name].start_seconds for name in paths) / len(paths)
    sound, text = stored(corpus.folder.glob("*/metadata.parquet"))
    embedded, same_text = stored(export_parquet(corpus, folder / "viewer").rglob("*.parquet"))
    print(
        f"{data}: {len(paths)} clips of {seconds:.1f} s, {len(rows)} rows; a clip has {video / len(paths) / 1e3:.1f} kB"
    )
    print(f"  of video and {sound / len(paths) / 1e3:.1f} kB of sound, a row {text / len(rows) / 1e3:.2f} kB of text")
    clips, total = (sum(size[place] for size in SIZES.values()) for place in (0, 1))
    for title, scale in (("at this length", 1.0), ("of 75 s at the same rate", 75 / seconds)):
        print(f"  {clips:,} clips {title}, {total:,} rows:")
        for name, media, words in (("folder", video + sound, text), ("Parquet with media", embedded, same_text)):
            print(f"    {name:20} {(clips * media * scale / len(paths) + total * words / len(rows)) / 1e9:8.2f} GB")
        often = total * (video + sound) * scale / len(paths) + total * text / len(rows)
        print(f"    media once a row     {often / 1e9:8.2f} GB")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="playhouse", help="data whose clips are measured for the sizes")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        start = time.perf_counter()
        cold, warm = run(folder, whole=False), run(folder, whole=True)
        print(f"first row without a cache {cold['first']:6.2f} s, with it {warm['first']:.2f} s")
        print(f"a whole pass over train   {warm['pass']:6.2f} s, {warm['changes']:.0f} clip changes")
        print(f"resident set at 10 %      {warm['early']:6.1f} MiB, at the end {warm['late']:.1f} MiB")
        print(
            f"ratio of first rows       {cold['first'] / warm['first']:6.1f}x, in {time.perf_counter() - start:.0f} s"
        )
        sizes(data, folder)


if __name__ == "__main__":
    main()
