"""Other benchmarks through the command line: the same runner, receipts, reports and comparisons."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossomni.benchmarks.opening import open_benchmark
from crossomni.corpus import file_sha256
from crossomni.scoring import GROUPS
from crossomni.testing.benchmarks import BenchmarkFolder, write_avut, write_daily_omni, write_worldsense
from tests.test_cli import Done, crossomni

WRITERS: dict[str, Callable[..., BenchmarkFolder]] = {
    "daily-omni": write_daily_omni,
    "worldsense": write_worldsense,
    "avut": write_avut,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each benchmark's folder."""
    root = tmp_path_factory.mktemp("media")
    return {name: write(root / name).folder for name, write in WRITERS.items()}


@pytest.fixture(scope="module")
def runs(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Done]]:
    """Each benchmark evaluated with a baseline, and what the command said."""
    root = tmp_path_factory.mktemp("runs")
    made = {}
    for name, folder in folders.items():
        done = crossomni("evaluate", "--data", name, "--media", folder, "--model", "uniform", "--out", root / name)
        made[name] = (root / name, done)
    return made


def read(run: tuple[Path, Done], name: str) -> dict[str, Any]:
    """One of the run's files."""
    found: dict[str, Any] = json.loads((run[0] / name).read_text(encoding="utf-8"))
    return found


def refused(*arguments: str | Path) -> str:
    """What a command says when it refuses, in one line."""
    done = crossomni(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    return done.stderr


@pytest.mark.parametrize("name", WRITERS)
def test_a_benchmark_is_evaluated(name: str, runs: dict[str, tuple[Path, Done]]) -> None:
    """The command succeeds and says the licence once; the score is over all questions, with an interval."""
    done, scores = runs[name][1], read(runs[name], "scores.json")
    assert (done.returncode, done.stdout.count("https://huggingface.co/datasets/")) == (0, 1)
    assert 0 <= scores["overall_low"] <= scores["overall"] <= scores["overall_high"] <= 100
    assert {group.name for group in GROUPS if not math.isnan(scores[group.name])} == {"overall"}
    assert (scores["complete"], scores["receipts"]) == (True, "all")


def test_scores_tell_of_each_group(runs: dict[str, tuple[Path, Done]]) -> None:
    """Accuracy, interval, questions and chance; the questions of a grouping's values are all questions."""
    scores = read(runs["worldsense"], "scores.json")
    assert list(scores["groups"]) == ["domain", "task domain", "task type"]
    for values in scores["groups"].values():
        assert sum(one["n"] for one in values.values()) == scores["n"] == 18
        assert {name for one in values.values() for name in one} == {"accuracy", "low", "high", "n", "chance"}
    assert scores["chance"] == pytest.approx(100 * (12 / 4 + 6 / 3) / 18)


def test_the_terminal_tells_of_each_group(runs: dict[str, tuple[Path, Done]]) -> None:
    """Daily-Omni by type, duration and category, and what was read of the file."""
    said = runs["daily-omni"][1].stdout
    for part in ("type", "AV Event Alignment", "duration", "30s", "category", "not given", "Overall", "chance is"):
        assert part in said
    assert "qa.json is not as it was published last: 18 items, 1197 were." in said


def test_what_was_left_out_is_said_everywhere(runs: dict[str, tuple[Path, Done]]) -> None:
    """The item whose right option is blank: in the terminal, in run.json and in the report."""
    (line,) = read(runs["avut"], "run.json")["benchmark"]["left_out"]
    assert line.startswith("item 18 (QA_id 18): option ")
    assert f"left out: {line}" in runs["avut"][1].stdout
    assert f"Left out: {line}" in (runs["avut"][0] / "report.html").read_text(encoding="utf-8")


def test_the_report_shows_groups_and_licence(runs: dict[str, tuple[Path, Done]]) -> None:
    """And neither tasks nor a gap, which there are not."""
    page = (runs["worldsense"][0] / "report.html").read_text(encoding="utf-8")
    for part in ("CC BY-NC 4.0", "task domain, percent", "Causal Reasoning", "27.8% right"):
        assert part in page
    for part in ("From source to target", "The gap", "four options, so"):
        assert part not in page


def test_a_run_notes_the_hash_of_each_clip(runs: dict[str, tuple[Path, Done]], folders: dict[str, Path]) -> None:
    """The makers publish none, so the files' own are kept; the run names its data and not where a machine has them."""
    clips, about = read(runs["avut"], "clips.json"), read(runs["avut"], "run.json")
    assert len(clips) == 6
    assert clips == {name: file_sha256(folders["avut"] / name) for name in clips}
    assert about["configuration"]["data"] == "avut"
    assert about["benchmark"]["annotations"]["sha256"] == file_sha256(folders["avut"] / "AV_Human_data.json")


@pytest.mark.slow  # each rotation is a run with a report of its own
def test_rotations_of_three_options_lead_back(folders: dict[str, Path], tmp_path: Path) -> None:
    """The longest option is the same whichever place it has; what letters would be said by chance is told."""
    asked = ("--data", "worldsense", "--media", folders["worldsense"], "--model", "longest-option", "--rotate")
    done = crossomni("evaluate", *asked, "--out", tmp_path / "run")
    assert "The four rotations of the options" in done.stdout
    said = [
        {line["id"]: line["letter"] for line in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
        for path in tmp_path.glob("run/rotation-*/predictions.jsonl")
    ]
    rows = {row.id: row for row in open_benchmark("worldsense", None, folders["worldsense"]).rows("test")}
    longest = {key: [len(o) for o in row.options].count(max(map(len, row.options))) == 1 for key, row in rows.items()}
    same = {key for key in rows if len({one[key] for one in said}) == 1}
    assert (len(said), {key for key in rows if longest[key]} - same) == (3, set())
    assert {key for key in same if len(rows[key].options) == 3}
    assert "whoever picks at random" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow  # a report is made again
def test_a_run_is_scored_again_without_its_model(runs: dict[str, tuple[Path, Done]], tmp_path: Path) -> None:
    """From its folder alone, which names the data's folder."""
    again = shutil.copytree(runs["daily-omni"][0], tmp_path / "again")
    (again / "scores.json").unlink()
    assert crossomni("rescore", again).returncode == 0
    assert (again / "scores.json").read_bytes() == (runs["daily-omni"][0] / "scores.json").read_bytes()


@pytest.mark.slow  # a report of its own
def test_replies_made_elsewhere_are_scored(folders: dict[str, Path], tmp_path: Path) -> None:
    """With the same groups; and they stand beside a run of the same rows."""
    replies = tmp_path / "mine.jsonl"
    replies.write_text("".join(json.dumps({"id": f"avut-{n}", "reply": "A"}) + "\n" for n in range(1, 18)))
    done = crossomni("score", "--replies", replies, "--data", "avut", "--media", folders["avut"])
    assert (done.returncode, "Audio Content Counting" in done.stdout) == (0, True)


def test_runs_are_compared_over_all_questions(runs: dict[str, tuple[Path, Done]], tmp_path: Path) -> None:
    """One table of accuracies, one of differences, each with one figure."""
    run = runs["worldsense"][0]
    twin = shutil.copytree(run, tmp_path / "twin")
    done = crossomni("compare", run, twin, "--as", "markdown")
    assert done.returncode == 0
    assert "Overall" in done.stdout
    for part in ("Single", "Au→Vi", "nine tasks"):
        assert part not in done.stdout


@pytest.mark.slow  # a reader is trained twice
def test_the_audit_runs_on_it(folders: dict[str, Path]) -> None:
    """With clips and without; what needs biographies or a train split is not measured, and says so."""
    folder = folders["worldsense"]
    whole = crossomni("audit", "worldsense", "--media", folder)
    assert whole.stdout == crossomni("audit", "worldsense", "--annotations", folder / "worldsense_qa.json").stdout
    for part in ("CC BY-NC 4.0", "| longest option |", "no row has a biography", "there is no train split"):
        assert part in whole.stdout


def test_the_audit_finds_what_the_longest_option_scores(tmp_path: Path) -> None:
    """Half of the items are made so that it is right: 50%."""
    folder = write_daily_omni(tmp_path, clips=5, questions=4)
    data = json.loads(folder.annotations.read_text(encoding="utf-8"))
    for number, item in enumerate(data):
        right = "ABCD".index(item["Answer"])
        item["Choice"][(right + number % 2) % 4] += ", and quite some more to be read about it"
    folder.annotations.write_text(json.dumps(data), encoding="utf-8")
    said = crossomni("audit", "daily-omni", "--annotations", folder.annotations).stdout
    assert "| longest option | **50.0 [" in said or "| longest option | 50.0 [" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--prompt", "icl"), "prompt 'icl': $source is not there, since row 'avut-"),
        (("--knock-out", "biography"), "none of the 17 rows has a biography"),
        (("--knock-out", "names"), "no names are known"),
        (("--shots", "2"), "has no train rows with rationales"),
        (("--split", "train"), "no split 'train'. Splits are test."),
        (("--model", "elimination"), "'elimination' looks at a question's target, and these have no task"),
        (("--model", "most-frequent"), "there is no train"),
        (("--data", "avut:all"), "avut:all"),
    ],
)
def test_what_needs_tasks_or_biographies_is_refused(
    asked: tuple[str, ...], said: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    """Before a folder is made."""
    out = tmp_path / "run"
    plain = ("evaluate", "--data", "avut", "--media", folders["avut"], "--model", "uniform", "--out", out)
    assert said in refused(*plain, *asked)
    assert not out.exists()


def test_what_is_said_of_tasks_is_refused_afterwards(runs: dict[str, tuple[Path, Done]]) -> None:
    """The paper's tables of tasks, and where reasoning about a task failed."""
    run = runs["avut"][0]
    assert "Table 10 has the paper's figures" in refused("compare", run, "--published", "qwen2.5-omni-7b")
    assert "its questions have no task" in refused("locate", run, "--truth")
    assert "has a pair_id" in refused("pairs", run)


@pytest.mark.slow  # a report of its own
def test_a_part_is_evaluated_under_its_own_name(folders: dict[str, Path], tmp_path: Path) -> None:
    """A run on the clips that are there says how many questions it did not ask; the whole is refused."""
    folder = shutil.copytree(folders["daily-omni"], tmp_path / "some")
    shutil.rmtree(folder / "Videos" / "_playhouseB")
    asked = ("--media", folder, "--model", "uniform", "--out", tmp_path / "run")
    assert "1 of 6 clips of Daily-Omni are missing: _playhouseB" in refused("evaluate", "--data", "daily-omni", *asked)
    done = crossomni("evaluate", "--data", "daily-omni:partial", *asked)
    assert "not asked, since their clips are not there: 3 of 18 items" in done.stdout
    about = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert (about["rows"], about["configuration"]["data"]) == (15, "daily-omni:partial")
