from dataclasses import replace
from random import Random

import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.options import Optioned, give_options
from crossomni.construction.questions import pair_block
from crossomni.construction.verify import verify
from crossomni.records import Fact
from crossomni.tasks import Modality
from tests.construction.plays import annotations


@pytest.fixture
def item() -> Optioned:
    """A sound cross question from sight to text."""
    annotation = annotations(1)[0]
    drafts = list(pair_block(annotation, annotation.persons[0], Random(0)))
    return next(i for i in give_options(drafts, 0) if isinstance(i, Optioned) and i.draft.task.id == "vi-te")


def reason(item: Optioned) -> str:
    """Why the item is dropped."""
    (outcome,) = verify([item])
    assert isinstance(outcome, Dropped)
    return outcome.reason


def test_a_sound_question_passes(item):
    """A question that is unique, answerable, right and nameless is kept as it is."""
    assert list(verify([item])) == [item]


def test_a_clue_that_fits_two_is_dropped(item):
    """The clue must fit exactly one referent in the source."""
    annotation = item.draft.annotation
    twin = replace(annotation.persons[1], facts=(*annotation.persons[1].facts, item.draft.clue))
    twin = replace(twin, facts=tuple(f for f in twin.facts if f.kind != item.draft.clue.kind or f == item.draft.clue))
    doubled = replace(annotation, persons=(annotation.persons[0], twin, *annotation.persons[2:]))
    assert "exactly one referent in the source" in reason(replace(item, draft=replace(item.draft, annotation=doubled)))


def test_an_option_that_is_true_of_nobody_is_dropped(item):
    """Every option is true of exactly one referent, so that knowing what is there is not enough."""
    wrong = tuple("nobody's" if i != "ABCD".index(item.answer) else o for i, o in enumerate(item.options))
    assert "option is not true of exactly one" in reason(replace(item, options=wrong))


def test_an_answer_of_somebody_else_is_dropped(item):
    """The lettered option must be the referent's."""
    other = next(letter for letter in "ABCD" if letter != item.answer)
    assert reason(replace(item, answer=other)) == "the answer is not the referent's"


def test_a_name_in_a_cross_question_is_dropped(item):
    """A name would bridge the modalities by itself."""
    named = replace(item.draft, question=f"Where was {item.draft.referent.name.split()[0]} born?")
    assert reason(replace(item, draft=named)) == "a name in a cross question"


def test_a_name_in_a_quoted_line_is_no_leak(item):
    """What is said on stage is quoted as it is."""
    quoted = replace(item.draft, question=f"Where was the person who says “Hello {item.draft.referent.name}” born?")
    assert [kept.draft for kept in verify([replace(item, draft=quoted)])] == [quoted]


def test_a_told_look_as_a_clue_is_dropped(item):
    """What the biography tells of a look would join text to text without sight."""
    referent = item.draft.referent
    told = Fact(modality=Modality.VISION, kind="trousers", value=referent.bridge[1].value)
    knowing = replace(referent, facts=(*referent.facts, told))
    annotation = replace(item.draft.annotation, persons=(knowing, *item.draft.annotation.persons[1:]))
    draft = replace(item.draft, annotation=annotation, referent=knowing, clue=told)
    assert "a look that the biography tells" in reason(replace(item, draft=draft))


def test_the_same_question_twice_is_dropped_once(item):
    """The second of two equal questions on a clip is dropped."""
    kept, dropped = verify([item, item])
    assert kept == item
    assert dropped.reason == "asked before"
