"""Which models build a dataset, and how they are asked: the file behind ``crossomni build --models FILE``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossomni.chat.config import ChatConfig
from crossomni.chat.spending import Price
from crossomni.construction.models.prompting import ROLES as ROLE_OF
from crossomni.construction.models.prompting import BuildPrompts
from crossomni.errors import InputError
from crossomni.settings_file import configured, read_settings

ROLES = ("vision", "language", "audio")
_PRICES = ("prompt_price", "completion_price")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model of a server, and what it takes for a million tokens."""

    chat: ChatConfig
    price: Price = field(default_factory=Price)

    @classmethod
    def read(cls, given: Any, where: str) -> Endpoint:
        """From a file's names and values.

        Raises:
            InputError: naming what is wrong, and where.
        """
        if not isinstance(given, Mapping):
            raise InputError(f"{where} is {given!r}; wanted url and model, a line each.")
        chat = {name: value for name, value in given.items() if name not in _PRICES}
        price = {name.removesuffix("_price"): given[name] for name in _PRICES if name in given}
        try:
            return cls(chat=configured(ChatConfig, chat, where), price=configured(Price, price, where))
        except InputError as error:
            told = str(error)
            raise InputError(told if told.startswith(where) else f"{where}: {told}") from error


@dataclass(frozen=True, kw_only=True)
class BuildModels:
    """The models of a build, one for each role, and what clips look like to them.

    Raises:
        InputError: at birth, for numbers that cannot be.
    """

    vision: Endpoint  # looks at frames (the paper: Qwen2.5-VL-7B)
    language: Endpoint  # writes and checks (the paper: Qwen3-8B)
    audio: Endpoint  # listens to voices (the paper: Qwen3-Omni-30B-A3B)
    readers: tuple[Endpoint, ...] = ()  # blind ones, who get the question alone; none switches that gate off
    frames: int = 8  # of a clip, evenly spaced; a part of a clip has half as many
    pixels: int = 448 * 252  # of one frame, at most
    repeats: int = 2  # how often a model is asked again whose reply cannot be read
    clips_at_once: int = 16
    prompts: BuildPrompts = field(default_factory=BuildPrompts)

    def __post_init__(self) -> None:
        for name, least in (("frames", 2), ("pixels", 28 * 28), ("repeats", 0), ("clips_at_once", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise InputError(f"{name} is {value!r}; wanted a whole number from {least} on.")

    @classmethod
    def read(cls, path: Path) -> BuildModels:
        """From a YAML file, as ``examples/build_tvqa.yaml``.

        Raises:
            InputError: for what is missing, not known, or no value, in one line with its place.
        """
        found = read_settings(path, "--models")
        told = {*found}
        known = {*ROLES, "readers", "frames", "pixels", "repeats", "clips_at_once", "prompts"}
        if strange := sorted({*found} - known):
            raise InputError(f"{path}: {strange[0]} is no setting; wanted some of {', '.join(sorted(known))}.")
        if missing := [role for role in ROLES if role not in found]:
            raise InputError(f"{path}: {missing[0]} is missing; wanted the models {', '.join(ROLES)}. Add it.")
        readers = found.pop("readers", None) or []
        if not isinstance(readers, list):
            raise InputError(f"{path}: readers is {readers!r}; wanted a list of models, or nothing.")
        prompts = found.pop("prompts", None)
        endpoints: dict[str, Any] = {role: Endpoint.read(found.pop(role), f"{path}: {role}") for role in ROLES}
        blind = tuple(Endpoint.read(one, f"{path}: readers[{place}]") for place, one in enumerate(readers))
        if "prompts" in told and not (isinstance(prompts, str) and prompts.strip()):
            raise InputError(f"{path}: prompts is {prompts!r}; wanted a folder of prompt files, or no such line.")
        folder = None if prompts is None else Path(prompts).expanduser()
        try:
            return cls(**endpoints, readers=blind, prompts=BuildPrompts(folder), **found)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """By the name of their role; blind readers are numbered from 1."""
        blind = {f"reader{number}": one for number, one in enumerate(self.readers, 1)}
        return {role: getattr(self, role) for role in ROLES} | blind

    @property
    def fingerprint(self) -> str:
        """Of all that decides what models are asked: not of addresses, patience and prices."""
        return hashlib.sha256(json.dumps(self.to_json()).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """All that decides what models are asked, for the dataset's own record; prompts by the hash of their files."""
        asked = {
            role: {name: getattr(one.chat, name) for name in ("model", "most_new_tokens", "temperature", "seed")}
            for role, one in self.endpoints.items()
        }
        rest = {name: getattr(self, name) for name in ("frames", "pixels", "repeats")}
        return asked | rest | {"prompts": {name: self.prompts.sha256(name) for name in sorted(ROLE_OF)}}
