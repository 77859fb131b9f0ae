"""What a model is asked: prompts composed from small files, one for each purpose.

A file's name is the prompt's name; a name that begins with ``_`` is a part of every prompt. Files are
``string.Template`` texts with the fields ``$letters`` ("A/B/C/D"), ``$source``, ``$target``, ``$task`` (of a question
that has a task), ``$default`` (the default instruction), and in the parts ``$biography``, ``$question``, ``$options``.
The default instruction (section 3.1) and the chain-of-thought trigger (section 4.1) are the paper's, to the letter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from crossomni.errors import InputError
from crossomni.records import Question

_SHIPPED = Path(__file__).parent / "prompt_files"
_BIOGRAPHY, _QUESTION = "_biography", "_question"


def prompt_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of the shipped prompts and of those in the user's folder.

    >>> prompt_names()
    ('cot', 'default')
    """
    places = [_SHIPPED, *([folder] if folder else [])]
    return tuple(sorted({path.stem for place in places for path in place.glob("[!_]*.txt")}))


def compose(name: str, question: Question, folder: Path | None = None, knock_outs: frozenset[str] = frozenset()) -> str:
    """The user's message: instruction, biography, question and lettered options, with blank lines between.

    A file in ``folder`` stands in for the shipped one of its name; the knock-out ``biography`` leaves that out.

    Raises:
        InputError: for an unknown name, or a file with a field that is not there.
    """
    files = _files(name, folder)
    fields = {"letters": "/".join(question.letters)}
    if question.task is not None:
        fields |= {
            "source": question.task.source.value,
            "target": question.task.target.value,
            "task": question.task.label,
        }
    if name != "default":
        fields["default"] = _fill(files["default"], fields)
    told = {
        "biography": question.biography,
        "question": question.question,
        "options": "\n".join(
            f"{letter}. {option}" for letter, option in zip(question.letters, question.options, strict=True)
        ),
    }
    parts = [_fill(files[name], fields)]
    if question.biography and "biography" not in knock_outs:
        parts.append(_fill(files[_BIOGRAPHY], fields | told))
    return "\n\n".join([*parts, _fill(files[_QUESTION], fields | told)])


def fingerprint(name: str, folder: Path | None = None) -> str:
    """SHA-256 of the files that the prompt is composed from, in hexadecimal.

    Raises:
        InputError: for an unknown name.
    """
    digest = hashlib.sha256()
    for part, path in sorted(_files(name, folder).items()):
        digest.update(f"{part}\0{_read(path)}\0".encode())
    return digest.hexdigest()


def _files(name: str, folder: Path | None) -> dict[str, Path]:
    if folder is not None and not folder.is_dir():
        raise InputError(f"prompts: {folder} is no folder. Give the folder that holds your prompt files.")
    names = prompt_names(folder)
    if name not in names:
        raise InputError(f"prompt: unknown name {name!r}. Prompts are {', '.join(names)}.")
    return {part: _place(part, folder) for part in (name, "default", _BIOGRAPHY, _QUESTION)}


def _place(part: str, folder: Path | None) -> Path:
    own = folder / f"{part}.txt" if folder else None
    return own if own and own.is_file() else _SHIPPED / f"{part}.txt"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"prompt file {path}: cannot be read as UTF-8 text ({error}).") from error


def _fill(path: Path, fields: Mapping[str, str]) -> str:
    try:
        return Template(_read(path)).substitute(fields)
    except KeyError as error:
        raise InputError(
            f"prompt file {path}: the field ${error.args[0]} is not there; fields are "
            f"{', '.join('$' + field for field in fields)}. Write $$ for a dollar sign."
        ) from error
    except ValueError as error:
        raise InputError(f"prompt file {path}: {error}. Write $$ for a dollar sign.") from error
