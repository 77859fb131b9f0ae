"""The audit as people read it: Markdown, for the terminal and for the dataset card alike."""

from __future__ import annotations

from collections.abc import Sequence

from crossomni.construction.audit import Audit, Finding
from crossomni.tasks import TASKS


def to_markdown(found: Audit) -> str:
    """Two tables and a few lines: readers by task, exact bounds by task, letters, leaks and repeats."""
    tasks = [task.id for task in TASKS if any(f.group == task.id for f in found.findings)]
    counts = {f.group: f.n for f in found.findings}
    parts = [
        f"Split `{found.split}`, {counts['all']} rows. Accuracy in percent; **bold** where the whole 95% interval lies "
        "above chance.",
        _table(
            ["reader", "all", *tasks],
            [["rows", *(str(counts[group]) for group in ("all", *tasks))], *_readers(found.findings, tasks)],
        ),
    ]
    parts += [f"{reader}: not measured, since {why}." for reader, why in found.unmeasured.items()]
    if found.bounds:
        parts += [
            "The best that any answerer could reach, computed from truth:",
            _table(
                ["removed", *tasks],
                [[name, *(f"{best[task]:.1f}" for task in tasks)] for name, best in found.bounds.items()],
            ),
        ]
    letters = ", ".join(f"{letter} {count}" for letter, count in found.letters.items())
    leaks = ", ".join(f"{name} {count}" for name, count in found.leaks.items())
    parts.append(
        f"Letters: {letters} (chi-squared p = {found.letters_p:.2f}). Shared with other splits: {leaks}. "
        f"Questions asked twice: {found.duplicates}."
    )
    return "\n\n".join(parts) + "\n"


def _readers(findings: Sequence[Finding], tasks: Sequence[str]) -> list[list[str]]:
    cells: dict[str, dict[str, str]] = {}
    for found in findings:
        text = f"{found.accuracy:.1f} [{found.low:.0f}, {found.high:.0f}]"
        cells.setdefault(found.reader, {})[found.group] = f"**{text}**" if found.above_chance else text
    return [[reader, *(groups.get(group, "") for group in ("all", *tasks))] for reader, groups in cells.items()]


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
