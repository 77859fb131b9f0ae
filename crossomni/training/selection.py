"""Which rows are trained on, and which are kept from it to watch it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row
from crossomni.tasks import TASKS
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
    """The rows of ``config``: of its tasks, episodes are held out first, then ``--rows`` of the others are drawn.

    So ``--rows 982`` trains on 982. Where ``--ids`` names the rows, all of them are trained on, in the order of the
    data; then episodes are held out that none of them is of, and of these the rows of the tasks alone.

    Raises:
        InputError: for a split that is not there, when fewer rows are left than were asked for, or for ids that are not
            those of its rows, each once.
    """
    if config.ids is not None:
        return _named(config, config.ids, corpus)
    rows = _asked_for(config, corpus)
    trained, held_out = hold_out(rows, config.held_out, config.seed)
    notes = []
    if config.held_out and not held_out:
        notes.append("Nothing is held out: all rows are of one episode.")
    if config.drawn is not None:
        if config.drawn > len(trained):
            raise InputError(
                f"--rows is {config.drawn}; {config.split} has {len(rows)} rows, {len(held_out)} of them held out. "
                f"Take --rows {len(trained)} or fewer, --rows 0 for all, or hold out less."
            )
        sample = draw(trained, config.drawn, config.seed)
        trained, notes = sample.rows, [*notes, *sample.notes]
    return Selection(trained=trained, held_out=held_out, notes=tuple(notes))


def _asked_for(config: TrainConfig, corpus: Corpus) -> tuple[Row, ...]:
    """The rows of the tasks, and of the pattern of ids."""
    rows = of_tasks(corpus.rows(config.split), config.tasks, config.split)
    found = tuple(row for row in rows if fnmatchcase(row.id, config.only or "*"))
    if not found:
        raise InputError(
            f"--only is {config.only!r}; none of {len(rows)} rows has an id of this pattern, the first is called "
            f"{rows[0].id!r}. Correct it."
        )
    return found


def of_tasks(rows: Sequence[Row], tasks: str, split: str) -> tuple[Row, ...]:
    """The rows of these tasks, as ``te,vi-au``; all of them where none is named.

    Raises:
        InputError: for a task that is not there, named twice, or without a row.
    """
    names = [name.strip() for name in tasks.split(",")] if tasks.strip() else []
    known = [task.id for task in TASKS]
    there = {row.task.id for row in rows if row.task is not None}
    for place, name in enumerate(names):
        if name not in known:
            raise InputError(f"--tasks has {name!r}; wanted some of {', '.join(known)}, parted by commas.")
        if name in names[:place]:
            raise InputError(f"--tasks has {name} twice. Keep one of them.")
        if name not in there:
            raise InputError(f"--tasks has {name}, and {split} has no row of it; it has {', '.join(sorted(there))}.")
    return tuple(row for row in rows if not names or (row.task is not None and row.task.id in names))


def _named(config: TrainConfig, file: Path, corpus: Corpus) -> Selection:
    """The rows that a file names, and held-out ones of episodes that it leaves alone."""
    rows = corpus.rows(config.split)
    named = frozenset(read_ids(file, config.split, corpus))
    trained = tuple(row for row in rows if row.id in named)
    seen = {episode_of(row) for row in trained}
    watched = _asked_for(config, corpus)
    held_out = hold_out(watched, config.held_out, config.seed, keep=seen)[1]
    notes = []
    if len(held_out) < config.held_out * len(watched):
        share = f"{len(held_out)} rows are held out, fewer than {config.held_out:.0%} of {config.split}"
        notes.append(
            f"{share}: {file} has rows of all other episodes. crossomni sample --held-out {config.held_out:g} leaves "
            "some alone."
        )
    return Selection(trained=trained, held_out=held_out, notes=tuple(notes))


def read_ids(file: Path, split: str, corpus: Corpus) -> tuple[str, ...]:
    """The ids that a file names, one a line, as ``crossomni sample`` writes them; empty lines are passed over.

    Raises:
        InputError: when it cannot be read, names nothing, names a row twice, or one that is not in the split.
    """
    where = f"--ids {file}"
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InputError(f"{where}: cannot be read ({why}). Give a file of ids, an id a line.") from error
    places: dict[str, int] = {}
    known = {row.id for row in corpus.rows(split)}
    unknown = []
    for place, line in enumerate(lines, start=1):
        if not (name := line.strip()):
            continue
        if name in places:
            raise InputError(f"{where}: line {place} has {name!r} again, from line {places[name]}. Name each row once.")
        places[name] = place
        if name not in known:
            unknown.append(name)
    if unknown:
        raise InputError(
            f"{where}: {len(unknown)} of {len(places)} ids are of no row of {split}; {_whose(unknown[0], corpus)} "
            f"(line {places[unknown[0]]}). Take ids of this split, as crossomni sample writes them."
        )
    if not places:
        raise InputError(f"{where}: names no row; wanted an id a line. Make it by crossomni sample --out {file}.")
    return tuple(places)


def _whose(name: str, corpus: Corpus) -> str:
    """What is wrong with an id."""
    home = next((split for split in corpus.splits if name in {row.id for row in corpus.rows(split)}), None)
    return f"{name!r} is in none" if home is None else f"{name!r} is of {home}"


def hold_out(
    rows: Iterable[Row], share: float, seed: int, keep: Collection[str] = ()
) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Training rows and held-out rows, each in the order of ``rows``.

    Whole episodes are held out, in an order that hangs on the seed and their names alone, until they hold at least
    ``share`` of the rows, in [0, 1). One episode is always left to train on: a single one is all training. Those of
    ``keep`` are never held out.

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
    for name in [name for name in shuffled if name not in keep] if keep else shuffled[:-1]:
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
