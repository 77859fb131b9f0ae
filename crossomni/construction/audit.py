"""The audit: how far one gets with a dataset by shortcuts, and what leaks between its splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossomni.construction import shortcuts
from crossomni.construction.bound import best_accuracy, says_what_it_asks
from crossomni.errors import DataError
from crossomni.records import Annotation, Row
from crossomni.statistics import Estimate, clustered, resample_sums, wilson
from crossomni.tasks import TASKS, Modality

RESAMPLES = 10_000
_READ = "biography alone, word overlap"
_ELIMINATED = "option elimination in the target"
_COUNTED, _TRAINED = "most frequent letter", "question and options, trained"
KNOCK_OUTS: Mapping[str, frozenset[Modality]] = {
    "nothing removed": frozenset(),
    "without sound": frozenset({Modality.AUDIO}),
    "without sight": frozenset({Modality.VISION}),
    "without biography": frozenset({Modality.TEXT}),
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One reader's accuracy on one group of rows, in percent, with its 95% interval, clustered by clip."""

    reader: str
    group: str  # a task id, or "all"
    accuracy: float
    low: float
    high: float
    n: int
    chance: float  # what picking at random gives, in percent

    @property
    def above_chance(self) -> bool:
        """Whether the whole interval lies above chance."""
        return self.low > self.chance


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was found on one split: readers, exact bounds where truth is known, letters, leaks and repeats."""

    split: str
    findings: tuple[Finding, ...]
    unmeasured: dict[str, str]  # a reader that these rows do not allow -> why
    bounds: dict[str, dict[str, float]]  # knock-out -> task id -> percent; empty where truth is not known
    letters: dict[str, int]
    letters_p: float  # of a chi-squared test against an even draw among each row's letters
    leaks: dict[str, int]  # what is in this split and in another, counted
    duplicates: int  # rows that ask again what an earlier row asked


def audit(splits: Mapping[str, Sequence[Row]], split: str, truth: Callable[[str], Annotation | None]) -> Audit:
    """Audit one split of a dataset; ``truth`` gives a clip's annotation, or None where it is not known.

    Raises:
        DataError: when the split has no labels.
    """
    rows = splits[split]
    if not rows or not all(row.answer for row in rows):
        raise DataError(f"audit: the {split} split has rows without an answer, or none at all; labels are needed.")
    truths = [truth(row.clip_id) for row in rows]
    known = [annotation for annotation in truths if annotation is not None]
    readers, unmeasured = {"longest option": shortcuts.longest_option(rows)}, {}
    if splits.get("train"):
        readers[_COUNTED] = shortcuts.most_frequent_letter(rows, splits["train"])
    else:
        unmeasured[_COUNTED] = "there is no train split to count letters in"
    if any(row.biography for row in rows):
        readers[_READ] = shortcuts.biography_reader(rows)
    else:
        unmeasured[_READ] = "no row has a biography"
    if len({shortcuts.fold_of(row) for row in rows}) > 1:
        readers[_TRAINED] = shortcuts.question_option_probe(rows)
    else:
        unmeasured[_TRAINED] = "all rows are of one episode, and nothing is left to train on"
    bounds: dict[str, dict[str, float]] = {}
    if not any(map(says_what_it_asks, rows)) and known:
        unmeasured[_ELIMINATED] = "models wrote the questions, in words that no list of facts holds"
    elif len(known) == len(rows):
        readers[_ELIMINATED] = shortcuts.supported_option(rows, known)
        bounds = {name: _bounds(rows, known, removed) for name, removed in KNOCK_OUTS.items()}
    counts = Counter(row.answer for row in rows)
    letters = {letter: counts[letter] for letter in max((row.letters for row in rows), key=len)}
    return Audit(
        split=split,
        findings=tuple(finding for name, chances in readers.items() for finding in _findings(name, chances, rows)),
        unmeasured=unmeasured,
        bounds=bounds,
        letters=letters,
        letters_p=_even(letters, rows),
        leaks=_leaks(splits, split, truth),
        duplicates=len(rows) - len({_asked(row) for row in rows}),
    )


def _findings(reader: str, chances: Sequence[float], rows: Sequence[Row]) -> list[Finding]:
    found = []
    for group in ("all", *(task.id for task in TASKS)):
        picked = [i for i, row in enumerate(rows) if group in ("all", str(row.task))]
        if not picked:
            continue
        share = _estimate([chances[i] for i in picked], [rows[i].clip_id for i in picked]).scaled(100)
        found.append(
            Finding(
                reader=reader,
                group=group,
                accuracy=share.value,
                low=share.low,
                high=share.high,
                n=len(picked),
                chance=sum(100 / len(rows[i].options) for i in picked) / len(picked),
            )
        )
    return found


def _estimate(chances: Sequence[float], clips: Sequence[str]) -> Estimate:
    """Mean chance with its interval over clips, since rows of one clip share options and answers."""
    sums: dict[str, list[float]] = {}
    for chance, clip in zip(chances, clips, strict=True):
        of_clip = sums.setdefault(clip, [0.0, 0.0])
        of_clip[0] += chance
        of_clip[1] += 1
    value = sum(chances) / len(chances)
    right, count = resample_sums(np.array(list(sums.values())), RESAMPLES, seed=0).T
    return clustered(value, right / count, len(sums)) or wilson(value, len(sums))


def _bounds(rows: Sequence[Row], truths: Sequence[Annotation], removed: frozenset[Modality]) -> dict[str, float]:
    best = {task.id: [] for task in TASKS}  # type: dict[str, list[float]]
    for row, annotation in zip(rows, truths, strict=True):
        best[str(row.task)].append(float(best_accuracy(row, annotation, removed)))
    return {task: 100 * sum(values) / len(values) for task, values in best.items() if values}


def _asked(row: Row) -> tuple[object, ...]:
    """What makes two rows the same question; a question about text alone is the same on whatever clip."""
    clip = "" if str(row.task) == "te" else row.clip_id
    return clip, row.question, frozenset(row.options)


def _even(counts: Mapping[str, int], rows: Sequence[Row]) -> float:
    from scipy.stats import chisquare

    fair = [sum(1 / len(row.letters) for row in rows if letter in row.letters) for letter in counts]
    return float(chisquare(list(counts.values()), fair).pvalue)


def _leaks(
    splits: Mapping[str, Sequence[Row]], split: str, truth: Callable[[str], Annotation | None]
) -> dict[str, int]:
    """How many clips, episodes, named persons and question-answer pairs of ``split`` are in another split too."""
    others = [row for name, rows in splits.items() if name != split for row in rows]

    def cast(rows: Sequence[Row]) -> set[str]:
        known = [truth(clip_id) for clip_id in {row.clip_id for row in rows}]
        return {person.name for annotation in known if annotation for person in annotation.persons}

    def shared(what: Callable[[Row], object]) -> int:
        return len({what(row) for row in splits[split]} & {what(row) for row in others} - {""})

    return {
        "clips": shared(lambda row: row.clip_id),
        "episodes": shared(lambda row: row.episode),
        "people": len(cast(splits[split]) & cast(others)),
        "biographies": shared(lambda row: row.biography),
    }
