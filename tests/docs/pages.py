"""What readers of README, of docs/ and of the notebooks are shown: commands to type, and Python to run."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
NOTEBOOKS = sorted((ROOT / "examples").glob("0*.ipynb"))
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(crossomni [^`]*)`")
_BEFORE = re.compile(r"^((\w+=\S*|accelerate launch|python3?) +)*(-m )?crossomni ")
_NOT_RUN = re.compile(r"<!-- not run: [^>]+ -->\n```python\n.*?^```$", re.MULTILINE | re.DOTALL)


def python_of(page: Path) -> list[str]:
    """The page's blocks of Python, in their order, but for those below ``<!-- not run: why -->``."""
    text = _NOT_RUN.sub("", page.read_text(encoding="utf-8"))
    return [body for language, body in _FENCE.findall(text) if language == "python"]


def _cells(notebook: Path) -> Iterator[str]:
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        yield f"```\n{text}\n```" if cell["cell_type"] == "code" else text


def _shown(page: Path) -> Iterator[str]:
    text = "\n".join(_cells(page)) if page.suffix == ".ipynb" else page.read_text(encoding="utf-8")
    for language, body in _FENCE.findall(text):
        if language in ("", "bash", "console", "sh"):
            yield from re.sub(r" *\\\n\s*", " ", body).splitlines()
    # Prose names a command and the options that matter.
    yield from (f"{' '.join(found.split())} …" for found in _INLINE.findall(_FENCE.sub("", text)))


def commands_of(page: Path) -> list[str]:
    """Every ``crossomni …`` that the page shows, one line each, without what a table or a column says of it."""
    lines = (line.strip().removeprefix("$ ") for line in _shown(page))
    told = (_BEFORE.sub("crossomni ", line) for line in lines if _BEFORE.match(line))
    return [re.split(r" {2,}(?!-)|\s[|>&]|\s2>|;", line)[0] for line in told]


def words_of(command: str) -> list[str]:
    """The arguments, without what an ellipsis leaves out; a word in capitals stands for a value of the reader's."""
    words = [word for word in shlex.split(command, comments=True)[1:] if word not in ("…", "...")]
    return ["1" if re.fullmatch("[A-Z]{2,}", word) else word for word in words]
