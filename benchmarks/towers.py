"""What it saves to keep what the frozen towers make of clips: epochs of fine-tuning, steps of GRPO, ways in turns.

    OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1 python benchmarks/towers.py [--folder FOLDER] [--repeats 3]
        [--seconds 60] [--kind qwen3_omni_moe] [--only grpo]

Two clips of 60 s, 1280x720, 24 frames a second, with sound (a made-up film, as in benchmarks/decode.py; making them
takes minutes, --folder keeps them), ten rows of the shipped playhouse on each, batches of five. Shown as a training
shows them by default: 32 frames of 448x252 and the sound, interleaved. The model is tiny and trained whole; the same
trainer, rows and order for every way. The tiny tokenizer splits text 2.4 times as finely as a large vocabulary does, so
every other word of the rows' text is left out. The ways:

- every row: decoder, processor and towers run for every row, as TRL's users have it (GRPO: once for a prompt's
  completions);
- frames kept: what is decoded is kept on disk, processor and towers run for every row;
- towers kept: what the towers make of a clip is kept on disk;
- clips shared: as a training goes: towers kept, and rows of one batch about one clip share its tokens (fine-tuning; in
  GRPO the completions of a prompt share it in every way).

Caches begin empty in each turn, and of clips one at most is in memory, as for many clips. So the first epoch of "towers
kept" fills the store, and the second reads it. Media preparation is all time until a row's tensors are there: reading,
decoding, processor, and with the store its towers. All times are CPU seconds of the whole process.

Wanted: "every row" at least 2x the time of "clips shared" for an epoch of fine-tuning, the first one too, and less than
10% of the second epoch's time in media preparation; the same losses (to 1e-4).
"""

import argparse
import logging
import os
import random
import resource
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import datasets
import transformers
import trl
from decode import FPS, SIZE, film

from crossomni.corpus import Corpus
from crossomni.media import ClipFile, FrameCache
from crossomni.omni.inputs import ClipInputs
from crossomni.omni.towers import Clips, TowerStore
from crossomni.testing import tiny_omni, write_clip
from crossomni.testing.omni import Kind
from crossomni.training.examples import Example, dataset, examples
from crossomni.training.grpo import OmniGRPOTrainer
from crossomni.training.sft import OmniSFTTrainer
from crossomni.training.thinkers import load_processor, load_thinker

CLIPS, ROWS = 2, 10
CACHE_BYTES = 10**9
EPOCHS = 2
GRPO_STEPS, PROMPTS, ROLLOUTS, NEW_TOKENS = 6, 2, 4, 32
AT_ONCE = 5
PLAIN, FRAMES, TOWERS, SHARED = "every row", "frames kept", "towers kept", "clips shared"
WAYS = {"sft": (PLAIN, FRAMES, TOWERS, SHARED), "grpo": (PLAIN, FRAMES, TOWERS)}


def cpu_seconds() -> float:
    """Of this process so far, all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass
class Clock(transformers.TrainerCallback):  # type: ignore[misc]
    """Seconds of each epoch or step, and what of them went into media preparation."""

    by: str  # epoch or step
    seconds: list[float] = field(default_factory=list)
    media: list[float] = field(default_factory=list)
    prepared: float = 0.0

    def begin(self) -> None:
        """Something starts."""
        self._start, self._before = cpu_seconds(), self.prepared

    def end(self) -> None:
        """It is over."""
        self.seconds.append(cpu_seconds() - self._start)
        self.media.append(self.prepared - self._before)

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        """TRL's word for it; a step begins where the last has ended, since its batch is made before on_step_begin."""
        if self.by == "epoch" or not self.seconds:
            self.begin()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        """The same."""
        if self.by == "epoch":
            self.end()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """The same."""
        if self.by == "step":
            self.end()
            self.begin()

    def timed(self, take: Callable[[Path], ClipInputs]) -> Callable[[Path], ClipInputs]:
        """Count what it takes."""

        def taken(path: Path) -> ClipInputs:
            start = cpu_seconds()
            try:
                return take(path)
            finally:
                self.prepared += cpu_seconds() - start

        return taken


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One way's run: seconds of each epoch or step, those of media preparation, and the losses."""

    seconds: list[float]
    media: list[float]
    losses: list[float]


def make_clips(folder: Path, seconds: int) -> list[Path]:
    """The clips, other pictures in each."""
    paths = [folder / f"film-{seconds}-{number}.mp4" for number in range(CLIPS)]
    for number, path in enumerate(paths):
        if not path.exists():
            write_clip(path, seconds, SIZE, FPS, picture=lambda frame, first=number * 10_000: film(first + frame))
    return paths


def make_rows(paths: list[Path]) -> list[Example]:
    """Ten rows of playhouse on each clip, in random order."""
    corpus = Corpus.open("playhouse")
    said = examples(corpus, corpus.rows("train")[: CLIPS * ROWS])
    rows = [
        replace(one, clip=paths[place // ROWS], prompt=_thinned(one.prompt), reply=_thinned(one.reply))
        for place, one in enumerate(said)
    ]
    random.Random(0).shuffle(rows)
    return rows


def _thinned(text: str) -> str:
    return " ".join(text.split()[::2])


def settings(folder: Path) -> dict[str, Any]:
    """What TRL is told for both trainings."""
    return {
        "output_dir": str(folder / "out"), "per_device_train_batch_size": AT_ONCE, "learning_rate": 1e-3,
        "logging_steps": 1, "report_to": "none", "save_strategy": "no", "use_cpu": True, "bf16": False,
        "gradient_checkpointing": False, "disable_tqdm": True, "seed": 0,
    }  # fmt: skip


def sft(source: Path, rows: list[Example], folder: Path) -> Any:
    """Fine-tuning for some epochs."""
    args = trl.SFTConfig(**settings(folder), num_train_epochs=EPOCHS)
    return OmniSFTTrainer(
        load_thinker(source), args, train_dataset=dataset(row.for_sft() for row in rows),
        processing_class=load_processor(source),
    )  # fmt: skip


def length_reward(completions: list[Any], **_: Any) -> list[float]:
    """How long a completion is."""
    return [float(len(one[0]["content"])) for one in completions]


def grpo_settings(folder: Path, steps: int) -> trl.GRPOConfig:
    """Two prompts of four completions a step; no end before the last token, so that all ways make as many."""
    return trl.GRPOConfig(
        **{**settings(folder), "per_device_train_batch_size": ROLLOUTS}, gradient_accumulation_steps=PROMPTS,
        num_generations=ROLLOUTS,
        max_completion_length=NEW_TOKENS, max_steps=steps, beta=0.0,
        generation_kwargs={"min_new_tokens": NEW_TOKENS},
    )  # fmt: skip


def grpo(source: Path, rows: list[Example], folder: Path) -> Any:
    """Some steps of GRPO for the length of completions."""
    return OmniGRPOTrainer(
        load_thinker(source), length_reward, grpo_settings(folder, GRPO_STEPS),
        train_dataset=dataset(row.for_grpo() for row in rows), processing_class=load_processor(source),
    )  # fmt: skip


def taken_by(way: str, clips: Clips, folder: Path) -> Callable[[Path], ClipInputs]:
    """What brings a clip's tensors, by this way; the caches are empty."""
    frames = None if way == PLAIN else FrameCache(folder / "frames", CACHE_BYTES)
    if way in (TOWERS, SHARED):
        clips = replace(clips, store=TowerStore(folder / "towers", CACHE_BYTES))
    return lambda path: clips.of(ClipFile(path, frames))


def run(way: str, training: Callable[..., Any], source: Path, rows: list[Example]) -> Turn:
    """One way, from empty caches."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CROSSOMNI_CACHE"] = str(folder / "unused")
        trainer = training(source, rows, folder)
        clock = Clock("epoch" if training is sft else "step")
        clips = replace(trainer.encoder.clips, thinker=trainer.model)
        take = clock.timed(taken_by(way, clips, folder))
        # In place of the trainer's memory of clips. GRPO asks for a prompt as often as it has completions.
        trainer.encoder._inputs = lru_cache(1)(take) if training is grpo or way == SHARED else take
        trainer.add_callback(clock)
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
        losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
        return Turn(seconds=clock.seconds, media=clock.media, losses=losses)


def compare(training: Callable[..., Any], source: Path, rows: list[Example], repeats: int) -> None:
    """Have the ways take turns, and print medians and ratios."""
    turns: dict[str, list[Turn]] = {way: [] for way in WAYS[training.__name__]}
    for _ in range(repeats):
        for way, found in turns.items():
            found.append(run(way, training, source, rows))
    parts = {"first epoch": slice(0, 1), "second epoch": slice(1, 2)}
    if training is grpo:
        parts = {"step": slice(CLIPS, None)}  # after as many as can have a clip that is new
    plain = turns[PLAIN][0].losses
    for name, part in parts.items():
        print(f"{training.__name__}, {name}")
        seconds = {way: _median(turns[way], lambda turn, part=part: turn.seconds[part]) for way in turns}
        for way, found in turns.items():
            media = _median(found, lambda turn, part=part: turn.media[part])
            every = [statistics.median(turn.seconds[part]) for turn in found]
            apart = max(abs(a - b) for turn in found for a, b in zip(turn.losses, plain, strict=True))
            print(
                f"  {way:12} {seconds[way]:7.2f} s ({min(every):.2f} to {max(every):.2f})"
                f"   {seconds[PLAIN] / seconds[way]:5.2f}x   media {media:6.2f} s, {media / seconds[way]:5.1%}"
                f"   losses differ by {apart:.0e}"
            )


def _median(turns: list[Turn], part: Callable[[Turn], list[float]]) -> float:
    return statistics.median(value for turn in turns for value in part(turn))


@contextmanager
def kept_in(folder: Path | None) -> Iterator[Path]:
    """A folder for the clips."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)


def quiet() -> None:
    """Keep the libraries from talking between the figures."""
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    logging.disable(logging.WARNING)


def main() -> None:
    """Fine-tuning, then GRPO."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="Where clips are made and kept (default: a temporary folder).")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60, help="How long a clip is.")
    parser.add_argument("--kind", choices=get_args(Kind), default="qwen2_5_omni")
    parser.add_argument("--only", choices=("sft", "grpo"))
    given = parser.parse_args()
    quiet()
    with kept_in(given.folder) as folder, tempfile.TemporaryDirectory() as other:
        rows = make_rows(make_clips(folder, given.seconds))
        source = tiny_omni(Path(other) / given.kind, given.kind)
        time.sleep(3)  # a file changed this lately has no stored hash
        for training in (sft, grpo):
            if given.only in (None, training.__name__):
                compare(training, source, rows, given.repeats)


if __name__ == "__main__":
    main()
