"""How many tokens a training's rows are, before anything is loaded."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.media import ClipFile
from crossomni.omni.inputs import RATE_HZ
from crossomni.omni.presentation import Presentation
from crossomni.records import Row
from crossomni.training.examples import Example
from crossomni.training.planning.architecture import Family, Thinker
from crossomni.weights import from_pretrained

_HOP = 160  # samples of sound that one column of the spectrogram takes
_CHARACTERS = 4.0  # of English to a token, where the model's tokenizer is not at hand
_TEMPLATE = 30  # tokens of the conversation's frame: system message, roles, marks around the clip
ROWS, _CLIPS = 400, 16  # so many are measured, evenly spaced; a plan has no time for 40,000


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Tokens of a row's parts: means, and of the whole the longest that was found."""

    text: float  # the prompt's text with the conversation's frame
    video: float
    audio: float
    reply: float  # what is taught: rationale and letter
    longest: int  # prompt with its clip, and reply; the longest text and clip of those that were looked at
    longest_prompt: int  # with its clip
    decoding_seconds: float  # that one clip's frames and sound took here, on one core
    by: str  # how text was counted
    measured: str  # how many rows and clips were looked at

    @property
    def media(self) -> float:
        """Tokens of a clip."""
        return self.video + self.audio

    @property
    def prompt(self) -> float:
        """Tokens of a prompt with its clip."""
        return self.text + self.media


def lengths(
    examples: Sequence[Example], corpus: Corpus, shown: Presentation, thinker: Thinker, source: Path | str
) -> Lengths:
    """Count the text of rows with the model's own tokenizer where it is in a folder, and the clips of some of them.

    Raises:
        InputError: when there are no rows.
        MediaError: when a clip that is looked at cannot be read.
    """
    if not examples:
        raise InputError("no rows: nothing to plan. Take another split.")
    counted, by = _text_tokens(examples, source)
    firsts = {example.row.clip_id: example.row for example in reversed(examples)}
    first = next(iter(firsts.values()))
    clips = {row.clip_id: _Seen.of(corpus, row, shown, thinker) for row in evenly(list(firsts.values()), _CLIPS)}
    prompts, replies = zip(*counted, strict=True)
    prompt = max(prompts) + max(clip.video + clip.audio for clip in clips.values())
    return Lengths(
        text=fmean(prompts),
        video=fmean(clip.video for clip in clips.values()),
        audio=fmean(clip.audio for clip in clips.values()),
        reply=fmean(replies),
        longest=prompt + max(replies),
        longest_prompt=prompt,
        decoding_seconds=_decoding(ClipFile(corpus.media(first)), shown, thinker),
        by=by,
        measured=f"by {len(examples)} rows and {len(clips)} clips",
    )


@dataclass(frozen=True)
class _Seen:
    """A clip's tokens."""

    video: int
    audio: int

    @classmethod
    def of(cls, corpus: Corpus, row: Row, shown: Presentation, thinker: Thinker) -> _Seen:
        clip = ClipFile(corpus.media(row))
        side = thinker.patch * thinker.merge
        width, height = shown.frame_size(clip.size, side)
        steps = math.ceil(shown.frame_count(clip.seconds) / thinker.frames_a_step)
        tokens = steps * (width // side) * (height // side)
        return cls(tokens, audio_tokens(clip.seconds, thinker.family))


def _decoding(clip: ClipFile, shown: Presentation, thinker: Thinker) -> float:
    """Seconds that it takes to decode a clip as it is shown."""
    began = time.perf_counter()
    clip.frames(shown.frame_count(clip.seconds), shown.frame_size(clip.size, thinker.patch * thinker.merge))
    clip.sound(RATE_HZ)
    return time.perf_counter() - began


def audio_tokens(seconds: float, family: Family) -> int:
    """Tokens of a clip's sound: ``_get_feat_extract_output_lengths`` of each kind's processor in transformers 5.23.

    Qwen2.5-Omni hears 25 tokens a second, Qwen3-Omni 13.

    >>> audio_tokens(4, "qwen2_5_omni"), audio_tokens(4, "qwen3_omni_moe")
    (100, 52)
    """
    columns = round(seconds * RATE_HZ) // _HOP
    if family == "qwen2_5_omni":
        return ((columns - 1) // 2 + 1 - 2) // 2 + 1
    chunks, rest = divmod(columns, 100)
    for _ in range(3):
        rest = (rest - 1) // 2 + 1
    return 13 * chunks + rest


def _text_tokens(examples: Sequence[Example], source: Path | str) -> tuple[list[tuple[int, int]], str]:
    """Tokens of each prompt's text with its frame, and of each reply; and how they were counted."""
    count = _counter(source)
    by = f"about {_CHARACTERS:g} characters a token (no tokenizer in a folder)" if count is None else "own tokenizer"
    count = count or (lambda text: math.ceil(len(text) / _CHARACTERS))
    return [(count(each.prompt) + _TEMPLATE, count(each.reply) + 1) for each in examples], by


def _counter(source: Path | str) -> Any:
    """Counts tokens, by the tokenizer of a folder; None for an id of the Hub, which a plan does not download from."""
    if isinstance(source, str):
        return None
    split = from_pretrained("AutoTokenizer", source)
    return lambda text: len(split(text, add_special_tokens=False)["input_ids"])


def evenly(values: Sequence[Any], most: int) -> list[Any]:
    """``most`` of the values, evenly spaced; all where there are no more."""
    if len(values) <= most:
        return list(values)
    return [values[place * len(values) // most] for place in range(most)]


def plain(lengths: Lengths) -> Mapping[str, float]:
    """The means, by name, rounded to tokens."""
    return {name: round(getattr(lengths, name)) for name in ("text", "video", "audio", "reply")}
