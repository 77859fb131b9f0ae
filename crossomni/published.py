"""The paper's Tables 5 to 12 as data, and where their numbers disagree with themselves (docs/published.md).

Accuracies are percent, as printed (arXiv 2604.05522). Tasks go by their ids.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from crossomni.errors import InputError
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS, TASKS, Task

# Questions of the test split by task id: the counts of which the printed accuracies are fractions. 2,468 in all.
QUESTION_COUNTS: Mapping[str, int] = {
    "au": 313, "vi": 239, "te": 215, "au-vi": 313, "au-te": 348, "vi-au": 230, "vi-te": 259, "te-au": 320, "te-vi": 231,
}  # fmt: skip
# With these weights, 1,693 questions, every Cross of Table 5 reproduces; with 259 for Vi→Te it does not.
CROSS_COUNTS: Mapping[str, int] = {task.id: QUESTION_COUNTS[task.id] for task in CROSS_TASKS} | {"vi-te": 251}
TABLE_2_QUESTIONS = 2_460  # the test split by Table 2: the Single questions and those of CROSS_COUNTS

# Number -> file, what it shows, and the prompt of every row where no column names a method.
_TABLES = {
    5: ("table05_default.csv", "Models across the nine tasks, default prompt", "Default"),
    6: ("table06_prompting.csv", "Average of 13 models by prompt", ""),
    7: ("table07_training.csv", "Qwen2.5-Omni across the nine tasks, by training", ""),
    8: ("table08_sft_ablation.csv", "Ablation of supervised fine-tuning", ""),
    9: ("table09_grpo_ablation.csv", "Ablation of GRPO", ""),
    10: ("table10_ood.csv", "Other benchmarks: Daily-Omni, WorldSense, AVUT", ""),
    11: ("table11_cot.csv", "Models across the nine tasks, chain of thought", "CoT"),
    12: ("table12_icl.csv", "Models across the nine tasks, in-context learning", "ICL"),
}
AVERAGE = "Average"
TOLERANCE = 0.01  # two roundings to two digits: of the cells that enter, and of the result
_SLACK = 1e-9


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """One printed line: a model (``Average`` over 13 of them), a method, accuracies in percent by column."""

    model: str
    method: str
    scores: Mapping[str, float]  # by task id, ``single``, ``cross``, ``overall``, or benchmark


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """A table of the paper."""

    number: int
    title: str
    rows: tuple[PublishedRow, ...]

    def row(self, model: str, method: str) -> PublishedRow:
        """The line of one model and method.

        Raises:
            InputError: when the table has no such line.
        """
        for row in self.rows:
            if (row.model, row.method) == (model, method):
                return row
        lines = ", ".join(f"{row.model}/{row.method}" for row in self.rows)
        raise InputError(f"Table {self.number} has no line {model}/{method}. Lines are {lines}.")


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A printed figure that its own table, or another, does not give."""

    table: int
    model: str
    method: str
    column: str
    printed: float
    recomputed: float
    rule: str  # how it was recomputed


@cache
def table(number: int) -> PublishedTable:
    """Table ``number`` of the paper, 5 to 12.

    Raises:
        InputError: for a table that is not among them.

    >>> table(5).row("Qwen2.5-Omni-7B", "Default").scores["te"]
    83.26
    """
    if number not in _TABLES:
        raise InputError(f"table {number!r} is not here. Tables are {', '.join(map(str, _TABLES))}.")
    name, title, method = _TABLES[number]
    text = (files("crossomni") / "published_tables" / name).read_text(encoding="utf-8")
    return PublishedTable(
        number=number,
        title=title,
        rows=tuple(_row(line, method) for line in csv.DictReader(text.splitlines())),
    )


def _row(line: dict[str, str], method: str) -> PublishedRow:
    labels = {task.label: task.id for task in TASKS}
    words = {"model": AVERAGE, "method": method} | {key: line.pop(key) for key in ("model", "method") if key in line}
    return PublishedRow(**words, scores={labels.get(column, column): float(cell) for column, cell in line.items()})


def micro(scores: Mapping[str, float], counts: Mapping[str, int]) -> float:
    """The average of task accuracies, each weighed by its questions."""
    return sum(scores[task] * count for task, count in counts.items()) / sum(counts.values())


def macro(scores: Mapping[str, float], tasks: tuple[Task, ...]) -> float:
    """The average of task accuracies, weighed alike."""
    return sum(scores[task.id] for task in tasks) / len(tasks)


def disagreements() -> tuple[Disagreement, ...]:
    """Every printed average that is more than 0.01 from what the printed task accuracies give."""
    return tuple(found for found in _recomputed() if abs(found.printed - found.recomputed) > TOLERANCE + _SLACK)


def _recomputed() -> Iterator[Disagreement]:
    """Each average that can be recomputed, whether it agrees or not."""
    single_counts = {task.id: QUESTION_COUNTS[task.id] for task in SINGLE_TASKS}
    for number in (5, 7, 11, 12):
        for row in table(number).rows:
            yield _against(number, row, "overall", micro(row.scores, QUESTION_COUNTS), "micro average of 2,468")
            if number == 5:
                yield _against(number, row, "single", micro(row.scores, single_counts), "micro average of 767")
                yield _against(number, row, "cross", micro(row.scores, CROSS_COUNTS), "micro average of 1,693")
    for number in (5, 11, 12):
        *models, average = table(number).rows
        for column in average.scores:
            mean = sum(row.scores[column] for row in models) / len(models)
            yield _against(number, average, column, mean, f"mean of {len(models)} models")
    for number, row, scores in _macro_lines():
        rule = "macro average of the task accuracies"
        yield _against(number, row, "single", macro(scores, SINGLE_TASKS), rule)
        yield _against(number, row, "cross", macro(scores, CROSS_TASKS), rule)
    for row in table(10).rows:
        mean = sum(value for column, value in row.scores.items() if column != "average") / 3
        yield _against(10, row, "average", mean, "mean of 3 benchmarks")


def _macro_lines() -> Iterator[tuple[int, PublishedRow, Mapping[str, float]]]:
    """Lines of Tables 6, 8 and 9 with the task accuracies they average, where another table prints those."""
    for row, number in zip(table(6).rows, (5, 11, 12), strict=True):
        yield 6, row, table(number).row(AVERAGE, row.method).scores
    tasks = {(row.model, row.method): row.scores for row in table(7).rows}
    for number in (8, 9):
        for row in table(number).rows:
            if (row.model, row.method) in tasks:
                yield number, row, tasks[row.model, row.method]


def _against(number: int, row: PublishedRow, column: str, recomputed: float, rule: str) -> Disagreement:
    return Disagreement(
        table=number,
        model=row.model,
        method=row.method,
        column=column,
        printed=row.scores[column],
        recomputed=recomputed,
        rule=rule,
    )
