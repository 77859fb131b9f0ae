"""What an lmms-eval task folder of ours calls: the question's text, its clip, and what its reply scores.

The prompt stands in the row, as it was written; replies are read by ``crossomni.answers``, which never guesses. Values
are percent, and carry the clip, by which lmms-eval clusters its standard errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crossomni.answers import read_answer
from crossomni.errors import InputError


def doc_to_text(doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None) -> str:
    """The user's message."""
    return str(doc["prompt"])


def doc_to_visual(doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None) -> list[str]:
    """The path of the clip, with its sound.

    Raises:
        InputError: when it is not there; a model would answer without it.
    """
    folder = (lmms_eval_specific_kwargs or {}).get("media", "")
    path = Path(folder) / doc["video"]
    if not path.is_file():
        raise InputError(
            f"row {doc['id']!r}: no clip at {path}. Set media in _crossomni to the folder of your clips' data."
        )
    return [str(path)]


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the reply scores: ``accuracy`` and ``unread``, 0 or 100; unread counts as wrong."""
    letter = read_answer(results[0], doc["options"]).letter
    scores = {"accuracy": letter == doc["answer"], "unread": letter is None}
    return {name: {"score": 100.0 * met, "clip_id": doc["clip_id"]} for name, met in scores.items()}


def mean_score(items: Sequence[Mapping[str, Any]]) -> float:
    """The mean of what rows scored, in percent."""
    return float(sum(item["score"] for item in items)) / len(items)
