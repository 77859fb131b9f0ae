"""Settings from a YAML file, as a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from crossomni.errors import InputError
from crossomni.optional import need

C = TypeVar("C")  # a dataclass
_EXPONENT = re.compile(r"[-+]?\d+e[-+]?\d+", re.IGNORECASE)


def read_settings(path: Path, option: str = "--config") -> dict[str, Any]:
    """The settings in a YAML file, by their names; ``option`` is where errors say that it was given.

    Raises:
        InputError: when there is no such file, it holds something else, or a setting twice.
    """
    yaml = need("yaml", "settings in a file")
    try:
        text = path.read_text(encoding="utf-8")
        found, node = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise InputError(f"{option} {path}: {error.strerror}. Give a YAML file, such as those of examples/.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{option} {path}: is no YAML ({' '.join(str(error).split())}). Mend the file.") from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise InputError(f"{option} {path}: holds {type(found).__name__}; wanted settings, a line each: NAME: VALUE.")
    # YAML would take the later one without a word.
    if again := twice([key.value for key, _ in node.value]):
        raise InputError(f"{option} {path}: {again} stands there twice. Keep one of them.")
    return found


def twice(names: Sequence[str]) -> str:
    """The first name that comes again; empty text where none does."""
    return next((name for place, name in enumerate(names) if name in names[:place]), "")


def configured(kind: type[C], settings: Mapping[str, Any], where: str) -> C:
    """A configuration of these settings.

    Args:
        settings: by name; texts where a number or a path is wanted are read as such.
        where: how errors call the settings' place.

    Raises:
        InputError: for a setting that is not known, is missing, or is of another type.
    """
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted({*settings} - {*known}):
        raise InputError(f"{where}: {unknown[0]} is no setting; wanted some of {', '.join(known)}.")
    lacking = [name for name, field in known.items() if _is_demanded(field) and name not in settings]
    if lacking:
        raise InputError(f"{where}: {lacking[0]} is missing. Give it there, or as --{lacking[0].replace('_', '-')}.")
    hints = get_type_hints(kind)
    return kind(**{name: _as(hints[name], value, name, where) for name, value in settings.items()})


def _is_demanded(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _as(hint: Any, value: Any, name: str, where: str) -> Any:
    kinds = get_args(hint) if not _is_literal(hint) and get_origin(hint) is not Mapping else ()
    if value is None and type(None) in kinds:
        return None
    for kind in [kind for kind in kinds if isinstance(kind, type) and kind is not type(None)] or [hint]:
        found = _converted(kind, value)
        if found is not None:
            return found
    raise InputError(f"{where}: {name} is {value!r}; wanted {_called(hint)}.")


def _converted(kind: Any, value: Any) -> Any:
    """The value as this kind of thing; None where it is none."""
    if kind is Path:
        return Path(value).expanduser() if isinstance(value, str | Path) and str(value).strip() else None
    if _is_literal(kind):
        # YAML reads on and off as true and false.
        said = ("off", "on")[value] if isinstance(value, bool) else value
        return said if said in get_args(kind) else None
    if kind is bool:
        return value if isinstance(value, bool) else None
    if kind in (int, float):
        try:
            number = kind(value) if not isinstance(value, bool) else None
        except (TypeError, ValueError, OverflowError):
            return None
        return None if number is None or (kind is int and number != float(value)) else number
    if kind is str:
        return value if isinstance(value, str) else None
    return {name: _of_several(part) for name, part in value.items()} if isinstance(value, Mapping) else None


def _of_several(value: Any) -> Any:
    """A value behind a name; 1e-5 is a text to YAML 1.1, which wants 1.0e-5."""
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def _is_literal(hint: Any) -> bool:
    return bool(get_args(hint)) and all(isinstance(value, str) for value in get_args(hint))


def _called(hint: Any) -> str:
    if _is_literal(hint):
        return " or ".join(get_args(hint))
    several = get_origin(hint) is Mapping
    kinds = [kind for kind in get_args(hint) if isinstance(kind, type) and not several] or [hint]
    names = {Path: "a path", int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    return " or ".join(names.get(kind, "nothing" if kind is type(None) else "names with values") for kind in kinds)
