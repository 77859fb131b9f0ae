"""The command as people run it, on a small dataset on disk; in a process of its own where that could matter."""

import io
import json
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from crossomni.cli import main
from crossomni.cli.options import some_path
from tests.construction.plays import filmed
from tests.small_corpus import small, write_lines

HAND_MADE = ("answer", "three options", "two ids", "rationale")


@dataclass(frozen=True)
class Done:
    """A command that came to its end."""

    returncode: int
    stdout: str
    stderr: str


def crossomni(*arguments: str | Path) -> Done:
    """Run the command line in this process, where what it needs is loaded already."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as given, redirect_stdout(out), redirect_stderr(err):
        given.setattr(sys, "argv", ["crossomni", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    assert left.value.code is None or isinstance(left.value.code, int)
    return Done(left.value.code or 0, out.getvalue(), err.getvalue())


def in_a_process(*arguments: str | Path, file_bytes: int | None = None) -> Done:
    """Run it as people do; ``file_bytes`` is the size beyond which no file can grow, as on a full disk."""
    command = [sys.executable, "-m", "crossomni", *map(str, arguments)]
    if file_bytes is not None:
        command = ["prlimit", f"--fsize={file_bytes}", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def refusal(done: Done) -> str:
    """The one line that a refused command says."""
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("crossomni:")]
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of three one-second clips."""
    folder = tmp_path_factory.mktemp("cli")
    return small(folder / "media").export(folder / "data")


def test_a_baseline_is_evaluated_and_compared(data, tmp_path):
    """Two runs on a data folder leave their folders, and can be set side by side."""
    for model in ("uniform", "longest-option"):
        done = crossomni("evaluate", "--data", data, "--model", model, "--out", tmp_path / model)
        assert done.returncode == 0, done.stderr
        assert "Overall" in done.stdout
        files = {path.name for path in (tmp_path / model).iterdir()}
        assert files >= {"run.json", "predictions.jsonl", "scores.json", "report.html"}
    done = crossomni("compare", tmp_path / "uniform", tmp_path / "longest-option", "--as", "json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["runs"]) == 2


def test_a_study_tells_of_its_knock_outs(data, tmp_path):
    """What the runs beside the plain one say is in the terminal too."""
    done = crossomni("evaluate", "--data", data, "--model", "uniform", "--matrix", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "Knock-outs, points against the plain run" in done.stdout


def test_replies_made_elsewhere_are_scored(data, tmp_path):
    """``score`` needs a file of replies and the data, nothing else."""
    done = crossomni("evaluate", "--data", data, "--model", "uniform", "--out", tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "predictions.jsonl").read_text().splitlines()]
    write_lines(tmp_path / "mine.jsonl", [{"id": line["id"], "reply": f"Answer: {line['letter']}"} for line in lines])
    done = crossomni("score", "--replies", tmp_path / "mine.jsonl", "--data", data)
    assert done.returncode == 0, done.stderr
    own, run = (json.loads((tmp_path / name / "scores.json").read_text()) for name in ("mine", "run"))
    assert own["overall"] == run["overall"]
    assert own["receipts"] == "none"


def test_another_runs_folder_is_refused(data, tmp_path):
    """A run does not go on in the folder of a run with another configuration."""
    crossomni("evaluate", "--data", data, "--model", "uniform", "--out", tmp_path / "run")
    done = in_a_process("evaluate", "--data", data, "--model", "longest-option", "--out", tmp_path / "run")
    assert "belongs to another run" in refusal(done)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "--data", "{data}", "--model", "nobody/knows/me", "--out", "{out}"], "no id of the Hub"),
        (["evaluate", "--data", "{data}", "--model", "python:nowhere:No", "--out", "{out}"], "No module named"),
        (["evaluate", "--data", "{data}", "--model", "uniform", "--split", "dev", "--out", "{out}"], "dev"),
        (["evaluate", "--data", "{data}", "--model", "uniform", "--prompt", "haiku", "--out", "{out}"], "haiku"),
        (["evaluate", "--data", "{data}", "--model", "uniform", "--knock-out", "smell", "--out", "{out}"], "smell"),
        (["evaluate", "--data", "{data}/nothing", "--model", "uniform", "--out", "{out}"], "nothing"),
        (["compare", "{out}", "{out}"], "run.json"),
        (["build", "--source", "tvqa", "--out", "{out}"], "tvqa"),
        (["build", "--clips", "0", "--out", "{out}"], "--clips"),
        (["build", "--test-share", "2", "--out", "{out}"], "test share is 2.0"),
        (["build", "--workers", "-1", "--out", "{out}/deeper"], "--workers is -1"),
        (["build", "--out", "{data}"], "holds something else"),
        (["playhouse", "--clips", "1", "--out", "{data}"], "is not empty"),
        (["perceive", "{data}/nothing"], "nothing"),
        (["audit", "{data}", "--split", "dev"], "dev"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(data, tmp_path, arguments, said):
    """Wrong input exits with 2, one line that names it, and leaves no folder behind."""
    out = tmp_path / "out"
    line = refusal(crossomni(*(text.format(data=data, out=out) for text in arguments)))
    assert said in line
    assert list(tmp_path.iterdir()) == []
    assert not data.with_name("data-clips").exists()


@pytest.mark.parametrize("fault", HAND_MADE)
def test_a_hand_made_fault_names_its_file_and_row(data, tmp_path, fault):
    """In annotations, a wrong row is refused with the file's name, the line and what was wanted."""
    made = small(tmp_path / "media")
    notes = made.annotate(tmp_path / "notes")
    rows = [json.loads(line) for line in (notes / "test.jsonl").read_text().splitlines()]
    rows[1] |= {
        "answer": {"answer": "Bo"},
        "three options": {"options": rows[1]["options"][:3]},
        "two ids": {"id": rows[0]["id"]},
        "rationale": {"rationale": "1. Because."},
    }[fault]
    write_lines(notes / "test.jsonl", rows)
    full = ("--data", "full", "--annotations", notes, "--media", tmp_path / "media")
    line = refusal(crossomni("evaluate", *full, "--model", "uniform", "--out", tmp_path / "out"))
    assert "test.jsonl" in line
    assert rows[1]["id"] in line
    assert not (tmp_path / "out").exists()


def test_missing_media_are_named(tmp_path):
    """Annotations for media that are not there say which clips are missing."""
    made = small(tmp_path / "media")
    notes = made.annotate(tmp_path / "notes")
    shutil.rmtree(tmp_path / "media")
    (tmp_path / "media").mkdir()
    full = ("--data", "full", "--annotations", notes, "--media", tmp_path / "media")
    line = refusal(crossomni("evaluate", *full, "--model", "uniform", "--out", tmp_path / "out"))
    assert all(clip in line for clip in made.clips)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "--nonsense"], ("--nonsense", "crossomni evaluate --help")),
        (["evaluate", "--limit=x"], ("--limit", "valid integer", "'x' came", "crossomni evaluate --help")),
        (["evaluate", "--model", "uniform"], ("--out", "crossomni evaluate --help")),
        (["compare", "one", "--as", "xml"], ("--as", "'xml'", "'markdown'", "crossomni compare --help")),
        (["nonsense"], ("'nonsense'", "crossomni --help")),
        (["lokate"], ("Did you mean 'locate'? See ", "crossomni --help.")),
        (["evaluate", "--model", "uniform", "--out="], ("--out", "is empty; wanted a path")),
        (["evaluate", "--model=", "--out", "x"], ("model is empty",)),
        (["report", "x", "--out="], ("--out", "is empty; wanted a path")),
    ],
)
def test_wrong_usage_is_one_line(arguments, said):
    """The option, what came, what was wanted, and where to read on; nothing else is printed."""
    done = crossomni(*arguments)
    assert [words for words in said if words not in refusal(done)] == []
    assert len(done.stderr.splitlines()) == 1


def test_without_a_command_the_help_is_shown():
    """What commands there are; a script that forgot its command still sees a failure."""
    done = in_a_process()
    assert (2, "") == (done.returncode, done.stderr)
    assert "evaluate" in done.stdout


def test_an_interrupted_run_says_that_it_can_go_on(data, tmp_path):
    """Ctrl-C leaves with 130 and one line."""
    model = ("--model", "python:tests.evaluation.fakes:Interrupted")
    done = in_a_process("evaluate", "--data", data, *model, "--out", tmp_path / "run")
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "crossomni: stopped; the same command goes on from here."


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """The folder of a season that is filmed."""
    return filmed(tmp_path).folder


def built(season: Path, out: Path, **limits: int) -> Done:
    """Build from a season that is filmed."""
    options = ("--clips", "4", "--seed", "3", "--test-share", "0.5", "--media", season, "--out", out)
    return in_a_process("build", *options, **limits) if limits else crossomni("build", *options)


def test_a_build_says_in_its_card_how_far_shortcuts_get(season, tmp_path):
    """The built folder has the audit's table in its card, and what was dropped; built again it is left as it is."""
    out = tmp_path / "plays"
    done = built(season, out)
    assert done.returncode == 0, done.stderr
    printed = crossomni("audit", out).stdout.strip()
    assert "| without sight |" in printed
    assert printed in (out / "README.md").read_text()
    assert (out / "dropped.jsonl").read_text() == ""
    assert season.is_dir()
    assert "holds this very build" in built(tmp_path / "nowhere", out).stdout
    assert not (tmp_path / "nowhere").exists()


def test_a_build_that_fails_says_where_its_clips_stay(season, tmp_path):
    """A full disk while the folder is written leaves the clips and nothing else, and a line says so."""
    line = refusal(built(season, tmp_path / "plays", file_bytes=4_000))
    assert "cannot be written" in line
    assert f"4 of 4 clips are filmed and stay in {season}; the same command goes on there." in line
    assert [path.name for path in tmp_path.iterdir()] == ["season"]
    assert built(season, tmp_path / "plays").returncode == 0


@pytest.mark.slow
def test_a_disk_that_fills_while_filming_is_said_with_the_clips_place(tmp_path):
    """The system's own word, how many clips are there and where, and that the command goes on."""
    line = refusal(
        in_a_process("build", "--clips", "4", "--out", tmp_path / "plays", "--test-share", "0.5", file_bytes=9_000)
    )
    assert "File too large" in line
    assert f"0 of 4 clips are filmed and stay in {tmp_path / 'plays-clips'}; the same command goes on there." in line


@pytest.mark.slow
def test_a_small_build_goes_all_the_way(tmp_path):
    """Films, truth, rows, audit and perception of a small playhouse, from the command line alone."""
    out = tmp_path / "plays"
    assert in_a_process("build", "--clips", "4", "--test-share", "0.5", "--seed", "3", "--out", out).returncode == 0
    assert len(list(out.rglob("*.mp4"))) == 4
    assert "without sight" in crossomni("audit", out).stdout
    assert "100.0%" in crossomni("perceive", out, "--limit", "1").stdout
    again = in_a_process("build", "--clips", "4", "--test-share", "0.5", "--seed", "3", "--out", tmp_path / "again")
    assert again.returncode == 0
    first, second = (json.loads((folder / "data.json").read_text()) for folder in (out, tmp_path / "again"))
    assert first["fingerprint"] == second["fingerprint"]


@pytest.mark.slow
def test_hidden_answers_lie_apart(tmp_path):
    """With --hide-answers no letter and no truth is in the folder; the labels lie beside it."""
    out = tmp_path / "open"
    done = in_a_process("build", "--clips", "4", "--test-share", "0.5", "--hide-answers", "--out", out)
    assert done.returncode == 0, done.stderr
    labels = [json.loads(line) for line in (tmp_path / "open-labels" / "labels.jsonl").read_text().splitlines()]
    assert {label["answer"] for label in labels} <= set("ABCD")
    assert len(labels) == 40
    assert not (out / "truth").exists()
    assert "labels are needed" in refusal(crossomni("audit", out))


def test_an_option_with_a_path_may_be_left_out(tmp_path, monkeypatch):
    """Its default goes through the same reader as a text, also in versions of typer that hand it in as a path."""
    monkeypatch.chdir(tmp_path)
    line = refusal(crossomni("report", "nowhere"))
    assert "nowhere" in line
    assert some_path(Path("runs/demo")) == Path("runs/demo")
