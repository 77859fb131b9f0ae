"""Builds the site: ``python -m docs.making.build``, which is ``make docs``.

``--notebooks off`` shows the notebooks without running them (tests run them too); otherwise what has run once is kept.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from crossomni.tasks import TASKS
from docs.making import commands, modules, plays
from docs.making.notebooks import execute_once
from docs.making.stage import ROOT, stage

# What a page says where it is read in the repository alone.
_HERE = re.compile(r"^<!-- here -->$.*?^<!-- not on the site -->$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^<!-- play: (\S+) -->$", re.MULTILINE)


def prepare(source: Path) -> None:
    """Lay out all that Sphinx reads."""
    stage(source)
    modules.write(source / "reference" / "python")
    names = commands.write(source / "reference" / "commands")
    listed = "\n".join(names)
    listing = (
        f"# Command line\n\nEvery command, as `--help` tells of it.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )
    (source / "reference" / "commands" / "index.md").write_text(listing, encoding="utf-8")
    block = plays.Block.of(plays.PAIR)
    folder = "_static/play"
    plays.write_media(block, source / "static" / "play")
    shown = {task.id: plays.cards(block, task, folder) for task in TASKS} | {"whole": plays.whole(block, folder)}
    page = source / "tasks.md"
    text = _HERE.sub("", page.read_text(encoding="utf-8"))
    page.write_text(_MARK.sub(lambda found: shown[found[1]], text), encoding="utf-8")


def main() -> int:
    """Build into ``build/docs/html``; a warning is a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notebooks", choices=["on", "off"], default="on", help="whether they run")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "docs")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    prepare(given.out / "source")
    if given.notebooks == "on":
        for notebook in sorted((given.out / "source" / "examples").glob("*.ipynb")):
            print(f"{notebook.name} runs, unless it has", flush=True)
            notebook.write_text(execute_once(notebook, given.out / "executed"), encoding="utf-8")
    code = sphinx(["-q", "-W", "--keep-going", "-b", "html", "-d", str(given.out / "doctrees"),
                   str(given.out / "source"), str(given.out / "html")])  # fmt: skip
    if code == 0:
        print(f"The site: {given.out / 'html' / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
