"""As many rows of each modality as can be."""

import itertools
import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from crossomni.cli import sampling
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row
from crossomni.tasks import TASKS, Modality, Task
from crossomni.training.sample import balanced, draw, quotas
from tests.small_corpus import a_row


def rows(*counts: int, clips: int = 20) -> list[Row]:
    """So many rows of each task, in the contract's order of tasks."""
    made = []
    for task, count in zip(TASKS, counts, strict=True):
        made += [
            a_row(number, f"clip{number % clips}", "train", task=task, id=f"{task}-{number}") for number in range(count)
        ]
    return made


def by_modality(given: dict[Task, int]) -> list[int]:
    """Counts by source, then by target."""
    return [
        sum(count for task, count in given.items() if getattr(task, side) is modality)
        for side in ("source", "target")
        for modality in Modality
    ]


def unevenness(given: dict[Task, int]) -> tuple[int, int]:
    """What the quotas make as small as can be."""
    return sum(count**2 for count in by_modality(given)), sum(count**2 for count in given.values())


@pytest.mark.parametrize("count", [1, 5, 9, 13, 982, 983, 984, 985])
def test_with_rows_enough_all_counts_differ_by_one_at_most(count: int) -> None:
    """Tasks, sources and targets, for every remainder."""
    given = quotas(dict.fromkeys(TASKS, 5_000), count)
    assert count == sum(given.values())
    assert max(given.values()) - min(given.values()) <= 1
    found = by_modality(given)
    assert max(found) - min(found) <= 1


def test_other_tasks_make_up_for_one_that_runs_out() -> None:
    """Without rows of sound alone, sound is still the source, and the target, of a third."""
    given = quotas({task: 0 if task.id == "au" else 900 for task in TASKS}, 900)
    assert [300] * 6 == by_modality(given)
    assert 0 == given[Task.parse("au")]


def test_no_other_quotas_are_more_even() -> None:
    """Compared with all that there are, for small supplies."""
    chance = random.Random(5)
    for _ in range(12):
        supply = {task: chance.choice((0, 1, 1, 2)) for task in TASKS}
        count = chance.randint(1, max(1, sum(supply.values())))
        others = (
            dict(zip(TASKS, given, strict=True))
            for given in itertools.product(*(range(supply[task] + 1) for task in TASKS))
            if sum(given) == count
        )
        assert min(map(unevenness, others)) == unevenness(quotas(supply, count))


def test_982_of_40_000_are_drawn_in_a_moment_and_in_any_order() -> None:
    """The paper's number; the same rows whatever the order they come in, others by another seed."""
    made = rows(*[4_444] * 9, clips=2_000)
    began = time.perf_counter()
    drawn = balanced(made, 982, 0)
    assert time.perf_counter() - began < 5
    random.Random(3).shuffle(made)
    assert drawn == balanced(made, 982, 0)
    assert drawn != balanced(made, 982, 1)
    assert 982 == len({row.id for row in drawn})


def test_rows_are_spread_over_clips() -> None:
    """With more clips than rows, no clip gives two; with fewer, none gives two more than another."""
    assert {1} == {*Counter(row.clip_id for row in balanced(rows(*[40] * 9, clips=40), 36, 0)).values()}
    given = Counter(row.clip_id for row in balanced(rows(*[40] * 9, clips=20), 90, 0))
    assert {4, 5} == {*given.values()}


def test_a_sample_says_what_ran_out() -> None:
    """By task, with how many rows there were; and nothing where nothing did."""
    sample = draw(rows(3, *[50] * 8), 90, 0)
    assert "all rows are taken of au (3)" in sample.notes[0]
    assert () == draw(rows(*[50] * 9), 90, 0).notes


@pytest.mark.parametrize("count", [0, 10])
def test_more_rows_than_there_are_cannot_be_drawn(count: int) -> None:
    """Nor none."""
    with pytest.raises(InputError, match=f"--rows is {count}; wanted 1 to 9"):
        balanced(rows(*[1] * 9), count, 0)


def run(*arguments: object) -> str:
    """The command in an application of its own, and what it printed."""
    app = typer.Typer()
    sampling.register(app)
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception:
        raise done.exception
    return done.stdout


def test_the_command_writes_ids_and_tells_the_counts(tmp_path: Path) -> None:
    """Ids one a line, the table on the screen; the same rows as ``balanced`` draws."""
    said = run("--rows", 90, "--out", tmp_path / "new" / "ids.txt")
    ids = (tmp_path / "new" / "ids.txt").read_text().splitlines()
    assert [row.id for row in balanced(Corpus.open("playhouse").rows("train"), 90, 0)] == ids
    assert "90 rows on 18 clips" in said
    assert "as source" in said
    assert 100 >= max(map(len, said.splitlines()))


def test_the_command_prints_ids_alone(tmp_path: Path) -> None:
    """To be piped; and its figures as JSON beside a file."""
    assert 12 == len(run("--rows", 12, "--out", "-").splitlines())
    found = json.loads(run("--rows", 12, "--out", tmp_path / "ids", "--as", "json"))
    assert {"source": 4, "target": 4} == found["modalities"]["audio"]


def test_the_command_holds_out_what_a_training_does(tmp_path: Path) -> None:
    """No more rows can be had than are left."""
    with pytest.raises(InputError, match="wanted 1 to 160"):
        run("--rows", 170, "--held-out", 0.05, "--out", "-")
