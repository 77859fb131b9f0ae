"""Which rows are trained on, and which are kept from it to watch it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row
from crossomni.training.config import TrainConfig
from crossomni.training.sample import draw


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The rows of a training. No episode is on both sides."""

    trained: tuple[Row, ...]
    held_out: tuple[Row, ...]  # clip by clip; empty where nothing was to be held out, or there is one episode only
    notes: tuple[str, ...] = ()  # what is not as it was asked for, a sentence each

    @property
    def rows(self) -> tuple[Row, ...]:
        """Both sides."""
        return (*self.trained, *self.held_out)


def select(config: TrainConfig, corpus: Corpus) -> Selection:
    """The rows of ``config``: episodes are held out first, then ``--rows`` of the others are drawn.

    So ``--rows 982`` trains on 982.

    Raises:
        InputError: for a split that is not there, or when fewer rows are left than were asked for.
    """
    rows = corpus.rows(config.split)
    trained, held_out = hold_out(rows, config.held_out, config.seed)
    notes = []
    if config.held_out and not held_out:
        notes.append("Nothing is held out: all rows are of one episode.")
    if config.rows is not None:
        if config.rows > len(trained):
            raise InputError(
                f"--rows is {config.rows}; {config.split} has {len(rows)} rows, {len(held_out)} of them held out. "
                f"Take --rows {len(trained)} or fewer, or hold out less."
            )
        sample = draw(trained, config.rows, config.seed)
        trained, notes = sample.rows, [*notes, *sample.notes]
    return Selection(trained=trained, held_out=held_out, notes=tuple(notes))


def hold_out(rows: Iterable[Row], share: float, seed: int) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Training rows and held-out rows, each in the order of ``rows``.

    Whole episodes are held out, in an order that hangs on the seed and their names alone, until they hold at least
    ``share`` of the rows, in [0, 1). One episode is always left to train on: a single one is all training.

    Raises:
        InputError: when the share is none.
    """
    if not 0 <= share < 1:
        raise InputError(f"held_out is {share}; wanted a share, from 0 to less than 1.")
    rows = tuple(rows)
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[episode_of(row)] = sizes.get(episode_of(row), 0) + 1
    shuffled = sorted(sizes, key=lambda name: hashlib.sha256(f"held out {seed} {name}".encode()).digest())
    held: set[str] = set()
    count = 0
    for name in shuffled[:-1]:
        if count >= share * len(rows):
            break
        held.add(name)
        count += sizes[name]
    sides: tuple[list[Row], list[Row]] = [], []
    for row in rows:
        sides[episode_of(row) in held].append(row)
    return tuple(sides[0]), tuple(sides[1])


def episode_of(row: Row) -> str:
    """What keeps its rows together: the show's episode, or the clip where none is known (as in a corpus's splits)."""
    return f"{row.show} {row.episode}" if row.episode else row.clip_id


def clips_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """The clips of rows, each once, in the order of their first row."""
    return tuple(dict.fromkeys(row.clip_id for row in rows))
