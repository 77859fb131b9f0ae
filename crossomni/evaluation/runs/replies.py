"""Score replies that were made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crossomni.errors import DataError, InputError, RunError
from crossomni.evaluation.runs.asking import predicted
from crossomni.evaluation.config import RepliesConfig, with_whole_paths
from crossomni.evaluation.folder import RunFolder, open_corpus
from crossomni.evaluation.reports.report import check_report
from crossomni.evaluation.runs.run import versions
from crossomni.evaluation.runs.runner import RunSummary, finish
from crossomni.evaluation.runs.sample_logs import read_samples
from crossomni.ledger import Ledger
from crossomni.records import Row

_SHOWN = 10  # ids that an error's one line names


def score_replies(config: RepliesConfig) -> RunSummary:
    """Read and score replies made elsewhere. They come without receipts, and the scores say so.

    Raises:
        DataError: naming the line of an unknown id, an id that comes twice, or a reply that is no text, and the
            rows that have no reply.
        InputError: when no folder is given, and none can be named after the file.
    """
    check_report()
    corpus = open_corpus(config.data, config.annotations, config.media)
    rows = {row.id: row for row in corpus.rows(config.split)}
    replies = _read_replies(config.replies, rows)
    folder = RunFolder(config.out or _folder_of(config.replies))
    asked = {"data": config.data, "split": config.split, "annotations": config.annotations, "media": config.media}
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
            }
        )
        there = folder.predictions(tuple(rows.values()))
        for row in rows.values():
            prediction = predicted(row, replies[row.id], None)
            if there.setdefault(row.id, prediction) is prediction:
                ledger.append(prediction.to_json())
            elif there[row.id] != prediction:
                raise RunError(f"{folder.path}: row {row.id!r} has another reply there. Choose another folder.")
        return finish(folder, tuple(rows.values()), there)


def _folder_of(replies: Path) -> Path:
    """The folder that is named after a file of replies."""
    folder = replies.with_suffix("")
    if folder == replies:
        raise InputError(
            f"{replies}: the name has no ending to leave out, so that no folder can be named after it. "
            "Give the run's folder: --out FOLDER."
        )
    return folder


def _read_replies(path: Path, rows: Mapping[str, Row]) -> dict[str, str]:
    replies: dict[str, str] = {}
    for where, key, reply in read_samples(path):
        if not isinstance(key, str) or key not in rows:
            raise DataError(f"{where}: id {key!r} is no row of this split. Give the id of one of its rows.")
        if key in replies:
            raise DataError(f"{where}: id {key!r} comes for the second time. Give one reply a row.")
        if not isinstance(reply, str):
            raise DataError(f"{where}: reply is {reply!r}; wanted text (empty where the model said nothing).")
        replies[key] = reply
    missing = [key for key in rows if key not in replies]
    if missing:
        shown = ", ".join(missing[:_SHOWN]) + (", …" if len(missing) > _SHOWN else "")
        raise DataError(
            f"{path}: {len(missing)} of {len(rows)} rows have no reply: {shown}. "
            "Give each a line (an empty reply counts as wrong)."
        )
    return replies
