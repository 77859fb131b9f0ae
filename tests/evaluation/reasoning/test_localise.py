"""Wrong answers are placed where their reasoning breaks: by truth, by a judge, and again from what was written down."""

import json
import shutil
from pathlib import Path

import pytest

from crossomni.chat import ChatConfig
from crossomni.corpus import Corpus
from crossomni.errors import ChatError, InputError, RecordError, RunError
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.reasoning.localise import (
    LOGIC,
    Located,
    locate_by_judge,
    locate_by_truth,
    located,
    where_it_failed,
)
from crossomni.judging import LogicPoints
from crossomni.records import Row
from crossomni.tasks import Modality
from crossomni.testing import ChatServer
from crossomni.testing.chat_server import SERVER_ERROR
from tests.evaluation.conftest import make_data
from tests.evaluation.reasoned import exchanged, thought, truth_of, write_run, wrong

pytestmark = pytest.mark.usefixtures("quiet")


def lines(run: Path) -> list[dict]:
    """What logic.jsonl holds."""
    return [json.loads(line) for line in (run / LOGIC).read_text(encoding="utf-8").splitlines()]


def config_of(server, model="j") -> ChatConfig:
    """A judge that is asked once."""
    return ChatConfig(url=server.url, model=model, tries=1)


def about(request) -> str:
    """What a judge was asked."""
    return request["messages"][0]["content"]


# --- a run, by truth ---


def test_a_run_is_counted_by_answer_and_reasoning(tmp_path):
    """Wrong ones by the step, right ones by whether the reasoning is sound, and the silent ones apart."""

    def reply(row: Row) -> str | None:
        return {
            "au": thought(row),
            "vi": thought(row, exchanged(row, "source")),
            "te": thought(row, letter=wrong(row)),
            "au-vi": thought(row, exchanged(row, "source"), wrong(row)),
            "au-te": thought(row, exchanged(row, "bridge"), wrong(row)),
            "vi-au": thought(row, exchanged(row, "target"), wrong(row)),
            "vi-te": row.answer,
            "te-au": None,
            "te-vi": thought(row, "Because."),
        }[row.task.id]

    rows = write_run(tmp_path / "run", reply, count=9)
    found = locate_by_truth(tmp_path / "run").tallies

    assert {row.task.id for row in rows} == set(found) - {"single", "cross", "overall"}
    none = dict.fromkeys(("source", "bridge", "target", "sound", "no-reasoning", "unscored"), 0)
    assert (found["overall"].wrong, found["overall"].right) == (
        none | {"source": 1, "bridge": 1, "target": 1, "sound": 1},
        none | {"sound": 1, "source": 1, "no-reasoning": 2},
    )
    assert (found["overall"].no_reply, found["te-au"].no_reply, found["overall"].rows) == (1, 1, 9)
    assert found["au-te"].wrong == none | {"bridge": 1}
    assert found["single"].right == none | {"sound": 1, "source": 1}


def test_a_line_says_what_truth_matched(tmp_path):
    """One line a reply: id, state, points, and who was found at each step."""
    (row,) = write_run(tmp_path / "run", thought, count=1)
    locate_by_truth(tmp_path / "run")
    (line,) = lines(tmp_path / "run")
    name = truth_of(row).peers[truth_of(row).referent].name
    assert (line["id"], line["by"], line["state"]) == (row.id, "truth", "scored")
    assert line["points"] == {"source": 1, "bridge": 1, "answer": 1}
    assert line["matched"] == {"source": name, "target": name, "answer": name}


def test_masked_names_are_known(tmp_path):
    """Where a run was asked with numbers in the place of names, its reasoning speaks of numbers."""

    def masked(row: Row) -> str:
        truth = truth_of(row)
        reasoning = row.rationale
        for number, one in enumerate(truth.peers, start=1):
            reasoning = reasoning.replace(one.name, f"Person {number}")
        return thought(row, reasoning)

    for name, knock_out, sound in (("plain", (), 4), ("masked", ("names",), 9)):
        write_run(tmp_path / name, masked, count=9, knock_out=knock_out)
        assert locate_by_truth(tmp_path / name).tallies["overall"].right["sound"] == sound


def test_a_row_that_truth_does_not_explain_is_unscored(tmp_path, data):
    """It says nothing of whom the question means, and nothing is guessed."""
    write_run(tmp_path / "run", lambda row: thought(row, "word " * 9), corpus=Corpus.open(str(data)))
    assert locate_by_truth(tmp_path / "run").tallies["overall"].count("right", ["unscored"]) == 9
    assert {line["state"] for line in lines(tmp_path / "run")} == {"no-truth"}


def test_data_without_truth_want_a_judge(tmp_path, data):
    """The error says how to give one."""
    shutil.copytree(data, tmp_path / "data", ignore=shutil.ignore_patterns("truth"))
    write_run(tmp_path / "run", thought, corpus=Corpus.open(str(tmp_path / "data")))
    with pytest.raises(InputError, match=r"the truth of no clip is known.*--judge openai:NAME@URL"):
        locate_by_truth(tmp_path / "run")


def test_without_labels_nobody_knows_what_is_wrong(tmp_path):
    """A run on held-back answers is refused."""
    corpus = Corpus.open(str(make_data(tmp_path / "data", clips=1, hide_answers=True)))
    write_run(tmp_path / "run", lambda row: "A", corpus=corpus, split="test")
    with pytest.raises(InputError, match="labels are held back"):
        locate_by_truth(tmp_path / "run")


# --- a run, by a judge ---


def test_a_judge_places_answers(tmp_path):
    """Its points are kept with its reply, and it is asked once for each row that reasons."""
    rows = write_run(tmp_path / "run", lambda row: row.answer if row.task.id == "te" else thought(row), count=9)
    with ChatServer(lambda request: "1 0 0" if "in the audio." in about(request) else "1 1 1") as server:
        found = locate_by_judge(tmp_path / "run", config_of(server))
        assert server.requests == 1 + 8  # the first one is a greeting
    audio = sum(Modality.AUDIO in (row.task.source, row.task.target) for row in rows)
    assert found.tallies["overall"].right == {
        "source": 0, "bridge": audio, "target": 0, "sound": 8 - audio, "no-reasoning": 1, "unscored": 0
    }  # fmt: skip
    first = {line["id"]: line for line in lines(tmp_path / "run")}[rows[0].id]
    assert (first["reply"], first["points"]) == ("1 0 0", {"source": 1, "bridge": 0, "answer": 0})
    assert first["by"].startswith("j, rubric ")


def test_what_was_judged_is_not_asked_again(tmp_path):
    """Only rows on which the judge's server failed are; without new ones nobody is asked, not even greeted."""
    run = tmp_path / "run"
    write_run(run, thought, count=9)

    def down_for_text(request):
        return SERVER_ERROR if "Point 3, answered from the text." in about(request) else "1 1 1"

    with ChatServer(down_for_text) as server:
        first = locate_by_judge(run, config_of(server))
        assert (first.tallies["overall"].right["sound"], first.tallies["overall"].right["unscored"]) == (6, 3)
    with ChatServer(lambda request: "1 1 1") as server:
        second = locate_by_judge(run, config_of(server))
        assert server.requests == 1 + 3
        assert locate_by_judge(run, config_of(server)) == second
        assert server.requests == 1 + 3
    assert second.tallies["overall"].right["sound"] == 9
    assert len(lines(run)) == 9


def test_a_kill_loses_no_score(tmp_path):
    """What was there at an interrupt is there at the next start."""
    run, done = tmp_path / "run", []
    write_run(run, thought, count=9)

    def stop(now: int, of: int) -> None:
        done.append((now, of))
        if now == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        locate_by_truth(run, stop)
    assert len(lines(run)) == 4
    locate_by_truth(run, lambda now, of: done.append((now, of)))
    assert done == [(n, 9) for n in (0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9)]


def test_unread_judges_are_unscored(tmp_path):
    """A judge that says something else than points gives none, and what it said is kept."""
    write_run(tmp_path / "run", thought, count=2)
    with ChatServer(lambda request: "I give 1 1 1.") as server:
        found = locate_by_judge(tmp_path / "run", config_of(server))
    assert found.tallies["overall"].right["unscored"] == 2
    assert {(line["state"], line["reply"]) for line in lines(tmp_path / "run")} == {("unparsed", "I give 1 1 1.")}


def test_another_judge_is_refused(tmp_path):
    """One file holds the scores of one judge, or of truth."""
    write_run(tmp_path / "run", thought, count=1)
    locate_by_truth(tmp_path / "run")
    before = lines(tmp_path / "run")
    with ChatServer(lambda request: "1 1 1") as server:
        with pytest.raises(RunError, match=r"is by truth, now j, rubric .* was asked for"):
            locate_by_judge(tmp_path / "run", config_of(server))
        assert server.requests == 0
    assert lines(tmp_path / "run") == before


def test_a_reply_that_changed_is_judged_again(tmp_path):
    """A score is about one text; a row that failed, and was asked again, has another one."""
    run = tmp_path / "run"
    write_run(run, thought, count=2)
    locate_by_truth(run)
    (run / "predictions.jsonl").unlink()
    rows = write_run(run, lambda row: thought(row, exchanged(row, "source")), count=2)
    folder = RunFolder(run)

    stale = where_it_failed(folder, rows, folder.predictions(rows))
    assert stale.tallies["overall"].right["unscored"] == 2
    assert locate_by_truth(run).tallies["overall"].right["source"] == 2
    assert len(lines(run)) == 2


def test_a_judge_that_is_away_is_told_at_once(tmp_path):
    """Before each row waits for it; nothing is written."""
    write_run(tmp_path / "run", thought, count=2)
    with ChatServer() as server:
        config = config_of(server)
    with pytest.raises(ChatError) as caught:
        locate_by_judge(tmp_path / "run", config)
    assert caught.value.state == "unreachable"
    assert lines(tmp_path / "run") == []


# --- what is there, read again ---


def test_scores_are_read_without_anybody(tmp_path):
    """The table comes from the folder; without scores the command to make them is named."""
    write_run(tmp_path / "run", thought, count=3)
    with pytest.raises(RunError, match="--judge openai:NAME@URL or, on playhouse, --truth"):
        located(tmp_path / "run")
    assert locate_by_truth(tmp_path / "run") == located(tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line | {"points": None}, "line 1: row .* does not go with points None"),
        (lambda line: line | {"points": {"source": 2, "bridge": 0, "answer": 0}}, "each 0 or 1"),
        (lambda line: line | {"state": "fine"}, "line 1: row .* state 'fine'"),
        (lambda line: line | {"id": "nobody"}, "line 1: row 'nobody' is not of this run's data"),
        (lambda line: {"id": line["id"]}, "line 1: row .* KeyError 'points'"),
    ],
)
def test_damaged_scores_are_named(tmp_path, change, said):
    """With file and line."""
    run = tmp_path / "run"
    write_run(run, thought, count=1)
    locate_by_truth(run)
    (line,) = lines(run)
    (run / LOGIC).write_text(json.dumps(change(line)) + "\n", encoding="utf-8")
    with pytest.raises(RunError, match=said):
        located(run)


def test_a_score_that_is_there_twice_is_named(tmp_path):
    """Somebody joined two files."""
    write_run(tmp_path / "run", thought, count=1)
    locate_by_truth(tmp_path / "run")
    (line,) = lines(tmp_path / "run")
    (tmp_path / "run" / LOGIC).write_text(2 * (json.dumps(line) + "\n"), encoding="utf-8")
    with pytest.raises(RunError, match=r"line 2: row .* second time"):
        located(tmp_path / "run")


def test_a_line_has_points_or_a_reason():
    """Not both."""
    with pytest.raises(RecordError, match="does not go with points"):
        Located(id="r", by="truth", reasoning="0", state="no-truth", points=LogicPoints(0, 0, 0))
