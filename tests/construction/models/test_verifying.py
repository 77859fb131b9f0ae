"""Each gate refuses by its own reason, and what cannot be read passes none of them."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.asking import Desk, Talk, Unanswered, together
from crossomni.construction.models.checking import check
from crossomni.construction.models.items import Item, Known, Notes
from crossomni.construction.models.verifying import give_reasons, verify, without_repeats
from crossomni.construction.models.writing import write_questions
from crossomni.records import Annotation, Fact, Person
from crossomni.tasks import Modality, Task
from crossomni.testing.chat_server import ChatServer
from tests.construction.models.conftest import asked_at
from tests.construction.models.test_checking import CLIP

# How the shipped prompts begin, by which a reply is chosen.
BEGINNINGS = {
    "Read the question and what is known": "unique",
    "Decide whether an answer": "answerable",
    "Read a question and its four options": "plausible",
    "Answer the question.": "blind",
    "Write the reasoning": "rationale",
    "Check a chain": "reasoned",
    "Design one question": "question",
    "Below are the voices": "odd_voices",
    "You check strictly": "consistent",
    "Below are descriptions of the persons": "persons",
}
STEPS = "<Reasoning Details>:\n1. Sound.\n2. Ann.\n3. Her coat.\n4. It is red.\n<Final Answer>: red"
GOOD = {"unique": "yes", "plausible": "yes", "reasoned": "yes", "rationale": STEPS}
CHECKED = {"consistent": "pass", "persons": "Ann: a red coat\nBob: a blue hat", "odd_voices": "<failure>"}
LOOK = Fact(modality=Modality.VISION, kind="look", value="a red coat")
ANN = Person(name="Ann", facts=(LOOK,), bridge=(LOOK,), biography="Ann was born in Rome.")
KNOWN = Known(annotation=Annotation(clip=CLIP, persons=(ANN,), biography="Ann: …"), description="A room.")
ITEM = Item(
    id="c/au-vi/1", task=Task.parse("au-vi"), name="Ann", stem="What colour is the coat of []?",
    clue="the person who shouts", answer="red", wrong=("blue", "green", "black"),
)  # fmt: skip
NOTES = Notes(description="Two.", second="Two.", looks={"Ann": "a red coat", "Bob": "a blue hat"},
              traits={"Ann": (("emotion", "angry"),), "Bob": (("emotion", "calm"),)}, things={})  # fmt: skip


def said(replies: Mapping[str, str], act: Any, *, blind: str = "") -> Any:
    """What comes of an act where models reply so; with ``blind``, two readers name this option."""

    def reply(request: dict[str, Any]) -> str:
        text = request["messages"][0]["content"]
        name = next(name for start, name in BEGINNINGS.items() if text.startswith(start))
        if name == "blind":
            return next(line[0] for line in text.splitlines() if line.endswith(f". {blind}"))
        if name == "answerable" and name not in replies:
            return "correct" if "Answer: red" in text else "non-correct"
        return {**GOOD, **replies}[name]

    async def run(server: ChatServer) -> Any:
        models = asked_at(server)
        async with Desk(models if blind else replace(models, readers=()), None) as desk:
            return await act(Talk(desk))

    with ChatServer(reply) as server:
        return asyncio.run(run(server))


def verified(replies: Mapping[str, str], blind: str = "") -> Any:
    """What comes of the item."""
    return said(replies, lambda talk: verify(talk, ITEM, KNOWN, 1), blind=blind)


def test_a_good_item_passes() -> None:
    """Else nothing below would say anything."""
    assert verified({}) == ITEM


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"unique": "no"}, "the clue does not fit exactly one referent in the source"),
        ({"answerable": "non-correct"}, "the answer is not right"),
        ({"answerable": "correct"}, "a wrong option is right"),
        ({"plausible": "no"}, "an option is not plausible"),
        *(({name: "well, yes"}, "unparsed") for name in ("unique", "answerable", "plausible")),
        ({"unique": "<failure>"}, "unparsed"),
    ],
)
def test_each_gate_has_its_reason(replies: dict[str, str], reason: str) -> None:
    """And fails closed."""
    assert verified(replies) == Dropped(stage="verify", item=ITEM.id, reason=reason)


def test_blind_readers_must_not_all_find_the_answer() -> None:
    """Two of them: where both name the right option, the question gives it away."""
    assert verified({}, blind="blue") == ITEM
    assert verified({}, blind="red") == Dropped(stage="verify", item=ITEM.id, reason="blind readers find the answer")


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"rationale": STEPS.replace("Her coat", "The description has it")}, "names the annotation as its source"),
        ({"rationale": STEPS.replace("It is red", "It is reddish")}, "does not reach the answer"),
        ({"rationale": STEPS.replace(": red", ": blue")}, "unparsed"),
        ({"reasoned": "no"}, "its steps do not hold"),
    ],
)
def test_reasons_are_held_against_evidence_and_answer(replies: dict[str, str], reason: str) -> None:
    """Good ones become the rationale."""
    found = said(replies, lambda talk: give_reasons(talk, ITEM, KNOWN))
    assert found == Dropped(stage="rationale", item=ITEM.id, reason=reason)
    assert said({}, lambda talk: give_reasons(talk, ITEM, KNOWN)).rationale[3] == "It is red."


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"consistent": "failure"}, "two descriptions contradict each other"),
        ({"persons": "<Failed>"}, "the descriptions of persons do not hold"),
        ({"consistent": "They agree."}, "unparsed"),
    ],
)
def test_annotations_are_checked(replies: dict[str, str], reason: str) -> None:
    """A clip that fails is dropped by its reason."""
    found = said({**CHECKED, **replies}, lambda talk: check(talk, CLIP, NOTES))
    assert found == Dropped(stage="check", item="c", reason=reason)


@pytest.mark.parametrize(("odd", "differ"), [("<failure>", False), ("Ann | angry | she shouts", True)])
def test_voices_that_are_alike_are_noted(odd: str, differ: bool) -> None:
    """And bar no clip."""
    assert said({**CHECKED, "odd_voices": odd}, lambda talk: check(talk, CLIP, NOTES)).voices_differ is differ


@pytest.mark.parametrize("clue", ["Ann", "the woman called Ann", "Ann's friend"])
def test_a_name_in_a_cross_question_is_dropped(clue: str) -> None:
    """The bridge must not leak; within one modality it bridges nothing."""
    reply = f"Question: What colour is the coat of [{clue}]?\nAnswer: red"
    found = said({"question": reply}, lambda talk: write_questions(talk.desk, KNOWN, 1))
    assert {one.reason for one in found if isinstance(one, Dropped)} == {"a name in a cross question"}
    assert {one.task.id for one in found if isinstance(one, Item)} == {"au", "vi", "te"}


def test_a_question_that_comes_again_is_dropped() -> None:
    """Of one task; the first one stays."""
    again = replace(ITEM, id="c/au-vi/2", stem="What colour is the coat of [] ?")
    other = replace(ITEM, id="c/au-vi/3", stem="Where does [] stand?")
    found = without_repeats([ITEM, again, other])
    assert found == [ITEM, Dropped(stage="verify", item=again.id, reason="asks the same as another"), other]


def test_what_fails_first_does_not_hang_on_time() -> None:
    """The first in order is told, a silent server before others."""

    async def fail(reason: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        raise Unanswered(reason)

    async def told(*reasons: tuple[str, float]) -> str:
        with pytest.raises(Unanswered) as caught:
            await together(*(fail(*one) for one in reasons))
        return caught.value.reason

    assert asyncio.run(told(("first", 0.02), ("second", 0))) == "first"
    assert asyncio.run(told(("unparsed", 0), ("no reply: timeout", 0.02))) == "no reply: timeout"
