"""Daily-Omni (arXiv 2505.17862): ``qa.json``, a list; ``Videos/<id>/<id>_video.mp4``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crossomni.benchmarks.items import Published, an_object, group, letter_of, read_json, text, unlettered


def items(path: Path) -> Iterator[Published]:
    """The items of ``qa.json``, in its order; they have no ids of their own, so their numbers are their ids.

    Raises:
        DataError: naming file, item and field, when one is not of the published form.
    """
    for number, data in enumerate(read_json(path, list), start=1):
        where = f"{path}, item {number}"
        data = an_object(data, where)
        options = unlettered(data.get("Choice"), "Choice", where)
        video = text(data, "video_id", where)
        yield Published(
            id=f"daily-omni-{number}",
            where=where,
            video=video,
            stems=(f"{video}_video", video),
            question=text(data, "Question", where),
            options=options,
            answer=letter_of(data.get("Answer"), options, where),
            groups={
                "type": text(data, "Type", where),
                "duration": text(data, "video_duration", where),
                # Some 960 of 1,197 items have one.
                "category": group(data, "content_parent_category", where),
            },
        )
