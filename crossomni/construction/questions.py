"""Write questions: pair blocks about persons, and single questions about things.

A pair block (section 3.3) is one referent with one clue for each source and one fact for each target: nine questions,
one of each task. Those that share the source are fixed-source, those that share the target fixed-target.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from crossomni.construction.drafts import Draft
from crossomni.construction.wording import question_words
from crossomni.records import Annotation, Fact, Person, Referent, Thing
from crossomni.tasks import Modality

# A name may be the clue only where it bridges nothing: within one modality.
_NAMED_STEMS = {
    (Modality.VISION, "colour"): "What colour is the {name}?",
    (Modality.VISION, "place"): "Where on the shelf is the {name}?",
    (Modality.TEXT, "town"): "In which town was the {name} made?",
    (Modality.TEXT, "year"): "In which year was the {name} made?",
    (Modality.TEXT, "maker"): "Who made the {name}?",
}


def pair_block(annotation: Annotation, person: Person, rng: random.Random) -> Iterator[Draft]:
    """The nine questions about one person, one of each task, under one ``pair_id``."""
    clues: dict[Modality, Fact] = {}
    facts: dict[Modality, Fact] = {}
    for modality in Modality:
        clues[modality], facts[modality] = rng.sample(_of(person, modality), 2)
    number = annotation.persons.index(person) + 1
    for source in Modality:
        for target in Modality:
            yield Draft(
                annotation=annotation,
                referent=person,
                clue=clues[source],
                asked=facts[target],
                question=question_words(person, clues[source], facts[target]),
                pair_id=f"{annotation.clip.id}/{number}",
            )


def thing_question(
    annotation: Annotation, thing: Thing, source: Modality, target: Modality, rng: random.Random
) -> Draft:
    """One question about a thing, in sight or text.

    Within one modality the thing may be named ("the guitar"): what it is joins its look to its biography, so that
    a cross question must not name it.
    """
    if source is target:
        asked = rng.choice(_of(thing, target))
        if rng.random() < 0.5:
            clue = Fact(modality=source, kind="thing", value=thing.name)
            return Draft(
                annotation=annotation,
                referent=thing,
                clue=clue,
                asked=asked,
                question=_NAMED_STEMS[asked.modality, asked.kind].format(name=thing.name),
            )
        clue = rng.choice([fact for fact in _of(thing, source) if fact != asked])
    else:
        clue, asked = rng.choice(_of(thing, source)), rng.choice(_of(thing, target))
    return Draft(
        annotation=annotation,
        referent=thing,
        clue=clue,
        asked=asked,
        question=question_words(thing, clue, asked),
    )


def sight_drill(annotation: Annotation, count: int) -> Iterator[Draft]:
    """So many questions within sight about the clip's things, to learn to see by; a clip has no more of them than its
    things have pairs of looks. All clips begin with the same kind, the colour of what stands at a place.
    """
    kinds = sorted({fact.kind for thing in annotation.things for fact in _of(thing, Modality.VISION)})
    drafts = [
        Draft(
            annotation=annotation, referent=thing, clue=clue, asked=asked, question=question_words(thing, clue, asked)
        )
        for wanted in kinds
        for given in reversed(kinds)
        for thing in annotation.things
        for asked in _of(thing, Modality.VISION)
        for clue in _of(thing, Modality.VISION)
        if clue != asked and (asked.kind, clue.kind) == (wanted, given)
    ]
    yield from drafts[:count]


# In turn; questions within text come every other time, since a reader of text is measured by them.
_OF_THINGS = (
    (Modality.TEXT, Modality.TEXT),
    (Modality.VISION, Modality.VISION),
    (Modality.TEXT, Modality.TEXT),
    (Modality.VISION, Modality.TEXT),
    (Modality.TEXT, Modality.TEXT),
    (Modality.TEXT, Modality.VISION),
)


def write_questions(annotation: Annotation, number: int, seed: int) -> Iterator[Draft]:
    """All drafts for one clip: a pair block about a person, and a question about a thing.

    ``number`` is the clip's place in its split: clips take turns among the tasks of thing questions.
    """
    rng = random.Random(f"questions {seed} {annotation.clip.id}")
    if annotation.persons:
        yield from pair_block(annotation, rng.choice(annotation.persons), rng)
    if annotation.things:
        source, target = _OF_THINGS[number % len(_OF_THINGS)]
        yield thing_question(annotation, rng.choice(annotation.things), source, target, rng)


def _of(referent: Referent, modality: Modality) -> list[Fact]:
    return [fact for fact in referent.facts if fact.modality is modality]
