"""Commands of the leaderboard: submit a run, show a board, audit it, serve its page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossomni.cli.options import some_path
from crossomni.errors import DataError, InputError

if TYPE_CHECKING:
    from crossomni.leaderboard.board import Board
    from crossomni.leaderboard.labels import Labels
    from crossomni.leaderboard.store import Store

WIDTH = 100  # of tables where nobody looks
DEFAULT = "runs/leaderboard"

Place = Annotated[str, typer.Argument(help="The board: a folder, or hf://datasets/OWNER/NAME.", metavar="BOARD")]
LabelFolders = Annotated[
    list[Path] | None,
    typer.Option(
        "--labels",
        help="The board's own labels: the folder that `build --hide-answers` wrote beside the data (NAME-labels), or "
        "data whose answers are open; several times for several. The shipped playhouse is always known.",
        parser=some_path,
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        help="Where scored submissions are kept, on the board's side; in the user's cache by default.", parser=some_path
    ),
]
ADay = Annotated[int, typer.Option(min=1, help="Submissions that a submitter may send in a day.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Submit runs, and make a board of them. docs/leaderboard.md tells how.")
    for command in (submit, show, serve, verify, space):
        group.command()(command)
    app.add_typer(group, name="leaderboard")


def submit(
    run: Annotated[Path, typer.Argument(help="The folder of a complete run on all of its data.", parser=some_path)],
    name: Annotated[str, typer.Option(help="The system's name on the board; the run's model by default.")] = "",
    to: Annotated[str, typer.Option(help="A folder, or hf://datasets/OWNER/NAME (a pull request).")] = DEFAULT,
    submitter: Annotated[str, typer.Option(help="Who submits.")] = "",
    link: Annotated[str, typer.Option(help="A page about the system, http or https.")] = "",
    notes: Annotated[str, typer.Option(help="What else is to be known, as plain text.")] = "",
    labels: LabelFolders = None,
    a_day: ADay = 5,
    out: Annotated[Path | None, typer.Option(help="Only write the archive to this file.", parser=some_path)] = None,
) -> None:
    """Send a run to a board: its replies, receipts, configuration and versions. The board scores the replies itself.

    A run that is not complete, or on part of its data, is refused. Nothing of the clips is sent, and no folder's path.
    """
    from datetime import UTC, datetime

    from crossomni.leaderboard.hub import is_hub, propose
    from crossomni.leaderboard.receive import receive
    from crossomni.leaderboard.store import Store

    data = _packed(run, {"name": name, "submitter": submitter, "link": link, "notes": notes})
    now = datetime.now(UTC)
    if out is not None:
        _write(out, data)
        print(f"{out}: {len(data):,} bytes; nothing was sent")
    elif is_hub(to):
        address = propose(data, to, now=now, endpoint=os.environ.get("HF_ENDPOINT"))
        print(f"pull request: {address}\nThe board shows the run when its keeper has merged it.")
    else:
        key = receive(data, Store.open(to), _labels_of(run, labels), now=now, a_day=a_day)
        print(f"{to}: submitted as {key[:12]}\nSee it: crossomni leaderboard show {to}")


def space(
    out: Annotated[Path, typer.Argument(help="A folder, or a clone of the Space.", parser=some_path)],
) -> None:
    """Write what a Space of the Hub needs to serve a board: README.md, requirements.txt, app.py."""
    from crossomni.leaderboard.space import FILES, write_space

    write_space(out)
    print(f"{out}: {', '.join(FILES)}\nWhich variables the Space wants, its README.md tells.")


def show(
    board: Place,
    labels: LabelFolders = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print it as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    cache: Cache = None,
) -> None:
    """Score every submission again by the board's own labels, and print the board."""
    import json

    from rich.console import Console

    if as_csv and as_json:
        raise InputError("--csv and --json: one of them came too many. Give either.")
    with _reaching(board):
        made = _board(_there(board), _all_labels(labels), cache)
    if as_json:
        print(json.dumps(made.to_json(), indent=2, ensure_ascii=False))
    elif as_csv:
        print(made.to_csv(), end="")
    else:
        from crossomni.leaderboard.shown import tables

        console = Console()
        (console if console.is_terminal else Console(width=WIDTH)).print(*tables(made), sep="\n")


def serve(
    board: Place,
    labels: LabelFolders = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 7860,
    host: Annotated[str, typer.Option(help="Who can reach it; beyond this machine anybody can submit.")] = "127.0.0.1",
    cache: Cache = None,
    a_day: ADay = 5,
) -> None:
    """Serve the board as a page, which takes submissions too."""
    from crossomni.leaderboard.page.app import serve as run

    run(
        board,
        _all_labels(labels),
        host,
        port,
        lambda at: print(f"Open {at} in a browser. Ctrl-C ends it; submissions are in {board}", flush=True),
        cache=cache,
        a_day=a_day,
    )


def verify(
    board: Place,
    head: Annotated[str, typer.Option(help="A head of the chain that was noted earlier.")] = "",
    take_in: Annotated[
        bool, typer.Option("--take-in", help="Take files into the chain that wait: merged pull requests.")
    ] = False,
    labels: LabelFolders = None,
) -> None:
    """Audit a board's files by their hashes and the chain: was one changed, removed, or put in between?"""
    from datetime import UTC, datetime

    from crossomni.leaderboard.chain import verify as run
    from crossomni.leaderboard.receive import take_in_waiting

    store = _there(board)
    with _reaching(board):
        found = run(store, head)
        if not found.faults and take_in and found.waiting:
            for line in take_in_waiting(store, _all_labels(labels), found.waiting, now=datetime.now(UTC)):
                print(f"not taken in: {line}")
            found = run(store, head)
    for line in found.doubtful:
        print(f"not in the chain, look at it: {line}")
    if found.faults:
        more = f" And {len(found.faults) - 1} more." if len(found.faults) > 1 else ""
        raise DataError(f"{store.place}: {found.faults[0]}.{more} Bring the board back from a copy.".replace("..", "."))
    print(f"{store.place}: {len(found.links)} submissions are as they were taken in; {len(found.waiting)} wait")
    print(f"head: {found.head or '(nothing was taken in yet)'}")


# --- from a run ---


def _packed(run: Path, words: Mapping[str, str]) -> bytes:
    """The run's archive.

    Raises:
        InputError: when the run is not complete, not on all of its data, or the words are not what a board shows.
    """
    from crossomni.errors import RunError
    from crossomni.evaluation.folder import SCORES, RunFolder
    from crossomni.leaderboard.configuration import bare
    from crossomni.leaderboard.submission import Words, pack

    folder = RunFolder(run)
    about = folder.about()
    corpus, rows = folder.open_data()
    split = about["configuration"]["split"]
    others = sum(row.task is None for row in rows)
    if others:
        raise InputError(
            f"{run}: {others} of {len(rows)} rows have none of the nine tasks; a board ranks by these. "
            f"Look at such a run in its report, or beside others: crossomni compare {run} RUN"
        )
    if len(rows) < len(corpus.rows(split)):
        raise RunError(
            f"{run}: the run is on {len(rows)} of {len(corpus.rows(split))} rows of {split}. "
            "Evaluate all of them, without --limit, into another folder."
        )
    predictions = folder.predictions(rows)
    scores = folder.scores() if (run / SCORES).exists() else {}
    said = Words(**{**words, "name": words["name"] or bare(str(about.get("model") or run.resolve().name))})
    try:
        return pack(said, about, [predictions[row.id] for row in rows if row.id in predictions], scores)
    except InputError as error:
        raise InputError(f"{run}: {error}") from error


def _labels_of(run: Path, folders: list[Path] | None) -> tuple[Labels, ...] | None:
    """Labels to check the run's rows by, None where only the board's keeper has them."""
    from crossomni.evaluation.folder import RunFolder
    from crossomni.leaderboard.labels import read_all

    known = read_all(folders or ())
    mark = RunFolder(run).about()["fingerprints"]["data"]
    return known if folders or any(one.fingerprint == mark for one in known) else None


def _write(path: Path, data: bytes) -> None:
    if path.exists():
        raise InputError(f"{path}: is there already. Give another file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# --- a board ---


def _reaching(place: str) -> AbstractContextManager[None]:
    """Where the board is on the Hub: its failures in one line."""
    from crossomni.hub.repository import reaching
    from crossomni.leaderboard.hub import NOTHING_SENT, is_hub

    return reaching(place, NOTHING_SENT) if is_hub(place) else nullcontext()


def _there(place: str) -> Store:
    from crossomni.leaderboard.store import Store

    store = Store.open(place)
    with _reaching(place):
        there = store.exists()
    if not there:
        raise InputError(f"{place}: no board is there. Send a first run: crossomni leaderboard submit RUN --to {place}")
    return store


def _all_labels(folders: list[Path] | None) -> tuple[Labels, ...]:
    from crossomni.leaderboard.labels import read_all

    return read_all(folders or ())


def _board(store: Store, labels: tuple[Labels, ...], cache: Path | None) -> Board:
    from crossomni.leaderboard.board import build_board
    from crossomni.media.disk import cache_home

    processes = len(os.sched_getaffinity(0))
    return build_board(store, labels, cache or cache_home() / "leaderboard", processes=min(processes, 8))
