"""The same stages on datatrove's executors."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crossomni.construction.models.building import work_through
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.costs import Progress
from crossomni.construction.models.shards import Launch, shard_folder, work_in_shards
from crossomni.testing.chat_server import ChatServer
from tests.construction.models.conftest import asked_at
from tests.construction.models.scripted import Faults

pytest.importorskip("datatrove")
pytest.importorskip("torchaudio")
pytest.importorskip("sklearn")


def models_file(folder: Path, server: ChatServer) -> Path:
    """The settings of ``asked_at`` as a file."""
    chat = {"url": server.url, "model": "scripted", "tries": 1, "at_once": 8}
    readers = [{**chat, "model": f"reader {number}"} for number in (1, 2)]
    told = dict.fromkeys(("vision", "language", "audio"), chat) | {"readers": readers}
    path = folder / "models.yaml"
    path.write_text(json.dumps(told | {"frames": 2, "pixels": 96 * 54, "repeats": 1}))  # JSON is YAML, too
    return path


def test_works_are_read_as_they_were_written(works: list[Work], tmp_path: Path) -> None:
    """On whatever machine; another launch has other markers."""
    with ChatServer(lambda request: "ready") as server:
        models = models_file(tmp_path, server)
    made = Launch.of(models, works, tmp_path, 2)
    assert works == made.works
    others = (Launch.of(models, works, tmp_path, 3), Launch.of(models, works[:1], tmp_path, 2))
    assert len({made.logs, *(other.logs for other in others)}) == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_two_workers_do_what_one_does(works: list[Work], serve: Callable[[Faults], ChatServer], tmp_path: Path) -> None:
    """Each its shard; a rank that is done is not run again."""
    with serve(Faults()) as server:
        models = models_file(tmp_path, server)
        told: list[Progress] = []
        done = work_in_shards(models, works, tmp_path / "shards", 2, told.append)
        greeted = server.requests - sum(one.replies for one in done.spent.values())
        alone = work_through(asked_at(server), works, tmp_path / "alone")
        asked = server.requests
        again = work_in_shards(models, works, tmp_path / "shards", 2)
        assert asked == server.requests
    assert [[item.question for item in one.items] for one in alone.worked] == [
        [item.question for item in one.items] for one in done.worked
    ]
    assert [*done.worked] == [*again.worked]
    assert greeted == 2 * 3  # three models, by each shard
    assert told[-1] == Progress(clips=2, spent=done.spent)
    assert [one.clips for one in told] == sorted(one.clips for one in told)
    assert not any(one.requests for one in again.spent.values())
    assert (again.before, again.found) == (done.spent, 2)
    assert all((shard_folder(tmp_path / "shards", rank) / "clips.jsonl").exists() for rank in (0, 1))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_shard_that_is_not_done_is_run_again(
    works: list[Work], serve: Callable[[Faults], ChatServer], tmp_path: Path
) -> None:
    """By the same launch, though datatrove has marked it: a process of this machine ends well where servers do not."""
    with serve(Faults(silent=0.3)) as server:
        launch = Launch.of(models_file(tmp_path, server), works[:1], tmp_path / "shards", 1)
        first = work_through(asked_at(server), works[:1], shard_folder(launch.folder, 0))
    assert not first.worked[0].is_done
    (mark := launch.logs / "completions" / "00000").parent.mkdir(parents=True)
    mark.touch()
    with serve(Faults()) as server:
        done = work_in_shards(models_file(tmp_path, server), works[:1], launch.folder, 1)
    assert done.worked[0].items
    assert done.worked[0].is_done
    assert mark.exists()
