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


@pytest.mark.parametrize(
    ("records", "named"),
    [
        ([*RIGHT, {"id": "stranger", "reply": "A"}], "line 28: id 'stranger' is no row"),
        ([*RIGHT, RIGHT[4]], "line 28: id 'clip_00-au-te' comes for the second time"),
        (RIGHT[2:], "2 of 27 rows have no reply: clip_00-au, clip_00-vi. "),
        ([{**RIGHT[0], "reply": None}, *RIGHT[1:]], "line 1: reply is None"),
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
