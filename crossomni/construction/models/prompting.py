"""The prompts of the pipeline: files in our own words with the inputs, rules and forms of Tables 13 to 16.

A file of the same name in the user's folder stands in for a shipped one. Files are ``string.Template`` texts. What
differs between the nine tasks stands in parts, ``_source_*`` and ``_target_*``, so that nine variants are not nine
copies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template

from crossomni.errors import InputError

SHIPPED = Path(__file__).resolve().parents[2] / "prompt_files" / "build"
# Which model is asked with which prompt.
ROLES: Mapping[str, str] = {
    "describe": "vision",
    "second": "vision",
    "caption": "vision",
    "person": "vision",
    "voice": "audio",
    "combine": "language",
    "roles": "language",
    "things": "language",
    "biography": "language",
    "thing_biography": "language",
    "odd_voices": "language",
    "consistent": "language",
    "persons": "language",
    "question": "language",
    "unique": "language",
    "answerable": "language",
    "options": "language",
    "plausible": "language",
    "rationale": "language",
    "reasoned": "language",
    "blind": "reader",
    "same": "language",
}
# Words that a prompt may do without; all other fields of a shipped prompt hold what is asked about.
_SPARED = frozenset({"them", "by", "where", "asked"})
_PARTS = tuple(f"_{end}_{sense}" for end in ("source", "target") for sense in ("audio", "text", "vision"))


@dataclass(frozen=True)
class BuildPrompts:
    """The shipped prompts, or the user's where their folder has one of that name.

    Raises:
        InputError: at birth, when the folder is none, or holds a file that no prompt has; for a file that cannot be
            read, is empty, has a field that nobody fills, or lacks one without which the question is another.
    """

    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.folder is None:
            return
        if not self.folder.is_dir():
            raise InputError(f"prompts: {self.folder} is no folder. Give the folder that holds your prompt files.")
        known = {path.name for path in SHIPPED.glob("*.txt")}
        if strange := sorted(path.name for path in self.folder.glob("*.txt") if path.name not in known):
            raise InputError(
                f"prompts: {self.folder / strange[0]} stands in for no prompt; wanted some of "
                f"{', '.join(sorted(known))}. Rename it, or take it away."
            )
        for path in sorted(self.folder.glob("*.txt")):
            self._check(path)

    def _check(self, path: Path) -> None:
        text = self.part(path.stem)
        if not text:
            raise InputError(f"prompt file {path}: is empty; wanted a prompt. Write one, or take the file away.")
        known = Template((SHIPPED / path.name).read_text(encoding="utf-8")).get_identifiers()
        if path.stem in _PARTS:  # they are put into a prompt as they are
            return
        if not Template(text).is_valid():
            raise InputError(f"prompt file {path}: has a $ before what is no field's name. Write $$ for a dollar sign.")
        given, fields = Template(text).get_identifiers(), ", ".join(f"${field}" for field in known) or "none"
        if strange := [field for field in given if field not in known]:
            raise InputError(
                f"prompt file {path}: ${strange[0]} is no field of it; its fields are {fields}. Take it out, or write "
                "$$ for a dollar sign."
            )
        if missing := [field for field in known if field not in given and field not in _SPARED]:
            raise InputError(f"prompt file {path}: ${missing[0]} is missing; its fields are {fields}. Put it in.")

    def part(self, name: str) -> str:
        """A file's text.

        Raises:
            InputError: when it cannot be read.
        """
        path = self._path(name)
        if name not in self._read:
            try:
                self._read[name] = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"prompt file {path}: cannot be read as UTF-8 text ({error}).") from error
        return self._read[name]

    def text(self, name: str, fields: Mapping[str, str]) -> str:
        """A prompt with its fields filled in.

        Raises:
            InputError: for a field that the prompt has, and nobody fills.
        """
        try:
            return Template(self.part(name)).substitute(fields)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"prompt file {self._path(name)}: {error} cannot be filled in; fields are "
                f"{', '.join('$' + field for field in fields) or 'none'}. Write $$ for a dollar sign."
            ) from error

    def sha256(self, name: str) -> str:
        """Of the file; the parts of a question's prompt are counted to it."""
        parts = [name, *(_PARTS if name == "question" else ())]
        return hashlib.sha256("\0".join(self.part(part) for part in parts).encode()).hexdigest()

    @cached_property
    def _read(self) -> dict[str, str]:
        """Each file once: a prompt stays the same for as long as a build runs."""
        return {}

    def _path(self, name: str) -> Path:
        own = self.folder / f"{name}.txt" if self.folder else None
        return own if own is not None and own.is_file() else SHIPPED / f"{name}.txt"
