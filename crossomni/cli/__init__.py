"""The command ``crossomni``. Every command imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import logging
import sys

import typer

from crossomni.cli import data, locate, models, pairs, runs
from crossomni.errors import CrossOmniError, InputError

app = typer.Typer(
    name="crossomni",
    help="Measure and train cross-modal coreference in Omni-LLMs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data.register(app)
runs.register(app)
pairs.register(app)
locate.register(app)
models.register(app)


def main() -> None:
    """Run the command line: exit 0 on success, 2 on wrong usage or bad input, 1 on a failure inside."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except InputError as error:
        _say(error)
        sys.exit(2)
    except CrossOmniError as error:
        _say(error)
        sys.exit(1)
    except OSError as error:
        # A full disk, a folder without permission: the system's own words say where and what.
        _say(f"{error}. Make room, or choose another folder; what was finished is kept.")
        sys.exit(2)
    except KeyboardInterrupt:
        print("crossomni: stopped; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)


def _say(error: Exception | str) -> None:
    print(f"crossomni: {' '.join(str(error).split())}", file=sys.stderr)
