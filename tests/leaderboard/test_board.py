"""A board is made from a store and labels, and from nothing else."""

import csv
import io
import json
import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from crossomni.answers import read_answer
from crossomni.leaderboard.board import Board, Standing, build_board, standing_of
from crossomni.leaderboard.entries import Entry
from crossomni.leaderboard.from_paper import published_entries
from crossomni.leaderboard.ranking import places
from crossomni.leaderboard.receive import receive
from crossomni.leaderboard.shown import tables
from crossomni.leaderboard.store import Store
from crossomni.published import QUESTION_COUNTS
from crossomni.scoring import score
from crossomni.tasks import TASKS
from tests.leaderboard.making import NOW, Made, reply_of, some_labels, some_rows

ROWS = some_rows(36, a_clip=3)
LABELS = [some_labels(ROWS)]


def board_of(folder: Path, *made: Made, labels=LABELS, cache: Path | None = None, **options) -> Board:
    """A board with these submissions."""
    store = Store.open(folder)
    for number, one in enumerate(made):
        receive(one.pack(), store, None, now=NOW + timedelta(seconds=number), a_day=99)
    return build_board(store, labels, cache, **options)


def own(board: Board) -> list[Standing]:
    """Those that are not the paper's."""
    return [one for one in board.standings if one.labels != "published"]


def test_scores_are_the_metrics(tmp_path: Path) -> None:
    """What stands on the board is what the metric says of the same letters, whatever the order of the lines."""
    made = Made.of(ROWS, "A")
    made.lines.reverse()
    wanted = score(["A"] * 36, [r.answer for r in ROWS], [r.task for r in ROWS], [r.clip_id for r in ROWS])
    (one,) = own(board_of(tmp_path, made))
    assert wanted == {name: one.scores[name] for name in wanted}


def test_the_gap_is_single_less_cross(tmp_path: Path) -> None:
    """In points, with an interval."""
    made = Made.of(ROWS)
    for line, row in zip(made.lines, ROWS, strict=True):
        line["reply"] = row.answer if not row.task.is_cross else "no idea"
    scores = own(board_of(tmp_path, made))[0].scores
    assert (100, 100) == (scores["gap"], scores["gap_relative"])
    assert scores["gap_low"] <= 100 <= scores["gap_high"]


def test_replies_are_read_again(tmp_path: Path) -> None:
    """States that the submitter tells are not believed, and told where they are others."""
    made = Made.of(ROWS, "I cannot say.")
    (one,) = own(board_of(tmp_path, made))
    assert (0, 100) == (one.scores["overall"], one.scores["unread"])
    assert ("36 replies are read otherwise than the submission says",) == one.told


@pytest.mark.parametrize(
    "reply",
    [
        "<think>A or B</think>C",
        "<think>\nthe answer is A\n</think>\nThe answer is B.",
        "<think>A",
        "<think>A<think>B",
        "<think>A</think>",
        "<think>A</think>B</think>C",
        "<think>A < B</think>C",
        "<think>A</think>B◁think▷C",
        "</think>A<think>",
        " <think>A</think>B",
        "<think>A</THINK>B",
        "<think></think>the answer is a. Or B",
    ],
)
def test_thinking_is_set_apart_as_in_every_run(reply: str, tmp_path: Path) -> None:
    """Replies with thinking are read as ``read_answer`` reads them."""
    read = [read_answer(reply, row.options) for row in ROWS]
    (one,) = own(board_of(tmp_path, Made.of(ROWS, reply)))
    right = sum(answer.letter == row.answer for answer, row in zip(read, ROWS, strict=True))
    assert (100 * right / 36, 100 * (read[0].letter is None)) == (one.scores["overall"], one.scores["unread"])


def test_claimed_scores_are_not_believed(tmp_path: Path) -> None:
    """Where claimed scores are not those found, the board says both."""
    (one,) = own(board_of(tmp_path, Made.of(ROWS, "A", claimed={"overall": 99.0})))
    assert (25, ("claimed 99.00 overall, found 25.00",)) == (one.scores["overall"], one.told)


def test_rounded_claims_are_fine(tmp_path: Path) -> None:
    """A claim that agrees to the second digit is told nothing of."""
    assert () == own(board_of(tmp_path, Made.of(ROWS, claimed={"overall": 100.0})))[0].told


def test_what_is_said_of_a_system(tmp_path: Path) -> None:
    """Words, prompt, knock-outs and receipts stand as they were sent; time and kind of labels are the board's."""
    made = Made.of(ROWS, name="<script>", prompt="cot", knock_out=["sound"])
    made.lines[0]["receipt"] = None
    (one,) = own(board_of(tmp_path, made))
    assert ("<script>", "Ann", "cot", ("sound",)) == (one.name, one.submitter, one.prompt, one.knock_out)
    assert ("some", 8, True) == (one.receipts, one.frames, one.sound)
    assert ("hidden", "plays", "2026-11-23T12:00:00Z") == (one.labels, one.data, one.at)


def test_a_board_is_a_function_of_its_store_and_labels(tmp_path: Path) -> None:
    """Made again, with a cache or from it, by one process or two, it is the same to the last bit."""
    made = [Made.of(ROWS, "ABCD"[number % 4], name=f"n{number}") for number in range(3)]
    first = board_of(tmp_path / "board", *made)
    for _ in range(2):
        assert first.to_json() == board_of(tmp_path / "board", cache=tmp_path / "cache").to_json()


@pytest.mark.slow  # two processes have to be started; one does the same in the test above
def test_two_processes_make_the_same_board(tmp_path: Path) -> None:
    """Where there is much to do, two processes do it."""
    made = [Made.of(ROWS, "ABCD"[number % 4], name=f"n{number}") for number in range(30)]
    one = board_of(tmp_path, *made)
    assert one.to_json() == board_of(tmp_path, processes=2).to_json()


def test_a_scored_file_is_not_read_again(tmp_path: Path) -> None:
    """With its cache a board opens without reading submissions; a file that was changed is read."""
    first = board_of(tmp_path / "board", Made.of(ROWS), cache=tmp_path / "cache")
    (file,) = (tmp_path / "board" / "submissions").glob("*.zip")
    (kept,) = (tmp_path / "cache").rglob("*.json")
    kept.write_text(kept.read_text(encoding="utf-8").replace("Ear and Eye", "From the cache"), encoding="utf-8")
    assert ["From the cache"] == [one.name for one in own(board_of(tmp_path / "board", cache=tmp_path / "cache"))]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b"x")
    assert [] == own(board_of(tmp_path / "board", cache=tmp_path / "cache"))
    assert 1 == len(own(first))


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"stamp": 1}'], ids=repr)
def test_a_damaged_cache_is_made_again(damage: str, tmp_path: Path) -> None:
    """Whatever lies in the cache, the board is the same."""
    first = board_of(tmp_path / "board", Made.of(ROWS), cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache").rglob("*.json")
    kept.write_text(damage, encoding="utf-8")
    assert first == board_of(tmp_path / "board", cache=tmp_path / "cache")


def test_other_labels_are_not_served_from_the_cache(tmp_path: Path) -> None:
    """A label that was put right changes the scores at once."""
    board_of(tmp_path / "board", Made.of(ROWS), cache=tmp_path / "cache")
    put_right = [some_labels([replace(ROWS[0], answer="D"), *ROWS[1:]])]
    (one,) = own(board_of(tmp_path / "board", labels=put_right, cache=tmp_path / "cache"))
    assert 100 * 35 / 36 == pytest.approx(one.scores["overall"])


def test_one_submission_under_two_times_counts_once(tmp_path: Path) -> None:
    """A copy of a file under a later time is not shown."""
    board_of(tmp_path, Made.of(ROWS))
    (file,) = (tmp_path / "submissions").glob("*.zip")
    file.with_name(file.name.replace("20261123T12", "20261123T13")).write_bytes(file.read_bytes())
    board = board_of(tmp_path)
    assert 1 == len(own(board))
    assert "came before" in board.refused[0].reason


# --- places ---


def entry(name: str, value: float, low: float = math.nan, high: float = math.nan, **changes) -> Entry:
    """An entry with this interval of overall."""
    scores = {"overall": value, "overall_low": low, "overall_high": high}
    fields = dict.fromkeys(("submitter", "link", "notes", "model", "at"), "") | {"key": name, "name": name}
    fields |= {"data": "plays", "labels": "open", "prompt": "default", "frames": None, "sound": None, "knock_out": ()}
    return Entry(**(fields | {"receipts": "none", "scores": scores} | changes))


def test_overlapping_intervals_share_their_places() -> None:
    """Who is surely better is before one, who may be is not."""
    entries = [entry("a", 60, 55, 65), entry("b", 56, 51, 61), entry("c", 52, 47, 54), entry("d", 30, 25, 35)]
    assert [(1, 2), (1, 3), (2, 3), (4, 4)] == places(entries)


def test_intervals_that_touch_overlap() -> None:
    """A common bound is an overlap."""
    assert [(1, 2), (1, 2)] == places([entry("a", 60, 55, 65), entry("b", 50, 45, 55)])


def test_without_intervals_values_decide() -> None:
    """Equal values share a place; who has no value is last."""
    entries = [entry("a", 60), entry("b", 50), entry("c", 50), entry("d", math.nan)]
    assert [(1, 1), (2, 3), (2, 3), (4, 4)] == places(entries)


def test_other_data_or_labels_are_ranked_apart() -> None:
    """Places are among the same data and the same kind of labels."""
    entries = [entry("a", 60, data="x"), entry("b", 50, data="y"), entry("c", 40, data="y", labels="hidden")]
    assert [(1, 1)] * 3 == places(entries)


# --- the paper's rows ---


def test_the_papers_tables_are_there() -> None:
    """13 systems with each of three prompts, and after the two trainings of two sizes, each once."""
    found = published_entries()
    assert 3 * 13 + 4 == len(found) == len({one.key for one in found})
    assert {("published", "none", "")} == {(one.labels, one.receipts, one.at) for one in found}


def test_a_published_row_is_as_printed() -> None:
    """Printed figures stand unchanged, with Wilson's interval from the count of questions, and the row says so."""
    one = next(one for one in published_entries() if one.key == "published/5/Qwen2.5-Omni-7B")
    assert [63.37, 44.43, 50.36, 83.26] == pytest.approx([one.scores[k] for k in ("single", "cross", "overall", "te")])
    assert (48.39, 52.33) == (round(one.scores["overall_low"], 2), round(one.scores["overall_high"], 2))
    assert sum(QUESTION_COUNTS.values()) == one.scores["n"]
    assert "Wilson" in one.notes
    assert "Single and Cross are averages" not in one.notes


def test_averages_that_are_not_printed_say_so() -> None:
    """Table 12 has no Single: it is made of the printed tasks, and the row says so."""
    one = next(one for one in published_entries() if one.key == "published/12/Qwen2.5-Omni-7B")
    assert 57.6 == round(one.scores["single"], 1)
    assert "Single and Cross are averages" in one.notes


# --- what goes out ---


def test_json_has_no_nan_and_comes_back(tmp_path: Path) -> None:
    """What is not known is null, and a standing is read back as it was."""
    board = board_of(
        tmp_path,
        Made.of(ROWS[:3], data={"name": "x", "split": "test", "fingerprint": "5" * 64, "rows": 3}),
        labels=[some_labels(ROWS[:3])],
    )
    text = json.dumps(board.to_json(), allow_nan=False)
    back = [standing_of(one) for one in json.loads(text)["standings"]]
    assert [repr(one) for one in board.standings] == [repr(one) for one in back]
    assert any(math.isnan(value) for value in own(board)[0].scores.values())


def test_csv_has_a_line_a_standing(tmp_path: Path) -> None:
    """With a column a score; formulas are text."""
    made = Made.of(ROWS, name='=HYPERLINK("https://evil")', notes="a,b\n@SUM(1)", submitter="+1")
    board = board_of(tmp_path, made)
    lines = list(csv.DictReader(io.StringIO(board.to_csv())))
    assert len(board.standings) == len(lines)
    assert ('\'=HYPERLINK("https://evil")', "'+1", "100.0") == tuple(
        lines[0][k] for k in ("name", "submitter", "overall")
    )
    assert {task.id for task in TASKS} <= set(lines[0])


def test_configuration_is_in_json_and_csv(tmp_path: Path) -> None:
    """By name in JSON; in one cell in CSV."""
    board = board_of(tmp_path, Made.of(ROWS))
    assert ("32", "3.11.2") == tuple(
        board.to_json()["standings"][0]["configuration"][name] for name in ("frames", "version of python")
    )
    line = next(csv.DictReader(io.StringIO(board.to_csv())))
    assert "frames: 32; " in line["configuration"]


@pytest.mark.parametrize("name", ["system 1", "a-system-of-many-parts " * 3, "x" * 80])
def test_words_stay_whole_in_80_columns(name: str, tmp_path: Path) -> None:
    """Of every table: heads, prompts and senses; a name is broken between its parts, where it has any."""
    made = Made.of(
        ROWS, "A", name=name.strip(), submitter="example", knock_out=["sound-swapped"], claimed={"overall": 9}
    )
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(*tables(board_of(tmp_path, made)), sep="\n")
    shown = console.export_text().replace("\n", " \n")
    words = {"system", "Overall", "Single", "Cross", "receipts", "default", "sound-swapped", "submitter", "example",
             "claimed", *(f"{end}→" for end in ("Au", "Vi", "Te")), "Qwen2.5-Omni-7B"}  # fmt: skip
    assert words <= set(shown.split())
    assert ("x" * 80 == name) or set(name.replace("-", "- ").split()) <= set(shown.replace("-", "- ").split())
    assert max(map(len, shown.splitlines())) <= 81


def test_better_is_before(tmp_path: Path) -> None:
    """Hidden labels first, then open, then published; among them the best first."""
    board = board_of(tmp_path, Made.of(ROWS, "A", name="low"), Made.of(ROWS, name="high"))
    assert ["high", "low"] == [one.name for one in own(board)]
    assert ["hidden", "hidden", "published"] == [one.labels for one in board.standings[:3]]


# --- what does not go out ---


def test_only_sums_leave_the_board(tmp_path: Path) -> None:
    """Other answers that leave the sums as they are leave every byte as it is: no row's answer is in any of them."""
    made = [Made.of(ROWS, "A", name="all A"), Made.of(ROWS[1:], "A", name="one row too few")]
    other = [replace(row, answer="A" if row.answer == "A" else "BCD"["DBC".index(row.answer)]) for row in ROWS]
    assert [row.answer for row in other] != [row.answer for row in ROWS]
    outputs = []
    for name, rows in (("a", ROWS), ("b", other)):
        board = board_of(tmp_path / name, *made, labels=[some_labels(rows)], cache=tmp_path / f"{name}-cache")
        stored = [path.read_bytes() for path in sorted((tmp_path / name).rglob("*")) if path.is_file()]
        kept = [json.loads(path.read_bytes()) for path in sorted((tmp_path / f"{name}-cache").rglob("*.json"))]
        for one in kept:
            one.pop("stamp")
        outputs.append((board.to_json(), board.to_csv(), stored, kept))
    assert repr(outputs[0]) == repr(outputs[1])


def test_no_row_is_named_where_all_is_well(tmp_path: Path) -> None:
    """Neither board nor cache names a row, so that nothing can be told of one."""
    board = board_of(tmp_path / "board", Made.of(ROWS, "A"), cache=tmp_path / "cache")
    kept = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "cache").rglob("*.json"))
    said = json.dumps(board.to_json()) + board.to_csv() + kept
    assert not any(row.id in said or row.clip_id in said for row in ROWS)


def test_labels_do_not_show_themselves() -> None:
    """What a log or a traceback would print of labels tells no answer."""
    assert "answer" not in repr(LABELS[0])
    assert "secret" not in repr(LABELS[0])


def test_a_right_row_is_not_told_from_a_wrong_one(tmp_path: Path) -> None:
    """The refusal of a submission is the same whatever its other replies are worth."""
    lines = [reply_of(row) for row in ROWS[1:]]
    reasons = set()
    for number, reply in enumerate("ABCD"):
        made = Made.of(ROWS[1:], name=f"n{number}")
        made.lines = [line | {"reply": reply} for line in lines]
        (refused,) = board_of(tmp_path / reply, made).refused
        reasons.add(refused.reason)
    assert 1 == len(reasons)
