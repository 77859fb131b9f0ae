"""The command lines that pages and notebooks show are ones that crossomni takes."""

from pathlib import Path

import pytest
import typer

from crossomni.cli import app
from crossomni.cli.options import WRONG_USAGE
from tests.docs.pages import NOTEBOOKS, PAGES, ROOT, commands_of, words_of

ROOT_COMMAND = typer.main.get_command(app)
SHOWN = [(page.relative_to(ROOT).as_posix(), line) for page in [*PAGES, *NOTEBOOKS] for line in commands_of(page)]


def complaint(line: str) -> str:
    """What crossomni would say of the options of this line; nothing is run. Empty where it would begin."""
    command, words = ROOT_COMMAND, words_of(line)
    try:
        while words and hasattr(command, "commands") and "--help" not in words:
            context = command.make_context(line, words, resilient_parsing=True)
            name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
            if command is None:
                return f"there is no command {name or context.args}"
        if hasattr(command, "commands") or "--help" in words:
            return "" if "…" in line or "--help" in words else "its command is missing"
        command.make_context(line, list(words))
    except WRONG_USAGE as error:
        said = error.format_message()
        return "" if "…" in line and said.startswith("Missing") else said
    return ""


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=[f"{page}-{number}" for number, (page, _) in enumerate(SHOWN)])
def test_a_command_of_a_page_is_taken(page, line):
    """Its command, options and kinds of values are those that the command line has."""
    assert "" == complaint(line), f"{page}: {line}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("crossomni evaluat --model uniform --out runs/x", "no command"),
        ("crossomni evaluate --modle uniform --out runs/x", "--modle"),
        ("crossomni evaluate --model uniform --frames many --out runs/x", "--frames"),
        ("crossomni evaluate --model uniform", "Missing"),
    ],
)
def test_a_wrong_command_would_be_found(line, said):
    """An unknown command, an unknown option, a value of another kind, and an option left out."""
    assert said in complaint(line)


def test_commands_are_found_in_every_form(tmp_path: Path):
    """Continued lines, columns that explain, comments, pipes, inline code and prefixes."""
    page = tmp_path / "page.md"
    page.write_text(
        "`crossomni audit DATA` is inline.\n\n```\ncrossomni build --clips 3 \\\n    --out x    explained\n"
        "accelerate launch -m crossomni evaluate …  # comment\nCOLUMNS=99 crossomni models | head\nls\n```\n"
    )
    assert [
        "crossomni build --clips 3 --out x",
        "crossomni evaluate …",
        "crossomni models",
        "crossomni audit DATA …",
    ] == (commands_of(page))
