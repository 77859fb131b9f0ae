"""Readers that must not get far: each tries to answer without what the question is about.

A reader gives each row a chance of being right, in [0, 1]: 1 for a right pick, 1/n where n options tie.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from crossomni.optional import need
from crossomni.records import Annotation, Row
from crossomni.tasks import Modality

FOLDS = 5


def _of_best(scores: Sequence[float], row: Row) -> float:
    """The chance of being right when one of the best-scored options is picked at random."""
    best = [letter for letter, score in zip(row.letters, scores, strict=True) if score == max(scores)]
    return (row.answer in best) / len(best)


def longest_option(rows: Sequence[Row]) -> list[float]:
    """Picks the option with the most characters."""
    return [_of_best([len(option) for option in row.options], row) for row in rows]


def most_frequent_letter(rows: Sequence[Row], train: Sequence[Row]) -> list[float]:
    """Picks the letter that is right most often in the training rows, of which there is at least one."""
    letter = Counter(row.answer for row in train).most_common(1)[0][0]
    return [float(row.answer == letter) for row in rows]


def question_option_probe(rows: Sequence[Row]) -> list[float]:
    """A trained reader of question and option alone: words and pairs of both, logistic regression, held out by clip.

    Five folds, so that no cast is on both sides; fewer where there are fewer episodes, of which it needs two.
    """
    need("sklearn", "the question and option probe of the audit")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline

    groups = [fold_of(row) for row in rows]
    texts = [[f"{_marked('q', row.question)} {_marked('o', option)}" for option in row.options] for row in rows]
    chances = [0.0] * len(rows)
    for fit, held in GroupKFold(n_splits=min(FOLDS, len(set(groups)))).split(rows, groups=groups):
        probe = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10.0, max_iter=1000))
        probe.fit(
            [text for i in fit for text in texts[i]],
            [letter == rows[i].answer for i in fit for letter in rows[i].letters],
        )
        for i in held:
            chances[i] = _of_best(list(probe.decision_function(texts[i])), rows[i])
    return chances


def fold_of(row: Row) -> str:
    """What keeps rows together in a fold: the episode, or the clip where none is named."""
    return row.episode or row.clip_id


def _marked(mark: str, text: str) -> str:
    return " ".join(mark + word for word in re.findall(r"\w+", text.casefold()))


def biography_reader(rows: Sequence[Row]) -> list[float]:
    """Reads the biographies by word overlap: picks the option told in the paragraph most like the question."""
    return [_of_best([_overlap(row, option) for option in row.options], row) for row in rows]


def _overlap(row: Row, option: str) -> float:
    told = [paragraph for paragraph in row.biography.splitlines() if option.casefold() in paragraph.casefold()]
    asked = set(re.findall(r"\w+", row.question.casefold()))
    return max((len(asked & set(re.findall(r"\w+", paragraph.casefold()))) for paragraph in told), default=0)


def supported_option(rows: Sequence[Row], truths: Sequence[Annotation]) -> list[float]:
    """Picks at random among the options that are true of anybody in the target: elimination without binding."""
    return [
        _of_best([float(option in _values(row, truth)) for option in row.options], row)
        for row, truth in zip(rows, truths, strict=True)
    ]


def _values(row: Row, truth: Annotation) -> set[str]:
    target = row.task.target if row.task else Modality.TEXT
    return {fact.value for referent in truth.referents for fact in referent.facts if fact.modality is target}
