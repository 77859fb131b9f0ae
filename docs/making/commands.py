"""The pages of the command line, written from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from crossomni.cli import app

_WORDS = {int: "whole number", float: "number", Path: "path"}


def root() -> Any:
    """The command ``crossomni`` with all its commands."""
    return typer.main.get_command(app)


def walk(command: Any, name: str = "crossomni") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by what is typed."""
    inside = getattr(command, "commands", None)
    if inside is None:
        yield name, command
        return
    for word, one in inside.items():
        yield from walk(one, f"{name} {word}")


def write(folder: Path) -> list[str]:
    """Write a page for each command that stands directly below ``crossomni``; return the pages' names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for word, command in root().commands.items():
        parts = [f"# crossomni {word}\n"]
        listed = list(walk(command, f"crossomni {word}"))
        if len(listed) > 1 and command.help:
            parts.append(_prose(command.help))
        for name, one in listed:
            parts.append(_told(name, one, heading=len(listed) > 1))
        (folder / f"{word}.md").write_text("\n".join(parts), encoding="utf-8")
        names.append(word)
    return names


def _told(name: str, command: Any, heading: bool) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    typed = " ".join([name, *(_shown(one) for one in arguments), "[options]"])
    parts = [f"## {name}\n" if heading else "", _prose(command.help or ""), f"```\n{typed}\n```\n"]
    for one in arguments:
        if getattr(one, "help", None):
            parts.append(f"`{_shown(one).strip('[]')}`\n: {_line(one.help)}\n")
    for one in options:
        names = ", ".join(f"`{n}`" for n in (*one.opts, *one.secondary_opts))
        parts.append(f"{names}{_kind(one)}\n: {_line(one.help or 'It has no description.')}{_default(one)}\n")
    return "\n".join(part for part in parts if part)


def _shown(argument: Any) -> str:
    name = (argument.metavar or argument.name).upper() + (" …" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _kind(option: Any) -> str:
    """What an option takes, where it takes something."""
    if option.is_flag:
        return ""
    kind = option.type_descriptor.annotation
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    if choices:
        return " (" + ", ".join(f"`{choice}`" for choice in choices) + ")"
    kind = (*get_args(kind), kind)[0]
    return f" ({_WORDS.get(kind, 'text')})"


def _default(option: Any) -> str:
    if option.required:
        return " Required."
    value = option.default
    if value is None or value == "" or callable(value) or type(value).__name__ == "Sentinel":
        return ""
    if option.is_flag:
        return f" Default: `{option.opts[0]}`." if value else ""
    return f" Default: `{value}`."


def _line(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*")


def _prose(text: str) -> str:
    return "\n\n".join(_line(part) for part in text.split("\n\n")) + "\n"
