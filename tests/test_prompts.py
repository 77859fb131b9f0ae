"""Prompts are the paper's protocol, composed from files that a user may replace."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossomni.errors import InputError
from crossomni.prompts import compose, fingerprint, prompt_names
from crossomni.records import Question, Row
from crossomni.tasks import TASKS, Task

DEFAULT = "Answer this question based on the video and text information in A/B/C/D."


def ask(**changes) -> Question:
    """A question with four options and a biography, with some fields changed."""
    fields = {
        "id": "r1",
        "clip_id": "c1",
        "question": "What does the singer wear?",
        "options": ("a hat", "a coat", "a scarf", "a vest"),
        "answer": "A",
        "task": Task.parse("au-vi"),
        "biography": "Ann was born in Oslo.",
    }
    return Question(**(fields | changes))


def test_the_default_prompt_is_the_papers():
    """The whole message: the instruction of section 3.1, biography, question, lettered options."""
    expected = (
        f"{DEFAULT}\n\nAdditional Information:\nAnn was born in Oslo.\n\n"
        "Question: What does the singer wear?\nA. a hat\nB. a coat\nC. a scarf\nD. a vest"
    )
    assert compose("default", ask()) == expected


def test_the_cot_prompt_puts_the_papers_trigger_first():
    """Section 4.1 prepends its sentence, with its own apostrophe, to the default prompt and changes nothing else."""
    assert compose("cot", ask()) == f"Let’s think step by step. {compose('default', ask())}"


def test_the_letters_follow_the_options():
    """A question with three options is asked for A/B/C, one with 26 for A to Z."""
    three = compose("default", ask(options=("x", "y", "z")))
    assert "in A/B/C.\n" in three
    assert three.endswith("\nA. x\nB. y\nC. z")
    assert "X/Y/Z." in compose("default", ask(options=tuple(f"option {i}" for i in range(26))))


def test_the_biography_is_left_out_where_it_is_missing():
    """Neither its text nor its heading stays."""
    assert "Additional" not in compose("default", ask(biography=""))


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_icl_takes_the_steps_of_the_tasks_route(task):
    """Find in the source, find again in each modality of the route (B.1), answer from the target: 2, 3 or 4 steps."""
    message = compose("icl", ask(task=task))
    steps = [line for line in message.splitlines() if line[:3] in {f"({number})" for number in range(1, 9)}]

    assert len(steps) == len(task.route) + 1
    assert {"audio": "listen to", "vision": "watch the", "text": "read the question and the"}[task.source] in " ".join(
        steps[0].lower().split()
    )
    assert {"audio": "the sound alone", "vision": "the video alone", "text": "the Additional Information alone"}[
        task.target
    ] in steps[-1]
    assert f"a clue in the {task.source} and asks for something in the {task.target}" in message


def test_icl_demands_the_papers_form():
    """Table 17: a think block, then the letter alone; instruction, biography and question stay as they are."""
    message = compose("icl", ask())
    assert message.startswith(DEFAULT)
    assert "<think>\nyour reasoning, in plain sentences\n</think>\none letter of A/B/C/D\n" in message
    asked = compose("default", ask()).removeprefix(DEFAULT)
    biography, question = asked[: asked.index("Question:")], asked[asked.index("Question:") :]
    assert biography in message
    assert message.endswith(question)


def test_icl_begins_alike_for_all_tasks_on_a_clip():
    """The steps stand after the biography: what a model has read so far serves every task."""
    messages = [compose("icl", ask(task=task)) for task in TASKS]
    assert len({message[: message.index("born in Oslo.")] for message in messages}) == 1


def test_shots_are_shown_with_rationale_and_answer():
    """Training rows stand between instruction and biography, each in the form that is wanted of the reply."""
    shot = Row(
        id="t1", clip_id="c9", question="Who sings?", options=("w", "x", "y", "z"), answer="C", task="au-vi",
        biography="Bob was born in Lund.", rationale="1. First.\n2. Then.",
    )  # fmt: skip
    message = compose("icl", ask(), shots=[shot])

    first, second = message.index("Bob was born in Lund."), message.index("Ann was born in Oslo.")
    assert "Question: Who sings?\nA. w\nB. x\nC. y\nD. z\n\n<think>\n1. First.\n2. Then.\n</think>\nC\n" in message
    assert message.index("<think>") < first < second < message.index("(1)")
    assert message.replace(
        message[message.index("Here is an example") : message.index("Additional Information:\nAnn")], ""
    ) == compose("icl", ask())


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_no_text_breaks_a_prompt(question, biography):
    """Dollar signs, braces and anything else in a row's own text arrive as they are."""
    message = compose("cot", ask(question=question + "$x {y} ${", biography=biography + "${letters}"))
    assert f"Question: {question}$x {{y}} ${{\nA. a hat" in message
    assert f"{biography}${{letters}}" in message


def test_a_users_folder_replaces_files_and_adds_names(tmp_path: Path):
    """A file of a shipped name stands in for it, also inside cot; a new name is a new prompt."""
    (tmp_path / "default.txt").write_text("Pick one of $letters.\n", encoding="utf-8")
    (tmp_path / "mine.txt").write_text("From $source to $target ($task), for $$1.", encoding="utf-8")
    assert prompt_names(tmp_path) == ("cot", "default", "icl", "mine")
    assert compose("cot", ask(), tmp_path).startswith("Let’s think step by step. Pick one of A/B/C/D.\n\n")
    assert compose("mine", ask(), tmp_path).startswith("From audio to vision (Au→Vi), for $1.\n\nAdditional")
    assert prompt_names() == ("cot", "default", "icl")


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path):
    """The error names what came and what there is; parts are no prompts."""
    for name in ("icl2", "_question", "../default"):
        with pytest.raises(InputError, match=r"unknown name .* Prompts are cot, default, icl\."):
            compose(name, ask())
    with pytest.raises(InputError, match="no folder"):
        compose("default", ask(), tmp_path / "missing")


@pytest.mark.parametrize(("text", "complaint"), [("$colour", r"\$colour is not there"), ("costs $ 5", "dollar sign")])
def test_a_broken_file_is_named(tmp_path: Path, text, complaint):
    """A field that is not there, or a lone dollar sign, is an error that names the file."""
    (tmp_path / "mine.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"mine\.txt: .*{complaint}"):
        compose("mine", ask(), tmp_path)


def test_a_task_field_needs_a_task(tmp_path: Path):
    """A question of another benchmark, without a task, cannot be asked by a prompt that names one."""
    (tmp_path / "mine.txt").write_text("From $source", encoding="utf-8")
    with pytest.raises(InputError, match=r"\$source is not there"):
        compose("mine", ask(task=None), tmp_path)


def test_the_fingerprint_follows_every_file_that_is_used(tmp_path: Path):
    """Two prompts differ; a copy of a shipped file changes nothing; another text in any file used does."""
    assert fingerprint("default") != fingerprint("cot")
    assert len(fingerprint("default")) == 64
    (tmp_path / "default.txt").write_text(DEFAULT.replace("A/B/C/D", "$letters"), encoding="utf-8")
    assert fingerprint("cot", tmp_path) == fingerprint("cot")
    (tmp_path / "_question.txt").write_text("$question", encoding="utf-8")
    assert fingerprint("cot", tmp_path) != fingerprint("cot")
