"""The command ``crossomni``. Every command imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

import typer

from crossomni.cli import data, hub, judging, leaderboard, locate, models, pairs, review, runs, sampling, train
from crossomni.cli.options import WRONG_USAGE, in_one_line
from crossomni.errors import CrossOmniError, InputError

_STOPPED = 130

app = typer.Typer(
    name="crossomni",
    help="Measure and train cross-modal coreference in Omni-LLMs.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
data.register(app)
runs.register(app)
pairs.register(app)
locate.register(app)
models.register(app)
sampling.register(app)
judging.register(app)
train.register(app)
review.register(app)
leaderboard.register(app)
hub.register(app)


def main() -> None:
    """Run the command line: exit 0 on success, 2 on wrong usage or bad input, 1 on a failure inside, 130 on Ctrl-C."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    arguments = sys.argv[1:]
    try:
        # Not standalone: typer would draw a box of five lines around its error, and leave without a word on Ctrl-C.
        code = app(arguments or ["--help"], standalone_mode=False)
    except WRONG_USAGE as error:
        _leave(2, in_one_line(error, arguments))
    except InputError as error:
        _leave(2, str(error))
    except CrossOmniError as error:
        _leave(1, str(error))
    except OSError as error:
        # A full disk, a folder without permission: the system's own words say where and what.
        _leave(2, f"{error}. Make room, or choose another folder; what was finished is kept.")
    except (KeyboardInterrupt, typer.Abort):
        code = _STOPPED
    if code == _STOPPED:  # typer's own code for Ctrl-C
        _leave(_STOPPED, "stopped; the same command goes on from here.")
    sys.exit(code if arguments else 2)


def _leave(code: int, why: str) -> NoReturn:
    print(f"crossomni: {' '.join(why.split())}", file=sys.stderr)
    sys.exit(code)
