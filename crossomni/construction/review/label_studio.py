"""The way to Label Studio and back: tasks with a labelling configuration out, its JSON export in.

Formats: https://labelstud.io/guide/task_format (tasks and annotations), https://labelstud.io/tags/choices (choices that
each task brings along).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crossomni.construction.review.items import ReviewFolder, ReviewItem
from crossomni.construction.review.labels import Label, Labels, reviewer_name
from crossomni.errors import DataError, InputError
from crossomni.ledger import write_json
from crossomni.pages import write_page

LOCAL_FILES = "/data/local-files/?d="  # how Label Studio names a file below its document root
_CONTROL = "label"  # the name of the choices; annotations carry it as from_name
_FORMAT = "Export the project from Label Studio as JSON, and not as JSON-MIN or CSV."
CONFIGURATION = f"""<View>
  <Video name="video" value="$video"/>
  <Header value="$subject"/>
  <Text name="about" value="$about"/>
  <Text name="claim" value="$claim"/>
  <Header value="$asks"/>
  <Choices name="{_CONTROL}" toName="video" choice="single-radio" required="true" value="$choices"/>
</View>
"""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an export of Label Studio held."""

    labels: int  # written
    known: int  # the reviewer's label of the item already
    cancelled: int  # skipped by the annotator
    reviewers: tuple[str, ...]


def export(folder: ReviewFolder, out: Path, prefix: str = LOCAL_FILES) -> Path:
    """Write tasks to ``out`` and the labelling configuration beside it (``.xml``), whose path is returned.

    ``prefix`` stands before the path of each clip below the media folder. What the pipeline said is not in the tasks.

    Raises:
        RunError: when a file cannot be written.
    """
    configuration = out.with_suffix(".xml")
    if configuration == out:
        raise InputError(f"{out}: wanted the name of a JSON file; the .xml is written beside it. Name it .json.")
    write_json(out, [{"data": _task(item, prefix)} for item in folder.items.values()])
    write_page(configuration, CONFIGURATION, "Make room, or choose another folder.")
    return configuration


def _task(item: ReviewItem, prefix: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "clip": item.clip_id,
        "video": prefix + quote(item.video),
        "subject": item.subject,
        "about": item.about,
        "claim": item.claim or " ",  # Label Studio refuses a task with an empty text
        "asks": item.asks,
        "choices": [{"value": choice} for choice in item.choices],
    }


def read_export(folder: ReviewFolder, path: Path) -> Imported:
    """Take the labels of a JSON export over, all or none of them; what is known already is not written again.

    Raises:
        DataError: naming file, task and annotation, when it is no such export, or not of this review's tasks.
    """
    labels, cancelled = [], 0
    for where, item_id, annotation in _annotations(path):
        if annotation.get("was_cancelled"):
            cancelled += 1
            continue
        labels.append(_label(folder, where, item_id, annotation))
    labels.sort(key=lambda label: label.at)
    kept = Labels(folder)
    there = {key: label.label for key, label in kept.last().items()}
    new = []
    for label in labels:
        if there.get((label.reviewer, label.item)) != label.label:
            new.append(label)
        there[label.reviewer, label.item] = label.label
    kept.add(new)
    reviewers = tuple(sorted({label.reviewer for label in labels}))
    return Imported(labels=len(new), known=len(labels) - len(new), cancelled=cancelled, reviewers=reviewers)


def _annotations(path: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each annotation with its place and the id of its item."""
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Give the file, in UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}). {_FORMAT}") from error
    if not isinstance(tasks, list):
        raise DataError(f"{path}: {type(tasks).__name__} came; wanted a list of tasks. {_FORMAT}")
    for number, task in enumerate(tasks, start=1):
        where = f"{path}, task {number}"
        data = task.get("data") if isinstance(task, dict) else None
        item = data.get("id") if isinstance(data, dict) else None
        found = task.get("annotations") if isinstance(task, dict) else None
        if not isinstance(item, str) or not isinstance(found, list):
            raise DataError(f"{where}: no data.id or no annotations in it. {_FORMAT}")
        for place, annotation in enumerate(found, start=1):
            if not isinstance(annotation, dict):
                raise DataError(f"{where}, annotation {place}: {annotation!r} came; wanted an object. {_FORMAT}")
            yield f"{where}, annotation {place}", item, annotation


def _label(folder: ReviewFolder, where: str, item_id: str, annotation: Mapping[str, Any]) -> Label:
    result = annotation.get("result")
    results = [one for one in result if isinstance(one, dict)] if isinstance(result, list) else []
    values = [one.get("value") for one in results if one.get("from_name") == _CONTROL]
    chosen = values[0].get("choices") if len(values) == 1 and isinstance(values[0], dict) else None
    if not isinstance(chosen, list) or len(chosen) != 1 or not isinstance(chosen[0], str):
        raise DataError(
            f"{where}: no single choice named {_CONTROL!r} in its result. Label it again, or skip it, in Label Studio "
            "with the configuration that `crossomni review export` wrote."
        )
    try:
        at = annotation.get("updated_at") or annotation.get("created_at")
        given = {"item": item_id, "reviewer": _reviewer(annotation.get("completed_by")), "label": chosen[0]}
        if not isinstance(at, str):
            raise InputError(f"updated_at is {at!r}; wanted a time as text. {_FORMAT}")
        label = Label(**given, at=at, through="label-studio")
        Labels(folder).check(label)
    except InputError as error:
        raise DataError(f"{where}: {error}") from error
    return label


def _reviewer(completed_by: Any) -> str:
    """Whoever annotated: by e-mail where the export has it, else by Label Studio's number."""
    known = isinstance(completed_by, dict)
    name = completed_by.get("email") or completed_by.get("id") if known else completed_by
    if isinstance(name, int) and not isinstance(name, bool):
        return f"label-studio {name}"
    if not isinstance(name, str):
        raise InputError(f"completed_by is {completed_by!r}; wanted an annotator's number or e-mail. {_FORMAT}")
    return reviewer_name(name)
