"""How each kind of fact is asked for, and how it serves as a clue: the templates of the model-free build.

A clue locates the referent in the source modality; a stem asks for a fact in the target modality (section 2.1.2).
Kinds are told apart by whether they belong to a person or a thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossomni.records import Fact, Person, Referent
from crossomni.tasks import Modality


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The words for one kind of fact.

    ``clue`` has a slot for the value; ``stem`` has a slot ``{who}`` for a clue; ``statement`` says the fact in a
    rationale, with slots ``{who}`` and ``{value}``.
    """

    modality: Modality
    clue: str
    stem: str
    statement: str


_AUDIO, _VISION, _TEXT = Modality.AUDIO, Modality.VISION, Modality.TEXT

PERSON: dict[tuple[Modality, str], Wording] = {
    (wording.modality, kind): wording
    for kind, wording in (
        ("line", Wording(
            modality=_AUDIO,
            clue="the person who says “{value}”",
            stem="What does {who} say?",
            statement="{who} says “{value}”",
        )),
        ("pitch", Wording(
            modality=_AUDIO,
            clue="the person whose voice is {value} of the four in pitch",
            stem="How high is the voice of {who}, compared with the other voices?",
            statement="the voice of {who} is {value} of the four in pitch",
        )),
        ("loudness", Wording(
            modality=_AUDIO,
            clue="the person whose voice is {value} of the four",
            stem="How loud is the voice of {who}, compared with the other voices?",
            statement="the voice of {who} is {value} of the four",
        )),
        ("speed", Wording(
            modality=_AUDIO,
            clue="the person whose speech is {value} of the four",
            stem="How fast does {who} speak, compared with the others?",
            statement="the speech of {who} is {value} of the four",
        )),
        ("quality", Wording(
            modality=_AUDIO,
            clue="the person with the {value} voice",
            stem="What does the voice of {who} sound like?",
            statement="the voice of {who} sounds {value}",
        )),
        ("emotion", Wording(
            modality=_AUDIO,
            clue="the person who speaks in {article} {value} tone",
            stem="What emotion is in the voice of {who}?",
            statement="the voice of {who} sounds {value}",
        )),
        ("top colour", Wording(
            modality=_VISION,
            clue="the person in the {value} top",
            stem="What colour is the top of {who}?",
            statement="the top of {who} is {value}",
        )),
        ("stars", Wording(
            modality=_VISION,
            clue="the person whose top shows exactly {value} star(s)",
            stem="How many stars are on the top of {who}?",
            statement="the number of stars on the top of {who} is {value}",
        )),
        ("hair colour", Wording(
            modality=_VISION,
            clue="the person with {value} hair",
            stem="What colour is the hair of {who}?",
            statement="the hair of {who} is {value}",
        )),
        ("place", Wording(
            modality=_VISION,
            clue="the person standing at the {value} of the stage",
            stem="Where on the stage does {who} stand?",
            statement="{who} stands at the {value}",
        )),
        ("action", Wording(
            modality=_VISION,
            clue="the person who at some moment {value}",
            stem="What does {who} do?",
            statement="{who} {value}",
        )),
        ("expression", Wording(
            modality=_VISION,
            clue="the person with the {value} face",
            stem="What does the face of {who} look like?",
            statement="the face of {who} is {value}",
        )),
        ("entrance", Wording(
            modality=_VISION,
            clue="the person who comes on stage {value}",
            stem="How does {who} come on stage?",
            statement="{who} comes on stage {value}",
        )),
        ("birthplace", Wording(
            modality=_TEXT,
            clue="the person who was born in {value}",
            stem="In which town was {who} born?",
            statement="{who} was born in {value}",
        )),
        ("birth date", Wording(
            modality=_TEXT,
            clue="the person who was born on {value}",
            stem="What is the date of birth of {who}?",
            statement="{who} was born on {value}",
        )),
        ("school", Wording(
            modality=_TEXT,
            clue="the person who studied at {value}",
            stem="Where did {who} study?",
            statement="{who} studied at {value}",
        )),
        ("occupation", Wording(
            modality=_TEXT,
            clue="the person whose occupation is {value}",
            stem="What is the occupation of {who}?",
            statement="the occupation of {who} is {value}",
        )),
        ("event", Wording(
            modality=_TEXT,
            clue="the person who once {value}",
            stem="What happened in the life of {who}?",
            statement="{who} once {value}",
        )),
        ("teacher", Wording(
            modality=_TEXT,
            clue="the person who was taught by {value}",
            stem="Who was the teacher of {who}?",
            statement="{who} was taught by {value}",
        )),
    )
}  # fmt: skip

THING: dict[tuple[Modality, str], Wording] = {
    (wording.modality, kind): wording
    for kind, wording in (
        ("colour", Wording(
            modality=_VISION,
            clue="the {value} thing on the shelf",
            stem="What colour is {who}?",
            statement="{who} is {value}",
        )),
        ("place", Wording(
            modality=_VISION,
            clue="the thing at the {value} of the shelf",
            stem="Where on the shelf is {who}?",
            statement="{who} is at the {value} of the shelf",
        )),
        ("town", Wording(
            modality=_TEXT,
            clue="the thing that was made in the town of {value}",
            stem="In which town was {who} made?",
            statement="{who} was made in {value}",
        )),
        ("year", Wording(
            modality=_TEXT,
            clue="the thing that was made in the year {value}",
            stem="In which year was {who} made?",
            statement="{who} was made in {value}",
        )),
        ("maker", Wording(
            modality=_TEXT,
            clue="the thing that was made by {value}",
            stem="Who made {who}?",
            statement="{who} was made by {value}",
        )),
    )
}  # fmt: skip


def wording(referent: Referent, fact: Fact) -> Wording:
    """The words for a fact of this referent.

    Raises:
        KeyError: for a kind that has no words (a bug of the build, not of its input).
    """
    table = PERSON if isinstance(referent, Person) else THING
    return table[fact.modality, fact.kind]


def clue_words(referent: Referent, clue: Fact) -> str:
    """The referent as the clue names it: “the person in the red top”."""
    article = "an" if clue.value[0] in "aeiou" else "a"
    words = wording(referent, clue).clue.format(value=clue.value, article=article)
    if clue.kind == "stars":
        return words.replace("star(s)", "star" if clue.value == "one" else "stars")
    return words


def question_words(referent: Referent, clue: Fact, asked: Fact) -> str:
    """The whole question: the asked kind's stem with the clue in it."""
    return wording(referent, asked).stem.format(who=clue_words(referent, clue))


def statement_words(referent: Referent, fact: Fact, who: str) -> str:
    """The fact as a clause about ``who``."""
    return wording(referent, fact).statement.format(who=who, value=fact.value)
