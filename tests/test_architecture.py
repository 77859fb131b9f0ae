"""The house of docs/architecture.md: imports point down only.

``HOUSE`` is the one place that says where a module lives. A module may import what stands on a lower floor, and on
its own floor what stands before it; wings never import each other. A module that is not in the list fails the test,
so a new one has to be placed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SKILLS = (
    "statistics",
    "scoring",
    "answer_words",
    "option_texts",
    "answers",
    "prompts",
    "published",
    "ledger",
    "media",
    "tables",
    "notes",
    "corpus",
    "card",
    "export",
    "weights",
    "omni",
    "chat",
    "judging",
    "testing",
)
WINGS = ("playhouse", "construction", "evaluation", "training")
HOUSE = (
    ("crossomni", "errors", "optional", "tasks"),  # the package's own root is the lowest: it imports nothing of ours
    ("records",),
    SKILLS,
    WINGS,
    ("crossomni_dataset", "cli", "__main__"),
)
ORDER = [module for floor in HOUSE for module in floor]


def source_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Each file of the house with the module or wing it belongs to."""
    for path in sorted((root / "crossomni").rglob("*.py")):
        first = path.relative_to(root / "crossomni").parts[0]
        yield ("crossomni" if first == "__init__.py" else first.removesuffix(".py")), path
    if (root / "crossomni_dataset.py").exists():
        yield "crossomni_dataset", root / "crossomni_dataset.py"


def imported_names(path: Path, root: Path) -> Iterator[str]:
    """Full names of all that a file imports, also inside functions and by relative imports.

    ``from a import b`` gives ``a.b``, since ``b`` may be a module.
    """
    package = path.relative_to(root).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            start = ".".join(part for part in (base, node.module) if part)
            yield from (f"{start}.{alias.name}" for alias in node.names)


def place_of(name: str, known: set[str]) -> str | None:
    """The module or wing of the house that an imported name belongs to; None for other people's packages."""
    top, *rest = name.split(".")
    if top == "crossomni" and rest and rest[0] in known:
        return rest[0]
    return top if top in ("crossomni", "crossomni_dataset") else None


def faults(root: Path) -> list[str]:
    """What is wrong with the imports of the house under ``root``, a line each."""
    files = list(source_files(root))
    known = {module for module, _ in files}
    homeless = known - set(ORDER)
    found = [f"{module} has no place in HOUSE" for module in sorted(homeless)]
    for module, path in files:
        for name in imported_names(path, root):
            target = place_of(name, known)
            if target in (None, module) or {module, target} & homeless:
                continue
            if module in WINGS and target in WINGS:
                found.append(f"wing {module} imports wing {target}: {path.name}, {name}")
            elif ORDER.index(target) > ORDER.index(module):
                found.append(f"{module} imports {target}, which stands above it: {path.name}, {name}")
    return found


def test_imports_point_down() -> None:
    """No module of the house imports one above it, nor a wing another wing, and each has its place."""
    assert faults(ROOT) == []


@pytest.mark.parametrize(
    ("module", "code", "fault"),
    [
        ("records", "from crossomni.media import ClipFile", "records imports media"),
        ("tasks", "import crossomni.cli", "tasks imports cli"),
        ("answers", "def read():\n    from crossomni.ledger import Ledger", "answers imports ledger"),
        ("media", "from . import cli", "media imports cli"),
        ("playhouse/plays", "from crossomni.construction import build", "wing playhouse imports wing construction"),
        ("playhouse/plays", "from ..evaluation import run", "wing playhouse imports wing evaluation"),
        ("media", "import crossomni_dataset", "media imports crossomni_dataset"),
        ("helpers", "", "helpers has no place in HOUSE"),
        ("__init__", "from crossomni.records import Row", "crossomni imports records"),
    ],
)
def test_a_wrong_import_is_found(module: str, code: str, fault: str, tmp_path: Path) -> None:
    """One wrong import, or one module without a place, in a house that is otherwise right is reported."""
    for name in ("__init__", "cli", "media", "ledger", "records", "construction/build", "evaluation/run"):
        file = tmp_path / "crossomni" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("import json\n", encoding="utf-8")
    (tmp_path / "crossomni_dataset.py").write_text("from crossomni import records\n", encoding="utf-8")
    assert faults(tmp_path) == []

    wrong = tmp_path / "crossomni" / f"{module}.py"
    wrong.parent.mkdir(exist_ok=True)
    wrong.write_text(code, encoding="utf-8")
    assert len(faults(tmp_path)) == 1
    assert fault in faults(tmp_path)[0]
