"""Baselines draw from what their rule takes alike, and from nothing else."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import DataError, InputError
from crossomni.evaluation.models.baselines import (
    BASELINES,
    Baseline,
    elimination,
    longest_option,
    most_frequent,
    uniform,
)
from crossomni.evaluation.models.protocol import Ask
from crossomni.records import Row
from tests.evaluation.conftest import make_rows

ROWS = make_rows("clip_00", 0)


@pytest.fixture
def corpus(data: Path) -> Corpus:
    """The tiny data, opened."""
    return Corpus.open(str(data))


def replies(baseline: Baseline, rows: list[Row]) -> dict[str, str]:
    """What a baseline says to each row."""
    asks = [Ask(question=row, prompt="", clip=None, senses=frozenset()) for row in rows]
    return {row.id: said.reply for row, said in zip(rows, baseline.answer(asks), strict=True)}


@pytest.mark.parametrize("name", BASELINES)
def test_a_reply_depends_on_the_rows_id_alone(corpus: Corpus, name: str) -> None:
    """In another order, and beside other questions, each row gets the same letter."""
    baseline = Baseline(name, BASELINES[name](corpus))

    assert replies(baseline, ROWS) == replies(baseline, ROWS[::-1])
    assert replies(baseline, ROWS[:1])[ROWS[0].id] == replies(baseline, ROWS)[ROWS[0].id]


def test_uniform_takes_every_letter_about_equally(corpus: Corpus) -> None:
    """Of 2,000 rows each letter gets 25%, within four standard errors; another seed draws otherwise."""
    rows = [replace(ROWS[0], id=f"row {number}") for number in range(2000)]
    first = replies(Baseline("uniform", uniform(corpus)), rows)

    assert all(abs(count - 500) < 4 * 19.4 for count in Counter(first.values()).values())
    assert len(Counter(first.values())) == 4
    assert first != replies(Baseline("uniform", uniform(corpus), seed=1), rows)


def test_most_frequent_counts_the_train_split(corpus: Corpus) -> None:
    """The train split of nine rows answers D, A, B, C, D, A, B, C, D, so D is said throughout."""
    assert set(replies(Baseline("most-frequent", most_frequent(corpus)), ROWS).values()) == {"D"}


def test_most_frequent_needs_a_train_split(corpus: Corpus) -> None:
    """Without a train split there is nothing to count; without labels neither."""
    test_only = replace(corpus, rows_by_split={"test": corpus.rows("test")})
    with pytest.raises(InputError, match="no train"):
        most_frequent(test_only)
    unlabelled = tuple(replace(row, answer="") for row in corpus.rows("train"))
    with pytest.raises(InputError, match="held back"):
        most_frequent(replace(corpus, rows_by_split={"train": unlabelled}))


def test_longest_option_draws_among_the_longest(corpus: Corpus) -> None:
    """A single longest option is taken, and equals share."""
    choose = longest_option(corpus)

    assert choose(replace(ROWS[0], options=("a", "bb", "ccc", "d"))) == ["C"]
    assert choose(replace(ROWS[0], options=("aa", "b", "cc", "d"))) == ["A", "C"]


def test_elimination_leaves_what_is_true_of_somebody(corpus: Corpus) -> None:
    """Options that are true of nobody in the target modality fall; where none is true, none falls."""
    choose = elimination(corpus)
    row = next(row for row in corpus.rows("test") if row.task is not None and row.task.id == "au-vi")

    assert choose(row) == ["A", "B", "C", "D"]
    assert choose(replace(row, options=("Red", "Oslo", "black", "green"))) == ["A", "D"]
    assert choose(replace(row, options=("1", "2", "3", "4"))) == ("A", "B", "C", "D")


def test_elimination_needs_truth(corpus: Corpus, tmp_path: Path) -> None:
    """Where nobody knows the truth of a clip, elimination says so."""
    with pytest.raises(DataError, match="clip 'clip_00': 'elimination' needs its truth"):
        elimination(replace(corpus, truth=tmp_path))(corpus.rows("test")[0])
