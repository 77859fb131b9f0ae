"""The files of replies that other programs write, and our own."""

import importlib.util
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from crossomni.errors import DataError, MissingPackageError
from crossomni.evaluation.runs.replies import RepliesConfig, score_replies
from crossomni.evaluation.runs.sample_logs import read_samples
from tests.evaluation.conftest import make_rows

HEAD = ["index", "question", "A", "B", "C", "D", "answer", "prediction"]
WITH_OPENPYXL = importlib.util.find_spec("openpyxl") is not None
_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def text(folder: Path, content: str, name: str = "replies") -> Path:
    """A file of that content, with a name that tells nothing."""
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return path


def lines(folder: Path, *records: Any) -> Path:
    """JSON lines."""
    return text(folder, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def logged(**changes: Any) -> dict[str, Any]:
    """A line as lmms-eval writes it since 0.4, where a task's metric returned the row's id; None leaves a field out."""
    line = {
        "doc_id": 0,
        "target": "A",
        "resps": ["<think>hm</think> B"],
        "filtered_resps": "B",
        "token_counts": [None],
        "doc_hash": "0" * 64,
        "crossomni": {"id": "clip_00-au", "score": 1.0},
        "input": "Who?\nA. Ada",
    } | changes
    return {name: value for name, value in line.items() if value is not None}


def row_of(**changes: Any) -> dict[str, Any]:
    """A record of VLMEvalKit's result file; None leaves a field out."""
    values = ["r1", "Who\tis it?", "Ada", "Bo", "Cy", "Di", "A", 'He said "B"\nand left.']
    record = dict(zip(HEAD, values, strict=True)) | changes
    return {name: value for name, value in record.items() if value is not None}


def tab_separated(folder: Path, *rows: list[str]) -> Path:
    """A table as VLMEvalKit writes it: every cell quoted."""
    quoted = ("\t".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    return text(folder, "".join(quoted))


def workbook(folder: Path, *rows: list[str], sheet: str = "") -> Path:
    """A real .xlsx of one sheet; an empty text leaves the cell out, as VLMEvalKit's writer does."""
    path = folder / "model_data.xlsx"
    cells = (
        "".join(
            f'<c r="{chr(65 + column)}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for column, cell in enumerate(row)
            if cell
        )
        for number, row in enumerate(rows, start=1)
    )
    body = "".join(f'<row r="{number}">{row}</row>' for number, row in enumerate(cells, start=1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_NAMESPACE} xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet or f"<worksheet {_NAMESPACE}><sheetData>{body}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def said(path: Path) -> list[tuple[str, str]]:
    """Ids and replies."""
    return [(sample.id, sample.reply) for sample in read_samples(path)]


def places(path: Path) -> list[str]:
    """Where the samples stand, without the file."""
    return [sample.where.removeprefix(f"{path}, ") for sample in read_samples(path)]


# --- our own form ---


def test_own_lines_come_as_they_are(tmp_path: Path) -> None:
    """Also what is no text; blank lines count but say nothing."""
    path = text(tmp_path, '\ufeff{"id": "a", "reply": "A\u2028B"}\r\n\n{"reply": 3}')
    assert said(path) == [("a", "A\u2028B"), (None, 3)]
    assert places(path) == ["line 1", "line 3"]


def test_an_empty_file_has_no_samples(tmp_path: Path) -> None:
    """Which rows lack a reply is then for the caller to say."""
    assert list(read_samples(text(tmp_path, ""))) == []


# --- lmms-eval ---


def test_the_raw_reply_is_taken_not_the_filtered_one(tmp_path: Path) -> None:
    """The filter is theirs; reading the letter is ours."""
    assert said(lines(tmp_path, logged())) == [("clip_00-au", "<think>hm</think> B")]


def test_nesting_without_end_is_named(tmp_path: Path) -> None:
    """A line that no reader of JSON can follow is a damaged line like any other."""
    path = text(tmp_path, f"{json.dumps({'id': 'r1', 'reply': 'B'})}\n{'[' * 100_000}\n")
    with pytest.raises(DataError, match="replies, line 2: not JSON"):
        list(read_samples(path))


@pytest.mark.parametrize(
    "changes",
    [
        {"resps": None, "filtered_resps": "B."},  # resps is left out where it is the same
        {"resps": None, "filtered_resps": ["B."]},
        {"resps": "B.", "filtered_resps": "B"},  # reasoning was cut off
        {"resps": [["B."]], "filtered_resps": ["B"]},  # before 0.4.1
    ],
)
def test_every_nesting_of_one_reply_is_opened(tmp_path: Path, changes: dict[str, Any]) -> None:
    """One reply a doc, however many lists are around it."""
    assert said(lines(tmp_path, logged(**changes))) == [("clip_00-au", "B.")]


@pytest.mark.parametrize(
    "changes",
    [
        {"crossomni": None, "doc": {"id": "r7", "question": "Who?"}},
        {"doc": {"id": "r7"}, "crossomni": {"id": "r7"}},
        {"crossomni": 1.0, "doc_id": "r7"},
        {"crossomni": {"id": "r7"}, "doc_id": "0"},
    ],
)
def test_the_id_comes_from_the_doc_a_metric_or_a_doc_id_of_text(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Older logs hold the doc; newer ones only what the task's metrics returned."""
    assert said(lines(tmp_path, logged(**changes)))[0][0] == "r7"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"crossomni": 1.0}, "looked for one id in doc and in the metrics' objects.* doc_id is 0, a place"),
        ({"crossomni": {"id": 5}}, "doc_id is 0"),
        ({"doc": {"id": "r7"}}, "found clip_00-au, r7"),
        ({"resps": ["A", "B"]}, "resps holds 2 responses; wanted one reply"),
        ({"resps": []}, "resps holds 0 responses"),
        ({"resps": [["-1.2", "False"]]}, "resps holds 2 responses"),  # likelihoods, not text
        ({"resps": [None]}, "resps holds None; wanted text"),
        ({"resps": None, "filtered_resps": None}, "neither resps nor filtered_resps"),
    ],
)
def test_a_line_of_lmms_eval_that_does_not_serve_is_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    """No id, two ids, several replies, no reply: the line and the field are said."""
    with pytest.raises(DataError, match=f"replies, line 2: .*{named}"):
        list(read_samples(lines(tmp_path, logged(), logged(**changes))))


# --- VLMEvalKit ---


def test_a_table_and_records_say_the_same(tmp_path: Path) -> None:
    """Cells with tabs, quotes and newlines come whole; rows are counted as a spreadsheet shows them."""
    other = row_of(index="r2", prediction="")
    records = text(tmp_path, json.dumps([row_of(), other], indent=4))
    assert said(records) == [("r1", 'He said "B"\nand left.'), ("r2", "")]
    assert places(records) == ["row 1", "row 2"]

    one = row_of(prediction='He said "B"\r\nand left.')
    table = tab_separated(tmp_path, HEAD, list(one.values()), list(other.values()))
    text(tmp_path, table.read_bytes().decode() + "\n")  # a blank line at the end is no row
    assert said(table) == [("r1", 'He said "B"\r\nand left.'), ("r2", "")]
    assert places(table) == ["row 2", "row 3"]


def test_a_workbook_is_read_or_the_package_named(tmp_path: Path) -> None:
    """With openpyxl it says what the table says; without it one line says what to install."""
    one, other = row_of(prediction='He said "B"_x000D_\nand left.'), row_of(index="r2", prediction="")
    path = workbook(tmp_path, HEAD, list(one.values()), list(other.values()))
    if WITH_OPENPYXL:
        assert said(path) == [("r1", 'He said "B"\r\nand left.'), ("r2", "")]
        assert places(path) == ["row 2", "row 3"]
    else:
        with pytest.raises(MissingPackageError, match=r"reading model_data\.xlsx.* pip install openpyxl$"):
            said(path)


def test_a_full_cell_and_a_damaged_sheet_are_named(tmp_path: Path) -> None:
    """A cell holds 32,767 characters: what fills it was cut. A sheet that is no XML is damage."""
    if not WITH_OPENPYXL:
        with pytest.raises(MissingPackageError, match="openpyxl"):
            said(workbook(tmp_path, HEAD))
        return
    with pytest.raises(DataError, match="row 2: a cell is full"):
        said(workbook(tmp_path, HEAD, list(row_of(prediction="x" * 32_767).values())))
    with pytest.raises(DataError, match=r"model_data\.xlsx: is no workbook"):
        said(workbook(tmp_path, sheet="<worksheet"))


def test_the_column_id_goes_before_index(tmp_path: Path) -> None:
    """Where both are there, index is a place."""
    assert said(text(tmp_path, json.dumps([row_of(index=0, id="r9")])))[0][0] == "r9"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"index": 7}, "column id, else in index; index is 7"),
        ({"index": None}, "index is None"),
        ({"id": ""}, "id is ''"),
        ({"prediction": float("nan")}, "prediction holds nan; wanted text"),
        ({"prediction": "Failed to obtain answer via API."}, "the request for row 'r1' failed"),
        ({"prediction": None}, "an object with the fields index, question, A, B, C, D, answer came"),
    ],
)
def test_a_row_of_vlmevalkit_that_does_not_serve_is_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    """No id, no text, a failed request: none of them is taken for an answer."""
    path = text(tmp_path, json.dumps([row_of(index="r0"), row_of(**changes)]))
    with pytest.raises(DataError, match=f"replies, row 2: .*{named}"):
        list(read_samples(path))


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path: Path) -> None:
    """A table cut inside a cell is refused."""
    whole = tab_separated(tmp_path, HEAD, list(row_of().values())).read_text(encoding="utf-8")
    with pytest.raises(DataError, match="replies, line 3: unexpected end of data"):
        list(read_samples(text(tmp_path, whole.rstrip()[:-1])))


def test_a_row_that_lacks_a_cell_is_named(tmp_path: Path) -> None:
    """Cells are never moved to fit."""
    with pytest.raises(DataError, match="row 3: 7 cells came, 8 were wanted"):
        list(read_samples(tab_separated(tmp_path, HEAD, list(row_of().values()), list(row_of().values())[1:])))


# --- which form, and what is none ---


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("id,reply\na,A\n", "text that begins 'id,reply"),
        ('{"question": "Who?", "answer": "A"}\n', "line 1: an object with the fields question, answer"),
        ('[{"question": "Who?"}]', "row 1: an object with the fields question"),
        ("index\tquestion\n1\tWho?\n", "a table with the columns index, question"),
    ],
)
def test_a_file_of_no_known_form_is_told_the_three(tmp_path: Path, content: str, found: str) -> None:
    """What was found, and what would do."""
    with pytest.raises(DataError, match=f"{found}.* came. Give JSON lines with id .*lmms-eval.*VLMEvalKit"):
        list(read_samples(text(tmp_path, content)))


def test_an_archive_that_is_no_workbook_is_named(tmp_path: Path) -> None:
    """Another ZIP, and half a one."""
    path = tmp_path / "results.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "A")
    with pytest.raises(DataError, match=r"a ZIP archive that is no \.xlsx came"):
        list(read_samples(path))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match="cut short or damaged"):
        list(read_samples(path))


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    """A pickle is never opened."""
    path = tmp_path / "results.pkl"
    path.write_bytes(b"\x80\x04\x95\xff")
    with pytest.raises(DataError, match="cannot be read"):
        list(read_samples(path))


@pytest.mark.parametrize("form", ["lmms-eval", "VLMEvalKit"])
def test_others_logs_are_scored_without_receipts(data: Path, tmp_path: Path, form: str) -> None:
    """A whole split as another program logged it gets its scores."""
    rows = [row for n in range(3) for row in make_rows(f"clip_0{n}", n)]
    if form == "lmms-eval":
        path = lines(tmp_path, *(logged(resps=[row.answer], crossomni={"id": row.id}) for row in rows))
    else:
        path = text(tmp_path, json.dumps([row_of(index=row.id, prediction=row.answer) for row in rows]))
    scores = score_replies(RepliesConfig(replies=path, out=tmp_path / "run", data=str(data))).scores
    assert scores is not None
    assert (scores["overall"], scores["receipts"], scores["complete"]) == (100.0, "none", True)
