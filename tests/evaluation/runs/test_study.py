"""A run with others beside it: rotations, repeats, knock-outs, and what they say of the score."""

import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossomni.errors import DeafOrBlindError, InputError, ModelError, ProtocolError
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.reports.report import beside_tables
from crossomni.evaluation.reports.robustness import Beside
from crossomni.evaluation.runs.runner import evaluate
from crossomni.evaluation.runs.study import StudyConfig

# A study is many runs; tests/test_cli.py has a small one.
pytestmark = pytest.mark.slow


def study(data: Path, out: Path, fake: str, **changes: Any) -> Beside:
    """Make it with one of the fakes, and read what it says."""
    model = f"python:tests.evaluation.fakes:{fake}"
    evaluate(StudyConfig(**{"model": model, "data": str(data), "out": out} | changes))
    folder = RunFolder(out)
    return Beside(folder, folder.open_data()[1])


def test_rotations_show_a_bias_for_a_place(data: Path, tmp_path: Path) -> None:
    """Who always says A is right a quarter of the time in the mean, never in all four, and says A every time."""
    turned = study(data, tmp_path / "run", "FirstLetter", rotate=True).rotations

    assert turned is not None
    assert turned.mean.value == pytest.approx(25.0)
    assert turned.mean.low <= 25.0 <= turned.mean.high
    assert turned.worst == min(turned.accuracies) < 25.0
    assert turned.all_right.value == 0.0
    assert turned.chosen == {"A": 100.0, "B": 0.0, "C": 0.0, "D": 0.0}
    assert turned.bias == pytest.approx((75**2 / 4 + 3 * 25**2 / 4) ** 0.5)


def test_rotations_show_knowledge(data: Path, tmp_path: Path) -> None:
    """Who knows is right in every rotation, and the letters are said as often as the answers stand there."""
    turned = study(data, tmp_path / "run", "Oracle", rotate=True).rotations

    assert turned is not None
    assert (turned.worst, turned.all_right.value) == (100.0, 100.0)
    assert turned.bias == pytest.approx(0.0)


def test_repeats_tell_sampling_from_clips(data: Path, tmp_path: Path) -> None:
    """A model that draws scores differently from repeat to repeat; its own seed makes each repeat the same again."""
    again = study(data, tmp_path / "run", "Drawing", repeats=4, temperature=1.0).repeats
    once_more = study(data, tmp_path / "again", "Drawing", repeats=4, temperature=1.0).repeats

    assert again is not None
    assert again == once_more
    assert again.count == 4
    assert again.between_repeats["overall"] > 0
    assert 0 < again.mean["overall"] < 100


@pytest.fixture(scope="module")
def matrix(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Beside:
    """A listener with every knock-out and every rotation."""
    return study(data, tmp_path_factory.mktemp("matrix") / "run", "Listener", matrix=True, rotate=True)


def test_the_matrix_says_what_a_score_hangs_on(matrix: Beside) -> None:
    """A listener loses by every change of the sound and by no change of the rest; each difference has its interval."""
    found = matrix.knock_outs

    assert set(found) == {
        "sound", "sound-muted", "sound-swapped", "sight", "sight-swapped", "sound-shifted",
        "biography", "biography-shuffled", "names", "sight and sound",
    }  # fmt: skip
    moved = {name for name, groups in found.items() if groups["overall"].difference.value}
    assert moved == {"sound", "sound-muted", "sight and sound"}
    assert found["sound"]["au"].difference.value == -100.0


def test_the_report_tells_of_the_runs_beside(matrix: Beside) -> None:
    """The plain run's page shows rotations and knock-outs; a plain run alone shows neither."""
    page, alone = (matrix.folder.path / name / "report.html" for name in ("", "rotation-1"))

    assert "right in all four" in page.read_text(encoding="utf-8")
    assert "biography-shuffled" in page.read_text(encoding="utf-8")
    assert "what the score hangs on" not in alone.read_text(encoding="utf-8")


def test_the_terminal_tells_of_the_runs_beside_in_eighty_columns(matrix: Beside, tmp_path: Path) -> None:
    """Knock-outs with their differences, rotations with mean, worst, all right and bias; nothing for a plain run."""
    shown = {"sound", "biography-shuffled", "sight and sound"}  # one that loses, and the longest names
    folder = shutil.copytree(matrix.folder.path, tmp_path / "run")
    for run in Beside(RunFolder(folder), matrix.rows).runs:
        knock_out = run.about()["configuration"]["knock_out"]
        if knock_out and " and ".join(knock_out) not in shown:
            shutil.rmtree(run.path)
    console = Console(width=80, record=True, file=StringIO())
    console.print(*beside_tables(folder))
    lines = console.export_text().splitlines()
    told = {line.split("  ")[0].strip(): line for line in lines}

    assert max(map(len, lines)) <= 80
    assert set(matrix.knock_outs) & set(told) == shown
    lost = matrix.knock_outs["sound"]["cross"].difference
    assert f"−{-lost.value:.1f} (−{-lost.low:.0f} to" in told["sound"]
    turned = matrix.rotations
    assert turned is not None
    said = (turned.mean.value, turned.worst, turned.all_right.value, turned.bias)
    assert all(f" {value:.1f}" in told["Overall"] for value in said)
    assert beside_tables(matrix.folder.path / "rotation-1") == ()


def test_the_terminal_tells_of_repeats(data: Path, tmp_path: Path) -> None:
    """Each average with its spread from repeat to repeat."""
    again = study(data, tmp_path / "run", "Drawing", repeats=3, temperature=1.0).repeats
    console = Console(width=80, record=True, file=StringIO())
    console.print(*beside_tables(tmp_path / "run"))
    text = console.export_text()

    assert again is not None
    assert "3 repeats" in text
    assert f"{again.between_repeats['overall']:.1f}" in text


def test_what_a_model_or_the_data_do_not_allow_is_left_out(data: Path, tmp_path: Path) -> None:
    """A model that only reads is not asked without sound; other episodes are wanted for an exchange."""
    found = study(data, tmp_path / "one", "Oracle", matrix=True, limit=9).knock_outs
    assert set(found) == {"biography", "names"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"repeats": 2}, "Give --temperature too"),
        ({"repeats": 0}, "repeats is 0"),
        ({"matrix": True, "knock_out": ("sound",)}, "Leave --knock-out away"),
        ({"rotate": True, "rotation": 1}, "begin at 0"),
    ],
)
def test_a_study_that_cannot_be_is_refused(changes: dict[str, Any], named: str) -> None:
    """Contradictions are found at birth."""
    with pytest.raises(InputError, match=named):
        StudyConfig(**{"model": "uniform", "out": Path("x")} | changes)


def test_the_preflight_sees_that_sound_and_sight_move_the_model(tmp_path: Path) -> None:
    """Another clip's sound and pictures move the log-probabilities of a model that takes them; it is written down."""
    study(Path("playhouse"), tmp_path / "run", "Sensitive", preflight=2, limit=40)
    noted = json.loads((tmp_path / "run/preflight.json").read_text())

    assert {sense: len(steps) for sense, steps in noted.items()} == {"audio": 2, "vision": 2}
    assert all(step > 0 for steps in noted.values() for step in steps.values())
    assert "moved the log-probabilities" in (tmp_path / "run/report.html").read_text(encoding="utf-8")


def test_the_preflight_stops_a_model_that_only_says_that_it_hears(data: Path, tmp_path: Path) -> None:
    """Receipts may lie; log-probabilities that do not move do not."""
    with pytest.raises(DeafOrBlindError, match="moved no log-probability of pretender"):
        study(data, tmp_path / "run", "Pretender", preflight=2)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("scores", "named"), [("nan", "wanted finite numbers"), ("short", "a number for each letter")])
def test_the_preflight_wants_numbers(data: Path, tmp_path: Path, scores: str, named: str) -> None:
    """Log-probabilities that are not numbers, or too few of them, prove nothing."""
    with pytest.raises((ModelError, ProtocolError), match=named):
        study(data, tmp_path / "run", f"Broken{scores.title()}", preflight=1)


def test_the_same_questions_under_other_prompts(data: Path, tmp_path: Path) -> None:
    """A run beside it for each other prompt, in one pass."""
    study(data, tmp_path / "run", "Oracle", also=("cot", "icl", "default"))
    noted = [json.loads((tmp_path / "run" / name / "run.json").read_text()) for name in ("prompt-cot", "prompt-icl")]
    assert [one["configuration"]["prompt"] for one in noted] == ["cot", "icl"]


@pytest.mark.parametrize(("fake", "named"), [("Oracle", "neither sound nor sight"), ("Watcher", "tells no log-prob")])
def test_a_preflight_needs_senses_and_scores(data: Path, tmp_path: Path, fake: str, named: str) -> None:
    """Where nothing can be checked, the error says so."""
    with pytest.raises(InputError, match=named):
        study(data, tmp_path / "run", fake, preflight=1)
