"""How a run was made, as plain text: what goes into a submission, and what a board shows of it.

Folders of a machine, and names or passwords in an address, stay out on both sides: where a submission is packed, and
where one that was packed otherwise is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import urlsplit

from crossomni.leaderboard.schema import MOST_MARKS, About

_PLACES = ("data", "model", "adapter", "annotations", "media", "prompts", "replies", "out")  # of a configuration
_FIRST = ("model", "adapter", "data", "split", "prompt", "frames", "fps", "pixels", "temperature", "seed")
_LEFT_OUT = ("knock_out",)  # of a configuration: the board says it in its own words
_PARTED = re.compile(r"^(?P<kind>openai|python|replies|package):(?P<rest>.+)$", re.DOTALL)
_ROOT = re.compile(r"^(?:[/~\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\]|file:)")  # how a path of a machine begins
_LONGEST_ID_PARTS = 2  # OWNER/NAME


def bare(name: str) -> str:
    """A model's, an adapter's or a set's name without the folders that lead to it; an id of the Hub stays.

    >>> bare("/home/me/omni-7b"), bare("org/omni-7b"), bare("runs/sft/merged"), bare("python:/home/me/m.py:Mine")
    ('omni-7b', 'org/omni-7b', 'merged', 'python:m.py:Mine')
    >>> bare("openai:omni@https://me:secret@host:8000/v1?key=1")
    'openai:omni@https://host:8000/v1'
    """
    found = _PARTED.match(name)
    if found and found["kind"] == "openai":
        model, *address = re.split("@(?=https?://)", found["rest"], maxsplit=1)
        return "@".join([f"openai:{bare(model)}", *map(without_secrets, address)])
    if found and found["kind"] == "python":
        place, parted, last = found["rest"].rpartition(":")
        return f"python:{bare(place)}{parted}{last}"
    if found:
        return f"{found['kind']}:{bare(found['rest'])}"
    parts = (PureWindowsPath if "\\" in name else PurePosixPath)(name).parts
    return parts[-1] if parts and (_ROOT.match(name) or len(parts) > _LONGEST_ID_PARTS) else name


def without_secrets(address: str) -> str:
    """An address without name, password and query, where keys may stand; other text as it is.

    >>> without_secrets("https://me:secret@host/v1?key=1"), without_secrets("vllm 0.9")
    ('https://host/v1', 'vllm 0.9')
    """
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.partition("://")[0] + "://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def told(about: About) -> dict[str, str]:
    """What a submission says of how its run was made, a line each: configuration, fingerprints, versions.

    Texts are shown as what they are: signs that cannot be seen, or turn the direction of writing, by their numbers.
    """
    lines = {name: _in_words(name, value) for name, value in about.configuration.items() if name not in _LEFT_OUT}
    lines |= {"data": visible(about.data.name), "split": about.data.split}
    lines |= {f"fingerprint of {name}": visible(value) for name, value in about.fingerprints.items()}
    lines |= {f"version of {name}": visible(without_secrets(value)) for name, value in about.versions.items()}
    first = {name: lines.pop(name) for name in _FIRST if name in lines}
    return {name.replace("_", " "): value for name, value in (first | lines).items() if value}


def setting(name: str, value: Any) -> Any:
    """A value of a configuration without what is the machine's own."""
    return bare(value) if isinstance(value, str) and name in _PLACES else value


def _in_words(name: str, value: Any) -> str:
    if value is None or value == [] or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(visible(one) for one in value)
    return visible(setting(name, value)) if isinstance(value, str) else str(value)


def visible(text: str) -> str:
    r"""A text in which nothing hides: no controls, no invisible signs, no towers of accents.

    >>> visible("a\u202eb")
    'a\\u202eb'
    """
    shown, marks = [], 0
    for sign in text:
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind == "Mn" else 0
        hidden = kind in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp") and sign != "\n"
        shown.append(ascii(sign)[1:-1] if hidden or marks > MOST_MARKS else sign)
    return "".join(shown)


def as_text(configuration: Mapping[str, str]) -> str:
    """In one cell of a table."""
    return "; ".join(f"{name}: {value}" for name, value in configuration.items())
