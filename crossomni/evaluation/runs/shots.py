"""Training rows that a prompt shows as examples, with their rationales."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row
from crossomni.tasks import Task

_SPLIT = "train"


class Shots:
    """Draws ``count`` training rows of a question's own task, each of another episode than the question's.

    A task's questions are shown the same rows wherever episodes allow, so that runs differ in nothing else.

    Raises:
        InputError: where the data have no training rows with rationales.
    """

    def __init__(self, count: int, corpus: Corpus, seed: int) -> None:
        self._count = count
        self._rows: defaultdict[Task, list[Row]] = defaultdict(list)
        if not count:
            return
        rows = [row for row in corpus.rows_by_split.get(_SPLIT, ()) if row.rationale and row.answer]
        if not rows:
            raise InputError(
                f"shots is {count}, but {corpus.folder} has no {_SPLIT} rows with rationales. Ask without shots."
            )
        for row in sorted(rows, key=lambda row: hashlib.sha256(f"{seed} {row.id}".encode()).digest()):
            assert row.task is not None
            self._rows[row.task].append(row)

    def of(self, row: Row) -> Sequence[Row]:
        """The examples to show with ``row``.

        Raises:
            InputError: where there are too few.
        """
        if not self._count:
            return ()
        assert row.task is not None
        found = [shot for shot in self._rows[row.task] if shot.episode != row.episode][: self._count]
        if len(found) < self._count:
            raise InputError(
                f"row {row.id!r}: {self._count} examples of task {row.task} were asked for, the {_SPLIT} split has "
                f"{len(found)} of other episodes. Ask for fewer shots."
            )
        return found
