"""Score replies that were made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crossomni.errors import DataError, InputError, RunError
from crossomni.evaluation.config import RepliesConfig, with_whole_paths
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.reports.report import check_report
from crossomni.evaluation.runs.asking import predicted, shown, unanswered
from crossomni.evaluation.runs.run import benchmark_of, versions
from crossomni.evaluation.runs.runner import RunSummary, finish
from crossomni.evaluation.runs.sample_logs import Sample, read_samples
from crossomni.ledger import Ledger
from crossomni.opening import open_corpus
from crossomni.records import Prediction, Row

_SHOWN = 10  # ids that an error's one line names


def score_replies(config: RepliesConfig) -> RunSummary:
    """Read and score replies made elsewhere. They come without receipts, and the scores say so.

    A row with an error in the place of its reply failed; when a later file has its reply, that counts.

    Raises:
        DataError: naming the line of an unknown id, an id that comes twice, or a reply that is no text, and the
            rows that have no line.
        InputError: when no folder is given, and none can be named after the file.
    """
    check_report()
    corpus = open_corpus(config.data, config.annotations, config.media)
    rows = {row.id: row for row in corpus.rows(config.split)[: config.limit]}
    made = _read_replies(config.replies, rows)
    folder = RunFolder(config.out or _folder_of(config.replies))
    asked = {name: getattr(config, name) for name in ("data", "split", "limit", "annotations", "media")}
    with Ledger(folder.predictions_path) as ledger:
        folder.claim(
            {
                "configuration": with_whole_paths(asked) | {"model": f"replies:{config.replies.name}"},
                "model": config.replies.stem,
                "senses": None,
                "knock_out": None,
                "fingerprints": {"data": corpus.fingerprint},
                "rows": len(rows),
                "versions": versions(),
                **benchmark_of(corpus),
            }
        )
        there = folder.predictions(tuple(rows.values()))
        if any(one.state == "failed" and one != made[key] for key, one in there.items()):
            there = folder.put_failures_aside(ledger, there)
        for key, prediction in made.items():
            if there.setdefault(key, prediction) is prediction:
                ledger.append(prediction.to_json())
            elif there[key] != prediction:
                raise RunError(f"{folder.path}: row {key!r} has another reply there. Choose another folder.")
        return finish(folder, tuple(rows.values()), there, corpus.groups)


def _folder_of(replies: Path) -> Path:
    """The folder that is named after a file of replies."""
    folder = replies.with_suffix("")
    if folder == replies:
        raise InputError(
            f"{replies}: the name has no ending to leave out, so that no folder can be named after it. "
            "Give the run's folder: --out FOLDER."
        )
    return folder


def _read_replies(path: Path, rows: Mapping[str, Row]) -> dict[str, Prediction]:
    """What was said to each row, in the rows' order."""
    found: dict[str, Prediction] = {}
    for one in read_samples(path):
        key = one.id
        if not isinstance(key, str) or key not in rows:
            raise DataError(f"{one.where}: id {key!r} is no row of this split. Give the id of one of its rows.")
        if key in found:
            raise DataError(f"{one.where}: id {key!r} comes for the second time. Give one reply a row.")
        found[key] = _prediction(one, rows[key])
    missing = [key for key in rows if key not in found]
    if missing:
        shown = ", ".join(missing[:_SHOWN]) + (", …" if len(missing) > _SHOWN else "")
        raise DataError(
            f"{path}: {len(missing)} of {len(rows)} rows have no reply: {shown}. "
            "Give each a line (an empty reply counts as wrong, and so does an error in the place of a reply)."
        )
    return {key: found[key] for key in rows}


def _prediction(one: Sample, row: Row) -> Prediction:
    if one.error not in (None, ""):
        if not isinstance(one.error, str) or one.reply not in (None, ""):
            raise DataError(
                f"{one.where}: error is {shown(one.error)}, reply {shown(one.reply)}; wanted one of them, as text."
            )
        return unanswered(row, " ".join(one.error.split()) or shown(one.error))
    if not isinstance(one.reply, str):
        raise DataError(
            f"{one.where}: reply is {one.reply!r}; wanted text (empty where the model said nothing; "
            "an error where it failed)."
        )
    return predicted(row, one.reply, None)
