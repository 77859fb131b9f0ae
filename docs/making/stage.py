"""Lays out the site's sources: pages, notebooks and what they link to, with links that hold there.

In the repository a page links to files by where they stand (``../examples/own_model.py``), so that its links work where
the repository is read. On the site pages stand elsewhere. A link to a file that is no page leads to a copy of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from crossomni.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
# Pages that stand outside of docs/, by where the site has them.
ELSEWHERE = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md",
             "metrics/crossomni/README.md": "metric.md", "README.md": "index.md"}  # fmt: skip
_LINK = re.compile(r"(!?\[[^\]\n]*\]\()([^)\s]+)(\))")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def stage(target: Path) -> None:
    """Write the sources of the site into ``target``, which is emptied first.

    Raises:
        InputError: for a link to a file that is not there.
    """
    shutil.rmtree(target, ignore_errors=True)
    for source in (ROOT / "docs").rglob("*"):
        place = source.relative_to(ROOT / "docs")
        if not source.is_file() or place.parts[0] in ("making", "_build") or "__pycache__" in place.parts:
            continue
        _put(source, target / place, target)
    for name, on_site in ELSEWHERE.items():
        if name != "README.md":  # whose place on the site docs/index.md has
            _put(ROOT / name, target / on_site, target)
    for notebook in sorted((ROOT / "examples").glob("0*.ipynb")):
        _put(notebook, target / "examples" / notebook.name, target)


def _put(source: Path, place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".md":
        text = source.read_text(encoding="utf-8")
        if source == ROOT / "metrics/crossomni/README.md":
            text = _without_front_matter(text)
        place.write_text(relinked(text, source, place, target), encoding="utf-8")
    elif source.suffix == ".ipynb":
        notebook = json.loads(source.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = relinked("".join(cell["source"]), source, place, target)
        place.write_text(json.dumps(notebook), encoding="utf-8")
    else:
        shutil.copyfile(source, place)


def _without_front_matter(text: str) -> str:
    return text.split("\n---\n", 1)[1] if text.startswith("---\n") else text


def relinked(text: str, source: Path, place: Path, target: Path) -> str:
    """A page's text with links as they have to be where the site has it; code is left alone."""

    def link(found: re.Match[str]) -> str:
        path, hash_, part = found[2].partition("#")
        if not path or "://" in path or path.startswith("mailto:"):
            return found[0]
        file = (source.parent / path).resolve()
        if not file.is_relative_to(ROOT) or not file.exists():
            where = source.relative_to(ROOT) if source.is_relative_to(ROOT) else source
            raise InputError(f"{where}: links to {found[2]}, which is not there. Link to a file of the repository.")
        on_site = target / _place_of(file, target)
        return f"{found[1]}{os.path.relpath(on_site, place.parent)}{hash_}{part}{found[3]}"

    pieces, at = [], 0
    for fence in _FENCE.finditer(text):
        pieces += [_LINK.sub(link, text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*pieces, _LINK.sub(link, text[at:])])


def _place_of(file: Path, target: Path) -> Path:
    """Where the site has a file of the repository; one that is no page is copied to ``files/``."""
    name = file.relative_to(ROOT)
    if name.as_posix() in ELSEWHERE:
        return Path(ELSEWHERE[name.as_posix()])
    if name.parts[0] == "docs":
        return name.relative_to("docs")
    if name.parts[0] == "examples" and name.suffix == ".ipynb":
        return name
    if file.is_dir():
        raise InputError(f"{name}: a page links to this folder. Link to a file of it.")
    copy = target / "files" / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    return Path("files") / name
