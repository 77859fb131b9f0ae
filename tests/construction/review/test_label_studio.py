"""To Label Studio and back: nothing is lost on the way, and what does not fit is named."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from crossomni.construction.review.items import ReviewFolder
from crossomni.construction.review.label_studio import export, read_export
from crossomni.construction.review.labels import Labels
from crossomni.errors import DataError, InputError
from tests.construction.review.reviews import a_review, a_voice, an_item, lines, say

VOICE, DESCRIPTION = "voice/clip0/0/pitch", "description/clip1/0"


@pytest.fixture
def review(tmp_path: Path) -> ReviewFolder:
    """A voice and a description."""
    return a_review(tmp_path / "review", a_voice(0, "low", video="videos/a b.mp4"), an_item(1))


def annotation(choice: str, by: Any = 7, at: str = "2026-03-09T22:16:08.728353Z", **changes: Any) -> dict[str, Any]:
    """An annotation as Label Studio exports it."""
    value = {"from_name": "label", "to_name": "video", "type": "choices", "value": {"choices": [choice]}}
    return {"id": 1, "completed_by": by, "result": [value], "was_cancelled": False, "updated_at": at} | changes


def exported(tmp_path: Path, review: ReviewFolder, *annotations: list[dict[str, Any]]) -> Path:
    """What Label Studio exports once these annotations are made on the tasks that it was given."""
    export(review, tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    out = tmp_path / "export.json"
    out.write_text(json.dumps([{"id": n, **task, "annotations": found} for n, (task, found) in
                               enumerate(zip(tasks, annotations, strict=False))]))  # fmt: skip
    return out


def test_a_task_has_all_that_is_shown_and_not_what_the_pipeline_said(tmp_path: Path, review: ReviewFolder) -> None:
    """Every name in the configuration is a field of each task; addresses are quoted."""
    configuration = ET.parse(export(review, tmp_path / "tasks.json"))
    tasks = [task["data"] for task in json.loads((tmp_path / "tasks.json").read_text())]
    wanted = {tag.get("value", "").removeprefix("$") for tag in configuration.getroot()}
    assert all(wanted <= set(task) for task in tasks)
    assert tasks[0]["video"] == "/data/local-files/?d=videos/a%20b.mp4"
    assert tasks[0]["choices"] == [{"value": "high"}, {"value": "low"}, {"value": "cannot tell"}]
    assert {"automatic", "predictions"}.isdisjoint(tasks[0])


def test_labels_come_back_with_their_annotators(tmp_path: Path, review: ReviewFolder) -> None:
    """By number or e-mail; the later one of an annotator counts; what was skipped is counted."""
    mail = {"id": 3, "email": "bo@example.org", "first_name": "Bo"}
    voices = [annotation("high", at="2026-03-09T23:00:00Z"), annotation("low", at="2026-03-09T22:00:00Z"),
              annotation("low", by=mail)]  # fmt: skip
    found = read_export(review, exported(tmp_path, review, voices, [annotation("correct", was_cancelled=True)]))
    assert (found.labels, found.known, found.cancelled) == (3, 0, 1)
    assert found.reviewers == ("bo@example.org", "label-studio 7")
    said = {key: label.label for key, label in Labels(review).last().items()}
    assert said == {("label-studio 7", VOICE): "high", ("bo@example.org", VOICE): "low"}


def test_importing_twice_writes_nothing_twice(tmp_path: Path, review: ReviewFolder) -> None:
    """Labels from the page stay beside them."""
    say(review, "Ada", item1="not correct")
    path = exported(tmp_path, review, [annotation("low")], [annotation("correct")])
    assert read_export(review, path).labels == 2
    again = read_export(review, path)
    assert (again.labels, again.known) == (0, 2)
    assert len(lines(review.labels_path)) == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (annotation("maybe"), "'maybe' came from 'label-studio 7'; wanted one of high, low, cannot tell"),
        (annotation("low", result=[]), "no single choice named 'label'"),
        (annotation("low", result="low"), "no single choice named 'label'"),
        (annotation("low", result=[{"from_name": "label", "value": {"choices": ["low", "high"]}}]), "no single choice"),
        (annotation("low", by=None), "completed_by is None"),
        (annotation("low", by={"email": ""}), "completed_by is {'email': ''}"),
        (annotation("low", at=None), "updated_at is None"),
        ("text", "'text' came; wanted an object"),
    ],
)
def test_an_annotation_that_does_not_fit_is_named_and_nothing_is_written(
    tmp_path: Path, review: ReviewFolder, wrong: Any, said: str
) -> None:
    """Task and annotation stand in the line; the good one before it is not taken over alone."""
    with pytest.raises(DataError) as error:
        read_export(review, exported(tmp_path, review, [annotation("low"), wrong]))
    assert "export.json, task 1, annotation 2" in str(error.value)
    assert said in str(error.value)
    assert not review.labels_path.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{}", "dict came; wanted a list of tasks"),
        ('[{"id": 1, "label": "low"}]', "task 1: no data.id or no annotations in it. Export the project"),
        ("[3]", "task 1: no data.id"),
        (
            '[{"data": {"id": "x"}, "annotations": [{"was_cancelled": false}]}]',
            "task 1, annotation 1: no single choice",
        ),
    ],
)
def test_a_file_that_is_no_export_is_named(tmp_path: Path, review: ReviewFolder, text: str, said: str) -> None:
    """With what to export instead."""
    path = tmp_path / "export.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"export\.json") as error:
        read_export(review, path)
    assert said in str(error.value)


def test_tasks_of_another_review_are_refused(tmp_path: Path, review: ReviewFolder) -> None:
    """An item that this review does not have is not its own."""
    other = a_review(tmp_path / "other", an_item(5))
    path = exported(tmp_path, other, [annotation("correct")])
    with pytest.raises(DataError, match="no item 'description/clip5/0' in this review"):
        read_export(review, path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, review: ReviewFolder) -> None:
    """Named, with the system's words."""
    with pytest.raises(DataError, match=r"none\.json: cannot be read"):
        read_export(review, tmp_path / "none.json")


def test_tasks_are_not_written_over_by_their_configuration(tmp_path: Path, review: ReviewFolder) -> None:
    """A name that ends in .xml is refused."""
    with pytest.raises(InputError, match=r"Name it \.json"):
        export(review, tmp_path / "tasks.xml")
