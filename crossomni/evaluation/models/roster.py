"""The paper's thirteen systems: their weights, how each takes a clip, and the way it runs here.

The facts stand in ``systems/systems.toml``, each with its source; what could not be checked is ``NOT_KNOWN``.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from crossomni.errors import DataError, InputError
from crossomni.published import table

NOT_KNOWN: Literal["not known"] = "not known"
Way = Literal["native", "endpoint", "own class", "not known"]
Packing = Literal["interleaved", "apart", "sound alone", "not known"]
YesNo = Literal["yes", "no", "not known"]

# What has to have a source wherever it is known.
FACTS = (
    "checkpoint", "way", "server", "remote_code", "frames", "sampling_rate", "packing", "longest_sound", "licence",
    "parameters",
)  # fmt: skip
_ALLOWED = {"way": get_args(Way), "packing": get_args(Packing), "remote_code": get_args(YesNo)}
_URL = "http://localhost:8000/v1"


@dataclass(frozen=True, kw_only=True)
class System:
    """One system of Table 5; a fact that could not be checked is ``NOT_KNOWN``.

    Raises:
        DataError: for a word that is not among those of its field, a known fact without source, or a way to run that
            lacks what it needs.
    """

    name: str  # as Table 5 prints it
    base: str  # Table 4
    procedure: str  # Table 4: P pre-training, SFT, RL
    checkpoint: str = NOT_KNOWN  # its id on the Hub
    way: Way = NOT_KNOWN
    server: str = ""  # the server's command line; beside the way native: a second road
    code: str = ""  # of an own class: the project's repository
    commit: str = ""
    python: str = ""  # the version that the project names
    requirements: str = ""  # a file of this folder: the environment of the server or of the own class
    remote_code: YesNo = NOT_KNOWN  # whether code that comes with the weights has to run
    frames: str = NOT_KNOWN  # as the project's own code takes them
    sampling_rate: str = NOT_KNOWN
    packing: Packing = NOT_KNOWN
    longest_sound: str = NOT_KNOWN
    licence: str = NOT_KNOWN  # of the weights
    parameters: str = NOT_KNOWN
    notes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()  # evidence of runs by this project
    source: Mapping[str, str] = field(default_factory=dict)  # fact -> where it stands

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            if (value := getattr(self, name)) not in allowed:
                raise DataError(f"system {self.name}: {name} is {value!r}; wanted one of {', '.join(allowed)}.")
        known = {fact for fact in FACTS if getattr(self, fact) not in ("", NOT_KNOWN)}
        if wrong := sorted(known ^ set(self.source)):
            raise DataError(f"system {self.name}: {', '.join(wrong)} wants a source where it is known, and only there.")
        needs = {"endpoint": ("server", "requirements"), "own class": ("code", "commit", "requirements")}
        if lacking := [name for name in needs.get(self.way, ()) if not getattr(self, name)]:
            raise DataError(f"system {self.name}: {self.way} wants {', '.join(lacking)}. Add it.")

    @property
    def run_by_us(self) -> Literal["run", "described"]:
        """``run`` where there is evidence of a run by this project."""
        return "run" if self.runs else "described"

    @property
    def sound(self) -> str:
        """Sampling rate and packing in one cell."""
        if self.sampling_rate == self.packing == NOT_KNOWN:
            return NOT_KNOWN
        return f"{self.sampling_rate}, {'packing ' if self.packing == NOT_KNOWN else ''}{self.packing}"

    @property
    def published_scores(self) -> Mapping[str, float]:
        """The accuracies of Table 5 in percent, by task id, ``single``, ``cross``, ``overall``."""
        return table(5).row(self.name, "Default").scores

    @property
    def requirements_path(self) -> Path:
        """The file of its pinned requirements.

        Raises:
            InputError: when it needs no environment of its own.
        """
        if not self.requirements:
            raise InputError(f"system {self.name} has no requirements of its own. Install crossomni[models].")
        return Path(str(_FOLDER / self.requirements))

    @property
    def commands(self) -> Mapping[str, tuple[str, ...]]:
        """What to type, by way: ``native``, ``endpoint``, ``own class``. Empty where no weights are known."""
        found: dict[str, tuple[str, ...]] = {}
        if self.way == "native":
            trusted = " --trust-remote-code" if self.remote_code == "yes" else ""
            found["native"] = (self._evaluate(f"{self.checkpoint}{trusted}", self.packing),)
        if self.server:
            found["endpoint"] = (
                *self._environment(),
                f"{self._folder}/bin/{self.server}",
                self._evaluate(f"openai:{self.checkpoint}@{_URL}", "apart"),
            )
        if self.way == "own class":
            project = self.code.rpartition("/")[2]
            found["own class"] = (
                f"git clone {self.code} && git -C {project} checkout {self.commit}",
                *self._environment(),
                "# a class of yours, run where crossomni installs beside the project (Python 3.11 or later)",
                self._evaluate(f"python:my_{self._slug}.py:Model", NOT_KNOWN),
                "# or replies that a script of yours wrote there: lines of id and reply",
                f"crossomni score --replies {self._slug}.jsonl --out runs/{self._slug}",
            )
        return found

    @property
    def _slug(self) -> str:
        return self.name.lower().replace("-", "_").replace(".", "_")

    @property
    def _folder(self) -> str:
        return f".venv-{self.requirements.removeprefix('requirements-').removesuffix('.txt')}"

    def _environment(self) -> tuple[str, str]:
        make = f"python{self.python or '3'} -m venv {self._folder}"
        return make, f"{self._folder}/bin/pip install -r {self.requirements_path}"

    def _evaluate(self, spec: str, packing: Packing) -> str:
        options = " --packing apart" if packing == "apart" else ""
        return f"crossomni evaluate --model {spec}{options} --out runs/{self._slug}"

    def to_json(self) -> dict[str, Any]:
        """Its fields, what was run, and the commands, as plain values."""
        return asdict(self) | {
            "run_by_us": self.run_by_us,
            "published_scores": dict(self.published_scores),
            "commands": {way: list(lines) for way, lines in self.commands.items()},
        }


_FOLDER = files("crossomni.evaluation.models") / "systems"


@cache
def systems() -> tuple[System, ...]:
    """The thirteen in the order of Table 5.

    >>> [system.checkpoint for system in systems() if system.way == "endpoint"]
    ['openbmb/MiniCPM-o-2_6']
    """
    text = (_FOLDER / "systems.toml").read_text(encoding="utf-8")
    return tuple(_system(entry) for entry in tomllib.loads(text)["system"])


def _system(entry: dict[str, Any]) -> System:
    unknown = sorted(set(entry) - {f.name for f in fields(System)})
    if unknown:
        raise DataError(f"system {entry.get('name')}: {', '.join(unknown)} is no field of a system. Mend systems.toml.")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()}
    return System(**values)


def system(name: str) -> System:
    """The system of that name in Table 5, or with that checkpoint; upper and lower case are alike.

    Raises:
        InputError: for a name that is none of them; it says the nearest ones.
    """
    known = {key.lower(): one for one in systems() for key in (one.checkpoint, one.name) if key != NOT_KNOWN}
    if (found := known.get(name.lower())) is not None:
        return found
    near = [known[key].name for key in difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.4)]
    wanted = f"Did you mean {', '.join(dict.fromkeys(near))}?" if near else "`crossomni models` lists them."
    raise InputError(f"system {name!r} is none of the {len(systems())} of the paper's Table 5. {wanted}")
