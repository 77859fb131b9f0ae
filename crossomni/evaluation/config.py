"""What a run can be told. Light to import: the command line reads its options from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from crossomni.errors import InputError
from crossomni.tasks import Modality

KnockOut = Literal["sound", "sight", "biography"]
KNOCK_OUTS: tuple[KnockOut, ...] = get_args(KnockOut)
SENSES: Mapping[KnockOut, Modality] = {"sound": Modality.AUDIO, "sight": Modality.VISION}
AnswerBy = Literal["likelihood", "letters", "generation"]


@dataclass(frozen=True, kw_only=True)
class EvalConfig:
    """Ask one model every question of a split once and keep what it said."""

    model: str = field(
        metadata={
            "help": "uniform, most-frequent, longest-option, elimination, a folder, an id of the Hub, "
            "package:NAME, python:module:Class or python:file.py:Class."
        }
    )
    out: Path = field(metadata={"help": "The run's folder; the same run goes on there where it stopped."})
    data: str = field(default="playhouse", metadata={"help": "playhouse, a data folder, or full."})
    split: str = field(default="test", metadata={"help": "The split that is asked."})
    prompt: str = field(default="default", metadata={"help": "The prompt's name: default, cot, or one of yours."})
    prompts: Path | None = field(default=None, metadata={"help": "A folder of your own prompt files."})
    answer_by: AnswerBy = field(
        default="likelihood",
        metadata={"help": "How a text-only model answers: likelihood of the options' texts, letters, or generation."},
    )
    knock_out: tuple[KnockOut, ...] = field(default=(), metadata={"help": "What is left out: sound, sight, biography."})
    limit: int | None = field(default=None, metadata={"help": "Only the first so many rows."})
    annotations: Path | None = field(default=None, metadata={"help": "Of full: the folder of annotations."})
    media: Path | None = field(default=None, metadata={"help": "Of full: the folder of your media files."})
    seed: int = field(default=0, metadata={"help": "Of the baselines that draw."})

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise InputError(f"limit is {self.limit}; wanted at least 1, or none.")
        if self.answer_by not in get_args(AnswerBy):
            raise InputError(f"answer_by is {self.answer_by!r}; wanted one of {', '.join(get_args(AnswerBy))}.")
        unknown = [name for name in self.knock_out if name not in KNOCK_OUTS]
        if unknown:
            raise InputError(f"knock_out has {', '.join(unknown)}; wanted some of {', '.join(KNOCK_OUTS)}.")

    def to_json(self) -> dict[str, Any]:
        """Its fields as plain values, without ``out``: the folder may be moved."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "out"}
        return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()} | {
            "knock_out": sorted(self.knock_out)
        }


@dataclass(frozen=True, kw_only=True)
class RepliesConfig:
    """Score replies that were made elsewhere: a file of JSON lines with ``id`` and ``reply``."""

    replies: Path = field(metadata={"help": 'The file of replies, a line a row: {"id": …, "reply": …}.'})
    out: Path | None = field(
        default=None, metadata={"help": "The run's folder to write; the file's name without its ending by default."}
    )
    data: str = field(default="playhouse", metadata={"help": "playhouse, a data folder, or full."})
    split: str = field(default="test", metadata={"help": "The split that was asked."})
    annotations: Path | None = field(default=None, metadata={"help": "Of full: the folder of annotations."})
    media: Path | None = field(default=None, metadata={"help": "Of full: the folder of your media files."})
