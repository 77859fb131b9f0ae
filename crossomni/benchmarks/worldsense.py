"""WorldSense (arXiv 2502.04326): ``worldsense_qa.json``, an object by video id; ``<id>.mp4``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crossomni.benchmarks.items import Published, an_object, group, letter_of, read_json, text, unlettered
from crossomni.errors import DataError

_TASK = re.compile(r"task[0-9]+")


def items(path: Path) -> Iterator[Published]:
    """The tasks of each video, in the file's order. Some have three options.

    Raises:
        DataError: naming file, video, task and field, when one is not of the published form.
    """
    for number, (video, data) in enumerate(read_json(path, dict).items(), start=1):
        of_video = f"{path}, item {number} (video {video!r})"
        data = an_object(data, of_video)
        tasks = [name for name in data if _TASK.fullmatch(name)]
        others = [name for name in data if name not in tasks and name.lower().startswith("task")]
        if others:
            raise DataError(f"{of_video}: {others[0]!r} came; wanted task0, task1 and so on. Give the published file.")
        if not tasks:
            raise DataError(
                f"{of_video}: no task0, task1 and so on in it; wanted one or more. Give the published file."
            )
        for name in tasks:
            where = f"{of_video}, {name}"
            task = an_object(data[name], where)
            options = unlettered(task.get("candidates"), "candidates", where)
            yield Published(
                id=f"worldsense-{video}-{name}",
                where=where,
                video=video,
                stems=(video,),
                question=text(task, "question", where),
                options=options,
                answer=letter_of(task.get("answer"), options, where),
                groups={
                    "domain": text(data, "domain", of_video),
                    "task domain": group(task, "task_domain", where),
                    "task type": text(task, "task_type", where),
                },
            )
