"""What is known of each benchmark before a file is opened. Light: the command line reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Behind a benchmark's name: only the questions whose clips are there. Another name, since it is another set.
PARTIAL = ":partial"


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark as its makers publish it."""

    name: str  # as commands take it
    title: str  # as its makers write it
    link: str  # where annotations and clips are
    licence: str  # in one phrase; what is known of it where its makers state none
    file: str  # the annotations' name
    items: int  # published questions
    sha256: str = ""  # of the annotations that were published last, where that is known

    @property
    def notice(self) -> str:
        """One line to print before it is used."""
        return f"{self.title}: {self.licence}. {self.link}"


BENCHMARKS: Mapping[str, Benchmark] = {
    one.name: one
    for one in (
        Benchmark(
            name="daily-omni",
            title="Daily-Omni",
            link="https://huggingface.co/datasets/liarliar/Daily-Omni",
            licence="CC BY-NC-SA 4.0, no commercial use",
            file="qa.json",
            items=1197,
        ),
        Benchmark(
            name="worldsense",
            title="WorldSense",
            link="https://huggingface.co/datasets/honglyhly/WorldSense",
            licence="CC BY-NC 4.0, no commercial use",
            file="worldsense_qa.json",
            items=3172,
        ),
        Benchmark(
            name="avut",
            title="AVUT (AV-Human)",
            link="https://huggingface.co/datasets/tsinghua-ee/AVUTBenchmark",
            licence="its makers state no licence, so ask them before you pass anything on",
            file="AV_Human_data.json",
            items=1734,
            # Of 28 September 2025, revision 558ca95ac16c.
            sha256="b952c0893df409cbe716476d0a0b12cb97fd47ba0e75a6898cb99c81f29182e9",
        ),
    )
}
# Every spelling that names a benchmark, and no folder.
DATA_NAMES = tuple(f"{name}{end}" for name in BENCHMARKS for end in ("", PARTIAL))


def benchmark_of(data: str) -> Benchmark | None:
    """The benchmark that the data's name means; None for everything else.

    >>> benchmark_of("avut:partial").title
    'AVUT (AV-Human)'
    >>> benchmark_of("playhouse") is None
    True
    """
    return BENCHMARKS[data.removesuffix(PARTIAL)] if data in DATA_NAMES else None
