"""What a thought is not is told without a judge, and no true rationale is refused."""

import pytest

from crossomni.training.judges.gates import MOST_COPIED, copied, refusal, refused
from crossomni.training.judges.protocol import Thought
from tests.training.judged import GOOD, row, shipped_rows, thought


def test_no_true_rationale_is_refused():
    """Those of all shipped rows pass, and by far: at most 0.22 of one is runs of the prompt's words."""
    thoughts = [Thought(row=one, thinking=one.rationale) for one in shipped_rows()]
    assert 180 == len(thoughts)
    assert [] == [one.row.id for one in thoughts if refusal(one) is not None]
    assert 0.22 > max(map(copied, thoughts)) > 0.1
    assert 0.5 == MOST_COPIED


@pytest.mark.parametrize("part", ["question", "biography", "both", "options"])
def test_copies_of_the_prompt_are_refused(part):
    """On every shipped row, whatever the case and the punctuation of the copy."""
    for one in shipped_rows():
        text = {
            "question": one.question,
            "biography": one.biography,
            "both": f"{one.question}\n{one.biography}",
            "options": "\n".join(one.options),
        }[part]
        if len(text.split()) >= 8:
            refusals = {refusal(Thought(row=one, thinking=copy)) for copy in (text, text.upper().replace(".", "!"))}
            assert refusals <= {"copied", "wrong-form"}
            assert "copied" in refusals or part != "biography"


def test_a_copy_with_a_few_words_around_it_is_one():
    """They do not make it a thought."""
    one = row()
    assert "copied" == refusal(thought(f"Let me think. {one.biography} So the answer is clear to me now."))


def test_a_quotation_is_no_copy():
    """One sentence of the biography within a thought about it passes."""
    one = row()
    assert refusal(thought(f"{GOOD} {GOOD.upper()} {one.biography.splitlines()[0]}")) is None


@pytest.mark.parametrize(("text", "why"), [("", "no-reasoning"), ("Thought process:", "wrong-form"), (GOOD, None)])
def test_what_no_row_is_needed_for(text, why):
    """The gates of judging stand here too."""
    assert why == refusal(thought(text))
    judged = refused(thought(text))
    assert why == (None if judged is None else judged.state)


def test_a_thought_without_a_run():
    """Four words are no run, and no division by zero."""
    assert 0.0 == copied(thought("one two three four"))
