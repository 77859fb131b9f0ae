"""The metric as ``evaluate`` loads it."""

import math
from pathlib import Path

import evaluate
import pytest

import crossomni
from crossomni.scoring import score

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "metrics" / "crossomni"
REPLIES = ["Answer: B", "C", "<think>A or B</think>", "The answer is D."]
ROWS = {"predictions": REPLIES, "references": ["B", "C", "A", "A"], "tasks": ["au", "Au→Vi", "au-vi", "te"]}
CLIPS = ["c1", "c1", "c2", "c3"]


@pytest.fixture
def metric(tmp_path: Path) -> evaluate.EvaluationModule:
    """The metric of this checkout, with its files in a folder of its own."""
    return evaluate.load(str(FOLDER), cache_dir=str(tmp_path))


def same(a: dict[str, float], b: dict[str, float]) -> bool:
    """Whether two dicts are equal, nan equal to nan."""
    return a.keys() == b.keys() and all(a[k] == b[k] or (math.isnan(a[k]) and math.isnan(b[k])) for k in a)


def test_metric_is_a_shell_over_scoring(metric: evaluate.EvaluationModule) -> None:
    """Replies are read, and the letters scored, with clips and without."""
    letters = ["B", "C", None, "D"]
    for clips in (None, CLIPS):
        expected = score(letters, ROWS["references"], ROWS["tasks"], clips)
        assert same(expected, metric.compute(**ROWS, clips=clips))
    assert expected["au-vi"] == 50
    assert expected["unread"] == 25


def test_values_are_plain_numbers(metric: evaluate.EvaluationModule) -> None:
    """Every value is a Python number, so that the dict can be saved as it is."""
    assert {type(value) for value in metric.compute(**ROWS, clips=CLIPS).values()} == {float, int}


def test_options_let_quoted_answers_be_read(metric: evaluate.EvaluationModule) -> None:
    """A reply that is an option's text is that option where the options are known."""
    row = {"predictions": ["a red hat"], "references": ["B"], "tasks": ["vi"]}
    assert metric.compute(**row)["unread"] == 100
    options = [["a blue hat", "a red hat", "no hat", "a green scarf"]]
    assert metric.compute(**row, options=options)["vi"] == 100


def test_batches_add_up(metric: evaluate.EvaluationModule) -> None:
    """Rows that come one by one or in batches score as all at once; clips come with compute, for all of them."""
    expected = metric.compute(**ROWS, clips=CLIPS)
    metric.add_batch(**{name: column[:2] for name, column in ROWS.items()})
    metric.add(prediction=REPLIES[2], reference="A", tasks="au-vi")
    last = {name: column[3:] for name, column in ROWS.items()}
    assert same(expected, metric.compute(**last, clips=CLIPS))


def test_accumulated_rows_alone_are_scored(metric: evaluate.EvaluationModule) -> None:
    """compute() without columns takes what came before."""
    metric.add_batch(**ROWS)
    assert same(metric.compute(), evaluate.load(str(FOLDER)).compute(**ROWS))


def test_metric_combines_with_others(metric: evaluate.EvaluationModule) -> None:
    """evaluate.combine hands it the same columns."""
    both = evaluate.combine([metric])
    assert same(both.compute(**ROWS), metric.compute(**ROWS))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"predictions": REPLIES[:3]}, r"predictions\[3\] is missing"),
        ({"tasks": ["au"]}, r"tasks\[1\] is missing"),
        ({"tasks": None}, "tasks is missing"),
        ({"clips": CLIPS[:2]}, r"clips\[2\] is missing"),
        ({"options": [["x", "y", "z", "w"]]}, r"options\[1\] is missing"),
        ({"predictions": [*REPLIES[:3], None]}, r"predictions\[3\] is None; wanted the reply's text"),
        ({"predictions": "Answer: B"}, "predictions is 'Answer: B'; wanted a list"),
        ({"references": ["B", 2, "A", "A"]}, r"references\[1\] is 2; wanted the letter"),
        ({"tasks": ["au", None, "au", "te"]}, r"tasks\[1\] is None; wanted a task id or label"),
        ({"clips": ["c1", None, "c2", "c2"]}, r"clips\[1\] is None; wanted the clip's id"),
        ({"clips": "c1c1"}, "clips is 'c1c1'; wanted a list"),
        ({"options": [["x", "y", "z", "w"], None] * 2}, r"options\[1\] is None; wanted the row's options, a list"),
        ({"options": [["x", "y", "z", "w"], "xyzw"] * 2}, r"options\[1\] is 'xyzw'; wanted the row's options"),
        ({"options": [["x", "y", "z", "w"]] * 2 + [["x", 1, "z", "w"]] * 2}, r"options\[2\] is \['x', 1, 'z', 'w'\]"),
        ({"options": 4}, "options is 4; wanted a list"),
        ({"predictions": [*REPLIES[:3], "B \ud83d"]}, r"predictions\[3\] has half a surrogate pair at character 2"),
        ({"letters": ["A"] * 4}, "compute was given letters; wanted some of predictions, references, tasks, clips"),
        ({"references": ["B", "C", "E", "A"]}, r"references\[2\] is 'E'"),
        ({"references": ["B", "C", "a red hat", "A"]}, r"references\[2\] is 'a red hat'"),
        ({"tasks": ["au", "au", "smell", "te"]}, r"tasks\[2\]: unknown task 'smell'"),
        ({"clips": ["c1", "c1", "", "c3"]}, r"clips\[2\] is ''"),
        ({"options": [["x", "y", "z", "w"]] * 3 + [["x"]]}, r"options\[3\]: "),
        (
            {"references": ["C", "C", "A", "A"], "options": [["x", "y"]] * 4},
            r"references\[0\] is 'C'; wanted one of A/B",
        ),
    ],
)
def test_bad_input_is_a_value_error_that_names_the_position(
    metric: evaluate.EvaluationModule, change: dict[str, object], named: str
) -> None:
    """What cannot be scored says where it stands, and the metric works again afterwards."""
    with pytest.raises(ValueError, match=named):
        metric.compute(**{**ROWS, **change})
    assert metric.compute(**ROWS)["n"] == 4


def test_rows_that_came_in_batches_are_checked_too(metric: evaluate.EvaluationModule) -> None:
    """A value that is no text is named where it stands among all the rows."""
    metric.add_batch(**{name: column[:2] for name, column in ROWS.items()})
    metric.add_batch(predictions=["B", "C"], references=["B", "C"], tasks=["te", None])
    with pytest.raises(ValueError, match=r"tasks\[3\] is None; wanted a task id"):
        metric.compute()


def test_refused_rows_leave_no_files(metric: evaluate.EvaluationModule, tmp_path: Path) -> None:
    """A refusal inside scoring cleans up as a score does."""
    with pytest.raises(ValueError, match="unknown task"):
        metric.compute(**{**ROWS, "tasks": ["smell"] * 4})
    assert list(tmp_path.rglob("*.arrow")) == []


def test_loading_works_by_name_path_and_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the checkout by its relative name, from elsewhere by path and by crossomni.metric_path()."""
    row = {"predictions": ["B"], "references": ["B"], "tasks": ["vi"]}
    for folder, name in ((ROOT, "metrics/crossomni"), (tmp_path, str(FOLDER)), (tmp_path, crossomni.metric_path())):
        monkeypatch.chdir(folder)
        assert evaluate.load(name).compute(**row)["vi"] == 100


def test_metric_path_is_a_folder_of_the_metrics_name() -> None:
    """evaluate looks for a file named like its folder."""
    folder = Path(crossomni.metric_path())
    assert (folder / f"{folder.name}.py").is_file()
    assert {"README.md", "app.py", "requirements.txt"} <= {path.name for path in folder.iterdir()}
