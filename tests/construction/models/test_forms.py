"""How models' replies are read: by full match."""

import pytest

from crossomni.construction.models import forms
from crossomni.construction.models.forms import FAILURE

STEPS = "<Reasoning Details>:\n1. One.\n2. Two.\n3. Three.\n4. It is red.\n<Final Answer>: red"


@pytest.mark.parametrize("said", ["failure", "<failure>", "Failed", "<Failed>"])
def test_the_papers_four_words_are_failures(said):
    """Whatever was asked for."""
    readers = (forms.text, forms.beginning("Ann"), forms.named(), forms.question, forms.incorrect("red"),
               forms.reasoning("red"))  # fmt: skip
    assert {reader(said) for reader in readers} == {FAILURE}
    assert forms.word("pass", "failure")(said) is False


@pytest.mark.parametrize("said", ["failure.", "FAILURE: no", "It failed", "<failed>", ""])
def test_other_words_are_none(said):
    """Neither a failure nor a pass."""
    assert forms.word("pass", "failure")(said) in (None, False if said == "failure." else None)
    assert forms.question(said) is None


@pytest.mark.parametrize("said", ["yes, it is", "yes no", "ja", "", "Output: yes", "1. yes"])
def test_a_verdict_is_one_word(said):
    """Anything else is unparsed, and never a pass."""
    assert forms.word("yes", "no")(said) is None


@pytest.mark.parametrize(
    "said",
    [
        "Question: What is it?\nAnswer: red",  # no brackets
        "Question: What is [it]\nAnswer: red",  # no question
        "Question: What is [it] and [that]?\nAnswer: red",
        "Question: What is []?\nAnswer: red",
        "Question: What is [it]?",
        "Sure!\nQuestion: What is [it]?\nAnswer: red",
        "Question: What is [it]?\nAnswer:",
    ],
)
def test_a_question_of_another_form_is_none(said):
    """Two lines, one pair of brackets."""
    assert forms.question(said) is None


def test_reasons_reach_the_very_answer():
    """Another final answer, or a step too few, is none."""
    assert forms.reasoning("red")(STEPS) == ("One.", "Two.", "Three.", "It is red.")
    assert forms.reasoning("blue")(STEPS) is None
    assert forms.reasoning("red")(STEPS.replace("3. Three.\n", "")) is None


def test_wrong_answers_differ_from_each_other_and_from_the_right_one():
    """Whatever their case."""
    lines = "<incorrect answer>: {}\n<incorrect answer>: {}\n<incorrect answer>: {}"
    assert forms.incorrect("red")(lines.format("blue", "green", "black")) == ("blue", "green", "black")
    assert forms.incorrect("red")(lines.format("blue", "Blue", "black")) is None
    assert forms.incorrect("red")(lines.format("blue", "RED", "black")) is None


def test_thinking_is_not_the_reply():
    """Some models put a think block before it."""
    assert forms.plain("<think>\nno, or yes\n</think>\nyes") == "yes"
    assert forms.word("yes", "no")(forms.plain("<think>no</think>")) is None


def test_a_wrong_answer_says_something() -> None:
    """The colon alone is none."""
    lines = "<incorrect answer>: {}\n<incorrect answer>: blue\n<incorrect answer>: green"
    assert forms.incorrect("red")(lines.format("")) is None
    assert forms.incorrect("red")(lines.format("black")) == ("black", "blue", "green")


def test_signs_that_nobody_sees_are_taken_off() -> None:
    """Else two names look alike, and half a surrogate pair ends the next request."""
    assert forms.plain("\ufeffAnn\u200b: \ud83dred\x00\r\n") == "Ann: red"


def test_things_differ_by_more_than_their_case() -> None:
    """Else one question asks about two."""
    assert forms.named(most=2)("vase: blue\nVase: red") is None
