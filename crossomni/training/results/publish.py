"""Trained weights on the Hub: which files go, beside which card; rows, media and a judge's replies never do.

What goes is named in a list; all else stays. ``training.json`` and ``report.html`` stay too: they tell folders of the
machine. ``prepare`` writes the card and needs no network.
"""

from __future__ import annotations

import fnmatch
import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossomni.errors import InputError, RunError
from crossomni.hub.repository import check_name, check_token, reaching
from crossomni.hub.results import RESULTS, to_yaml
from crossomni.training.results.model_card import evaluation_of, model_card
from crossomni.training.results.record import CURVES, HISTORY, TRAINING, TrainingFolder

CARD = "README.md"
ADAPTER, MODEL = "adapter_config.json", "config.json"
# All that may go, by name: weights, what loads them, card, results, and the numbers of the history.
_ALLOWED = (
    CARD,
    RESULTS,
    ADAPTER,
    "adapter_model.safetensors",
    MODEL,
    "generation_config.json",
    "model.safetensors",
    "model-?????-of-?????.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    CURVES,
    HISTORY,
)
_FROM_TRAINING = (CURVES, HISTORY)  # they lie beside training.json, and are copied to the weights


@dataclass(frozen=True, kw_only=True)
class About:
    """What only its owner can say of the weights; left out of the card where it is empty."""

    name: str = ""  # of the model; made of the base's by default, and the repository's when it is pushed
    licence: str = ""  # an id of the Hub, such as apache-2.0
    licence_name: str = ""  # both demanded by the licence "other"
    licence_link: str = ""
    dataset: str = ""  # the data's id on the Hub; without it there is no .eval_results
    language: str = "en"

    def __post_init__(self) -> None:
        if self.licence == "other" and not (self.licence_name and self.licence_link):
            raise InputError(
                "licence 'other' came without its name or link; wanted both. Give licence_name and licence_link."
            )


def prepare(weights: Path, *, about: About | None = None, evaluation: Path | None = None) -> list[str]:
    """Write the card, and the results where there are any, into a folder of weights; say which files would go.

    A card that is there is replaced: peft writes one with blanks.

    Args:
        weights: an adapter's folder, or a merged model's, inside the training's folder or beside its ``training.json``.
        about: what only you can say.
        evaluation: the folder of a run of these weights, made by ``crossomni evaluate``.

    Returns:
        Paths inside the folder, sorted, as the Hub will name them.

    Raises:
        InputError: when the folder holds no weights or belongs to no training, or the evaluation is of something else.
    """
    about = about or About()
    if not weights.is_dir():
        raise InputError(f"{weights}: there is no such folder; wanted one with {ADAPTER} or {MODEL}. Check the path.")
    if not any(weights.glob("*.safetensors")) or not any((weights / name).exists() for name in (ADAPTER, MODEL)):
        raise InputError(
            f"{weights}: holds no weights; wanted safetensors beside {ADAPTER} or {MODEL}. "
            "Give the adapter's folder, or the merged model's."
        )
    folder = _training_folder(weights)
    training = folder.training()
    scored = evaluation_of(evaluation, weights, str(training.base["fingerprint"])) if evaluation is not None else None
    card, entries = model_card(
        training,
        folder.path,
        adapter=(weights / ADAPTER).exists(),
        about=about,
        name=about.name or f"{training.model_name.replace(':', '-')}-crossomni-{training.kind}",
        evaluation=scored,
    )
    for name in _FROM_TRAINING:
        source = folder.path / name
        if source.exists() and folder.path.resolve() != weights.resolve():
            _write(weights / name, source.read_bytes())
    _write(weights / CARD, str(card).encode())
    if entries:
        _write(weights / RESULTS, to_yaml(entries).encode())
    else:
        (weights / RESULTS).unlink(missing_ok=True)  # of a run that is no longer told
    return files(weights)


def files(weights: Path) -> list[str]:
    """Which files of a folder may go to the Hub, sorted: those of the list, links left out."""
    there = {path.relative_to(weights).as_posix() for path in weights.rglob("*") if _is_own(path, weights)}
    return sorted(name for name in there if any(fnmatch.fnmatchcase(name, allowed) for allowed in _ALLOWED))


def push(
    weights: Path,
    repo_id: str,
    *,
    private: bool = True,
    about: About | None = None,
    evaluation: Path | None = None,
    token: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Prepare a folder of weights and put it on the Hub; return the commit's address.

    Args:
        weights: as ``prepare`` takes it.
        repo_id: ``OWNER/NAME``; it is made where it is not there.
        private: whether a repository that is made now is seen by its owner alone.
        about: what only you can say.
        evaluation: the folder of a run of these weights.
        token: with the right to write; the one of ``hf auth login`` by default.
        endpoint: the Hub's address; the usual one by default.

    Raises:
        InputError: when there is no token, it is refused, the Hub cannot be reached, or ``prepare`` refuses.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    check_name(repo_id)
    check_token(repo_id, token)
    about = about or About()
    named = replace(about, name=about.name or repo_id.rpartition("/")[2])
    going = prepare(weights, about=named, evaluation=evaluation)
    api = HfApi(endpoint=endpoint, token=token)
    with reaching(f"push to {repo_id}", "the prepared folder is kept"):
        api.create_repo(repo_id, private=private, exist_ok=True)
        done = api.create_commit(
            repo_id,
            [CommitOperationAdd(name, _content(weights / name)) for name in going],
            commit_message="Weights, card and curves",
        )
    return str(done.commit_url)


def _training_folder(weights: Path) -> TrainingFolder:
    """The training that the weights are of: their folder's, or that of the folder around it."""
    for place in (weights, weights.resolve().parent):
        if (place / TRAINING).exists():
            return TrainingFolder(place)
    raise InputError(
        f"{weights}: there is no {TRAINING} in it or around it; wanted weights where crossomni train left them. "
        "Give that folder."
    )


def _content(path: Path) -> Path | bytes:
    """What goes of a file: the file itself; of an adapter's configuration, without a folder of this machine."""
    if path.name != ADAPTER:
        return path
    settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    base = str(settings.get("base_model_name_or_path") or "")
    if base.startswith((".", "~")) or Path(base).is_absolute() or Path(base).exists():
        settings["base_model_name_or_path"] = None
    return json.dumps(settings, indent=2).encode()


def _is_own(path: Path, weights: Path) -> bool:
    """A file of the folder itself; what a link leads to may be anything."""
    parents = path.relative_to(weights).parents
    return path.is_file() and not path.is_symlink() and not any((weights / part).is_symlink() for part in parents)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(content)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise RunError(
            f"{path}: was not written ({error.strerror}). Make room, or check the folder's rights."
        ) from error
