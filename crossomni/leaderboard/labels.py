"""The board's own labels: what is right, which only the board's side needs to know.

Where answers are hidden, they come from the folder that ``crossomni build --hide-answers`` lays beside the data
(``<data>-labels``), joined to the data's rows; else from the data themselves, and the board then says "open".
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from crossomni.corpus import SHIPPED, arrange, fingerprint
from crossomni.errors import DataError, InputError
from crossomni.leaderboard.entries import LabelKind
from crossomni.notes import json_lines, read_clips, read_object
from crossomni.records import Row
from crossomni.tables import read_rows, row_of

LABELS = "labels.jsonl"
_SUFFIX = "-labels"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The rows of one split with their answers, and which data they belong to. Its repr tells no answer."""

    data: str  # the name that the board shows
    split: str
    fingerprint: str  # of the data, as a run notes it
    kind: LabelKind
    rows: Mapping[str, Row] = field(repr=False)  # by id, in the order of the data
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        lacking = [row.id for row in self.rows.values() if not row.answer]
        if lacking or not self.rows:
            raise DataError(
                f"{self.data}: {len(lacking)} of {len(self.rows)} rows of {self.split} have no answer. Give the folder "
                f"of labels that `crossomni build --hide-answers` wrote beside the data ({self.data}{_SUFFIX})."
            )

    @cached_property
    def mark(self) -> str:
        """Names these labels in a cache: it changes with them, and nobody can find them from it.

        A plain hash would let the answers of a few rows be tried out; this one has the secret of the folder in it, or
        one of this process where there is none.
        """
        secret = self.secret or (_NOBODYS if self.kind == "hidden" else "open")
        lines = [[row.id, row.answer, row.clip_id, list(row.options)] for row in self.rows.values()]
        return hmac.new(
            secret.encode(), json.dumps([self.fingerprint, self.split, lines]).encode(), "sha256"
        ).hexdigest()

    @classmethod
    def read(cls, folder: Path, split: str = "test") -> Labels:
        """The labels of a data folder, of annotations (``<split>.jsonl``), or of a folder of hidden labels.

        No media are needed. A folder of hidden labels stands beside its data, whose name it has with ``-labels``.

        Raises:
            DataError: when the folder, its data, or labels are not there, or do not belong together.
        """
        folder = Path(folder).absolute()
        if (folder / LABELS).is_file():
            return _hidden(cls, folder, split)
        rows, mark = _rows(folder, split)
        name = "playhouse" if folder == SHIPPED else folder.name
        return cls(data=name, split=split, fingerprint=mark, kind="open", rows={row.id: row for row in rows})

    @classmethod
    def playhouse(cls) -> Labels:
        """Those of the set that the package ships; anybody can look them up."""
        return cls.read(SHIPPED)


_NOBODYS = secrets.token_hex(32)


def labels_for(fingerprint: str, split: str, known: Iterable[Labels]) -> Labels:
    """The labels of the data that a submission is about.

    Raises:
        InputError: when the board has none of these data.
    """
    known = tuple(known)
    for labels in known:
        if (labels.fingerprint, labels.split) == (fingerprint, split):
            return labels
    there = ", ".join(f"{one.data} ({one.split}, {one.fingerprint[:12]})" for one in known) or "none"
    raise InputError(
        f"the run is on data with the fingerprint {fingerprint[:12]} (split {split}); the board has labels of {there}. "
        "Evaluate on the board's data, in its present version; a keeper who has the labels gives --labels FOLDER."
    )


def read_all(folders: Sequence[Path]) -> tuple[Labels, ...]:
    """The labels of these folders, and of the shipped set.

    Raises:
        DataError: as ``Labels.read`` does.
        InputError: when two sets of rows have one name: a board ranks together what has one name and kind of labels.
    """
    found = (*(Labels.read(folder) for folder in folders), Labels.playhouse())
    kept = {(one.fingerprint, one.split): one for one in reversed(found)}
    each = tuple(one for one in found if kept[one.fingerprint, one.split] is one)
    names = [(one.data, one.kind) for one in each]
    twice = next((name for name, _ in names if names.count((name, _)) > 1), None)
    if twice is not None:
        raise InputError(
            f"--labels: two sets of rows are called {twice!r}, and their systems would be ranked as on one. "
            f"Rename one of the folders, with the folder of labels beside it (NAME and NAME{_SUFFIX})."
        )
    return each


def _hidden(kind: type[Labels], folder: Path, split: str) -> Labels:
    name = folder.name.removesuffix(_SUFFIX)
    data = folder.with_name(name)
    if name == folder.name or not data.is_dir():
        raise DataError(
            f"{folder}: the rows that these labels belong to were looked for in {data}, which is no folder. "
            f"Put the data beside it, as `crossomni build --hide-answers` did: NAME and NAME{_SUFFIX}."
        )
    rows, mark = _rows(data, split)
    answers: dict[str, str] = {}
    for where, line in json_lines(folder / LABELS):
        row_id, answer = line.get("id"), line.get("answer")
        if not isinstance(row_id, str) or not isinstance(answer, str) or row_id in answers:
            raise DataError(f"{where}: wanted an id of its own and an answer, as text. Build the data again.")
        answers[row_id] = answer
    lacking = [row.id for row in rows if row.id not in answers]
    if lacking:
        raise DataError(f"{folder / LABELS}: no label for {len(lacking)} rows of {data}. Bring back what was built.")
    about = read_object(folder / "data.json") if (folder / "data.json").is_file() else {}
    return kind(
        data=name,
        split=split,
        fingerprint=mark,
        kind="hidden",
        rows={row.id: replace(row, answer=answers[row.id]) for row in rows},
        secret=str(about.get("secret", "")),
    )


def _rows(folder: Path, split: str) -> tuple[tuple[Row, ...], str]:
    """The rows of one split and the fingerprint of the data, as ``Corpus`` has it, without opening media."""
    tables = sorted(folder.glob("*/metadata.parquet"))
    lines = sorted(path for path in folder.glob("*.jsonl") if path.stem not in ("clips", "dropped", "lineage"))
    if not tables and not lines:
        raise DataError(f"{folder}: neither <split>/metadata.parquet nor <split>.jsonl in it. Give a data folder.")
    clips = read_clips(folder / "clips.jsonl").clips
    if tables:
        found = arrange((row for path in tables for row in read_rows(path)), clips)
    else:
        found = arrange(
            ((where, path.stem, row_of(data, where)) for path in lines for where, data in json_lines(path)), clips
        )
    if split not in found:
        raise DataError(f"{folder}: no split {split!r}. Splits are {', '.join(found)}.")
    return found[split], fingerprint(found, clips)
