"""How much CPU the frames and the sound of a clip cost, beside torchcodec and qwen-omni-utils, in one run.

    python benchmarks/decode.py [--folder FOLDER] [--repeats 5]

Makes two clips of 75 s, 1280x720, 24 frames a second, H.264 (x264 medium, no mbtree), with B-frames and without, with
sound (some minutes; --folder keeps them), and reads 32 frames and 16 kHz sound. Each reading runs alone in a process
of its own, on one thread, after reading a small clip that loads all code; its cost is user and system time of the
process and its children, the median over the repeats. The readings take turns, so that a busy machine disturbs all
alike. What is compared:

- ten questions on the clip with B-frames: ours decodes once into a new cache and resizes to 448x252; torchcodec, a
  row at a time, does not resize (that is less work); qwen-omni-utils, a row at a time, resizes to as many pixels;
- the first decode alone, full size, against torchcodec, which must give equal pixels, with and without B-frames;
- reading the resized frames and the sound again from the disk cache against decoding them.

torchcodec needs FFmpeg's libraries; qwen-omni-utils is measured where it is installed.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crossomni.media import ClipFile, FrameCache
from crossomni.testing import write_clip

FRAMES = 32
SMALL = (448, 252)
ROWS = 10
CACHE_BYTES = 10**9
SIZE = (1280, 720)
FPS = 24
SHOT_FRAMES = 4 * FPS + 13


@cache
def scenery(shot: int) -> NDArray[np.int16]:
    """A picture larger than the frame, (900, 1600, 3): noise at six scales, as in leaves, walls and cloth."""
    random = np.random.default_rng(shot)
    height, width = 900, 1600
    light = np.zeros((height, width), np.float32)
    for octave in range(1, 7):
        noise = random.uniform(0, 255, (height >> (7 - octave), width >> (7 - octave))).astype(np.uint8)
        smooth = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        light += (np.asarray(smooth, np.float32) - 128) / octave
    tint = random.uniform(0.5, 1.0, 3)
    slope = np.linspace(-30, 30, width)[None, :, None] * random.uniform(-1, 1, 3)
    return (light[..., None] * tint * 0.6 + 115 + slope).astype(np.int16)


@cache
def grain() -> NDArray[np.int16]:
    """The noise of a sensor, standard deviation 2 of 255, twice as large as a frame in each direction."""
    return np.random.default_rng(0).normal(0, 2, (2 * SIZE[1], 2 * SIZE[0], 1)).round().astype(np.int16)


def film(number: int) -> NDArray[np.uint8]:
    """Frame ``number`` of a made-up film: shots of some 4.5 s, a panning camera, two walkers, and grain."""
    shot, at = divmod(number, SHOT_FRAMES)
    width, height = SIZE
    x, y = (at * (1 + shot % 3)) % 300, (at * (shot % 2)) % 150
    frame = scenery(shot)[y : y + height, x : x + width].copy()
    for walker in range(2):
        left = int(200 + 500 * walker + 120 * np.sin(at / 20 + walker + shot))
        top = int(180 + 8 * np.sin(at / 3 + walker))
        frame[top : top + 480, left : left + 180] = scenery(shot + 50 + walker)[100:580, 100:280]
    dx, dy = np.random.default_rng(number).integers(0, (width, height))
    frame += grain()[dy : dy + height, dx : dx + width]
    return frame.clip(0, 255).astype(np.uint8)


def rows_ours(path: Path, folder: Path) -> None:
    """Ten rows of a clip through a cache that is empty at first."""
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        for _ in range(ROWS):
            clip = ClipFile(path, FrameCache(Path(empty), CACHE_BYTES))
            clip.frames(FRAMES, SMALL)
            clip.sound()


def rows_torchcodec(path: Path, folder: Path) -> None:
    """Ten rows, each decoded anew by torchcodec."""
    from torchcodec.decoders import AudioDecoder

    for _ in range(ROWS):
        frames_torchcodec(path, folder)
        AudioDecoder(str(path), sample_rate=16_000, num_channels=1).get_all_samples()


def rows_qwen(path: Path, folder: Path) -> None:
    """Ten rows, each prepared anew by qwen-omni-utils."""
    from qwen_omni_utils import process_mm_info

    video = {"type": "video", "video": str(path), "nframes": FRAMES, "max_pixels": SMALL[0] * SMALL[1]}
    for _ in range(ROWS):
        process_mm_info([{"role": "user", "content": [video]}], use_audio_in_video=True)


def frames_ours(path: Path, folder: Path) -> NDArray[np.uint8]:
    """The frames alone, full size."""
    return ClipFile(path).frames(FRAMES)


def frames_torchcodec(path: Path, folder: Path) -> NDArray[np.uint8]:
    """The same frames by torchcodec: those that are played at the midpoints."""
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(str(path), num_ffmpeg_threads=1, dimension_order="NHWC")
    seconds = decoder.metadata.end_stream_seconds - decoder.metadata.begin_stream_seconds
    times = (np.arange(FRAMES) + 0.5) * seconds / FRAMES + decoder.metadata.begin_stream_seconds
    return decoder.get_frames_played_at(times.tolist()).data.numpy()


def decoded(path: Path, folder: Path) -> None:
    """Frames, resized, and sound: decoded."""
    clip = ClipFile(path)
    clip.frames(FRAMES, SMALL)
    clip.sound()


def again(path: Path, folder: Path) -> None:
    """Frames, resized, and sound: from a cache that has them."""
    clip = ClipFile(path, FrameCache(folder / "cache", CACHE_BYTES))
    clip.frames(FRAMES, SMALL)
    clip.sound()


READINGS: dict[str, Callable[[Path, Path], Any]] = {
    reading.__name__: reading
    for reading in (rows_ours, rows_torchcodec, rows_qwen, frames_ours, frames_torchcodec, decoded, again)
}


def cpu_seconds() -> float:
    """User and system time of this process, all its threads, and its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(name: str, path: Path, folder: Path) -> None:
    """Run one reading in this process and print its cost as JSON."""
    READINGS[name](folder / "small.mp4", folder)
    if name == "again":  # the cache is filled by the first reading, and knows the file's hash from the second on
        again(path, folder)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = cpu_seconds()
    result = READINGS[name](path, folder)
    cost = {
        "cpu": cpu_seconds() - start,
        "mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024,
        "pixels": "" if result is None else hashlib.sha256(result.tobytes()).hexdigest()[:12],
    }
    print(json.dumps(cost))


def in_a_process(script: str, name: str, **options: Path) -> dict[str, Any]:
    """Have a script measure one way in a process of its own, on one thread."""
    alone = {"OMP_NUM_THREADS": "1", "TORCHCODEC_NUM_THREADS": "1", "FORCE_QWENVL_VIDEO_READER": "torchcodec"}
    command = [sys.executable, script, "--measure", name, *(f"--{option}={path}" for option, path in options.items())]
    done = subprocess.run(command, env={**os.environ, **alone}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def make_clips(folder: Path) -> tuple[Path, Path]:
    """The two clips, with and without B-frames, and a small one."""
    write_clip(folder / "small.mp4", seconds=10)
    for name, b_frames in (("b-frames.mp4", True), ("no-b-frames.mp4", False)):
        if not (folder / name).exists():
            write_clip(folder / name, 75, SIZE, FPS, b_frames=b_frames, picture=film)
    return folder / "b-frames.mp4", folder / "no-b-frames.mp4"


def compare(folder: Path, repeats: int) -> None:
    """Measure everything in turns and print the costs and the ratios."""
    with_b, without_b = make_clips(folder)
    time.sleep(3)  # a file changed this lately has no stored hash
    jobs = [(name, with_b) for name in READINGS if name != "rows_qwen" or importlib.util.find_spec("qwen_omni_utils")]
    jobs += [("frames_ours", without_b), ("frames_torchcodec", without_b)]
    runs: dict[tuple[str, Path], list[dict[str, Any]]] = {job: [] for job in jobs}
    for _ in range(repeats):
        for job in jobs:
            runs[job].append(in_a_process(__file__, job[0], clip=job[1], folder=folder))
    cpu = {job: statistics.median(cost["cpu"] for cost in costs) for job, costs in runs.items()}
    for clip in (with_b, without_b):
        print(f"{clip.name}: {clip.stat().st_size / 1e6:.1f} MB")
    print(f"{'reading':20} {'clip':16} {'CPU s':>8} {'least':>8} {'most':>8} {'+MB':>6}  pixels")
    for (name, clip), costs in runs.items():
        seconds = [cost["cpu"] for cost in costs]
        memory, pixels = max(cost["mb"] for cost in costs), "/".join(sorted({cost["pixels"] for cost in costs}))
        median = cpu[name, clip]
        print(f"{name:20} {clip.name:16} {median:8.3f} {min(seconds):8.3f} {max(seconds):8.3f} {memory:6.0f}  {pixels}")
    ratios = [
        ("ten questions: torchcodec / ours", ("rows_torchcodec", with_b), ("rows_ours", with_b), "8"),
        ("ten questions: qwen-omni-utils / ours", ("rows_qwen", with_b), ("rows_ours", with_b), "8"),
        ("first decode: torchcodec / ours", ("frames_torchcodec", with_b), ("frames_ours", with_b), "1.2"),
        ("... without B-frames", ("frames_torchcodec", without_b), ("frames_ours", without_b), "reported"),
        ("decoding / reading from the cache", ("decoded", with_b), ("again", with_b), "50"),
    ]
    for title, theirs, ours, target in ratios:
        figure = f"{cpu[theirs] / cpu[ours]:6.2f}" if theirs in cpu else "not installed"
        print(f"{title:40} {figure}   wanted: {target}")
    for clip in (with_b, without_b):
        kinds = {cost["pixels"] for name in ("frames_ours", "frames_torchcodec") for cost in runs[name, clip]}
        print(f"{clip.name}: pixels {'equal' if len(kinds) == 1 else 'DIFFER'}")


def command_line(
    about: str | None,
    ways: Iterable[str],
    repeats: int,
    measure: Callable[[argparse.Namespace], None],
    compare: Callable[[Path, int], None],
) -> None:
    """Read a benchmark's command line: measure one way in this process, or compare all in a folder, kept or not."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="Where clips are made and kept (default: a temporary folder).")
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--measure", choices=ways, help=argparse.SUPPRESS)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments)
    elif arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        compare(arguments.folder, arguments.repeats)
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), arguments.repeats)


if __name__ == "__main__":
    command_line(__doc__, READINGS, 5, lambda given: measure(given.measure, given.clip, given.folder), compare)
