"""Weights in a folder, in a file, or on the Hub: how they are loaded and identified."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from crossomni.corpus import file_sha256
from crossomni.errors import InputError
from crossomni.optional import need

_PURPOSE = "a model by transformers"
_FILES = (".json", ".safetensors", ".bin", ".gguf", ".jinja", ".model", ".txt", ".py")

# What the libraries raise where files are missing, cut short, or not of this kind.
_FAULTS = (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError)


def from_pretrained(kind: str, source: Path | str, *, trust: bool = False, **options: Any) -> Any:
    """``transformers.<kind>.from_pretrained`` of a folder, a GGUF file or an id of the Hub.

    Code that comes with the weights runs only where ``trust`` says so.

    Raises:
        InputError: when it cannot be loaded, or needs code that is not trusted.
    """
    transformers, safetensors = need("transformers", _PURPOSE), need("safetensors", _PURPOSE)
    load = getattr(transformers, kind).from_pretrained
    place: Path | str = source
    if isinstance(place, Path) and place.suffix == ".gguf":
        need("gguf", "a model in a GGUF file")
        place, options = place.parent, {"gguf_file": place.name, **options}
    try:
        with _quiet(transformers):
            return load(place, trust_remote_code=trust, **options)
    except (*_FAULTS, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).strip().partition("\n")[0].split())
        if "trust_remote_code" in str(error):
            reason = "it brings its own code, and that is not run unless --trust-remote-code says so; read it first"
        raise InputError(f"model {source}: cannot be loaded ({reason}). Give a folder or an id that loads.") from error


def model_from_pretrained(kind: str, source: Path | str, *, trust: bool = False, **options: Any) -> Any:
    """``from_pretrained`` of a model's class, every weight of which must be there.

    Raises:
        InputError: also when a weight is missing or of another shape, in whose place the library would put random
            numbers.
    """
    options |= {"output_loading_info": True, "ignore_mismatched_sizes": True}
    model, found = from_pretrained(kind, source, trust=trust, **options)
    if lacking := sorted({*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])}):
        raise InputError(
            f"model {source}: weights are missing or of another shape: {lacking[0]} and {len(lacking) - 1} more. "
            "Give a folder or an id with all of them."
        )
    return model


def with_adapter(model: Any, adapter: Path, *, trainable: bool = False) -> Any:
    """A model with a LoRA adapter on it.

    Args:
        trainable: whether the adapter goes on being trained. Loaded in any other way it is frozen, and training it
            changes nothing without a word.

    Raises:
        InputError: when the folder holds no adapter of this model, or its file breaks off.
    """
    peft, safetensors = need("peft", "an adapter"), need("safetensors", "an adapter")
    try:
        return peft.PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
    except (*_FAULTS, safetensors.SafetensorError) as error:
        raise InputError(
            f"adapter {adapter}: cannot be put on the model ({str(error).partition(chr(10))[0]}). "
            "Give the folder of an adapter that was trained from it."
        ) from error


def check_base(adapter: Path, source: Path | str, *, trust: bool = False) -> None:
    """Find out whether an adapter that crossomni trained was trained from this model, by the note beside it or above.

    Put on other weights of the same shapes it would say something, and nobody would know.

    Raises:
        InputError: when the note names another base.
    """
    for place in (adapter, adapter.parent):
        try:
            base = json.loads((place / "training.json").read_text(encoding="utf-8"))["base"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if base.get("name") != str(source) and base.get("fingerprint") != weights_fingerprint(source, trust=trust):
            raise InputError(
                f"adapter {adapter}: it was trained from {base.get('name')}, not from {source}. Give the model that it "
                "was trained from."
            )
        return


def model_type(source: Path | str, *, trust: bool = False) -> str:
    """What its configuration calls itself, such as ``qwen2_5_omni``.

    Raises:
        InputError: when there is no configuration to be read.
    """
    return str(from_pretrained("AutoConfig", source, trust=trust).model_type)


def weights_fingerprint(source: Path | str, *, trust: bool = False) -> str:
    """SHA-256 of the files, or the Hub's commit.

    Raises:
        InputError: when there are none.
    """
    if isinstance(source, str):
        return str(from_pretrained("AutoConfig", source, trust=trust)._commit_hash)
    if source.is_file():
        return file_sha256(source)
    if not source.is_dir():
        raise InputError(f"weights {source}: there is no such file or folder. Check the path.")
    files = sorted(path for path in source.iterdir() if path.suffix in _FILES)
    lines = [f"{path.name} {file_sha256(path)}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def _quiet(transformers: ModuleType) -> Iterator[None]:
    """Without the libraries' own bars where nobody watches, and without their lines before an error of ours."""
    from huggingface_hub.utils import logging as hub

    own = transformers.utils.logging
    bars, level, own_level = own.is_progress_bar_enabled(), hub.get_verbosity(), own.get_verbosity()
    if not sys.stderr.isatty():
        own.disable_progress_bar()
    hub.set_verbosity(logging.ERROR)
    own.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        hub.set_verbosity(level)
        own.set_verbosity(own_level)
        if bars:
            own.enable_progress_bar()
