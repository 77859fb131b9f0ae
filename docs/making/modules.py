"""The reference's pages: one for each public module, filled from its docstrings when the site is built."""

from __future__ import annotations

from pathlib import Path

# What users import. Other modules may change without a word.
PUBLIC = {
    "Words and records": ("tasks", "records", "errors"),
    "Data": ("corpus", "opening", "export", "media.clip", "media.tracks", "construction.audit"),
    "Asking and reading": ("prompts", "answers", "evaluation.config", "evaluation.models.protocol"),
    "Scores": ("scoring", "pairing", "statistics", "published"),
    "Judging": ("judging", "training.judges.protocol"),
    "Training": ("training.config", "training.sft", "training.grpo", "training.rewards"),
    "The Hub": ("hub.results", "hub.pushing", "hub.folders"),
    "Leaderboard": ("leaderboard.board", "leaderboard.receive", "leaderboard.store", "leaderboard.labels"),
    "Testing": ("testing", "testing.benchmarks", "testing.hub_server"),
}


def write(folder: Path) -> None:
    """Write a page for each public module, and the page that lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = ["# Python\n", "What users import. Everything else may change without a word.\n"]
    for title, modules in PUBLIC.items():
        parts.append(f"## {title}\n\n```{{toctree}}\n:maxdepth: 1\n\n" + "\n".join(modules) + "\n```\n")
        for module in modules:
            body = f"```{{eval-rst}}\n.. automodule:: crossomni.{module}\n   :members:\n```\n"
            (folder / f"{module}.md").write_text(f"# crossomni.{module}\n\n{body}", encoding="utf-8")
    (folder / "index.md").write_text("\n".join(parts), encoding="utf-8")
