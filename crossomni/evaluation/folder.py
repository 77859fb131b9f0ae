"""A run's folder: ``run.json``, ``predictions.jsonl``, ``scores.json`` and ``report.html``."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Protocol, TypeVar

from crossomni.breakdown import Groups, breakdown
from crossomni.corpus import Corpus
from crossomni.errors import RecordError, RunError
from crossomni.evaluation.asked import asked_of
from crossomni.evaluation.config import with_whole_paths
from crossomni.ledger import Ledger, read_records, write_json
from crossomni.opening import open_corpus
from crossomni.records import STATES, Prediction, Row
from crossomni.scoring import GROUPS, score

RUN, PREDICTIONS, SCORES, REPORT = "run.json", "predictions.jsonl", "scores.json", "report.html"
SHARDS = "shards"  # only while several processes share the run, or after they were killed
CLIPS = "clips.json"  # only of another benchmark: by file, the SHA-256 that a clip had
PREFLIGHT = "preflight.json"  # only where there was one
FAILURES = "failures.jsonl"  # only where rows that failed were asked again: what had happened
# What a report tells of both files, whole: the name of each value, its kind.
_ABOUT: Mapping[str, type | UnionType] = {
    "configuration.data": str,
    "configuration.split": str,
    "model": str,
    "senses": list | None,
    "knock_out": list | None,
    "fingerprints.data": str,
    "rows": int,
    "versions.crossomni": str,
}
_SCORES: Mapping[str, type | UnionType] = {
    **{f"{group.name}{end}": int | float for group in GROUPS for end in ("", "_low", "_high")},
    "complete": bool,
    **{f"states.{state}": int for state in (*STATES, "missing")},
    "receipts": str,
}
_NO_GROUPS: Groups = {}
_SHOWN = 3  # differences that an error's one line tells


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds, or will hold, one run."""

    path: Path

    @property
    def predictions_path(self) -> Path:
        """The ledger: one line a row, only added to."""
        return self.path / PREDICTIONS

    @property
    def report_path(self) -> Path:
        """The page to look at."""
        return self.path / REPORT

    def about(self) -> dict[str, Any]:
        """What ``run.json`` says: configuration, senses, knock-outs, fingerprints, number of rows, versions.

        Raises:
            RunError: when the folder is no run's, or the file is damaged.
        """
        return self._read(RUN)

    def scores(self) -> dict[str, Any]:
        """The metric's dict with ``complete``, ``states`` and ``receipts``.

        Raises:
            RunError: when the run has none yet.
        """
        return self._read(SCORES)

    def whole_about(self) -> dict[str, Any]:
        """``about``, with all that a report tells in it.

        Raises:
            RunError: naming what is not there, or is of another kind; else as ``about`` does.
        """
        return _whole(self.about(), _ABOUT, self.path / RUN, "Run again into another folder.")

    def whole_scores(self) -> dict[str, Any]:
        """``scores``, with all that a report tells in it.

        Raises:
            RunError: naming what is not there, or is of another kind; else as ``scores`` does.
        """
        return _whole(self.scores(), _SCORES, self.path / SCORES, f"Make it again: crossomni rescore {self.path}")

    def claim(self, about: Mapping[str, Any]) -> None:
        """Make this the folder of the run that ``about`` describes, or find that it already is.

        Raises:
            RunError: as ``check`` does.
        """
        self.check(about)
        if not (self.path / RUN).exists():
            write_json(self.path / RUN, about)

    def check(self, about: Mapping[str, Any]) -> None:
        """See whether the folder is free, or belongs to the run that ``about`` describes.

        Versions may differ from those noted, and so may the spelling of a folder's path; all else must be the same.

        Raises:
            RunError: naming what differs, or when predictions lie there without their ``run.json``.
        """
        if not (self.path / RUN).exists():
            if self.predictions_path.exists() and self.predictions_path.stat().st_size:
                raise RunError(f"{self.predictions_path}: it has no {RUN} beside it. Choose another folder.")
            return
        there, wanted = (_flat(_comparable(data)) for data in (self.about(), json.loads(json.dumps(about))))
        differs = [key for key in wanted | there if wanted.get(key) != there.get(key)]
        if differs:
            said = [f"{key} is {wanted.get(key)!r}, there {there.get(key)!r}" for key in differs[:_SHOWN]]
            more = f"; and {len(differs) - _SHOWN} more" if len(differs) > _SHOWN else ""
            raise RunError(
                f"{self.path}: the folder belongs to another run: {'; '.join(said)}{more}. "
                "Choose another folder for this one."
            )

    def predictions(self, rows: Sequence[Row]) -> dict[str, Prediction]:
        """What is there so far, by row id, checked against the rows that the run is about.

        Raises:
            RunError: naming the line of a row that is unknown or there twice, or that is damaged.
        """
        return _read_predictions(self.predictions_path, rows) if self.predictions_path.exists() else {}

    def shard_path(self, name: str) -> Path:
        """The ledger of one of several processes; its lines move to ``predictions.jsonl`` when all have ended."""
        return self.path / SHARDS / f"{name}.jsonl"

    def gather(self, ledger: Ledger, rows: Sequence[Row]) -> dict[str, Prediction]:
        """Move what several processes found into the run's one ledger, also after they were killed.

        Raises:
            RunError: naming the line that is damaged or of another run.
        """
        found = self.predictions(rows)
        for path in sorted((self.path / SHARDS).glob("*.jsonl")):
            for key, prediction in _read_predictions(path, rows).items():
                if key not in found:
                    ledger.append(prediction.to_json())
                    found[key] = prediction
        shutil.rmtree(self.path / SHARDS, ignore_errors=True)
        return found

    def put_failures_aside(self, ledger: Ledger, predictions: Mapping[str, Prediction]) -> dict[str, Prediction]:
        """The predictions without those that failed, so that their rows are asked again; the failures are kept."""
        failed = [prediction for prediction in predictions.values() if prediction.state == "failed"]
        kept = {key: prediction for key, prediction in predictions.items() if prediction.state != "failed"}
        if failed:
            with Ledger(self.path / FAILURES) as failures:
                for prediction in failed:
                    failures.append(prediction.to_json())
            ledger.replace(prediction.to_json() for prediction in kept.values())
        return kept

    def write_scores(
        self, rows: Sequence[Row], predictions: Mapping[str, Prediction], groups: Groups = _NO_GROUPS
    ) -> dict[str, Any]:
        """Score the run, write ``scores.json``, and return what it says."""
        scores = scores_of(rows, predictions, groups)
        write_json(self.path / SCORES, scores)
        return scores

    def note_clips(self, corpus: Corpus, rows: Sequence[Row]) -> None:
        """Note the files of a benchmark's clips with their hashes, which its makers do not publish."""
        if not (self.path / CLIPS).exists():
            firsts = {row.clip_id: row for row in reversed(rows)}
            hashes = {row.video: corpus.clips[clip].sha256 for clip, row in sorted(firsts.items())}
            write_json(self.path / CLIPS, hashes)

    def write_preflight(self, moved: Mapping[str, Mapping[str, float]]) -> None:
        """Note how far the preflight's exchanges moved the log-probabilities, by sense and clip."""
        write_json(self.path / PREFLIGHT, moved)

    def preflight(self) -> dict[str, Any]:
        """What ``write_preflight`` noted; empty where there was none."""
        return self._read(PREFLIGHT) if (self.path / PREFLIGHT).exists() else {}

    def letters(self, rows: Sequence[Row]) -> tuple[str | None, ...]:
        """What the run answered to each row; None where nothing was read or the row failed.

        Raises:
            RunError: when rows are missing.
        """
        predictions = self.predictions(rows)
        missing = [row.id for row in rows if row.id not in predictions]
        if missing:
            raise RunError(
                f"{self.path}: {len(missing)} rows are missing, {missing[0]!r} for one. Finish the run first."
            )
        return tuple(predictions[row.id].letter for row in rows)

    def check_same_rows(self, other: RunFolder) -> None:
        """Refuse a run that is on other rows than ``other``.

        Raises:
            RunError: naming what differs.
        """
        found = self._rows_of()
        for name, wanted in other._rows_of().items():
            if found[name] != wanted:
                raise RunError(
                    f"{self.path}: {name} is {found[name]!r}, but {wanted!r} in {other.path}. "
                    "Compare runs on the same rows."
                )

    def _rows_of(self) -> dict[str, Any]:
        """Which rows the run is about, by its ``run.json``."""
        about = self.about()
        try:
            return {
                "the data's fingerprint": about["fingerprints"]["data"],
                "the split": about["configuration"]["split"],
                "the number of rows": about["rows"],
            }
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.path}: its run.json lacks {error}. Run again into another folder.") from error

    def open_data(self) -> tuple[Corpus, tuple[Row, ...]]:
        """The run's data, opened again, and the rows that it is about.

        Raises:
            RunError: when the data are no longer those of the run.
        """
        about = self.about()
        try:
            asked, wanted, count = about["configuration"], about["fingerprints"]["data"], about["rows"]
            corpus = open_corpus(asked["data"], asked["annotations"], asked["media"])
            rows = corpus.rows(asked["split"])[:count]
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.path / RUN}: lacks {error}. Run again into another folder.") from error
        if corpus.fingerprint != wanted:
            raise RunError(
                f"{self.path}: {asked['data']} has the fingerprint {corpus.fingerprint[:12]}, the run was on "
                f"{wanted[:12]}. Bring the run's data back."
            )
        return corpus, rows

    def _read(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(f"{path}: cannot be read ({error.strerror}). Give the folder of a finished run.") from error
        except (ValueError, RecursionError) as error:
            raise RunError(f"{path}: is not JSON ({error}). Run again into another folder.") from error
        if not isinstance(data, dict):
            raise RunError(f"{path}: {type(data).__name__} came, an object was wanted. Run again into another folder.")
        return data


def run_names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, or their whole paths where two are named alike."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def scores_of(
    rows: Sequence[Row], predictions: Mapping[str, Prediction], groups: Groups = _NO_GROUPS
) -> dict[str, Any]:
    """The metric's dict over all ``rows``, and how far it can be trusted.

    A row that failed or is missing counts as wrong and sets ``complete`` to false. ``states`` counts rows by state,
    ``receipts`` says for how many rows it is known what reached the model: ``all``, ``some`` or ``none``. Rows that
    have no task have in addition ``chance`` in percent, and ``groups``: by grouping and value, accuracy and interval.
    """
    asked = asked_of(rows)
    letters = [predictions[row.id].letter if row.id in predictions else None for row in rows]
    scores: dict[str, Any] = dict(score(letters, *asked))
    states = Counter(prediction.state for prediction in predictions.values())
    with_receipt = sum(one.receipt is not None and one.receipt.is_whole for one in predictions.values())
    return (
        scores
        | {
            "complete": len(predictions) == len(rows) and not states["failed"],
            "states": {state: states[state] for state in STATES} | {"missing": len(rows) - len(predictions)},
            "receipts": "none" if not with_receipt else "all" if with_receipt == len(rows) else "some",
        }
        | ({} if asked.tasks is not None else {"chance": asked.chance, "groups": _by_group(rows, letters, groups)})
    )


def _by_group(rows: Sequence[Row], letters: Sequence[str | None], groups: Groups) -> dict[str, Any]:
    references, _, clips, option_counts = asked_of(rows)
    found = breakdown(letters, references, clips, option_counts, [groups.get(row.id, {}) for row in rows])
    return {name: {value: share.to_json() for value, share in of_name.items()} for name, of_name in found.items()}


class _OfRow(Protocol):
    """A record about one row."""

    @property
    def id(self) -> str:
        """The row's."""


_Record = TypeVar("_Record", bound=_OfRow)


def records_by_row(
    path: Path,
    rows: Sequence[Row],
    from_json: Callable[[Mapping[str, Any]], _Record],
    check: Callable[[_Record, Row, str], None] = lambda record, row, where: None,
) -> dict[str, _Record]:
    """The records of a ledger, by the id of the row that each is about.

    ``check`` gets each record with its row and its place (``"<file>, line <number>"``).

    Raises:
        RunError: naming the line of a row that is unknown or there twice, or that ``from_json`` refuses; what ``check``
            raises.
    """
    known = {row.id: row for row in rows}
    found: dict[str, _Record] = {}
    for number, data in enumerate(read_records(path), start=1):
        where = f"{path}, line {number}"
        try:
            record = from_json(data)
        except RecordError as error:
            raise RunError(f"{where}: {error} Mend or remove the line.") from error
        if record.id not in known:
            raise RunError(f"{where}: row {record.id!r} is not of this run's data. Remove the line.")
        check(record, known[record.id], where)
        if record.id in found:
            raise RunError(f"{where}: row {record.id!r} is there for the second time. Remove the line.")
        found[record.id] = record
    return found


def _read_predictions(path: Path, rows: Sequence[Row]) -> dict[str, Prediction]:
    return records_by_row(path, rows, Prediction.from_json, _check_same)


def _check_same(prediction: Prediction, row: Row, where: str) -> None:
    """Refuse a prediction that cannot be one of its row."""
    said = (prediction.task, prediction.clip_id)
    wanted = (row.task.id if row.task else "", row.clip_id)
    if said != wanted:
        raise RunError(f"{where}: task and clip are {said}, those of row {row.id!r} {wanted}. Remove the line.")
    if prediction.letter is not None and prediction.letter not in row.letters:
        raise RunError(
            f"{where}: letter is {prediction.letter!r}, the options of row {row.id!r} are lettered "
            f"{'/'.join(row.letters)}. Remove the line."
        )


def _whole(data: dict[str, Any], wanted: Mapping[str, type | UnionType], path: Path, advice: str) -> dict[str, Any]:
    """``data`` when each wanted value is in it."""
    flat = _flat(data)
    lacking = [name for name, kind in wanted.items() if name not in flat or not isinstance(flat[name], kind)]
    if lacking:
        more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
        raise RunError(f"{path}: lacks {', '.join(lacking[:_SHOWN])}{more}, or holds something else there. {advice}")
    return data


def _comparable(about: Mapping[str, Any]) -> dict[str, Any]:
    """What two descriptions of one run agree in."""
    asked = about.get("configuration")
    # Earlier runs noted a folder as it was spelled.
    return {**about, "versions": {}} | ({"configuration": with_whole_paths(asked)} if isinstance(asked, dict) else {})


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
