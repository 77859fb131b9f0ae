"""A command's options from a configuration's fields, and what is said of options that cannot be.

What can be set is written once, in the dataclass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import typer

from crossomni.errors import InputError

Config = TypeVar("Config")

# What typer raises for every kind of wrong usage. Its name is not public: typer takes the class from click, newer
# versions from a copy of click inside themselves.
WRONG_USAGE: type[Exception] = typer.BadParameter.mro()[1]


def some_path(text: str | Path) -> Path:
    """A path from an option; empty text is none, though ``Path`` takes it for the current folder.

    Newer versions of typer hand in the default as well, which is a path already.
    """
    if not str(text).strip():
        raise typer.BadParameter("it is empty; wanted a path")
    return Path(text)


def in_one_line(error: Exception, arguments: Sequence[str]) -> str:
    """What a ``WRONG_USAGE`` is about: the option, what came, what was wanted, and where to read on."""
    said = error.format_message().rstrip(".").replace("Value error, ", "")  # type: ignore[attr-defined]
    context, names = getattr(error, "ctx", None), getattr(getattr(error, "param", None), "opts", ())
    came = _value_of(names, arguments)
    came = f"; {came!r} came" if came is not None and repr(came) not in said else ""
    command = context.command_path if context else "crossomni"
    end = "" if not came and said.endswith("?") else "."
    return f"{said}{came}{end} See {command} --help."


def _value_of(names: Sequence[str], arguments: Sequence[str]) -> str | None:
    """What the last of the arguments gives to an option with one of these names, None without one."""
    given = None
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            given = value if equals else next(iter(arguments[place + 1 :]), None)
    return given


def command_for(config: type[Config], run: Callable[[Config], None]) -> Callable[..., None]:
    """A function that typer can turn into a command: an option for each field of ``config``, then ``run``.

    A field of several values is one option, its values parted by commas. A configuration that refuses its values is
    wrong usage.
    """
    hints = get_type_hints(config)
    several = {f.name for f in fields(config) if get_origin(hints[f.name]) is tuple}  # type: ignore[arg-type]

    def command(**given: Any) -> None:
        values = {
            name: tuple(part for part in value.split(",") if part) if name in several else value
            for name, value in given.items()
        }
        try:
            made = config(**values)
        except ValueError as error:
            raise InputError(str(error)) from error
        run(made)

    command.__doc__ = run.__doc__
    command.__name__ = run.__name__
    parameters = [_option(f, hints[f.name]) for f in fields(config)]  # type: ignore[arg-type]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _option(field: Field[Any], kind: Any) -> inspect.Parameter:
    default: Any = inspect.Parameter.empty if field.default is MISSING else field.default
    if get_origin(kind) is tuple:
        kind, default = str, ",".join(default)
    elif all(isinstance(value, str) for value in get_args(kind)):
        kind = str if get_args(kind) else kind  # a Literal: the configuration itself refuses other words
    parser = some_path if Path in (kind, *get_args(kind)) else None
    option = typer.Option(help=field.metadata["help"], parser=parser)
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )
