"""A training's folder: what was trained on what, from which weights, and what became of it.

``training.json`` stands there before the first step; ``history.jsonl`` grows with the steps; ``curves.png`` and
``report.html`` are made at the end. Weights and checkpoints lie in folders of their own beside them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from crossomni.errors import InputError, RecordError, RunError
from crossomni.ledger import write_json
from crossomni.optional import installed_versions
from crossomni.statistics import Estimate
from crossomni.training.config import TrainConfig

Kind = Literal["sft", "grpo"]
TRAINING, HISTORY, CURVES, REPORT = "training.json", "history.jsonl", "curves.png", "report.html"
ADAPTER, WHOLE, MERGED, BASE = "adapter", "model", "merged", "base"  # folders of weights; base: of a tiny thinker
HELD_OUT = "held_out.json"  # what the right clip is worth; only where rows are held out
CALLED = {"sft": "Supervised fine-tuning", "grpo": "GRPO"}
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "av", "numpy")
_NAMED = ("playhouse", "full")  # data that are no folder
# Of these, the weights that come out do not tell: they may differ when a training goes on.
_FREE = ("out", "save_every", "towers", "report_to", "ids", "judge_price")
_SHOWN = 3  # differences that an error's one line tells


@dataclass(frozen=True, kw_only=True)
class Training:
    """What ``training.json`` says. What is not known is empty."""

    kind: Kind
    configuration: Mapping[str, Any]  # every setting as a plain value, folders by their whole paths
    versions: Mapping[str, str]
    data: Mapping[
        str, Any
    ]  # source: their name, or what data.json says; fingerprint: 64 hex digits over rows and clips
    base: Mapping[str, Any]  # name: a folder or an id of the Hub; fingerprint of its files, or the Hub's commit
    train_ids: tuple[str, ...]  # rows that are trained on, in the order of the data
    held_out_ids: tuple[str, ...]  # rows of other episodes, to watch it
    seeds: Mapping[str, int]  # by what is drawn with them
    adapter: str = ""  # the fingerprint of the adapter that is trained on; empty where it starts at the base

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise RecordError(f"training: kind is {self.kind!r}; wanted one of {', '.join(get_args(Kind))}.")
        for name in ("data", "base"):
            if not isinstance(getattr(self, name).get("fingerprint"), str):
                raise RecordError(f"training: {name} has no fingerprint; wanted its digest as text.")
        if not self.base.get("name"):
            raise RecordError("training: base has no name; wanted the model's folder or its id of the Hub.")
        if not self.train_ids:
            raise RecordError("training: train_ids is empty; wanted at least one row to train on.")
        both = {*self.train_ids} & {*self.held_out_ids}
        if both:
            raise RecordError(f"training: row {min(both)!r} is trained on and held out; wanted one of both.")

    @property
    def adapts(self) -> bool:
        """Whether a LoRA adapter was trained, and not the whole language model."""
        return bool(self.configuration.get("lora", "on") == "on")

    @property
    def asked_for(self) -> str:
        """The base as it was asked for: a folder by its whole path, an id of the Hub, or tiny:KIND."""
        return str(self.configuration.get("model") or self.base["name"])

    @property
    def model_name(self) -> str:
        """The base's name alone; of the weights that a training left, that training's."""
        place = Path(self.asked_for)
        return place.parent.name if place.name in (ADAPTER, WHOLE, MERGED) else place.name

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Training:
        """What ``to_json`` gave.

        Raises:
            RecordError: naming what lacks, is unknown, or is not what it should be.
        """
        names = {field.name for field in fields(cls)}
        if unknown := sorted({*values} - names):
            raise RecordError(f"training: has {', '.join(unknown)}; wanted only {', '.join(sorted(names))}.")
        if lacking := sorted(names - {*values} - {"adapter"}):
            raise RecordError(f"training: lacks {', '.join(lacking)}; wanted all of them.")
        for name, value in values.items():
            kind = str if name in ("kind", "adapter") else list | tuple if name.endswith("_ids") else Mapping
            if not isinstance(value, kind):
                raise RecordError(f"training: {name} is {str(value)[:40]!r}; wanted what crossomni train writes.")
        ids = {name: tuple(map(str, values[name])) for name in ("train_ids", "held_out_ids")}
        return cls(**{**values, **ids})


def settings(config: TrainConfig) -> dict[str, Any]:
    """A configuration as plain values, its folders by their whole paths."""
    return {field.name: _plain(field.name, getattr(config, field.name)) for field in fields(config)}


def versions() -> dict[str, str]:
    """The versions that weights may depend on."""
    return installed_versions(*_PACKAGES)


@dataclass(frozen=True)
class TrainingFolder:
    """A folder that holds, or will hold, one training."""

    path: Path

    @property
    def history_path(self) -> Path:
        """A line for every step that was logged."""
        return self.path / HISTORY

    @property
    def curves_path(self) -> Path:
        """The curves as one picture."""
        return self.path / CURVES

    @property
    def report_path(self) -> Path:
        """The page to look at."""
        return self.path / REPORT

    def weights(self) -> Path:
        """The folder of the weights that were trained: an adapter, or a whole thinker.

        Raises:
            InputError: when the training has not been finished.
            RunError: as ``training`` does.
        """
        path = self.path / (ADAPTER if self.training().adapts else WHOLE)
        if not any(path.glob("*.safetensors")):
            raise InputError(
                f"{path}: holds no weights; wanted those of a finished training. Run the same crossomni train command "
                "again: it goes on."
            )
        return path

    def held_out(self) -> dict[str, Any] | None:
        """Losses of held-out rows with the right clip and with another; None where that was not measured.

        Raises:
            RunError: when the file is damaged.
        """
        path = self.path / HELD_OUT
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            told = {name: float(found[name]) for name in ("rows", "clips", "right", "other")}
            gain = found.get("gain")
            bounds = [float(gain[name]) for name in ("value", "low", "high")] if gain else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path}: is damaged ({error}). Remove it, or train again into another folder.") from error
        return {**told, "gain": Estimate(*bounds) if bounds else None}

    def training(self) -> Training:
        """What ``training.json`` says.

        Raises:
            RunError: when the folder is no training's, or the file is damaged.
        """
        path = self.path / TRAINING
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise RecordError("training: is no JSON object; wanted one.")
            return Training.from_json(values)
        except OSError as error:
            raise RunError(
                f"{path}: cannot be read ({error.strerror}). Give a folder that crossomni train wrote."
            ) from error
        except ValueError as error:
            raise RunError(f"{path}: is damaged ({error}) Train again into another folder.") from error

    def check(self, training: Training) -> None:
        """See whether the folder is free, or belongs to this training.

        Versions may differ from those noted, and so may settings that do not change what is learnt; all else must be
        the same.

        Raises:
            RunError: naming what differs, or when a history lies there without its ``training.json``.
        """
        if not (self.path / TRAINING).exists():
            if self.history_path.exists() and self.history_path.stat().st_size:
                raise RunError(f"{self.history_path}: it has no {TRAINING} beside it. Choose another folder.")
            return
        there, wanted = (_flat(_comparable(each)) for each in (self.training(), training))
        differs = [key for key in wanted | there if wanted.get(key) != there.get(key)]
        if differs:
            said = [f"{key} is {_short(wanted.get(key))}, there {_short(there.get(key))}" for key in differs[:_SHOWN]]
            more = f"; and {len(differs) - _SHOWN} more" if len(differs) > _SHOWN else ""
            raise RunError(
                f"{self.path}: the folder belongs to another training: {'; '.join(said)}{more}. "
                "Choose another folder for this one."
            )

    def claim(self, training: Training) -> None:
        """Make this the folder of that training, or find that it already is.

        Raises:
            RunError: as ``check`` does.
        """
        self.check(training)
        if not (self.path / TRAINING).exists():
            write_json(self.path / TRAINING, training.to_json())


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain("", part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain("", part) for part in value]
    folder = isinstance(value, Path) or (name == "data" and value not in _NAMED)
    if folder or (name == "model" and Path(value).is_dir()):
        return str(Path(value).expanduser().resolve())
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _comparable(training: Training) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(training.to_json()))
    del values["versions"]
    values["configuration"] = {key: value for key, value in values["configuration"].items() if key not in _FREE}
    return values


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return found


def _short(value: Any) -> str:
    """As an error shows it: of a list of rows, how many there are."""
    return f"{len(value)} rows" if isinstance(value, list) else repr(value)
