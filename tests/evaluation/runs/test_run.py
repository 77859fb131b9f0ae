"""One run under way: rotations, shots, and several runs that go through the clips together."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.rotation import rotated, turned_back
from crossomni.evaluation.runs.run import Run
from crossomni.evaluation.runs.runner import evaluate, evaluate_all
from crossomni.evaluation.runs.shots import Shots
from crossomni.prompts import compose
from tests.evaluation.conftest import make_rows
from tests.evaluation.fakes import Oracle

ROWS = make_rows("clip", 0)


def config(data: Path, out: Path, fake: str = "Oracle", **changes: Any) -> EvalConfig:
    """A run of one of the fakes."""
    return EvalConfig(**{"model": f"python:tests.evaluation.fakes:{fake}", "data": str(data), "out": out} | changes)


@given(st.sampled_from(ROWS), st.integers(0, 7))
def test_turning_options_keeps_the_answers_text(row: Any, places: int) -> None:
    """After any rotation the letter still names the same text, and turning back gives the row's own letter."""
    turned = rotated(row, places)

    assert turned.options[turned.letters.index(turned.answer)] == row.options[row.letters.index(row.answer)]
    assert turned_back(turned.answer, row, places) == row.answer
    assert turned.options[0] == row.options[places % 4]


def test_a_rotated_run_is_scored_by_the_rows_own_letters(data: Path, tmp_path: Path) -> None:
    """Who knows the answers is right in every rotation; who always says A chooses another option each time."""
    for rotation in range(4):
        scores = evaluate(config(data, tmp_path / f"oracle-{rotation}", rotation=rotation)).scores
        assert scores is not None
        assert scores["overall"] == 100.0

    said = [evaluate(config(data, tmp_path / f"a-{k}", "FirstLetter", rotation=k)).folder for k in range(4)]
    lines = [[json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()] for run in said]
    assert [run[0]["letter"] for run in lines] == ["A", "B", "C", "D"]
    assert {line["reply"] for run in lines for line in run} == {"A"}


@pytest.mark.slow
def test_runs_together_are_the_runs_apart(data: Path, tmp_path: Path) -> None:
    """Several runs in one pass leave what each leaves alone, and each goes on by itself."""
    changes: list[dict[str, Any]] = [{}, {"prompt": "cot"}, {"rotation": 1}, {"knock_out": ("biography",)}]
    together = [config(data, tmp_path / f"together-{n}", "Slow", **change) for n, change in enumerate(changes)]
    apart = [config(data, tmp_path / f"apart-{n}", "Slow", **change) for n, change in enumerate(changes)]
    seen: list[tuple[int, int]] = []
    evaluate(together[1])
    evaluate_all(together, progress=lambda done, total: seen.append((done, total)))

    assert seen[0] == (27, 108)
    assert seen[-1] == (108, 108)
    for one, other in zip(together, apart, strict=True):
        evaluate(other)
        assert (one.out / "predictions.jsonl").read_text() == (other.out / "predictions.jsonl").read_text()
        assert json.loads((one.out / "scores.json").read_text()) == json.loads((other.out / "scores.json").read_text())


def test_runs_that_need_another_model_are_not_made_together(data: Path, tmp_path: Path) -> None:
    """What belongs to the model or to the rows must be the same; each run has a folder of its own."""
    with pytest.raises(InputError, match="differ in frames, seed"):
        evaluate_all([config(data, tmp_path / "a"), config(data, tmp_path / "b", frames=8, seed=1)])
    with pytest.raises(InputError, match="share a folder"):
        evaluate_all([config(data, tmp_path / "a"), config(data, tmp_path / "a", prompt="cot")])


@pytest.mark.parametrize("changes", [{}, {"rotation": 2}, {"split": "train"}, {"knock_out": ("biography-shuffled",)}])
def test_nobody_who_is_asked_sees_an_answer(tmp_path: Path, changes: dict[str, Any]) -> None:
    """No question of a run holds the right letter or a rationale, nor does what it says of who asks."""
    corpus = Corpus.open("playhouse")
    asked = config(Path("unused"), tmp_path / "run", **changes)
    rows = corpus.rows(asked.split)[:45]
    run = Run(asked, corpus, rows, Oracle())
    asks = list(run.asks(rows, None))

    assert all(row.answer for row in rows)
    assert [("", "")] * 45 == [(ask.question.answer, ask.question.rationale) for ask in asks]
    assert {str(tmp_path / "run")} == {ask.origin for ask in asks}


def test_the_prompt_does_not_hang_on_the_answer(tmp_path: Path) -> None:
    """The text that is asked is the one that the row itself gives, and frames are those of the run."""
    corpus = Corpus.open("playhouse")
    rows = corpus.rows("train")[:9]
    run = Run(config(Path("unused"), tmp_path / "run", prompt="icl", split="train", frames=7), corpus, rows, Oracle())

    assert [compose("icl", row) for row in rows] == [ask.prompt for ask in run.asks(rows, None)]
    assert {7} == {ask.frames for ask in run.asks(rows, None)}


def test_a_streaming_model_is_asked_all_of_it(data: Path, tmp_path: Path) -> None:
    """Answers may come in any order and from many clips at once; each lands in its row."""
    scores = evaluate(config(data, tmp_path / "run", "Backwards")).scores

    assert scores is not None
    assert (scores["overall"], scores["n"], scores["states"]["failed"]) == (pytest.approx(100 * 26 / 27), 27, 1)


@pytest.mark.parametrize(("fake", "named"), [("Twice", "was answered twice"), ("Forgetful", "got no answer")])
def test_a_streaming_model_answers_each_question_once(data: Path, tmp_path: Path, fake: str, named: str) -> None:
    """Neither an answer too many nor one too few goes unnoticed."""
    with pytest.raises(InputError, match=named):
        evaluate(config(data, tmp_path / "run", fake))


def test_a_model_that_fails_at_everything_is_stopped(data: Path, tmp_path: Path) -> None:
    """Twenty failures in a row end the run; they are recorded, and the rest is not asked in vain."""
    with pytest.raises(RuntimeError, match="20 questions in a row failed, the last with ConnectionError"):
        evaluate(config(data, tmp_path / "run", "Unreachable"))
    assert len((tmp_path / "run/predictions.jsonl").read_text().splitlines()) == 20


def test_shots_are_of_the_same_task_and_of_another_episode(data: Path) -> None:
    """Drawn from the training split, the same ones each time."""
    corpus = Corpus.open("playhouse")
    shots = Shots(2, corpus, seed=0)
    row = corpus.rows("test")[0]
    found = shots.of(row)

    assert len({shot.id for shot in found}) == 2
    assert all(shot.task == row.task and shot.episode != row.episode and shot.rationale for shot in found)
    assert [shot.id for shot in Shots(2, corpus, seed=0).of(row)] == [shot.id for shot in found]


def test_too_few_shots_are_named(data: Path) -> None:
    """Data whose training rows carry no rationale cannot be shown."""
    with pytest.raises(InputError, match="no train rows with rationales"):
        Shots(1, Corpus.open(str(data)), seed=0)
    corpus = Corpus.open("playhouse")
    shots = Shots(500, corpus, seed=0)
    with pytest.raises(InputError, match=r"500 examples of task [a-z-]+ were asked for"):
        shots.of(corpus.rows("test")[0])
