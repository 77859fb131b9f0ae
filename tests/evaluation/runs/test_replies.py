"""Replies that were made elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import DataError, InputError, RunError
from crossomni.evaluation.runs.replies import RepliesConfig, score_replies
from tests.evaluation.conftest import make_rows

RIGHT = [{"id": row.id, "reply": row.answer} for n in range(3) for row in make_rows(f"clip_0{n}", n)]


def write(path: Path, records: list[Any], end: str = "\n") -> Path:
    """Write records as JSON lines."""
    path.write_text("\n".join(json.dumps(record) for record in records) + end, encoding="utf-8")
    return path


@pytest.mark.parametrize("end", ["\n", "", "\n\n"])
def test_replies_are_scored_without_receipts(data: Path, tmp_path: Path, end: str) -> None:
    """Every reply counts, with or without a last newline, and the scores say that there are no receipts."""
    replies = write(tmp_path / "replies.jsonl", RIGHT[::-1], end)
    scores = score_replies(RepliesConfig(replies=replies, out=tmp_path / "run", data=str(data))).scores

    assert scores is not None
    assert (scores["overall"], scores["receipts"], scores["complete"]) == (100.0, "none", True)
    lines = (tmp_path / "run/predictions.jsonl").read_text().splitlines()
    assert [json.loads(line)["receipt"] for line in lines] == [None] * 27
    assert "nothing is known of what reached the model" in (tmp_path / "run/report.html").read_text()


def test_the_folder_is_named_after_the_file(data: Path, tmp_path: Path) -> None:
    """Without --out the file's name without its ending is the folder's; a name without one needs --out."""
    assert score_replies(RepliesConfig(replies=write(tmp_path / "mine.jsonl", RIGHT), data=str(data))).scores
    assert (tmp_path / "mine/scores.json").is_file()

    bare = write(tmp_path / "bare", RIGHT)
    with pytest.raises(InputError, match=r"bare: the name has no ending.*--out"):
        score_replies(RepliesConfig(replies=bare, data=str(data)))
    assert score_replies(RepliesConfig(replies=bare, data=str(data), out=tmp_path / "run")).scores


def test_a_folder_with_other_replies_is_refused(data: Path, tmp_path: Path) -> None:
    """The same replies score again; a changed reply under the same name does not mix with the old ones."""
    replies = write(tmp_path / "replies.jsonl", RIGHT)
    asked = RepliesConfig(replies=replies, out=tmp_path / "run", data=str(data))
    assert score_replies(asked) == score_replies(asked)

    write(replies, [{**RIGHT[0], "reply": "none"}, *RIGHT[1:]])
    with pytest.raises(RunError, match="row 'clip_00-au' has another reply"):
        score_replies(asked)


def test_a_row_that_failed_elsewhere_is_failed_here(data: Path, tmp_path: Path) -> None:
    """An error in the place of a reply is no reply: the row counts as wrong, and the scores as not complete."""
    records = [{"id": RIGHT[0]["id"], "error": "the server\nsaid no"}, {**RIGHT[1], "error": ""}, *RIGHT[2:]]
    records[3] = {**RIGHT[3], "reply": "", "error": "too slow"}  # as a line of predictions.jsonl has it
    out = tmp_path / "run"
    asked = RepliesConfig(replies=write(tmp_path / "r.jsonl", records), out=out, data=str(data))
    scores = score_replies(asked).scores

    assert scores is not None
    assert (False, 2, pytest.approx(100 * 25 / 27)) == (
        scores["complete"], scores["states"]["failed"], scores["overall"],
    )  # fmt: skip
    lines = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert [("failed", None, "", "the server said no"), ("failed", None, "", "too slow")] == [
        (line["state"], line["letter"], line["reply"], line["error"]) for line in lines if line["state"] != "read"
    ]
    assert score_replies(asked).scores == scores


def test_a_row_that_failed_first_and_was_answered_later(data: Path, tmp_path: Path) -> None:
    """The same command with the mended file goes on: the reply counts, and what had happened is kept."""
    replies = write(tmp_path / "r.jsonl", [{"id": RIGHT[0]["id"], "error": "down"}, *RIGHT[1:]])
    asked = RepliesConfig(replies=replies, out=tmp_path / "run", data=str(data))
    score_replies(asked)
    write(replies, RIGHT)
    scores = score_replies(asked).scores

    assert scores is not None
    assert (True, 100.0) == (scores["complete"], scores["overall"])
    (line,) = (tmp_path / "run/failures.jsonl").read_text().splitlines()
    assert json.loads(line)["error"] == "down"


def test_the_first_rows_of_a_split_are_scored_alone(data: Path, tmp_path: Path) -> None:
    """With a limit the file has the first rows and no others, as a run with that limit."""
    replies = write(tmp_path / "r.jsonl", RIGHT[:9])
    scores = score_replies(RepliesConfig(replies=replies, out=tmp_path / "run", data=str(data), limit=9)).scores

    assert scores is not None
    assert (9, True, 9) == (
        scores["n"],
        scores["complete"],
        json.loads((tmp_path / "run/run.json").read_text())["rows"],
    )
    with pytest.raises(DataError, match="line 9: id 'clip_00-te-vi' is no row"):
        score_replies(RepliesConfig(replies=replies, out=tmp_path / "other", data=str(data), limit=8))
    with pytest.raises(InputError, match="limit is 0"):
        RepliesConfig(replies=replies, limit=0)


@pytest.mark.parametrize(
    ("records", "named"),
    [
        ([*RIGHT, {"id": "stranger", "reply": "A"}], "line 28: id 'stranger' is no row"),
        ([*RIGHT, RIGHT[4]], "line 28: id 'clip_00-au-te' comes for the second time"),
        (RIGHT[2:], "2 of 27 rows have no reply: clip_00-au, clip_00-vi. "),
        ([{**RIGHT[0], "reply": None}, *RIGHT[1:]], "line 1: reply is None"),
        ([{**RIGHT[0], "error": "down"}, *RIGHT[1:]], "line 1: error is 'down', reply 'A'; wanted one"),
        ([{"id": RIGHT[0]["id"], "error": 503}, *RIGHT[1:]], "line 1: error is 503, reply None; wanted one"),
        ([{"reply": "A"}], "line 1: id None"),
        ([[1]], "line 1: list came"),
    ],
)
def test_replies_that_do_not_fit_are_named(data: Path, tmp_path: Path, records: list[Any], named: str) -> None:
    """Unknown, double and missing rows are named, and nothing is written."""
    replies = write(tmp_path / "replies.jsonl", records)
    with pytest.raises(DataError, match=named):
        score_replies(RepliesConfig(replies=replies, out=tmp_path / "run", data=str(data)))
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_not_there_or_no_json_is_named(data: Path, tmp_path: Path) -> None:
    """A missing file and a line that is no JSON are errors of the data."""
    asked = RepliesConfig(replies=tmp_path / "r.jsonl", out=tmp_path / "run", data=str(data))
    with pytest.raises(DataError, match="cannot be read"):
        score_replies(asked)
    (tmp_path / "r.jsonl").write_text("{no\n")
    with pytest.raises(DataError, match="line 1: not JSON"):
        score_replies(asked)
