"""What commands say of another benchmark: its licence before it is used, and what of it was not asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossomni.benchmarks.names import benchmark_of


def tell_licence(data: str) -> None:
    """Print whose data these are and what may be done with them, where they are another benchmark's."""
    benchmark = benchmark_of(data)
    if benchmark is not None:
        print(benchmark.notice)


def tell_read(about: Mapping[str, Any] | None) -> None:
    """Print what was read of a benchmark and what was left out; nothing where there is none."""
    if about is None:
        return
    file = about["annotations"]
    if about["items"] != about["published"] or file["as published"] == "no":
        print(f"{file['file']} is not as it was published last: {about['items']} items, {about['published']} were.")
    for line in about["left_out"]:
        print(f"left out: {line}")
    if about["without_clip"]:
        print(f"not asked, since their clips are not there: {about['without_clip']} of {about['items']} items")
