"""Runs the notebooks of examples/, for the site and in tests."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

_SECONDS = 240  # of one cell
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # what a terminal takes, and a page does not


def execute(notebook: Path) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom, in an empty folder; return it with what it printed and drew.

    Raises:
        CellExecutionError: of nbclient, when a cell fails.
    """
    read = nbformat.read(notebook, as_version=4)
    # What notebooks type is beside this Python, and prints as wide as a page.
    typed = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "96"}
    with TemporaryDirectory() as folder:
        client = NotebookClient(read, timeout=_SECONDS, coalesce_streams=True, resources={"metadata": {"path": folder}})
        client.execute(env={**os.environ, **typed})
    for cell in read.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = _COLOURS.sub("", output.text)
    return read


def execute_once(notebook: Path, kept: Path) -> str:
    """The same as a file's text, kept in a folder until the notebook changes."""
    known = kept / f"{hashlib.sha256(notebook.read_bytes()).hexdigest()}.ipynb"
    if not known.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        written = known.with_suffix(".part")
        nbformat.write(execute(notebook), written)
        os.replace(written, known)
    return known.read_text(encoding="utf-8")
