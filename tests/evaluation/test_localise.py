"""Wrong answers are placed where their reasoning breaks: by truth, by a judge, and again from what was written down."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest

import crossomni.evaluation.where as where_module
from crossomni.chat import ChatConfig
from crossomni.corpus import Corpus
from crossomni.errors import ChatError, InputError, RecordError, RunError
from crossomni.evaluation.against_truth import follow, meant
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.localise import LOGIC, Located, locate_by_judge, locate_by_truth, located, where_it_failed
from crossomni.evaluation.mentions import Peers
from crossomni.evaluation.where import Where
from crossomni.judging import LogicPoints
from crossomni.records import Row
from crossomni.tasks import Modality
from crossomni.testing import ChatServer
from crossomni.testing.chat_server import SERVER_ERROR
from tests.evaluation.conftest import make_data
from tests.evaluation.reasoned import TRAIN, annotation_of, exchanged, shipped, thought, truth_of, write_run, wrong

ROWS = shipped().rows(TRAIN)


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    """The server is on this machine: no proxy, nobody's key, no certificates."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    for name in ("SSL_CERT_FILE", "OPENAI_API_KEY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def lines(run: Path) -> list[dict]:
    """What logic.jsonl holds."""
    return [json.loads(line) for line in (run / LOGIC).read_text(encoding="utf-8").splitlines()]


def config_of(server, model="j") -> ChatConfig:
    """A judge that is asked once."""
    return ChatConfig(url=server.url, model=model, tries=1)


def about(request) -> str:
    """What a judge was asked."""
    return request["messages"][0]["content"]


# --- truth ---


def test_truth_knows_whom_every_row_is_about():
    """The ids of playhouse tell the referent and the kinds of clue and answer, and truth finds the same."""
    rows = [row for split in shipped().splits for row in shipped().rows(split)]
    for row in rows:
        _, _, place, kinds = row.id.split("/")
        found = truth_of(row)
        who = annotation_of(row.clip_id).referents[int(place) - 1]
        assert found.peers[found.referent] == who, row.id
        assert f"{found.clue.kind}-{found.asked.kind}".replace(" ", "").replace("name-", "thing-") == kinds


def test_truth_does_not_guess_whom_a_row_is_about():
    """Options of no one kind, a question without a clue, a held-back answer."""
    row = ROWS[0]
    truth = annotation_of(row.clip_id)
    assert meant(row, truth) is not None
    for changed in (
        replace(row, options=("x", "y", "z", row.options[3])),
        replace(row, question="What does the person sound like?"),
        replace(row, answer=""),
    ):
        assert meant(changed, truth) is None


def test_the_rationales_take_every_step():
    """All of the training rows'."""
    broken = {row.id: follow(row.rationale, row, truth_of(row)).points for row in ROWS}
    assert {key: points for key, points in broken.items() if points.score < 3} == {}


@pytest.mark.parametrize("step", ["source", "bridge", "target"])
def test_a_person_exchanged_at_a_step_is_found_there(step):
    """From that step on all is another's; what came before stays right, and so do the steps among themselves."""
    misplaced = []
    for row in ROWS:
        reasoning = exchanged(row, step)
        assert reasoning != row.rationale
        if step == "bridge" and reasoning.split("\n")[2] == row.rationale.split("\n")[2]:
            continue  # within sound there is "this person" only
        if step == "source" and truth_of(row).clue.kind == "name":
            continue  # a thing that the question names is found already
        points = follow(reasoning, row, truth_of(row)).points
        if points.place != step:
            misplaced.append((row.id, points))
    assert misplaced == []


def test_what_is_exchanged_is_told_by_name():
    """Beside the points stands who was found at each step."""
    row = next(row for row in ROWS if row.task.id == "vi-te")
    truth = truth_of(row)
    one, other = (truth.peers[(truth.referent + step) % 4].name for step in (0, 1))
    found = follow(exchanged(row, "bridge"), row, truth)
    assert (found.source, found.target, found.answer) == (one, other, other)
    assert found.points == LogicPoints(1, 0, 1)


def test_an_answer_needs_a_bridge():
    """Source and value alone, without anybody found in the target, earn one point."""
    row = next(row for row in ROWS if row.task.id == "vi-te")
    _, source, _, answer = row.rationale.split("\n")
    value = truth_of(row).asked.value
    found = follow(f"{source}\nSo it is {value}.", row, truth_of(row))
    assert (found.points, found.target) == (LogicPoints(1, 0, 0), "")
    assert value in answer


def test_the_clue_alone_finds_nobody():
    """It is the question's own word."""
    row = next(row for row in ROWS if row.task.id == "vi-te")
    found = follow(f"The question is: {row.question} I take the first option.", row, truth_of(row))
    assert found.points == LogicPoints(0, 0, 0)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("the yellow top", {"top colour"}),
        ("Her top is yellow.", {"top colour"}),
        ("The top of the person with a top hat is yellow.", {"top colour", "accessory"}),
        ("a yellow vase", set()),
        ("the beige pants", {"trousers"}),
        ("The hair of the one with beige trousers is brown.", {"hair colour", "trousers"}),
        ("exactly 4 stars", {"stars"}),
        ("one of the four", set()),
        ("waving her hand", {"action"}),
        ("the second highest", {"pitch"}),
        ("comes from the right", {"entrance"}),
        ("the second from the right", set()),
        ("Leo says so", {"name"}),
        ("recovered from a bad car accident", {"event"}),
        ("born on September 24, 1993", {"birth date"}),
        ("“Nobody came to the…”", {"line"}),
        ("at 5.9 s", {"times"}),
        ("from 5.5 to 7.5 s", {"times"}),
        ("at 0:06", {"times"}),
        ("3. At the far left", {"place"}),
        ("12 to 14 people, 1993", set()),
    ],
)
def test_what_a_sentence_mentions(text, kinds):
    """Values are known in other forms, and words of many uses only beside a word of their kind."""
    truth = annotation_of("viaduct_s01e01_clip_01")  # the first is Leo Calham; the second wears a top hat
    (mentions,) = Peers(truth.persons).sentences(text)
    assert {mention.kind for mention in mentions} == kinds
    assert {mention.owner for mention in mentions if mention.kind != "accessory"} <= {0}


def test_a_name_of_two_people_tells_nothing():
    """A first name that a second person has too, say."""
    truth = annotation_of("viaduct_s01e01_clip_01")
    twice = (truth.persons[0], replace(truth.persons[1], name="Leo Berg"))
    (mentions,) = Peers(twice).sentences("Leo and Berg")
    assert [(mention.owner, mention.modalities) for mention in mentions] == [(1, {Modality.TEXT})]


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


# --- the table ---


def table_of(wrong_places: list[tuple[str, LogicPoints | None]], right: int = 0) -> Where:
    """A table of te rows: wrong ones with these states and points, and so many right and sound ones."""
    row = next(row for row in ROWS if row.task.id == "te")
    found = [*wrong_places, *[("scored", LogicPoints(1, 1, 1))] * right]
    rows = [replace(row, id=str(number)) for number in range(len(found))]
    letters = {one.id: one.answer if int(one.id) >= len(wrong_places) else wrong(one) for one in rows}
    return Where.count(by="x", rows=rows, letters=letters, found={str(n): one for n, one in enumerate(found)})


def test_shares_are_of_what_was_scored():
    """Unscored answers are no part of them; Wilson's interval of 1 in 4 is 4.6 to 69.9."""
    bridge, source = LogicPoints(1, 0, 0), LogicPoints(0, 0, 0)
    found = table_of([("scored", bridge), *[("scored", source)] * 3, ("unparsed", None), ("no-reasoning", None)])
    share = found.tallies["te"].share("wrong", ["bridge"])
    assert [round(x, 1) for x in (share.value, share.low, share.high)] == [25.0, 4.6, 69.9]
    assert dict(found.lines())["Te"] == [
        "3, 75% (30–95)", "1, 25% (5–70)", "0, 0% (0–49)", "0, 0% (0–49)", "–", "–", "1", "1", "0", "6"
    ]  # fmt: skip


def test_json_has_no_nan():
    """A share of nothing is null."""
    found = table_of([("unparsed", None)], right=2).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    te = found["groups"]["te"]
    assert te["shares"]["at the bridge"] is None
    assert te["shares"]["right: sound"][0] == 100
    assert (te["wrong"]["unscored"], te["right"]["sound"], te["rows"]) == (1, 2, 3)


def test_markdown_has_a_cell_for_each_heading():
    """Nine tasks and three averages."""
    grid = [line for line in table_of([], right=1).to_markdown().splitlines() if line.startswith("|")]
    assert len(grid) == 2 + 12
    assert len({line.count("|") for line in grid}) == 1
    assert "| Te | – | – | – | – | 1, 100% (21–100) | 0, 0% (0–79) | 0 | 0 | 0 | 1 |" in grid


def test_the_page_shows_where_it_failed():
    """A part of the report, and nothing where nobody has looked."""
    templates = Path(where_module.__file__).parent / "templates"
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    part = pages.get_template("where.html.j2")
    shown = part.render(run=SimpleNamespace(label="<m>", where=table_of([], right=1)))
    assert "&lt;m&gt;: where it failed" in shown
    assert "1, 100% (21–100)" in shown
    assert part.render(run=SimpleNamespace(label="m", where=None)).strip() == ""
