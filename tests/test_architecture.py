"""The house of docs/architecture.md: imports point down only.

``HOUSE`` is the one place that says where a module lives. A module may import what stands on a lower floor, and on
its own floor what stands before it; wings never import each other. ``ROOMS`` says the same of a wing's rooms. A module
or a room that is not in the lists fails the test, so a new one has to be placed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SKILLS = (
    "statistics",
    "pictures",
    "grids",
    "truth",
    "scoring",
    "breakdown",
    "pairing",
    "answer_words",
    "option_texts",
    "answers",
    "prompts",
    "published",
    "ledger",
    "settings_file",
    "pages",
    "serving",
    "media",
    "tables",
    "notes",
    "corpus",
    "benchmarks",
    "opening",
    "card",
    "export",
    "weights",
    "omni",
    "chat",
    "judging",
    "testing",
    "hub",
)
WINGS = ("playhouse", "construction", "evaluation", "training", "leaderboard")
HOUSE = (
    ("crossomni", "errors", "optional", "tasks"),  # the package's own root is the lowest: it imports nothing of ours
    ("records",),
    SKILLS,
    WINGS,
    ("crossomni_dataset", "cli", "__main__"),
)
# The rooms of a wing, the lowest first; the wing's own modules, outside of any room, are lower than all of them.
ROOMS = {"evaluation": ("models", "reasoning", "reports", "runs")}
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


def room_of(parts: tuple[str, ...], wing: str) -> str | None:
    """The room of a module by the parts of its name; empty for the wing's own; None where it is not in the wing."""
    if parts[:2] != ("crossomni", wing):
        return None
    # The name of a module's own thing, as in ``crossomni.evaluation.config.EvalConfig``, is behind it.
    return parts[2] if len(parts) > 2 and parts[2] in ROOMS[wing] else ""


def faults_between_rooms(root: Path, wing: str) -> Iterator[str]:
    """Rooms of a wing that have no place, and imports from a lower room, or none, to a higher one."""
    folder = root / "crossomni" / wing
    found = {path.parent.relative_to(folder).parts[0] for path in folder.rglob("*/*.py")}
    yield from (f"room {wing}/{room} has no place in ROOMS" for room in sorted(found - set(ROOMS[wing])))
    order = ("", *ROOMS[wing])
    for path in sorted(folder.rglob("*.py")):
        here = room_of(path.relative_to(root).with_suffix("").parts, wing)
        for name in imported_names(path, root):
            there = room_of(tuple(name.split(".")), wing)
            if here is not None and there is not None and order.index(there) > order.index(here):
                where = f"room {wing}/{here}" if here else f"{wing}, outside of its rooms,"
                yield f"{where} imports room {wing}/{there}, which stands above it: {path.name}, {name}"


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
    return found + [fault for wing in ROOMS for fault in faults_between_rooms(root, wing)]


def test_imports_point_down() -> None:
    """No module or room of the house imports one above it, nor a wing another wing, and each has its place."""
    assert faults(ROOT) == []


@pytest.mark.parametrize(
    ("module", "code", "fault"),
    [
        ("records", "from crossomni.media import ClipFile", "records imports media"),
        ("tasks", "import crossomni.cli", "tasks imports cli"),
        ("answers", "def read():\n    from crossomni.ledger import Ledger", "answers imports ledger"),
        ("media", "from . import cli", "media imports cli"),
        ("playhouse/plays", "from crossomni.construction import build", "wing playhouse imports wing construction"),
        ("playhouse/plays", "from ..evaluation import folder", "wing playhouse imports wing evaluation"),
        ("media", "import crossomni_dataset", "media imports crossomni_dataset"),
        ("helpers", "", "helpers has no place in HOUSE"),
        ("__init__", "from crossomni.records import Row", "crossomni imports records"),
        ("evaluation/models/x", "from crossomni.evaluation.runs.run import Run", "models imports room evaluation/runs"),
        ("evaluation/reasoning/x", "from crossomni.evaluation import reports", "reasoning imports room evaluation/rep"),
        ("evaluation/reports/x", "def f():\n    from ..runs import run", "reports imports room evaluation/runs"),
        (
            "evaluation/config",
            "import crossomni.evaluation.models.x",
            "outside of its rooms, imports room evaluation/mo",
        ),
        ("evaluation/attic/x", "", "room evaluation/attic has no place in ROOMS"),
    ],
)
def test_a_wrong_import_is_found(module: str, code: str, fault: str, tmp_path: Path) -> None:
    """One wrong import, or one module or room without a place, in a house that is otherwise right is reported."""
    modules = ("__init__", "cli", "media", "ledger", "records", "construction/build", "evaluation/folder")
    rooms = [f"evaluation/{room}/{name}" for room in ROOMS["evaluation"] for name in ("__init__", "run")]
    for name in (*modules, *rooms):
        file = tmp_path / "crossomni" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("import json\n", encoding="utf-8")
    (tmp_path / "crossomni_dataset.py").write_text("from crossomni import records\n", encoding="utf-8")
    assert faults(tmp_path) == []

    wrong = tmp_path / "crossomni" / f"{module}.py"
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_text(code, encoding="utf-8")
    assert len(faults(tmp_path)) == 1
    assert fault in faults(tmp_path)[0]
