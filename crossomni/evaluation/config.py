"""What a run can be told. Light to import: the command line reads its options from here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from crossomni.benchmarks.names import BENCHMARKS, DATA_NAMES
from crossomni.errors import InputError
from crossomni.omni.presentation import FRAMES, PIXELS, Order, Packing, Presentation
from crossomni.tasks import Modality

KnockOut = Literal[
    "sound", "sound-muted", "sound-swapped", "sound-shifted", "sight", "sight-swapped",
    "biography", "biography-shuffled", "names",
]  # fmt: skip
KNOCK_OUTS: tuple[KnockOut, ...] = get_args(KnockOut)
SENSES: Mapping[KnockOut, Modality] = {"sound": Modality.AUDIO, "sight": Modality.VISION}
AnswerBy = Literal["likelihood", "letters", "generation"]
MediaAs = Literal["data", "file"]
Switch = Literal["on", "off"]
_FREE = {"free": True}  # may differ when a run goes on
_PLACES = ("data", "annotations", "media", "prompts", "adapter")  # fields that are a folder
_NAMED = ("playhouse", "full", *DATA_NAMES)  # data that are none
_DATA = f"playhouse, a data folder, full, {', '.join(BENCHMARKS)}."
_ANNOTATIONS = "Of full: the folder of annotations; of another benchmark: its file, unless it is in the media folder."
_MEDIA = "Of full and of other benchmarks: the folder of your media files."
ROTATIONS = 4  # a question of four options has so many


def with_whole_paths(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as plain values, its folders by their whole paths: a run can be opened from anywhere.

    What one spelled ``../data`` and another ``/home/me/data`` is one folder, links followed.
    """
    return {
        name: str(Path(value).resolve())
        if name in _PLACES and isinstance(value, str | Path) and value not in _NAMED
        else value
        for name, value in configuration.items()
    }


@dataclass(frozen=True, kw_only=True)
class EvalConfig:
    """Ask one model every question of a split once and keep what it said."""

    model: str = field(
        metadata={
            "help": "uniform, most-frequent, longest-option, elimination, a folder, an id of the Hub, "
            "package:NAME, openai:NAME@URL, python:module:Class or python:file.py:Class."
        }
    )
    out: Path = field(metadata={"help": "The run's folder; the same run goes on there where it stopped.", **_FREE})
    data: str = field(default="playhouse", metadata={"help": _DATA})
    split: str = field(default="test", metadata={"help": "The split that is asked."})
    prompt: str = field(default="default", metadata={"help": "The prompt's name: default, cot, icl, or one of yours."})
    prompts: Path | None = field(default=None, metadata={"help": "A folder of your own prompt files."})
    shots: int = field(default=0, metadata={"help": "Training rows of the same task that the prompt shows."})
    answer_by: AnswerBy | None = field(
        default=None,
        metadata={
            "help": "How it answers: generation (what an Omni-LLM does unless told otherwise), letters (the likeliest "
            "one), or likelihood of the options' texts (what a text-only model does unless told otherwise)."
        },
    )
    knock_out: tuple[KnockOut, ...] = field(
        default=(), metadata={"help": f"What is left out or exchanged: {', '.join(KNOCK_OUTS)}."}
    )
    rotation: int = field(default=0, metadata={"help": "By how many places the options are turned, 0 to 3."})
    repeat: int = field(default=0, metadata={"help": "The number of this run among repeats of the same one."})
    limit: int | None = field(default=None, metadata={"help": "Only the first so many rows."})
    annotations: Path | None = field(default=None, metadata={"help": _ANNOTATIONS})
    media: Path | None = field(default=None, metadata={"help": _MEDIA})
    adapter: Path | None = field(default=None, metadata={"help": "The folder of a LoRA adapter of the model."})
    towers: Switch = field(
        default="off",
        metadata={
            "help": "on keeps what an Omni-LLM's towers make of a clip on disk: for several adapters of one model.",
            **_FREE,
        },
    )
    trust_remote_code: bool = field(
        default=False, metadata={"help": "Run code that comes with the model's weights. Read it first."}
    )
    frames: int = field(default=FRAMES, metadata={"help": "Frames of a clip, evenly spaced."})
    fps: float | None = field(
        default=None, metadata={"help": "Frames a second, --frames of them at most; --frames of any clip by default."}
    )
    pixels: int = field(default=PIXELS, metadata={"help": "Of one frame, at most; larger ones are made smaller."})
    packing: Packing | None = field(
        default=None,
        metadata={
            "help": "The sound between the frames that it is heard with (interleaved, unless told otherwise), or after "
            "them (apart, unless told otherwise where a server is asked)."
        },
    )
    order: Order = field(default="video-first", metadata={"help": "video-first or text-first."})
    system: str = field(default="", metadata={"help": "The system prompt; none by default."})
    temperature: float = field(default=0.0, metadata={"help": "Of a generated reply; 0 takes the likeliest token."})
    most_new_tokens: int = field(default=1024, metadata={"help": "Of a generated reply, with its reasoning."})
    media_as: MediaAs = field(
        default="data", metadata={"help": "How a server gets a clip: as data, or as a file of the disk that it shares."}
    )
    batch: int = field(default=8, metadata={"help": "Questions that a model is asked at once, at most.", **_FREE})
    at_once: int = field(default=64, metadata={"help": "Questions that a server is asked at once, at most.", **_FREE})
    tries: int = field(default=5, metadata={"help": "Of a request whose failure may pass by itself.", **_FREE})
    deadline_seconds: float = field(default=120.0, metadata={"help": "Of one try of a server's reply.", **_FREE})
    seed: int = field(default=0, metadata={"help": "Of whatever is drawn: baselines, sampled replies, shots."})

    def __post_init__(self) -> None:
        if self.packing is None:
            object.__setattr__(self, "packing", "apart" if self.server else "interleaved")
        if not self.model.strip():
            raise InputError(
                "model is empty; wanted a baseline's name, a folder, an id of the Hub, or package:NAME, say."
            )
        for name in ("limit", "most_new_tokens", "batch", "at_once", "tries"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}; wanted at least 1.")
        for name in ("shots", "repeat", "temperature"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)}; wanted 0 or more.")
        if self.rotation not in range(ROTATIONS):
            raise InputError(f"rotation is {self.rotation}; wanted 0 to {ROTATIONS - 1}.")
        for name, kind in (
            ("answer_by", AnswerBy),
            ("media_as", MediaAs),
            ("towers", Switch),
        ):
            value, allowed = getattr(self, name), get_args(kind)
            if value not in allowed and not (name == "answer_by" and value is None):
                raise InputError(f"{name} is {value!r}; wanted one of {', '.join(allowed)}.")
        _ = self.shown  # refuses what cannot be
        self._check_knock_out()

    @property
    def shown(self) -> Presentation:
        """How a clip and a question are put before an Omni-LLM."""
        return Presentation(**{field.name: getattr(self, field.name) for field in fields(Presentation)})

    @property
    def server(self) -> str:
        """The address in ``openai:NAME@URL``; empty for other models."""
        return self.model.rpartition("@")[2] if self.model.startswith("openai:") else ""

    def _check_knock_out(self) -> None:
        unknown = [name for name in self.knock_out if name not in KNOCK_OUTS]
        if unknown:
            raise InputError(f"knock_out has {', '.join(unknown)}; wanted some of {', '.join(KNOCK_OUTS)}.")
        parts = [name.partition("-")[0] for name in self.knock_out]
        for part in parts:
            if parts.count(part) > 1:
                said = ", ".join(name for name in self.knock_out if name.partition("-")[0] == part)
                raise InputError(f"knock_out has {said}; wanted one thing done to {part}. Make two runs of it.")

    def to_json(self) -> dict[str, Any]:
        """Its fields as plain values, without those that do not matter to a reply; the folder may be moved."""
        values = {f.name: getattr(self, f.name) for f in fields(EvalConfig) if not f.metadata.get("free")}
        # A server may have another address when the run goes on.
        model = self.model.removesuffix(f"@{self.server}") if self.server else self.model
        return with_whole_paths(values) | {"knock_out": sorted(self.knock_out), "model": model}


@dataclass(frozen=True, kw_only=True)
class RepliesConfig:
    """Score replies that were made elsewhere: a file of JSON lines with ``id`` and ``reply`` (or ``error``)."""

    replies: Path = field(
        metadata={"help": 'The file of replies, a line a row: {"id": …, "reply": …}, or "error" where there is none.'}
    )
    out: Path | None = field(
        default=None, metadata={"help": "The run's folder to write; the file's name without its ending by default."}
    )
    data: str = field(default="playhouse", metadata={"help": _DATA})
    split: str = field(default="test", metadata={"help": "The split that was asked."})
    limit: int | None = field(default=None, metadata={"help": "Only its first so many rows were asked."})
    annotations: Path | None = field(default=None, metadata={"help": _ANNOTATIONS})
    media: Path | None = field(default=None, metadata={"help": _MEDIA})

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise InputError(f"limit is {self.limit}; wanted at least 1.")
