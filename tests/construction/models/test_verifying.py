"""Each gate refuses by its own reason, and what cannot be read passes none of them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.asking import Unanswered, together
from crossomni.construction.models.items import Item, Known
from crossomni.construction.models.verifying import give_reasons, names_a_source, verify
from crossomni.construction.models.writing import write_questions
from crossomni.records import Annotation, Fact, Person
from crossomni.tasks import Modality, Task
from tests.construction.models.replying import Reply, said
from tests.construction.models.test_checking import CLIP

STEPS = "<Reasoning Details>:\n1. Sound.\n2. Ann.\n3. Her coat.\n4. It is red.\n<Final Answer>: red"
GOOD: Mapping[str, Reply] = {
    "unique": "yes | Ann",
    "answerable": lambda fields: "correct" if fields["answer"] == "red" else "non-correct",
    "plausible": "yes",
    "reasoned": "yes",
    "rationale": STEPS,
}
LOOK = Fact(modality=Modality.VISION, kind="look", value="a red coat")
ANN = Person(name="Ann", facts=(LOOK,), bridge=(LOOK,), biography="Ann was born in Rome.")
KNOWN = Known(annotation=Annotation(clip=CLIP, persons=(ANN,), biography="Ann: …"), description="A room.")
ITEM = Item(
    id="c/au-vi/1", task=Task.parse("au-vi"), name="Ann", stem="What colour is the coat of []?",
    clue="the person who shouts", answer="red", wrong=("blue", "green", "black"),
)  # fmt: skip


def verified(replies: Mapping[str, Reply]) -> Any:
    """What comes of the item; where blind readers reply, there are two of them."""
    return said({**GOOD, **replies}, lambda talk: verify(talk, ITEM, KNOWN, 1), readers="blind" in replies)


def naming(option: str) -> Reply:
    """A reader who chooses this option."""
    return lambda fields: next(line[0] for line in fields["options"].splitlines() if line.endswith(f". {option}"))


def test_a_good_item_passes() -> None:
    """Else nothing below would say anything."""
    assert verified({}) == ITEM


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"unique": "no"}, "the clue does not fit exactly one referent in the source"),
        ({"unique": "yes | Bob"}, "the clue fits another than the referent"),
        ({"answerable": "non-correct"}, "the answer is not right"),
        ({"answerable": "correct"}, "a wrong option is right"),
        ({"plausible": "no"}, "an option is not plausible"),
        *(({name: "well, yes"}, f"{name}: unparsed") for name in ("unique", "answerable", "plausible")),
        *(({"unique": reply}, "unique: unparsed") for reply in ("yes", "yes | somebody", "<failure>")),
    ],
)
def test_each_gate_has_its_reason(replies: dict[str, str], reason: str) -> None:
    """And fails closed."""
    assert verified(replies) == Dropped(stage="verify", item=ITEM.id, reason=reason)


def test_blind_readers_must_not_all_find_the_answer() -> None:
    """Two of them: where both name the right option, the question gives it away."""
    given_away = Dropped(stage="verify", item=ITEM.id, reason="blind readers find the answer")
    assert verified({"blind": naming("blue")}) == ITEM
    assert given_away == verified({"blind": naming("red")})


@pytest.mark.parametrize("told", ["unknown", "I don't know.", "It cannot be determined.", "<failure>"])
def test_a_reader_who_cannot_know_has_not_found_the_answer(told: str) -> None:
    """And has not said nothing."""
    assert verified({"blind": told}) == ITEM
    assert verified({"blind": f"{told} Perhaps."}).reason == "blind: unparsed"


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"rationale": STEPS.replace("Her coat", "The description has it")}, "names the annotation as its source"),
        ({"rationale": STEPS.replace("It is red", "It is reddish")}, "does not reach the answer"),
        ({"rationale": STEPS.replace(": red", ": blue")}, "rationale: unparsed"),
        ({"reasoned": "no"}, "its steps do not hold"),
    ],
)
def test_reasons_are_held_against_evidence_and_answer(replies: dict[str, str], reason: str) -> None:
    """Good ones become the rationale."""
    found = said({**GOOD, **replies}, lambda talk: give_reasons(talk, ITEM, KNOWN))
    assert found == Dropped(stage="rationale", item=ITEM.id, reason=reason)
    assert said(GOOD, lambda talk: give_reasons(talk, ITEM, KNOWN)).rationale[3] == "It is red."


@pytest.mark.parametrize("clue", ["Ann", "the woman called Ann", "Ann's friend"])
def test_a_name_in_a_cross_question_is_dropped(clue: str) -> None:
    """The bridge must not leak; within one modality it bridges nothing."""
    reply = f"Question: What colour is the coat of [{clue}]?\nAnswer: red"
    found = said({"question": reply}, lambda talk: write_questions(talk.desk, KNOWN, 1))
    assert {one.reason for one in found if isinstance(one, Dropped)} == {"a name in a cross question"}
    assert {one.task.id for one in found if isinstance(one, Item)} == {"au", "vi", "te"}


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("The correct answer is red.", False),
        ("So the right answer is red.", False),
        ("Asked for a description of the thief, he hesitates.", False),
        ("His occupation, as given in the biography, is cook.", False),
        ("There is a caption on the screen, and he is angry in the provided scene.", False),
        ("The answer is given by the biography of Ann.", False),
        ("The answer she gives is red.", False),
        ("As the subtitles say, he shouts.", True),
        ("According to the description, she waves.", True),
        ("The person description has it.", True),
        ("The annotation tells of a coat.", True),
        ("From the transcript it follows.", True),
        ("This agrees with the given answer.", True),
        ("The answer is already known to be red.", True),
        ("The provided information says red.", True),
    ],
)
def test_innocent_words_name_no_source(told: str, names: bool) -> None:
    """What only annotators have does."""
    assert names_a_source(told) is names


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
