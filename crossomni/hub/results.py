"""What a run scored, in the form of a model repository's ``.eval_results/*.yaml``.

The Hub files each value under a dataset's id and a task of that dataset's ``eval.yaml`` (``crossomni.hub.benchmark``):
the metric's names. Values are percent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml, parse_eval_result_entries
from huggingface_hub.utils import yaml_dump  # type: ignore[attr-defined]

from crossomni.errors import InputError
from crossomni.hub.repository import check_name
from crossomni.scoring import GROUPS
from crossomni.tasks import TASKS

RESULTS = ".eval_results/crossomni.yaml"
_LABELS = {task.id: task.label for task in TASKS}


@dataclass(frozen=True)
class Scored:
    """A whole run with its scores, as its folder says: ``run.json`` and ``scores.json``."""

    about: Mapping[str, Any]
    scores: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Scored:
        """The run of this folder.

        Raises:
            InputError: when it holds no scored run, or one that is not complete.
        """
        about = _object(folder / "run.json")
        if not (folder / "scores.json").exists():
            raise InputError(
                f"{folder / 'scores.json'}: cannot be read, since it is not there: the run is not complete, or its "
                "data's answers are held back; wanted a scored run. "
                "Run it again (it goes on), or send it to the board that has the answers: crossomni leaderboard submit."
            )
        scores = _object(folder / "scores.json")
        missing = [*_lacking(about, "configuration", "data", "split", "prompt")]
        missing += [*_lacking(about, "fingerprints", "data", "model")]
        missing += [name for name, held in (("rows", about), ("complete", scores)) if name not in held]
        missing += [group.name for group in GROUPS if not isinstance(scores.get(group.name), int | float)]
        if missing:
            raise InputError(f"{folder}: lacks {', '.join(missing)}; wanted a scored run. Run crossomni rescore on it.")
        if not scores["complete"]:
            raise InputError(
                f"{folder}: not all of its {about['rows']} rows are answered; wanted a whole run. Run it again: it "
                "goes on."
            )
        return cls(about, scores)

    def check_whole(self) -> None:
        """Find out whether it stands for a dataset of CrossOmni: for all of its test rows.

        Raises:
            InputError: when it was on some rows, on another split, or on another benchmark.
        """
        asked = self.about["configuration"]
        if asked.get("limit") is not None:
            why = f"asked {self.about['rows']} rows (--limit {asked['limit']}), and values are filed for all"
        elif self.split != "test":
            why = f"asked the split {self.split!r}, and values are filed for 'test'"
        elif "benchmark" in self.about:
            why = f"is on {self.data}, whose leaderboards have other tasks than CrossOmni's"
        else:
            return
        raise InputError(f"the run {why}. Give a run on all test rows of a dataset of CrossOmni.")

    @property
    def data(self) -> str:
        """The data's name, without the folder's path."""
        return Path(str(self.about["configuration"]["data"])).name

    @property
    def split(self) -> str:
        """Which rows of the data."""
        return str(self.about["configuration"]["split"])

    @property
    def notes(self) -> str:
        """How it was asked, in few words; what else its folder says of the rows."""
        asked = self.about["configuration"]
        out = self.about.get("knock_out") or []
        parts = [
            f"prompt {asked['prompt']}",
            *([f"answers by {asked['answer_by']}"] if asked.get("answer_by") else []),
            *([f"{asked['shots']} shots"] if asked.get("shots") else []),
            *([f"without {', '.join(out)}"] if out else []),
            f"{self.about['rows']} rows",
        ]
        return ", ".join(parts)

    @property
    def known(self) -> Iterator[tuple[str, str, float, str]]:
        """Id, label, percent and interval of every accuracy that has a value."""
        for group in GROUPS:
            value = float(self.scores[group.name])
            if math.isfinite(value):
                low, high = (float(self.scores.get(f"{group.name}_{end}", math.nan)) for end in ("low", "high"))
                interval = f"{low:.1f} to {high:.1f}" if math.isfinite(low) and math.isfinite(high) else ""
                yield group.name, label(group.name), value, interval


def label(name: str) -> str:
    """How a metric's name is shown.

    >>> label("au-vi"), label("cross_macro")
    ('Au→Vi', 'Cross, tasks alike')
    """
    return _LABELS.get(name) or name.replace("_macro", ", tasks alike").capitalize()


def entries_of(run: Scored, dataset: str, *, source: str = "") -> list[EvalResultEntry]:
    """An entry for every accuracy that has a value.

    Args:
        run: what was scored.
        dataset: the data's id on the Hub, ``OWNER/NAME``.
        source: an address where the run can be looked at; none where it is empty.

    Raises:
        InputError: as ``Scored.check_whole`` does.
    """
    run.check_whole()
    told = {"source_url": source, "source_name": "Run"} if source else {}
    return [
        EvalResultEntry(dataset_id=dataset, task_id=key, value=round(value, 2), notes=f"percent; {run.notes}", **told)
        for key, _, value, _ in run.known
    ]


def to_yaml(entries: Sequence[EvalResultEntry]) -> str:
    """The text of ``.eval_results/*.yaml``."""
    return str(yaml_dump(eval_result_entries_to_yaml(list(entries)), sort_keys=False))


def from_yaml(text: str) -> list[EvalResultEntry]:
    """The entries of such a text."""
    import yaml  # comes with huggingface_hub

    return parse_eval_result_entries(yaml.safe_load(text))


def write_results(run: Path, folder: Path, dataset: str, *, source: str = "") -> Path:
    """Write ``.eval_results/crossomni.yaml`` of a run below ``folder``, a copy of a model's repository say.

    Raises:
        InputError: when the run is not whole or not on test rows of CrossOmni, or the dataset's id cannot be one.
    """
    check_name(dataset, "--dataset")
    path = folder / RESULTS
    text = to_yaml(entries_of(Scored.read(run), dataset, source=source))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _lacking(about: Mapping[str, Any], part: str, *names: str) -> Iterator[str]:
    held = about.get(part)
    if not isinstance(held, Mapping):
        yield part
    else:
        yield from (name for name in names if name not in held)


def _object(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); wanted a scored run. Give the folder of one.") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds no JSON object; wanted a scored run. Give the folder of one.")
    return found
