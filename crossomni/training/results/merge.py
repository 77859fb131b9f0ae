"""An adapter and its base as one thinker: a folder that transformers and ``crossomni evaluate`` load without peft."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossomni.errors import InputError
from crossomni.ledger import write_json
from crossomni.omni.thinkers import THINKERS
from crossomni.training.planning.architecture import TINY
from crossomni.training.results.record import BASE, MERGED, Training, TrainingFolder
from crossomni.weights import from_pretrained, model_from_pretrained, weights_fingerprint, with_adapter

NOTE = "merged.json"  # in the merged folder: the fingerprints of what it was made of
_PURPOSE = "merging an adapter"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_log = logging.getLogger(__name__)


def merge(run: Path, to: Path | None = None, *, base: Path | None = None) -> Path:
    """Merge the adapter of a training into its base, and return the folder of the whole thinker.

    Its weights have the precision of the base's. What is already there, of the same base and adapter, is kept.

    Args:
        run: the training's folder.
        to: where the thinker comes to lie; by default ``merged`` in the training's folder.
        base: where the base lies now, when it has moved since.

    Raises:
        InputError: when there is no adapter, the base is not there or has changed, or ``to`` holds something else.
        RunError: when the folder is no training's.
    """
    folder = TrainingFolder(run)
    training = folder.training()
    if not training.adapts:
        raise InputError(f"{run}: has no adapter to merge; the weights in {folder.weights()} are whole. Take those.")
    adapter, target = folder.weights(), to or run / MERGED
    made_of = {"base": str(training.base["fingerprint"]), "adapter": weights_fingerprint(adapter)}
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        if _note(target) == made_of:
            return target
        raise InputError(
            f"{target}: holds something else; wanted a free place for the merged thinker. Remove it, or give another "
            "folder as --to."
        )
    source, options = _base_of(training, run, base)
    _log.info("Loading %s and putting %s on it", source, adapter)
    thinker, processor = _merged(source, adapter, options), from_pretrained("AutoProcessor", source, **options)
    _complete(thinker, processor)
    # Written beside its place, so that a kill leaves no half of a thinker there.
    unfinished = target.resolve().with_name(f".{target.resolve().name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    thinker.save_pretrained(unfinished)
    processor.save_pretrained(unfinished)
    write_json(unfinished / NOTE, made_of)
    if target.exists():
        target.rmdir()  # it is empty
    unfinished.replace(target)
    return target


def merged_from(weights: Path) -> str:
    """Of a merged folder, what an evaluation calls its base with the adapter on it; empty for other weights."""
    made_of = _note(weights)
    return f"{made_of.get('base')}+{made_of.get('adapter')}" if made_of else ""


def _note(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _base_of(training: Training, run: Path, given: Path | None) -> tuple[Path | str, dict[str, Any]]:
    """Where the base is, and how it is loaded: the very one that was trained from."""
    options: dict[str, Any] = {"trust": bool(training.configuration.get("trust_remote_code"))}
    asked, noted = training.asked_for, str(training.base["fingerprint"])
    if given is None and not asked.startswith(TINY) and not Path(asked).is_absolute():
        # Of the Hub. The commit that was trained from, and not what has been put there since.
        return asked, options | ({"revision": noted} if _COMMIT.fullmatch(noted) else {})
    place = given or (run / BASE if asked.startswith(TINY) else Path(asked))
    if not place.is_dir():
        raise InputError(f"{place}: the base is not there; wanted the folder of {asked}. Say where it is: --base DIR.")
    if weights_fingerprint(place) != noted:
        raise InputError(
            f"{place}: is not the base that was trained from, or has changed since. Say where that one is: --base DIR."
        )
    return place, options


def _merged(source: Path | str, adapter: Path, options: Mapping[str, Any]) -> Any:
    kind = str(from_pretrained("AutoConfig", source, **options).model_type)
    if kind not in THINKERS:
        raise InputError(f"model {source}: it is of the kind {kind!r}; wanted one of {', '.join(THINKERS)}.")
    thinker = model_from_pretrained(THINKERS[kind], source, dtype="auto", **options)
    try:
        return with_adapter(thinker, adapter).merge_and_unload(safe_merge=True)
    except ValueError as error:  # its weights are no numbers
        raise InputError(f"adapter {adapter}: cannot be merged into {source} ({error}). Train again.") from error


def _complete(thinker: Any, processor: Any) -> None:
    """Say what ends a reply: a thinker that came out of a whole checkpoint may know of no such token."""
    told, tokenizer = thinker.generation_config, processor.tokenizer
    if told.eos_token_id is None:
        told.eos_token_id = tokenizer.eos_token_id
    if told.pad_token_id is None:
        told.pad_token_id = tokenizer.pad_token_id
