"""Items as they are published, and what they become: questions with options and a letter.

Their forms are read exactly. An item that has another form is refused by file and number; one that has the right form
and yet cannot be asked (a blank option, two options alike) is left out by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossomni.errors import DataError
from crossomni.records import TEXT_COLUMNS, Question, Row, letters

_NOT_GIVEN = "not given"  # the value of a grouping where an item has none
_LETTERED = re.compile(r"\(?([A-Z])[.):]\s*(.*)", re.DOTALL)  # "A. a red car", "(A) a red car"
_LETTER = re.compile(r"\(?([A-Z])[.):]?")  # "A", "A.", "(A)"


@dataclass(frozen=True, kw_only=True)
class Item(Row):
    """A row of another benchmark: 2 to 26 options, and no task."""

    def __post_init__(self) -> None:
        Question.__post_init__(self)  # what a row of CrossOmni must have besides, an item has not

    @property
    def _option_bounds(self) -> tuple[int, int]:
        return 2, 26

    def to_columns(self) -> dict[str, Any]:
        """The contract's columns of text and numbers; task, source and target are empty."""
        values = {name: getattr(self, name, "") for name in TEXT_COLUMNS}
        return values | {"task": "", "options": list(self.options)}


@dataclass(frozen=True, kw_only=True)
class Published:
    """One item as it was read."""

    id: str
    where: str  # "<file>, item <number>"
    video: str  # the clip's id, as its makers write it
    stems: tuple[str, ...]  # names of its file without the ending, the first that is there counts
    question: str
    options: tuple[str, ...]  # without their letters
    answer: str  # a letter
    groups: Mapping[str, str]  # name of a grouping -> the item's value

    @property
    def fault(self) -> str:
        """Why it cannot be asked; empty text where it can."""
        by_letter = dict(zip(letters(len(self.options)), self.options, strict=True))
        blank = [letter for letter, option in by_letter.items() if not option.strip()]
        if blank:
            right = ", the right one," if self.answer in blank else ""
            return f"option {', '.join(blank)}{right} is blank"
        said = [option.strip().casefold() for option in self.options]
        same = [letter for letter, option in zip(by_letter, said, strict=True) if said.count(option) > 1]
        return f"options {' and '.join(same)} say the same" if same else ""


def read_json(path: Path, kind: type[list[Any]] | type[dict[str, Any]]) -> Any:
    """The list or object that a file of annotations holds.

    Raises:
        DataError: naming the file, when it cannot be read or holds something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_each_once)
        json.dumps(data, ensure_ascii=False).encode()  # half a sign, "\\ud83d", is JSON, and can be written nowhere
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}). Give the file of annotations.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is not JSON in UTF-8 ({error}). Download it again.") from error
    if not isinstance(data, kind) or not data:
        came = type(data).__name__ if data else f"an empty {type(data).__name__}"
        raise DataError(f"{path}: {came} came; wanted a {kind.__name__} of items. Give the published file.")
    return data


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two fields of one name JSON's reader would drop the first, and a video's questions with it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is in one object twice")
    return found


def an_object(data: Any, where: str) -> Mapping[str, Any]:
    """``data`` as an object.

    Raises:
        DataError: when it is none.
    """
    if not isinstance(data, dict):
        raise DataError(f"{where}: {type(data).__name__} came; wanted an object. Give the published file.")
    return data


def text(data: Mapping[str, Any], field: str, where: str) -> str:
    """A field that must hold text.

    Raises:
        DataError: when it is not there, is no text, or is blank.
    """
    value = data.get(field)
    if not isinstance(value, str) or not value.strip():
        came = "nothing" if field not in data else repr(value)
        raise DataError(f"{where}: {field} is {came}; wanted text. Give the published file, or mend the item.")
    return value.strip()


def group(data: Mapping[str, Any], field: str, where: str) -> str:
    """A field that says which group an item is in; ``"not given"`` where it is absent, null or blank.

    Raises:
        DataError: when it holds something other than text.
    """
    value = data.get(field)
    if value is not None and not isinstance(value, str):
        raise DataError(f"{where}: {field} is {value!r}; wanted text. Give the published file, or mend the item.")
    return (value or "").strip() or _NOT_GIVEN


def unlettered(choices: Any, field: str, where: str) -> tuple[str, ...]:
    """The options' texts without the letters that stand before them: either all have their own letter, or none has one.

    Raises:
        DataError: when they are no list of 2 to 26 texts, or some are lettered and others not, or wrongly.
    """
    if not isinstance(choices, list) or not all(isinstance(one, str) for one in choices) or not 2 <= len(choices) <= 26:
        raise DataError(f"{where}: {field} is {choices!r}; wanted a list of 2 to 26 texts. Mend the item.")
    own, marked = letters(len(choices)), [_LETTERED.fullmatch(one.strip()) for one in choices]
    right = [mark is not None and mark[1] == letter for mark, letter in zip(marked, own, strict=True)]
    if all(right):
        return tuple(mark[2].strip() for mark in marked if mark)
    others = {mark[1] for mark in marked if mark} <= set(own) and all(marked)  # B, A, D, C: which one does "A" mean?
    if sum(right) > 1 or others:  # one alone may be a text, such as "C: drive"
        found = "/".join(mark[1] if mark else "none" for mark in marked)
        raise DataError(f"{where}: {field} is lettered {found}; wanted {'/'.join(own)}, or no letters. Mend the item.")
    return tuple(one.strip() for one in choices)


def letter_of(answer: Any, options: Sequence[str], where: str) -> str:
    """The letter that an answer means: ``"A"``, ``"A."``, ``"(A)"``, ``"A. its text"``, or an option's text.

    Raises:
        DataError: when it is none of these, or letter and text do not belong together.
    """
    own = letters(len(options))
    said = answer.strip() if isinstance(answer, str) else ""
    bare, lettered = _LETTER.fullmatch(said), _LETTERED.fullmatch(said)
    if bare and bare[1] in own:
        return bare[1]
    meant = [letter for letter, option in zip(own, options, strict=True) if said and option.strip() == said]
    if not meant and lettered and lettered[1] in own and options[own.index(lettered[1])].strip() == lettered[2].strip():
        return lettered[1]
    if len(meant) != 1:
        raise DataError(
            f"{where}: the answer is {answer!r}; wanted one of {'/'.join(own)}, or the text of one option. "
            "Mend the item."
        )
    return meant[0]
