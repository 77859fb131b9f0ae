"""Runs: their folder, their resumption, and what stops them."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import DataError, DeafOrBlindError, InputError, ProtocolError, RunError
from crossomni.evaluation.runs.runner import EvalConfig, evaluate, rescore
from crossomni.ledger import Ledger, write_json
from tests.evaluation.conftest import make_data
from tests.evaluation.fakes import Heavy

FAKES = Path(__file__).parents[1] / "fakes.py"
LINE = json.dumps(
    {"id": "clip_00-au", "task": "au", "clip_id": "clip_00", "state": "read", "letter": "A", "reply": ""}
    | {"receipt": None, "error": ""}
)


def config(data: Path, out: Path, fake: str = "Oracle", **changes: Any) -> EvalConfig:
    """A run of one of the fakes."""
    return EvalConfig(**{"model": f"python:{FAKES}:{fake}", "data": str(data), "out": out} | changes)


def lines(out: Path) -> list[dict[str, Any]]:
    """The predictions of a run."""
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that nothing changes."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    evaluate(config(data, folder))
    return folder


@pytest.fixture
def finished(whole: Path, tmp_path: Path) -> Path:
    """A copy of it for one test: ``tmp_path / "run"``."""
    return shutil.copytree(whole, tmp_path / "run")


def test_a_run_leaves_the_four_files_of_the_contract(data: Path, tmp_path: Path) -> None:
    """The four files hold what the contract says, and nothing else is there."""
    summary = evaluate(config(data, tmp_path / "run"))

    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "run.json", "predictions.jsonl", "scores.json", "report.html",
    }  # fmt: skip
    assert lines(tmp_path / "run")[0] == {
        "id": "clip_00-au", "task": "au", "clip_id": "clip_00", "state": "read", "letter": "A", "reply": "Answer: A",
        "receipt": {"frames": 0, "audio_seconds": 0.0, "video_tokens": 0, "audio_tokens": 0, "prompt_tokens": 7},
        "error": "",
    }  # fmt: skip
    assert summary.scores is not None
    assert json.loads((tmp_path / "run/scores.json").read_text()) == dict(summary.scores)
    assert (summary.scores["overall"], summary.scores["n"]) == (100.0, 27)
    assert (summary.scores["complete"], summary.scores["receipts"]) == (True, "all")
    about = json.loads((tmp_path / "run/run.json").read_text())
    assert (about["senses"], about["knock_out"], about["rows"]) == (["text"], ["sight", "sound"], 27)
    assert len(about["fingerprints"]["data"]) == 64
    assert {"crossomni", "python", "torch", "transformers"} <= set(about["versions"])


def test_rows_come_clip_by_clip_and_progress_is_told(data: Path, tmp_path: Path) -> None:
    """The caller hears of every row done, and rows of one clip stand together."""
    told: list[tuple[int, int]] = []
    evaluate(config(data, tmp_path / "run"), progress=lambda done, total: told.append((done, total)))

    assert told == [(done, 27) for done in range(28)]
    assert [line["clip_id"] for line in lines(tmp_path / "run")] == sorted(
        line["clip_id"] for line in lines(tmp_path / "run")
    )


def test_a_stopped_run_goes_on_where_it_stopped(data: Path, tmp_path: Path) -> None:
    """After Ctrl-C the folder holds what was answered; the same run again asks only the rest."""
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        evaluate(config(data, out, "Interrupted"))

    assert len(lines(out)) == 4
    assert not (out / "scores.json").exists()
    with pytest.raises(KeyboardInterrupt):
        evaluate(config(data, out, "Interrupted"))
    assert [line["id"] for line in lines(out)] == list(dict.fromkeys(line["id"] for line in lines(out)))
    assert len(lines(out)) == 8


def test_a_finished_run_is_not_asked_again(data: Path, tmp_path: Path) -> None:
    """Running a finished run again adds no line and gives the same scores."""
    first = evaluate(config(data, tmp_path / "run"))
    again = evaluate(config(data, tmp_path / "run"))

    assert len(lines(tmp_path / "run")) == 27
    assert again == first


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"limit": 5}, "configuration.limit is 5, there None"), ({"prompt": "cot"}, "configuration.prompt is 'cot'")],
)
def test_another_configuration_is_refused(data: Path, finished: Path, changes: dict[str, Any], named: str) -> None:
    """A folder of another configuration is left alone, and the error says what differs."""
    with pytest.raises(RunError, match=named):
        evaluate(config(data, finished, **changes))
    assert len(lines(finished)) == 27


def test_a_run_is_opened_from_any_folder(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data that were given by a relative path are found again after a change of folder."""
    monkeypatch.chdir(data.parent)
    first = evaluate(config(Path(data.name), tmp_path / "run"))
    asked = json.loads((tmp_path / "run/run.json").read_text())["configuration"]
    monkeypatch.chdir(tmp_path)

    assert asked["data"] == str(data.resolve())
    assert rescore(tmp_path / "run") == first


def test_a_run_noted_by_a_relative_path_goes_on(data: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a folder is spelled, it is the same run; another folder's is not."""
    about = json.loads((finished / "run.json").read_text())
    about["configuration"]["data"] = f"../{data.name}"
    write_json(finished / "run.json", about)
    (data.parent / "beside").mkdir(exist_ok=True)
    monkeypatch.chdir(data.parent / "beside")

    assert evaluate(config(Path(f"../{data.name}"), finished)).scores
    assert evaluate(config(data, finished)).scores
    with pytest.raises(RunError, match=r"configuration\.prompts is '.*beside', there None"):
        evaluate(config(data, finished, prompts=Path(".")))


@pytest.mark.parametrize("field", ["annotations", "media", "prompts", "adapter"])
def test_every_folder_is_noted_whole(field: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All that a run may read from is where it was; the names of data are no folders."""
    monkeypatch.chdir(tmp_path)
    asked = EvalConfig(model="uniform", out=Path("x"), **{field: Path("mine")}).to_json()
    assert (asked[field], asked["data"]) == (str(tmp_path.resolve() / "mine"), "playhouse")


def test_a_folder_that_differs_in_all_is_refused_in_one_short_line(data: Path, finished: Path) -> None:
    """Of many differences three are told, also where run.json is empty."""
    many = {"limit": 3, "prompt": "cot", "seed": 9, "frames": 3, "temperature": 0.5, "knock_out": ("biography",)}
    with pytest.raises(RunError, match=r"configuration\..*; and \d+ more\. Choose another folder") as refused:
        evaluate(config(data, finished, **many))
    assert str(refused.value).count(", there ") == 3
    write_json(finished / "run.json", {})
    with pytest.raises(RunError, match=r"there None; and \d+ more\. Choose another folder") as refused:
        evaluate(config(data, finished))
    assert len(str(refused.value)) < 400


def test_other_data_are_refused(tmp_path: Path) -> None:
    """Data that changed under the same name do not go on with the old run, nor are they scored with it."""
    make_data(tmp_path / "data", clips=1)
    evaluate(config(tmp_path / "data", tmp_path / "run"))
    shutil.rmtree(tmp_path / "data")
    shutil.rmtree(tmp_path / "data-media")
    make_data(tmp_path / "data", clips=1, first=7)

    with pytest.raises(RunError, match=r"fingerprints\.data"):
        evaluate(config(tmp_path / "data", tmp_path / "run"))
    with pytest.raises(RunError, match="Bring the run's data back"):
        rescore(tmp_path / "run")


def test_two_processes_do_not_share_a_folder(data: Path, tmp_path: Path) -> None:
    """A folder that is being written is refused."""
    with Ledger(tmp_path / "run/predictions.jsonl"), pytest.raises(RunError, match="is writing it"):
        evaluate(config(data, tmp_path / "run"))


def test_predictions_without_their_run_are_refused(data: Path, tmp_path: Path) -> None:
    """A folder with predictions and no run.json is nobody's, and stays as it is."""
    (tmp_path / "predictions.jsonl").write_text('{"id": "x"}\n')
    with pytest.raises(RunError, match=r"no run\.json"):
        evaluate(config(data, tmp_path))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"id": "clip_00-au"}', "line 28: prediction 'clip_00-au': KeyError"),
        ("[1]", "line 28"),
        ("{torn}", "line 28"),
        (LINE.replace('"A"', '"E"'), "line 28: letter is 'E'"),
        (LINE.replace("clip_00-au", "clip_00-vi"), r"line 28: task and clip are \('au', 'clip_00'\)"),
        (LINE.replace('"reply": ""', '"reply": 3'), "line 28: prediction 'clip_00-au': reply is 3"),
    ],
)
def test_a_damaged_prediction_is_named(data: Path, finished: Path, line: str, named: str) -> None:
    """A line that is no prediction stops the run and is named."""
    with (finished / "predictions.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(RunError, match=named):
        evaluate(config(data, finished))


def test_a_row_that_is_there_twice_is_named(finished: Path) -> None:
    """A prediction that was copied into the file by hand is not counted twice."""
    with (finished / "predictions.jsonl").open("a") as file:
        file.write(json.dumps(lines(finished)[3]) + "\n")
    with pytest.raises(RunError, match="line 28: row 'clip_00-au-vi' is there for the second time"):
        rescore(finished)


def test_failed_rows_have_a_name_and_count_as_wrong(data: Path, tmp_path: Path) -> None:
    """A row's failure is recorded with its name on one line, the run goes on, and the scores are not complete."""
    scores = evaluate(config(data, tmp_path / "run", "Stumbling")).scores

    failed = [line for line in lines(tmp_path / "run") if line["state"] == "failed"]
    assert {line["id"][8:]: line["error"] for line in failed[:4]} == {
        "vi": "ModelError: the server said no",
        "au-vi": "ModelError: the server said no",
        "vi-au": "MediaError: the clip is cut short",
        "te-vi": "ModelError: the server said no",
    }
    assert all(line["letter"] is None and line["reply"] == "" for line in failed)
    assert scores is not None
    assert (scores["complete"], scores["states"]["failed"], scores["n"]) == (False, 12, 27)
    assert (scores["au-vi"], scores["au"]) == (0.0, 100.0)
    assert scores["overall"] == pytest.approx(100 * 15 / 27)


def test_failed_rows_are_asked_again_when_the_run_goes_on(data: Path, tmp_path: Path) -> None:
    """The same command asks what failed once more; every row is there once, and the failures are not forgotten."""
    out = tmp_path / "run"
    asked = EvalConfig(model="python:tests.evaluation.fakes:Mending", data=str(data), out=out)
    first, second, third = (evaluate(asked).scores for _ in range(3))

    assert first is not None
    assert first["states"]["failed"] == 3
    assert second is not None
    assert second["complete"]
    assert second == third
    assert sorted(line["id"] for line in lines(out)) == sorted({line["id"] for line in lines(out)})
    failures = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    assert {failure["error"] for failure in failures} == {"ConnectionError: nobody there"}
    assert len(failures) == 3


def test_weights_that_cannot_be_read_leave_no_folder(data: Path, tmp_path: Path) -> None:
    """A model is loaded before the run's folder is taken."""
    with pytest.raises(InputError, match="cannot be loaded"):
        evaluate(EvalConfig(model=str(data), data=str(data), out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_finished_run_loads_no_weights(data: Path, tmp_path: Path) -> None:
    """Where nothing is left to ask, the model's weights stay where they are."""
    asked = EvalConfig(model="python:tests.evaluation.fakes:Heavy", data=str(data), out=tmp_path / "run")
    evaluate(asked)
    evaluate(asked)
    assert Heavy.loaded == 1


@pytest.mark.parametrize(
    ("fake", "named"),
    [
        ("Silent", r"answer\(\) gave None; wanted an iterator"),
        ("Wordless", "a reply is None; wanted text"),
        ("Unreceipted", "a reply's receipt is None; wanted a Receipt"),
        ("Overpaid", "frames is -1; wanted a number from 0 on"),
        ("Plain", "got 'B'; wanted a Said"),
        ("Chatty", "came after the answer to the clip's last question"),
    ],
)
def test_a_model_that_breaks_the_protocol_is_told_so(data: Path, tmp_path: Path, fake: str, named: str) -> None:
    """What comes back in the place of an answer is named with its row, and never recorded as one."""
    with pytest.raises(ProtocolError, match=named):
        evaluate(config(data, tmp_path / "run", fake))
    assert all(line["reply"] == "B" for line in lines(tmp_path / "run"))


def test_a_fault_of_the_program_is_no_failed_row(data: Path, tmp_path: Path) -> None:
    """What no failure of a row explains stops the run, and nothing is recorded in its place."""
    with pytest.raises(KeyError, match="oops"):
        evaluate(config(data, tmp_path / "run", "Buggy"))
    assert lines(tmp_path / "run") == []


def test_an_answer_for_every_question_is_demanded(data: Path, tmp_path: Path) -> None:
    """A model that leaves a question out stops the run; the row is named."""
    with pytest.raises(ProtocolError, match="row 'clip_00-te-vi' got no answer"):
        evaluate(config(data, tmp_path / "run", "Short"))


@pytest.mark.parametrize(("fake", "sense"), [("Deaf", "sound"), ("Blind", "sight")])
def test_a_promised_sense_that_never_arrives_stops_the_run(data: Path, tmp_path: Path, fake: str, sense: str) -> None:
    """No score without a receipt, unless the sense is declared as knocked out."""
    with pytest.raises(DeafOrBlindError, match=f"row 'clip_00-au'.*--knock-out {sense}"):
        evaluate(config(data, tmp_path / "run", fake))
    assert lines(tmp_path / "run") == []

    evaluate(config(data, tmp_path / "declared", fake, knock_out=(sense,)))
    assert json.loads((tmp_path / "declared/run.json").read_text())["knock_out"] == [sense]


def test_a_model_with_senses_gets_the_clip_without_what_is_knocked_out(data: Path, tmp_path: Path) -> None:
    """Receipts tell what was taken; a knocked-out sense is not offered."""
    evaluate(config(data, tmp_path / "all", "Watcher", limit=2))
    evaluate(config(data, tmp_path / "mute", "Watcher", limit=2, knock_out=("sound", "biography")))

    seen, mute = (lines(tmp_path / name)[0]["receipt"] for name in ("all", "mute"))
    assert (seen["frames"], seen["audio_seconds"], seen["audio_tokens"]) == (2, 1.0, 25)
    assert (mute["frames"], mute["audio_seconds"], mute["audio_tokens"]) == (2, 0.0, 0)


def test_a_changed_clip_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    """A clip that is not the one the data were made with is named, and no folder is left behind."""
    make_data(tmp_path / "data", clips=2)
    (tmp_path / "data/test/videos/clip_00.mp4").write_bytes(b"no video")
    with pytest.raises(DataError, match="is not the file that"):
        evaluate(config(tmp_path / "data", tmp_path / "run", "Watcher"))
    assert not (tmp_path / "run").exists()


def test_held_back_labels_are_not_scored(tmp_path: Path) -> None:
    """Where labels are held back, predictions are kept and no score is made up."""
    make_data(tmp_path / "data", clips=1, hide_answers=True)
    summary = evaluate(config(tmp_path / "data", tmp_path / "run", "Watcher"))

    assert summary.scores is None
    assert len(lines(tmp_path / "run")) == 9
    assert not (tmp_path / "run/scores.json").exists()


def test_rescoring_needs_no_model(data: Path, tmp_path: Path) -> None:
    """Scores and report come again from the predictions alone."""
    first = evaluate(config(data, tmp_path / "run", "Mumbling"))
    (tmp_path / "run/scores.json").unlink()
    (tmp_path / "run/report.html").unlink()

    assert rescore(tmp_path / "run") == first
    assert (tmp_path / "run/report.html").is_file()


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"limit": 0}, "limit"), ({"answer_by": "guess"}, "answer_by"), ({"knock_out": ("smell",)}, "smell")],
)
def test_a_configuration_that_cannot_be_is_refused(changes: dict[str, Any], named: str) -> None:
    """Contradictions are found before anything is opened."""
    with pytest.raises(InputError, match=named):
        EvalConfig(**{"model": "uniform", "out": Path("x")} | changes)


@pytest.mark.slow
def test_a_killed_run_loses_nothing_and_repeats_nothing(data: Path, tmp_path: Path) -> None:
    """Killed at eight random moments, a run ends with every row once and the scores of a run that was left alone."""
    code = (
        "import sys; from pathlib import Path; from crossomni.evaluation.runs.runner import EvalConfig, evaluate; "
        "evaluate(EvalConfig(model=sys.argv[1], data=sys.argv[2], out=Path(sys.argv[3])))"
    )
    out = tmp_path / "killed"
    command = [sys.executable, "-c", code, f"python:{FAKES}:Slow", str(data), str(out)]
    draw = random.Random(7)
    kills = 0
    for _ in range(8):
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(FAKES.parents[2])})
        count = _count(out)
        while process.poll() is None and _count(out) == count:  # it has started to answer
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 5
    finished = evaluate(config(data, out, "Slow"))
    undisturbed = evaluate(config(data, tmp_path / "left-alone", "Slow"))

    assert sorted(line["id"] for line in lines(out)) == sorted(line["id"] for line in lines(tmp_path / "left-alone"))
    assert finished.scores == undisturbed.scores


def _count(out: Path) -> int:
    path = out / "predictions.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0
