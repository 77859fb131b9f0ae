"""What a model is asked: prompts composed from small files, one for each purpose.

A file's name is the prompt's name; what a prompt says after the biography, where it says anything there, stands in
``NAME.after.txt`` (a task's own steps stand there, so that a clip's biography is read once for all tasks); a name that
begins with ``_`` is a part that prompts are composed from. Files are
``string.Template`` texts with the fields ``$letters`` ("A/B/C/D"), ``$default`` (the default instruction), of a
question that has a task also ``$source``, ``$target``, ``$task`` and ``$steps`` (the steps that an answer takes on the
task's route, numbered), and in the parts ``$biography``, ``$question``, ``$options``. The default instruction (section
3.1) and the chain-of-thought trigger (section 4.1) are the paper's, to the letter; ``icl`` words the rules and the
output form of Table 17 for all nine tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from string import Template

from crossomni.errors import InputError
from crossomni.records import Question, Row
from crossomni.tasks import TASKS, Task

_SHIPPED = Path(__file__).parent / "prompt_files"
_AFTER = ".after"
_OF_TASK = ("source", "target", "task", "steps")  # fields that a question without a task has not
_BIOGRAPHY, _QUESTION, _EXAMPLE = "_biography", "_question", "_example"


def prompt_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of the shipped prompts and of those in the user's folder.

    >>> prompt_names()
    ('cot', 'default', 'icl')
    """
    places = [_SHIPPED, *([folder] if folder else [])]
    stems = {path.stem for place in places for path in place.glob("[!_]*.txt")}
    return tuple(sorted(stem for stem in stems if not stem.endswith(_AFTER)))


def compose(name: str, question: Question, folder: Path | None = None, shots: Sequence[Row] = ()) -> str:
    """The user's message: instruction, examples, biography, steps, question and lettered options, a blank line between.

    A file in ``folder`` stands in for the shipped one of its name. ``shots`` are training rows that are shown with
    their rationales and answers.

    Raises:
        InputError: for an unknown name, a file with a field that is not there, or one that speaks of a task where the
            question has none.
    """
    files = _files(name, folder)
    fields = {"letters": "/".join(question.letters)}
    if question.task is not None:
        fields |= {
            "source": question.task.source.value,
            "target": question.task.target.value,
            "task": question.task.label,
            "steps": _steps(question.task, files),
        }
    elif lacking := [field for field in _OF_TASK if f"${field}" in _said(name, files)]:
        raise InputError(
            f"prompt {name!r}: ${lacking[0]} is not there, since row {question.id!r} has no task. "
            "Take default or cot, or a prompt file of your own that names no source, target, task or steps."
        )
    if name != "default":
        fields["default"] = _fill(files["default"], fields)
    parts = [_fill(files[name], fields)]
    parts += [_fill(files[_EXAMPLE], _told(shot) | {"rationale": shot.rationale}) for shot in shots]
    told = fields | _told(question)
    if question.biography:
        parts.append(_fill(files[_BIOGRAPHY], told))
    if f"{name}{_AFTER}" in files:
        parts.append(_fill(files[f"{name}{_AFTER}"], fields))
    return "\n\n".join([*parts, _fill(files[_QUESTION], told)])


def fingerprint(name: str, folder: Path | None = None) -> str:
    """SHA-256 of the files that the prompt is composed from, in hexadecimal.

    Raises:
        InputError: for an unknown name.
    """
    digest = hashlib.sha256()
    for part, path in sorted(_files(name, folder).items()):
        digest.update(f"{part}\0{_read(path)}\0".encode())
    return digest.hexdigest()


def _said(name: str, files: Mapping[str, Path]) -> str:
    """The prompt's own text, before and after the biography."""
    return "\n".join(_read(files[part]) for part in (name, f"{name}{_AFTER}") if part in files)


def _told(question: Question) -> dict[str, str]:
    options = zip(question.letters, question.options, strict=True)
    return {
        "biography": question.biography,
        "question": question.question,
        "options": "\n".join(f"{letter}. {option}" for letter, option in options),
        "answer": question.answer,
    }


def _steps(task: Task, files: Mapping[str, Path]) -> str:
    """Find the referent in the source, find it again in each modality of the route, answer from the target."""
    return "\n".join(f"({number}) {_read(files[part])}" for number, part in enumerate(_step_files(task), start=1))


def _step_files(task: Task) -> Iterator[str]:
    yield f"_source_{task.source}"
    for one, other in pairwise(task.route):
        yield f"_{one}_to_{other}"
    yield f"_target_{task.target}"


def _files(name: str, folder: Path | None) -> dict[str, Path]:
    if folder is not None and not folder.is_dir():
        raise InputError(f"prompts: {folder} is no folder. Give the folder that holds your prompt files.")
    names = prompt_names(folder)
    if name not in names:
        raise InputError(f"prompt: unknown name {name!r}. Prompts are {', '.join(names)}.")
    steps = {part for task in TASKS for part in _step_files(task)}
    after = [f"{name}{_AFTER}"] if _place(f"{name}{_AFTER}", folder).is_file() else []
    return {part: _place(part, folder) for part in (name, *after, "default", _BIOGRAPHY, _QUESTION, _EXAMPLE, *steps)}


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
