"""A tiny data folder with its truth: three clips, each asked all nine tasks."""

from pathlib import Path

import pytest

from crossomni.export import export
from crossomni.records import Annotation, Clip, Fact, Person, Row
from crossomni.tasks import TASKS, Modality
from crossomni.testing import write_clip

NAMES = ("Ada", "Berta", "Cleo", "Dora")
VALUES = {
    Modality.AUDIO: ("high", "low", "rough", "very soft"),
    Modality.VISION: ("red", "blue", "green", "yellow"),
    Modality.TEXT: ("Oslo", "Lund", "Ghent", "Porto"),
}
LETTERS = "ABCD"


def make_rows(clip_id: str, number: int) -> list[Row]:
    """A row of each task; the answers go through the letters."""
    rows = []
    for place, task in enumerate(TASKS):
        right = (place + number) % 4
        rows.append(
            Row(
                id=f"{clip_id}-{task.id}",
                clip_id=clip_id,
                task=task,
                question=f"What is {VALUES[task.target][right]} & <who>?",
                options=VALUES[task.target],
                answer=LETTERS[right],
                biography="\n".join(f"{n} was born in {t}." for n, t in zip(NAMES, VALUES[Modality.TEXT], strict=True)),
                show="tiny",
                episode=clip_id,
                end_seconds=1.0,
            )
        )
    return rows


def make_annotation(clip: Clip) -> Annotation:
    """Four people with a fact in each modality."""
    persons = tuple(
        Person(
            name=name,
            facts=tuple(Fact(modality=m, kind="value", value=VALUES[m][place]) for m in Modality),
            bridge=(),
            biography=f"{name} was born in {VALUES[Modality.TEXT][place]}.",
        )
        for place, name in enumerate(NAMES)
    )
    return Annotation(clip=clip, persons=persons, biography="told")


def make_data(folder: Path, clips: int = 3, first: int = 0, hide_answers: bool = False) -> Path:
    """Export ``clips`` test clips and one of train, of a second each."""
    media = folder.with_name(f"{folder.name}-media")
    media.mkdir()
    ids = {f"clip_{number:02d}": "test" for number in range(first, first + clips)} | {"clip_99": "train"}
    records = {i: Clip(id=i, show="tiny", episode=i, start_seconds=0.0, end_seconds=1.0) for i in ids}
    files = {i: write_clip(media / f"{i}.mp4", seconds=1.0) for i in ids}
    rows: dict[str, list[Row]] = {"train": [], "test": []}
    for number, (clip_id, split) in enumerate(ids.items()):
        rows[split] += make_rows(clip_id, number)
    export(
        folder,
        rows,
        records,
        files,
        truth={i: make_annotation(record) for i, record in records.items()},
        hide_answers=hide_answers,
        source={"source": "tiny", "seed": 0, "version": "0", "clips": len(ids), "licence": "apache-2.0"},
    )
    return folder


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with 27 test rows and 9 train rows."""
    return make_data(tmp_path_factory.mktemp("tiny") / "data")
