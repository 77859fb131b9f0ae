"""A command's options from a configuration's fields: what can be set is written once, in the dataclass."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import typer

from crossomni.errors import InputError

Config = TypeVar("Config")


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
    option = typer.Option(help=field.metadata["help"])
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )
