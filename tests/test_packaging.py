"""What setup.cfg says of the package holds for the files that are there."""

import ast
import configparser
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")


def _core() -> set[str]:
    """Normalised names of the distributions that the package cannot do without."""
    return {_normal(re.split(r"[<>=]", line)[0]) for line in CONFIG["options"]["install_requires"].split()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported_at_once(path: Path) -> Iterator[str]:
    """Top-level names that a module imports when it is itself imported, and not inside a function."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_every_package_is_listed() -> None:
    """The packages that setup.cfg lists are the folders with an ``__init__.py``, and the metric."""
    folders = {".".join(init.parent.relative_to(ROOT).parts) for init in (ROOT / "crossomni").rglob("__init__.py")}
    assert folders | {"crossomni.metrics.crossomni"} == set(CONFIG["options"]["packages"].split())


def test_what_is_imported_at_once_is_declared() -> None:
    """A module imports at its top only the standard library, ourselves, and what the core declares."""
    distributions = importlib.metadata.packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in [*(ROOT / "crossomni").rglob("*.py"), ROOT / "crossomni_dataset.py"]
        for name in _imported_at_once(path)
        if name not in sys.stdlib_module_names
        and name != "crossomni"
        and not {_normal(d) for d in distributions.get(name, [name])} & _core()
    }
    assert undeclared == set()
