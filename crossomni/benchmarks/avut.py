"""AVUT (arXiv 2503.19951), its part AV-Human: ``AV_Human_data.json``, a list; ``<id>.mp4`` or ``<id>_fullsize.mp4``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from crossomni.benchmarks.items import Published, an_object, group, letter_of, read_json, text
from crossomni.errors import DataError
from crossomni.records import letters

_FULLSIZE = "_fullsize"


def items(path: Path) -> Iterator[Published]:
    """The items of ``AV_Human_data.json``, in its order.

    A clip is known by the name in ``video_path``: ``video_id`` is a number within the file, and no file is named so.

    Raises:
        DataError: naming file, item and field, when one is not of the published form.
    """
    for number, data in enumerate(read_json(path, list), start=1):
        where = f"{path}, item {number}"
        data = an_object(data, where)
        where = f"{where} (QA_id {data.get('QA_id')!r})"
        options = tuple(_option(data, letter, where) for letter in letters(4))
        video = PurePosixPath(text(data, "video_path", where)).stem.removesuffix(_FULLSIZE)
        yield Published(
            id=f"avut-{_number(data, where)}",
            where=where,
            video=video,
            stems=(video, f"{video}{_FULLSIZE}"),
            question=text(data, "question", where),
            options=options,
            answer=letter_of(data.get("answer"), options, where),
            groups={"task type": text(data, "task_type", where), "video type": group(data, "video_type", where)},
        )


def _option(data: Any, letter: str, where: str) -> str:
    """An option's text, which may be blank: such an item is left out, and the file is none the worse."""
    option = data.get(f"option_{letter}")
    if not isinstance(option, str):
        raise DataError(f"{where}: option_{letter} is {option!r}; wanted text. Give the published file.")
    return option.strip()


def _number(data: Any, where: str) -> str:
    found = data.get("QA_id")
    if isinstance(found, bool) or not isinstance(found, int | str) or not str(found).strip():
        raise DataError(f"{where}: QA_id is {found!r}; wanted a number. Give the published file.")
    return str(found).strip()
