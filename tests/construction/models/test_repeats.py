"""Questions that ask the same are dropped by their meaning, and not by their words."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.items import Item, Worked
from crossomni.construction.models.repeats import between_parts, without_repeats
from crossomni.records import Clip
from crossomni.tasks import Task
from crossomni.testing.chat_server import SERVER_ERROR
from tests.construction.models.replying import Reply, said

pytest.importorskip("sklearn")
ITEM = Item(
    id="c/vi-te/1", task=Task.parse("vi-te"), name="Ann", stem="What is the occupation of []?",
    clue="the person in a red coat", answer="cook", wrong=("vet", "nurse", "judge"),
)  # fmt: skip
OTHER_WORDS = replace(ITEM, id="c/vi-te/2", stem="Which job does [] have?", clue="the woman who wears a coat of red")
OTHER_ANSWER = replace(ITEM, id="c/vi-te/3", stem="Where was [] born?", answer="Rome")
OTHER_PERSON = replace(ITEM, id="c/te/1", name="Bob", stem="Which colour does [] like?", clue="the son", answer="blue")


def kept(items: list[Item], replies: Mapping[str, Reply], asked: Counter[str] | None = None) -> Any:
    """What is kept of a clip's items, without their traces."""
    found = said(replies, lambda talk: without_repeats(talk.desk, items), asked=asked)
    return [replace(one, asked=()) if isinstance(one, Item) else one for one in found]


def test_the_same_question_in_other_words_is_dropped() -> None:
    """The first one stays; a model tells which are the same."""
    again = Dropped(stage="verify", item=OTHER_WORDS.id, reason="asks the same as another")
    assert kept([ITEM, OTHER_WORDS], {"same": "yes"}) == [ITEM, again]
    assert kept([ITEM, OTHER_WORDS], {"same": "no"}) == [ITEM, OTHER_WORDS]


def test_near_words_alone_drop_nothing() -> None:
    """A hat is no coat, whatever the letters."""
    hat = replace(ITEM, stem="What colour is the hat of []?", answer="blue")
    coat = replace(hat, id="c/vi-te/4", stem="What colour is the coat of []?", answer="red")
    asked = Counter[str]()
    assert kept([hat, coat], {"same": "no"}, asked) == [hat, coat]
    assert asked == {"same": 1}


def test_questions_of_other_tasks_are_compared_too() -> None:
    """Within a clip every row with every other."""
    other_task = replace(OTHER_WORDS, id="c/te/2", task=Task.parse("te"))
    assert kept([ITEM, other_task], {"same": "yes"})[1].reason == "asks the same as another"


def test_the_very_same_question_needs_no_model() -> None:
    """But for signs and spaces."""
    asked = Counter[str]()
    found = kept([ITEM, replace(ITEM, id="c/vi-te/5", stem="What is the occupation of [] ?")], {}, asked)
    assert found[1] == Dropped(stage="verify", item="c/vi-te/5", reason="asks the same as another")
    assert not asked


def test_what_has_nothing_in_common_is_not_asked_about() -> None:
    """Another person and another answer make another question; so do rows of one pair block."""
    asked = Counter[str]()
    block = [replace(ITEM, pair_id="c/1"), replace(OTHER_WORDS, pair_id="c/1")]
    assert kept([ITEM, OTHER_PERSON], {}, asked) == [ITEM, OTHER_PERSON]
    assert kept(block, {}, asked) == block
    assert not asked


@pytest.mark.parametrize(("reply", "reason"), [("Well, yes.", "unparsed"), (SERVER_ERROR, "no reply: ")])
def test_without_a_verdict_the_later_one_is_dropped(reply: Reply, reason: str) -> None:
    """By the name of what failed."""
    first, second = kept([ITEM, OTHER_WORDS], {"same": reply})
    assert first == ITEM
    assert second.reason.startswith(f"whether it asks the same as another: {reason}")


def test_what_repeats_a_dropped_one_stays() -> None:
    """It repeats nothing that is kept: the second repeats the first, and the third the second alone."""
    third = replace(OTHER_WORDS, id="c/vi-te/6", stem="What does [] work as?")

    def reply(fields: dict[str, str]) -> str:
        return "no" if (fields["first"], fields["second"]) == (ITEM.question, third.question) else "yes"

    first, second, last = kept([ITEM, OTHER_WORDS, third], {"same": reply})
    assert (first, last) == (ITEM, third)
    assert isinstance(second, Dropped)


def test_parts_of_a_clip_are_compared_with_each_other() -> None:
    """And other clips are not; each keeps its own items, and tells its own drops."""
    asked = Counter[str]()
    parts = [
        Worked(clip=Clip(id=name, show="s", episode="e", start_seconds=0, end_seconds=9), annotation=None,
               items=tuple(items), dropped=(), asked=())
        for name, items in {"x_p01": [ITEM], "y_p01": [OTHER_WORDS], "x_p02": [OTHER_ANSWER, OTHER_WORDS]}.items()
    ]  # fmt: skip
    one, other, two = said({"same": "yes"}, lambda talk: between_parts(talk.desk, parts), asked=asked)
    assert [one, other] == parts[:2]
    assert [item.id for item in two.items] == [OTHER_ANSWER.id]
    assert two.dropped == (Dropped(stage="verify", item=OTHER_WORDS.id, reason="asks the same as another"),)
    assert asked == {"same": 1}
