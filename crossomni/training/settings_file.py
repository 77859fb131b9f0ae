"""A training's settings from the command line, beside those of its YAML file."""

from __future__ import annotations

from typing import Any

from crossomni.errors import InputError
from crossomni.optional import need
from crossomni.settings_file import twice

_SEVERAL = ("trl", "weights", "judge_price", "tiny")  # settings that hold names with values
_TEXTS = (
    "model",
    "out",
    "data",
    "split",
    "system",
    "prompt",
    "judge",
    "adapter",
    "annotations",
    "media",
    "prompts",
    "ids",
    "tasks",
    "only",
)


def read_option(name: str, text: str) -> Any:
    """The value of an option, as YAML would read it; of several, ``NAME=VALUE`` parted by commas.

    >>> read_option("weights", "format=1,logic=0.5"), read_option("rows", "982"), read_option("lora", "off")
    ({'format': 1, 'logic': 0.5}, 982, 'off')

    Raises:
        InputError: for a text that is no value.
    """
    if name in _SEVERAL:
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        for key, sign, value in pairs:
            if not (key.strip() and sign):
                raise InputError(f"{_option(name)}: {(key + sign + value).strip()!r} is no NAME=VALUE. Give both.")
        if again := twice([key.strip() for key, _, _ in pairs]):
            raise InputError(f"{_option(name)}: {again} stands there twice. Keep one of them.")
        return {key.strip(): _value(f"{_option(name)}: {key.strip()}", value) for key, _, value in pairs}
    return text if name in _TEXTS or text in ("on", "off") else _value(_option(name), text)


def _value(where: str, text: str) -> Any:
    yaml = need("yaml", "a training's settings")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
        raise InputError(f"{where} is {text!r}; is no value that YAML can read ({why}). Mend it.") from error


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
