"""Files of replies that were made elsewhere, in three forms: our own, lmms-eval's, VLMEvalKit's.

The form is told by a file's content, never by its name. A row goes by the id that the file itself gives it: a place in
somebody's data set is no id. What is read is the reply as the model gave it, before anybody's filter.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from crossomni.errors import DataError
from crossomni.optional import need

FORMS = (
    "JSON lines with id and reply (or error), a sample log of lmms-eval (JSON lines with doc_id and filtered_resps), "
    "or a result file of VLMEvalKit (.xlsx, .tsv or .json with the column prediction)"
)
_WRITE = 'Write {"id": …, "reply": …}, or {"id": …, "error": …} where there is none'
_FAILED = "Failed to obtain answer"  # what VLMEvalKit writes where a request failed
_CELL = 32_767  # characters that a cell of .xlsx can hold; what is longer was cut when it was written
_SHOWN = 12  # fields that an error's one line names


class Sample(NamedTuple):
    """One reply: where it stands ("file, line N" or "file, row N"), the row's id, the text.

    In our own form id, reply and error are as they came, whatever their kind: who knows the rows checks them.
    """

    where: str
    id: Any
    reply: Any
    error: Any = None  # why there is no reply


def read_samples(path: Path) -> Iterator[Sample]:
    """The samples of a file, in its order.

    Rows are counted as a spreadsheet shows them, its head being row 1, and records of .json from 1 on.

    Raises:
        DataError: when the file is none of the three forms, and naming the line or row that is damaged, lacks an id,
            has several replies, or says that its request failed.
        MissingPackageError: for .xlsx without openpyxl.
    """
    try:
        content = path.read_bytes()
        text = "" if content.startswith(b"PK\x03\x04") else content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Give {FORMS}, in UTF-8.") from error
    head = text.partition("\n")[0]
    if content and not text:
        yield from _table(path, _sheet(path, content))
    elif re.match(r"\s*\[\s*\{", text):
        yield from _records(path, text)
    elif "\t" in head.strip() and not head.lstrip().startswith("{"):
        yield from _table(path, _tab_separated(path, text))
    else:
        yield from _lines(path, text)


def _unknown(where: object, found: str) -> DataError:
    return DataError(f"{where}: {found} came. Give {FORMS}.")


def _fields(names: Iterable[object]) -> str:
    shown = [str(name) for name in names]
    return ", ".join(shown[:_SHOWN]) + (", …" if len(shown) > _SHOWN else "") if shown else "none"


# --- JSON lines: our own form, and lmms-eval's ---


def _lines(path: Path, text: str) -> Iterator[Sample]:
    if text.strip() and not text.lstrip().startswith(("{", "[")):
        raise _unknown(path, f"text that begins {text.strip()[:40]!r}")
    read: Callable[[str, Mapping[str, Any]], Sample] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not JSON ({error}). {_WRITE}, or give a log as it was written.") from error
        if not isinstance(record, dict):
            raise DataError(f"{where}: {type(record).__name__} came. {_WRITE}, or give a log as it was written.")
        read = read or _kind_of_line(where, record)
        yield read(where, record)


def _kind_of_line(where: str, record: Mapping[str, Any]) -> Callable[[str, Mapping[str, Any]], Sample]:
    """How the lines of a file are read whose first is ``record``."""
    if "doc_id" in record and "filtered_resps" in record:
        return _lmms_eval
    if "id" in record or "reply" in record:
        return _own
    raise _unknown(where, f"an object with the fields {_fields(record)}")


def _own(where: str, record: Mapping[str, Any]) -> Sample:
    return Sample(where, record.get("id"), record.get("reply"), record.get("error"))


def _lmms_eval(where: str, record: Mapping[str, Any]) -> Sample:
    # The log leaves resps out where the filter changed nothing: then the filtered reply is the reply.
    field = "resps" if "resps" in record else "filtered_resps"
    if field not in record:
        raise DataError(f"{where}: neither resps nor filtered_resps is there. Give the log as it was written.")
    reply = record[field]
    while isinstance(reply, list):
        if len(reply) != 1:
            raise DataError(
                f"{where}: {field} holds {len(reply)} responses; wanted one reply a row. "
                "Log one generated reply for each doc (generate_until, repeats 1)."
            )
        reply = reply[0]
    return Sample(where, _lmms_id(where, record), _text(where, field, reply))


def _lmms_id(where: str, record: Mapping[str, Any]) -> str:
    """Logs since lmms-eval 0.4 hold no doc, so that only what the task's metrics returned can carry the id."""
    held = {value.get("id") for value in record.values() if isinstance(value, dict)}
    ids = sorted(key for key in held if isinstance(key, str))
    if not ids and isinstance(record.get("doc_id"), str):
        ids = [record["doc_id"]]
    if len(ids) != 1:
        found = f"found {_fields(ids)}" if ids else f"doc_id is {record.get('doc_id')!r}, a place in the data set"
        raise DataError(
            f"{where}: the row's id cannot be told: looked for one id in doc and in the metrics' objects, then for a "
            f'doc_id that is text; {found}. Have process_results return {{"crossomni": {{"id": doc["id"], …}}}}.'
        )
    return ids[0]


# --- tables: VLMEvalKit's ---


def _records(path: Path, text: str) -> Iterator[Sample]:
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}). Give VLMEvalKit's file as it was written.") from error
    for number, record in enumerate(records, start=1):
        where = f"{path}, row {number}"
        if not isinstance(record, dict):
            raise DataError(f"{where}: {type(record).__name__} came, an object was wanted.")
        if "prediction" not in record:
            raise _unknown(where, f"an object with the fields {_fields(record)}")
        yield _vlmevalkit(where, record)


def _table(path: Path, rows: Iterable[Sequence[object]]) -> Iterator[Sample]:
    """Rows with their head first; an empty row is passed over, as spreadsheets have them at their end."""
    head: Sequence[object] = ()
    for number, row in enumerate(rows, start=1):
        where = f"{path}, row {number}"
        if not head:
            if "prediction" not in row:
                raise _unknown(path, f"a table with the columns {_fields(row)}")
            head = row
        elif any(cell != "" for cell in row):
            if len(row) != len(head):
                raise DataError(
                    f"{where}: {len(row)} cells came, {len(head)} were wanted. Give the file as it was written."
                )
            yield _vlmevalkit(where, {str(name): cell for name, cell in zip(head, row, strict=True)})


def _tab_separated(path: Path, text: str) -> Iterator[Sequence[object]]:
    # Strict: else a quote that is never closed would take in all rows behind it.
    rows = csv.reader(io.StringIO(text, newline=""), dialect="excel-tab", strict=True)
    try:
        yield from rows
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}. Give the file as it was written.") from error


def _sheet(path: Path, content: bytes) -> Iterator[Sequence[object]]:
    """The rows of a workbook's first sheet; a cell that is not there is empty text, which is how that is written."""
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(f"{path}: is cut short or damaged ({error}). Write it again.") from error
    if "xl/workbook.xml" not in names:
        raise _unknown(path, "a ZIP archive that is no .xlsx")
    openpyxl = need("openpyxl", f"reading {path.name}")
    unescape = need("openpyxl.utils.escape", f"reading {path.name}").unescape
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
    except (zipfile.BadZipFile, zlib.error, ParseError, KeyError, IndexError, ValueError, RuntimeError) as error:
        raise DataError(f"{path}: is no workbook that can be read ({error}). Write it again, or as .tsv.") from error
    width = max(map(len, rows), default=0)
    for number, row in enumerate(rows, start=1):
        if any(isinstance(cell, str) and len(cell) >= _CELL for cell in row):
            raise DataError(f"{path}, row {number}: a cell is full, so its end is lost. Write with PRED_FORMAT=tsv.")
        # Text that XML cannot hold, as a carriage return, stands there as _x000D_.
        cells = ["" if cell is None else unescape(cell) if isinstance(cell, str) else cell for cell in row]
        yield cells + [""] * (width - len(cells))


def _vlmevalkit(where: str, record: Mapping[str, object]) -> Sample:
    field = "id" if "id" in record else "index"  # index is often a place, where a column id says which row it is
    key = record.get(field)
    if not isinstance(key, str) or not key:
        raise DataError(
            f"{where}: the row's id cannot be told: looked for text in the column id, else in index; "
            f"{field} is {key!r}. Give the data set a column index with the rows' ids."
        )
    reply = _text(where, "prediction", record["prediction"])
    if reply.startswith(_FAILED):
        raise DataError(
            f"{where}: the request for row {key!r} failed ({reply[:60]!r}). "
            "Let VLMEvalKit ask it again, or leave the prediction empty, which counts as wrong."
        )
    return Sample(where, key, reply)


def _text(where: str, field: str, reply: object) -> str:
    if not isinstance(reply, str):
        raise DataError(f"{where}: {field} holds {reply!r}; wanted text (empty where the model said nothing).")
    return reply
