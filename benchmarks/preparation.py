"""How much CPU a clip with ten questions costs before the model sees it, beside the recipe of qwen-omni-utils.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/preparation.py [--folder FOLDER] [--repeats 3]

The clip is that of benchmarks/decode.py: 75 s, 1280x720, with sound (making it takes minutes; --folder keeps it, also
for that benchmark). Wanted of it: 32 frames of 448x252, the sound at 16 kHz, interleaved, as the processor of
Qwen2.5-Omni prepares them. Ours decodes the clip once, into a cache that is empty at first, runs the processor once,
and puts ten prompts around what it made. The recipe is that of the model's card, a row at a time: chat template,
``process_mm_info``, processor.

Each way runs alone in a process of its own, on one thread, after a small clip that loads all code; its cost is user and
system time of the process and its children, the median over the repeats, and the ways take turns. Needs torchcodec and
qwen-omni-utils. Wanted: at least 6x less CPU than the recipe, with the same frames and tokens.
"""

import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from decode import CACHE_BYTES, FRAMES, SMALL, command_line, cpu_seconds, in_a_process, make_clips

from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models.protocol import Ask
from crossomni.media import ClipFile, FrameCache
from crossomni.omni.inputs import Inputs
from crossomni.opening import open_corpus
from crossomni.prompts import compose
from crossomni.tasks import Modality
from crossomni.testing import tiny_omni
from crossomni.weights import from_pretrained

ROWS = 10

Counts = dict[str, int]  # of the last prompt: all tokens, those of video and of sound


def questions() -> list[Any]:
    """Ten rows of the shipped playhouse: the text around the clip."""
    return list(open_corpus("playhouse", None, None).rows("test")[:ROWS])


def ours(processor: Any, path: Path) -> list[int]:
    """Ten prompts of a clip that is decoded and processed once; the last one's tokens."""
    config = EvalConfig(model="tiny", out=Path("never-written"), frames=FRAMES, pixels=SMALL[0] * SMALL[1])
    inputs = Inputs(processor, config.shown)
    with tempfile.TemporaryDirectory() as empty:
        clip = ClipFile(path, FrameCache(Path(empty), CACHE_BYTES))
        asks = [
            Ask(question=row, prompt=compose("default", row), clip=clip, senses=frozenset(Modality))
            for row in questions()
        ]
        made = inputs.of_clip(asks[0].clip, asks[0].senses)
        return [inputs.ids(ask.prompt, made) for ask in asks][-1]


def recipe(processor: Any, path: Path) -> list[int]:
    """The recipe of the model's card, a row at a time; the last prompt's tokens."""
    from qwen_omni_utils import process_mm_info

    video = {"type": "video", "video": str(path), "nframes": FRAMES, "max_pixels": SMALL[0] * SMALL[1]}
    ids: list[int] = []
    for row in questions():
        told = {"type": "text", "text": compose("default", row)}
        conversation = [{"role": "user", "content": [video, told]}]
        text = processor.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
        sounds, pictures, videos, more = process_mm_info(
            conversation, use_audio_in_video=True, return_video_kwargs=True
        )
        made = processor(
            text=text, images=pictures, videos=videos, audio=sounds, return_tensors="pt", fps=more["fps"][0],
            load_audio_from_video=True, audio_from_video_indices=[0],
        )  # fmt: skip
        ids = made["input_ids"][0].tolist()
    return ids


WAYS: dict[str, Callable[[Any, Path], list[int]]] = {way.__name__: way for way in (ours, recipe)}


def measure(name: str, folder: Path) -> None:
    """Run one way in this process and print its cost as JSON."""
    processor = from_pretrained("AutoProcessor", folder / "tiny")
    WAYS[name](processor, folder / "small.mp4")
    start = cpu_seconds()
    ids = WAYS[name](processor, folder / "b-frames.mp4")
    cost = cpu_seconds() - start
    marks = {"video": processor.video_token_id, "sound": processor.audio_token_id}
    counts: Counts = {"prompt": len(ids)} | {kind: ids.count(token) for kind, token in marks.items()}
    print(json.dumps({"cpu": cost, "tokens": counts}))


def compare(folder: Path, repeats: int) -> None:
    """Measure both ways in turns and print costs, tokens and ratios."""
    make_clips(folder)
    tiny_omni(folder / "tiny")
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
    for _ in range(repeats):
        for name, found in runs.items():
            found.append(in_a_process(__file__, name, folder=folder))
    cpu = {name: statistics.median(one["cpu"] for one in found) for name, found in runs.items()}
    for name, found in runs.items():
        seconds = [one["cpu"] for one in found]
        tokens = " ".join(f"{count:,} {kind}" for kind, count in found[0]["tokens"].items())
        ratio = cpu[name] / cpu["ours"]
        print(f"{name:8} {cpu[name]:7.2f} CPU s ({min(seconds):.2f} to {max(seconds):.2f})   {ratio:5.2f}x   {tokens}")


if __name__ == "__main__":
    command_line(__doc__, WAYS, 3, lambda given: measure(given.measure, given.folder), compare)
