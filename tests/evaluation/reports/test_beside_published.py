"""Runs beside the numbers that the paper prints."""

import json
import math
import subprocess
import sys
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossomni.errors import CrossOmniError, InputError, RunError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.folder import RUN, SCORES, RunFolder
from crossomni.evaluation.reports.beside_published import Beside, beside_published, published_accuracy
from crossomni.evaluation.runs.runner import evaluate
from crossomni.ledger import write_json
from crossomni.published import QUESTION_COUNTS, table
from crossomni.scoring import GROUPS, score
from crossomni.statistics import Estimate, wilson
from crossomni.tasks import TASKS

ROW = table(5).row("Qwen2.5-Omni-7B", "Default")
NAMED = {group.name: group for group in GROUPS}
SYSTEM = "qwen2.5-omni-7b"


@cache
def scored(tasks: int) -> dict[str, float]:
    """Scores of eighteen clips, each asked the first ``tasks`` tasks; every second clip is right throughout."""
    ids = [task.id for task in TASKS[:tasks]] * 18
    letters = ["A" if place // tasks % 2 else "B" for place in range(len(ids))]
    return score(letters, ["A"] * len(ids), ids, [f"c{place // tasks}" for place in range(len(ids))])


def a_run(path: Path, tasks: int = 9, missing: int = 0, **asked: Any) -> Path:
    """A finished run's folder."""
    path.mkdir()
    configuration = {"data": "playhouse", "prompt": "default", "prompts": None, "shots": 0} | asked
    write_json(path / RUN, {"configuration": configuration, "rows": 18 * tasks})
    write_json(path / SCORES, scored(tasks) | {"states": {"missing": missing}})
    return path


def figures(folder: Path, published: str = SYSTEM) -> dict[str, Beside]:
    """The figures of one run."""
    return dict(beside_published([folder], published).runs[0].figures)


def test_the_difference_joins_two_independent_intervals(tmp_path: Path) -> None:
    """Squares of the two distances add; ours is clustered, theirs Wilson's on the task's questions."""
    folder = a_run(tmp_path / "run")
    scores = RunFolder(folder).scores()
    one = figures(folder)["au"]
    theirs = wilson(0.4888, QUESTION_COUNTS["au"]).scaled(100)
    assert one.published == theirs
    assert (one.own.value, one.own.low) == (50, scores["au_low"])
    assert one.difference.value == pytest.approx(50 - 48.88)
    assert one.difference.low == pytest.approx(
        one.difference.value - math.hypot(50 - scores["au_low"], theirs.high - theirs.value)
    )
    assert one.difference.high == pytest.approx(
        one.difference.value + math.hypot(scores["au_high"] - 50, theirs.value - theirs.low)
    )


def test_averages_are_as_printed_or_follow_from_the_tasks() -> None:
    """Table 5 prints three micro averages; Table 8 prints the macro one that is recomputed; Table 12 only Overall."""
    found = {name: published_accuracy(ROW, NAMED[name]) for name in NAMED}
    assert [round(found[name].value, 2) for name in ("single", "cross", "overall")] == [63.37, 44.43, 50.36]
    assert found["single_macro"].value == pytest.approx(
        table(8).row("Qwen2.5-Omni-7B", "Default").scores["single"], abs=0.01
    )

    assert found["cross"] == wilson(0.4443, 1693).scaled(100)

    icl = table(12).row("Qwen2.5-Omni-7B", "ICL")
    assert published_accuracy(icl, NAMED["overall"]).value == pytest.approx(icl.scores["overall"])
    right = sum(icl.scores[task] * QUESTION_COUNTS[task] for task in ("au", "vi", "te"))
    assert published_accuracy(icl, NAMED["single"]).value == pytest.approx(right / 767)


def test_an_average_is_known_better_than_its_tasks() -> None:
    """Intervals narrow with the questions: a micro average's is Wilson's on all of them."""
    widths = {name: one.high - one.low for name in NAMED for one in [published_accuracy(ROW, NAMED[name])]}
    assert widths["overall"] < widths["single"] < min(widths[name] for name in ("au", "vi"))
    assert published_accuracy(ROW, NAMED["overall"]) == wilson(0.5036, 2468).scaled(100)
    assert widths["overall_macro"] == pytest.approx(widths["overall"], rel=0.1)


@pytest.mark.parametrize(("prompt", "accuracy"), [("default", 64.44), ("cot", 63.18), ("icl", 57.32)])
def test_the_runs_prompt_chooses_the_table(tmp_path: Path, prompt: str, accuracy: float) -> None:
    """Tables 5, 11 and 12."""
    number = {"default": 5, "cot": 11, "icl": 12}[prompt]
    one = beside_published([a_run(tmp_path / "run", prompt=prompt)], SYSTEM).runs[0]
    assert (one.prompt, one.system) == (prompt, "Qwen2.5-Omni-7B")
    assert one.figures["vi"].published.value == pytest.approx(accuracy)
    assert f"Table {number} of" in one.legend


def test_a_prompt_after_the_colon_goes_before_the_runs_own(tmp_path: Path) -> None:
    """Replies made elsewhere do not say their prompt, so it can be said."""
    one = beside_published([a_run(tmp_path / "run", prompt=None)], f"{SYSTEM}:icl").runs[0]
    assert one.figures["vi"].published.value == pytest.approx(57.32)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"prompt": None}, "does not say its prompt"),
        ({"prompt": "mine"}, "its prompt 'mine'"),
        ({"prompts": "folder"}, "its prompt 'default' is not as the paper's"),
        ({"shots": 2}, "its prompt 'default' is not as the paper's"),
    ],
)
def test_a_prompt_that_is_not_the_papers_has_to_be_chosen(tmp_path: Path, asked: dict[str, Any], named: str) -> None:
    """No table is guessed, and the line says how to choose one."""
    with pytest.raises(RunError, match=f"{named}.*--published {SYSTEM}:default, --published {SYSTEM}:cot"):
        figures(a_run(tmp_path / "run", **asked))


def test_shots_belong_to_in_context_learning(tmp_path: Path) -> None:
    """Examples in the prompt are what Table 12 is about."""
    assert beside_published([a_run(tmp_path / "run", prompt="icl", shots=2)], SYSTEM).runs[0].prompt == "icl"


@pytest.mark.parametrize(
    ("published", "named"),
    [
        ("qwen2.5-omni-8b", r"no system of Table 5 \(prompt default\)\. Nearest: Qwen2.5-Omni-7B, Qwen2.5-Omni-3B"),
        ("qwen3-omni-cap:icl", "no system of Table 12 .*Nearest: Qwen3-Omni-30B-Cap"),
        ("average", "no system of Table 5"),  # of thirteen models: no share of questions
        ("xyzzy", "Nearest: Baichuan-Omni, .*, Qwen3-Omni-Thk"),
        (f"{SYSTEM}:sft", "prompt 'sft' came; wanted one of default, cot, icl"),
    ],
)
def test_what_the_paper_does_not_print_is_named(tmp_path: Path, published: str, named: str) -> None:
    """An unknown system comes with the nearest names, or all where none is near."""
    with pytest.raises(InputError, match=named):
        figures(a_run(tmp_path / "run"), published)


def test_unfinished_and_damaged_runs_are_refused(tmp_path: Path) -> None:
    """Rows that are missing, figures that are missing, no scores at all."""
    with pytest.raises(RunError, match="3 rows are missing"):
        figures(a_run(tmp_path / "a", missing=3))
    damaged = a_run(tmp_path / "b")
    write_json(damaged / SCORES, {"states": {"missing": 0}, "au": 50.0})
    with pytest.raises(RunError, match=r"b: its scores\.json is damaged"):
        figures(damaged)
    write_json(damaged / RUN, {"rows": 9})
    with pytest.raises(RunError, match="lacks rows or configuration"):
        figures(damaged)
    (damaged / SCORES).unlink()
    with pytest.raises(CrossOmniError, match="b"):
        figures(damaged)


def test_the_legend_says_what_the_figures_are(tmp_path: Path) -> None:
    """Other rows, no receipts, which average; in the terminal and in Markdown."""
    found = beside_published([a_run(tmp_path / "run[1]")], SYSTEM)
    console = Console(width=80, record=True, file=StringIO())
    console.print(*found.tables())
    shown = console.export_text()
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    for text in (" ".join(shown.split()), found.to_markdown()):
        for wanted in ("run[1]", "162 rows, of playhouse, are others than the paper's unless", "no receipts"):
            assert wanted in text
        assert "Single, Cross and Overall are micro averages as printed; the macro averages are recomputed" in text
    assert "| Au | 50.00 | 48.88 | +1.12 |" in found.to_markdown()
    assert (
        "Overall is a micro average as printed; Single, Cross and"
        in beside_published([tmp_path / "run[1]"], f"{SYSTEM}:cot").runs[0].legend
    )


def test_a_task_without_rows_has_no_difference(tmp_path: Path) -> None:
    """A dash in the table, null in strict JSON; the published side stays."""
    found = beside_published([a_run(tmp_path / "run", tasks=8)], SYSTEM)
    assert "| Te→Vi | – | 52.81 | – | – |" in found.to_markdown()
    read = json.loads(json.dumps(found.to_json(), allow_nan=False))["published"][0]
    assert (read["system"], read["figures"]["te-vi"]["difference"]["value"]) == ("Qwen2.5-Omni-7B", None)
    assert "runs" not in found.to_json()


def test_several_runs_are_also_compared_with_each_other(data: Path, tmp_path: Path) -> None:
    """The comparison comes first, then each run beside the paper."""
    folders = [tmp_path / name for name in ("uniform", "longest-option")]
    for folder in folders:
        evaluate(EvalConfig(model=folder.name, out=folder, data=str(data)))
    found = beside_published(folders, SYSTEM)
    assert found.comparison is not None
    assert found.to_json().keys() == {"runs", "published"}
    assert [one.run for one in found.runs] == ["uniform", "longest-option"]
    assert len(found.tables()) == len(found.comparison.tables()) + 2
    text = found.to_markdown()
    assert text.index("longest-option minus uniform") < text.index("uniform minus Qwen2.5-Omni-7B as published")
    assert isinstance(found.runs[0].figures["au"].own, Estimate)


def test_the_command_sets_one_run_beside_the_paper(tmp_path: Path) -> None:
    """One run is enough then; a system that is not there is one line and wrong usage."""
    folder = a_run(tmp_path / "run")
    command = [sys.executable, "-m", "crossomni", "compare", str(folder), "--as", "json", "--published"]
    done = subprocess.run([*command, SYSTEM], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["published"][0]["figures"]["au"]["own"]["value"] == 50
    refused = subprocess.run([*command, "gpt"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
