"""Clips through all stages, by models behind an endpoint."""

import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from crossomni.construction.models.assembling import assemble, blocks_told, lineage
from crossomni.construction.models.building import CLIPS, REPLIES, Done, recall, take_over, work_through
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.costs import Progress
from crossomni.construction.models.estimate import STAGES, estimate
from crossomni.construction.models.items import Item
from crossomni.construction.wording import question_words
from crossomni.errors import InputError
from crossomni.tasks import TASKS
from crossomni.testing.chat_server import ChatServer
from tests.construction.models.conftest import Clips, asked_at
from tests.construction.models.scripted import Faults, Models

pytest.importorskip("torchaudio")
pytest.importorskip("sklearn")
ROOT = Path(__file__).parents[3]


class Made(NamedTuple):
    """A build, where it is, and who was asked."""

    done: Done
    folder: Path
    server: ChatServer
    models: Models


@pytest.fixture(scope="module")
def built(works: list[Work], clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A build without faults."""
    folder, models = tmp_path_factory.mktemp("built"), Models(clips)
    with ChatServer(models) as server:
        yield Made(work_through(asked_at(server), works, folder), folder, server, models)


def stable(folder: Path) -> list[dict[str, Any]]:
    """What is kept of clips, by clip, but for the server's own names of its replies."""
    lines = [json.loads(line) for line in (folder / CLIPS).read_text().splitlines()]
    for line in lines:
        for asked in (*line["asked"], *(one for item in line["items"] for one in item["asked"])):
            del asked["request_id"]
    return sorted(lines, key=lambda line: str(line["clip"]))


def test_every_task_is_written_and_true(built: Made, clips: Clips) -> None:
    """What is kept is a question that the clip's truth asks and answers so."""
    done = built.done
    assert {item.task for one in done.worked for item in one.items} >= {TASKS[0], TASKS[1]}
    for one, (truth, _) in zip(done.worked, clips.values(), strict=True):
        known = {
            (question_words(who, clue, asked).casefold(), asked.value)
            for who in truth.referents
            for clue in who.facts
            for asked in who.facts
            if clue != asked and question_words(who, clue, asked)
        }
        assert one.items
        assert {(item.question.casefold(), item.answer) for item in one.items} <= known


def test_rationales_are_for_training_alone(built: Made, works: list[Work]) -> None:
    """Four steps there, none in test."""
    done = built.done
    for one, work in zip(done.worked, works, strict=True):
        assert {len(item.rationale) for item in one.items} == ({4} if work.split == "train" else {0})


def test_rows_have_letters_and_a_lineage(built: Made, works: list[Work]) -> None:
    """The answer's letter leads to the answer; each request is traced to prompt, model and reply."""
    done = built.done
    made = assemble(done.worked, {work.clip.id: work.split for work in works}, seed=1)
    answers = {item.id: item.answer for one in done.worked for item in one.items}
    rows = [row for split in made.rows.values() for row in split]
    assert {row.id: row.options["ABCD".index(row.answer)] for row in rows} == answers
    for row in made.rows["train"]:
        assert row.rationale.endswith(f"The answer is {row.answer}.")
    lines = list(lineage(done.worked, {row.id for row in rows}, asked_at(built.server)))
    assert {line["row"] for line in lines if "row" in line} == {*answers}
    traced = [asked for line in lines for asked in line["asked"]]
    assert all(len(asked["prompt_sha256"]) == 64 and asked["request_id"] for asked in traced)
    chat = asked_at(built.server).language.chat
    settings = {(one["most_new_tokens"], one["temperature"], one["seed"]) for one in traced}
    assert settings == {(chat.most_new_tokens, chat.temperature, chat.seed)}
    assert {(line["frames"], line["pixels"]) for line in lines if "sha256" in line} == {(2, 96 * 54)}
    assert {"describe", "voice", "question", "unique", "blind", "rationale"} <= {one["prompt"] for one in traced}


def test_an_estimate_is_near_what_is_asked(built: Made, works: list[Work]) -> None:
    """An upper side of it for each stage, and no more than twice as much in all; bytes on disk, too."""
    made, asked = estimate(asked_at(built.server), works), Counter(built.models.asked)
    for stage, names in STAGES.items():
        assert sum(asked[name] for name in names) <= made.stage_calls(stage), (stage, asked, made.calls)
    assert sum(made.calls.values()) < 2 * asked.total()
    kept = sum((built.folder / name).stat().st_size for name in (REPLIES, CLIPS))
    assert kept < made.reply_bytes < 4 * kept
    assert {role: one.replies > 0 for role, one in made.spent.items()} == dict.fromkeys(built.done.spent, True)


def test_nothing_of_a_clip_is_kept_in_memory(built: Made, works: list[Work], tmp_path: Path) -> None:
    """But where it stands on the disk; how far it is, and what was spent, is told with each."""
    (tmp_path / REPLIES).write_bytes((built.folder / REPLIES).read_bytes())
    told, alive = [], []
    gc.collect()

    def items() -> int:
        gc.collect()
        return sum(type(one) is Item for one in gc.get_objects())

    def look(progress: Progress) -> None:
        told.append(progress.clips)
        alive.append(items())

    gc.freeze()  # what was there before, other tests' items too, is not looked through
    try:
        done = work_through(asked_at(built.server, clips_at_once=1), works, tmp_path, look)
        assert items() == 0
    finally:
        gc.unfreeze()
    assert told == [0, 1, 2, 2]
    assert alive[:2] == [0, len(done.worked[0].items)]
    assert alive[2] == len(done.worked[1].items)
    assert Progress.read(tmp_path) == Progress(clips=2, spent=done.spent)


@pytest.mark.slow
def test_stopped_twice_it_comes_to_the_same(works: list[Work], clips: Clips, tmp_path: Path) -> None:
    """Also where replies are wrong, in bad form, or do not come."""
    faults, stops = Faults(wrong=0.05, unparsed=0.05, silent=0.03), [25, 60]
    models, chosen = Models(clips, faults), works[:1]

    def reply(request: dict[str, Any]) -> Any:
        if stops and len(models.asked) >= stops[0]:
            stops.pop(0)
            os.kill(os.getpid(), signal.SIGINT)
        return models(request)

    with ChatServer(Models(clips, faults)) as server:
        work_through(asked_at(server), chosen, tmp_path / "whole")
    with ChatServer(reply) as server:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                work_through(asked_at(server), chosen, tmp_path / "stopped")
        work_through(asked_at(server), chosen, tmp_path / "stopped")
    assert stable(tmp_path / "whole") == stable(tmp_path / "stopped")


def test_a_second_run_makes_no_call(built: Made, works: list[Work]) -> None:
    """And gives the same."""
    done, folder, server, _ = built
    before = server.requests
    again = work_through(asked_at(server), works, folder)
    assert before == server.requests
    assert len(works) == again.found
    assert [one.to_json() for one in done.worked] == [one.to_json() for one in again.worked]
    assert again.before == done.spent


def test_another_number_of_shards_asks_nothing_again(built: Made, works: list[Work], tmp_path: Path) -> None:
    """Clips that are done are found in whatever folder of the build, and copied once."""
    done, folder, server, _ = built
    (tmp_path / "shard_00004").mkdir()
    (tmp_path / "shard_00004" / CLIPS).write_bytes((folder / CLIPS).read_bytes())
    before, models, mine = server.requests, asked_at(server), tmp_path / "shard_00001"
    alone = work_through(models, works, tmp_path)
    for _ in range(2):
        take_over(models, {mine: works[1:]}, tmp_path)
    assert before == server.requests
    assert [*done.worked] == [*alone.worked]
    assert recall(models, works, [mine]).worked.names == (works[1].clip.id,)
    assert (mine / CLIPS).read_text().count("\n") == 1


def test_replies_are_kept_where_clips_are_not(built: Made, works: list[Work], tmp_path: Path) -> None:
    """With another seed questions are new, and what was seen and heard is not asked again."""
    _, folder, server, models = built
    (tmp_path / "replies.sqlite").write_bytes((folder / "replies.sqlite").read_bytes())
    before = len(models.asked)
    work_through(asked_at(server), [replace(work, seed=2) for work in works], tmp_path)
    asked = Counter(models.asked[before:])
    assert asked["question"] > 0
    assert {"describe", "caption", "person", "voice", "biography"}.isdisjoint(asked)


@pytest.mark.parametrize(
    ("faults", "gone"),
    [(Faults(unparsed=1.0), "unparsed"), (Faults(silent=1.0), "no reply")],
)
def test_it_fails_closed(
    faults: Faults, gone: str, works: list[Work], serve: Callable[[Faults], ChatServer], tmp_path: Path
) -> None:
    """Replies that cannot be read, or do not come, drop all by their names, and pass nothing."""
    with serve(faults) as server:
        done = work_through(asked_at(server), works[:1], tmp_path)
    assert done.worked[0].items == ()
    assert all(gone in drop.reason or "without" in drop.reason or "no person" in drop.reason
               for drop in done.worked[0].dropped)  # fmt: skip
    assert done.worked[0].dropped


def test_what_had_no_reply_is_asked_again(
    works: list[Work], serve: Callable[[Faults], ChatServer], tmp_path: Path
) -> None:
    """A clip that a server was silent about is not done."""
    with serve(Faults(silent=0.2)) as server:
        first = work_through(asked_at(server), works[:1], tmp_path)
    assert any("no reply" in drop.reason for drop in first.worked[0].dropped)
    with serve(Faults()) as server:
        second = work_through(asked_at(server), works[:1], tmp_path)
    assert second.found == 0
    assert not any("no reply" in drop.reason for drop in second.worked[0].dropped)
    assert len(second.worked[0].items) > len(first.worked[0].items)


def test_a_model_that_is_not_there_is_refused(works: list[Work], tmp_path: Path) -> None:
    """Before the first clip, and by its role."""
    with ChatServer(lambda request: "ready") as server:
        models = asked_at(server)
    with pytest.raises(InputError, match=r"--models: .* does not answer"):
        work_through(models, works, tmp_path)


def test_pair_blocks_differ_in_source_or_target_alone(
    works: list[Work], serve: Callable[[Faults], ChatServer], tmp_path: Path
) -> None:
    """Nine questions about a person: three clues by three things asked, and whole blocks only."""
    blocks = [replace(work, split="test", blocks=True) for work in works[:1]]
    with serve(Faults()) as server:
        done = work_through(asked_at(server, readers=()), blocks, tmp_path)
    made = assemble(done.worked, {work.clip.id: "test" for work in blocks}, seed=1, pairs=1)
    rows = made.rows["test"]
    assert {row.task for row in rows} == {*TASKS}
    assert len({row.pair_id for row in rows}) == 1
    items = {item.id: item for one in done.worked for item in one.items}
    assert len({items[row.id].clue for row in rows}) == 3
    assert len({(items[row.id].stem, row.options, row.answer) for row in rows}) == 3
    told = blocks_told(made, 5)
    assert told.startswith("test: 1 questions of each single task")
    assert "5 were asked for. Of " in told
    assert "5 were asked for" not in blocks_told(made, 1)
    reasons = {drop.reason for drop in made.dropped if drop.stage == "pairs"}
    assert reasons <= {"a pair block that is not whole", "more pair blocks than asked for"}


def _run(folder: Path, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.construction.models.runs", str(folder), url], cwd=ROOT)


@pytest.mark.slow
def test_killed_at_any_moment_it_comes_to_the_same(built: Made, works: Sequence[Work], tmp_path: Path) -> None:
    """What was asked before a kill is not asked again, but for what was under way."""
    _, folder, server, _ = built
    luck = random.Random(7)
    begun = server.requests
    for _ in range(3):
        running = _run(tmp_path, server.url)
        time.sleep(luck.uniform(1.5, 6))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    last = _run(tmp_path, server.url)
    assert last.wait() == 0
    assert stable(folder) == stable(tmp_path)
    undisturbed = len({one["request_id"] for line in map(json.loads, (folder / CLIPS).read_text().splitlines())
                       for one in line["asked"]})  # fmt: skip
    # Eight requests at once and role may be under way at each of the kills; five roles greet at each start.
    assert server.requests - begun < 2 * undisturbed + 4 * (5 + 5 * 8) + 500
