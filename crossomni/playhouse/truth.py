"""A filmed play's truth as records: who is in it, what is so of them in each modality, and their biographies."""

from __future__ import annotations

import random

from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.plays import Actor, Play, Prop
from crossomni.records import Annotation, Clip, Fact, Line, Person, Thing
from crossomni.tasks import Modality

_PERSON_TELLINGS = (
    "{name} wears {accessory} and {trousers} trousers. {name} was born on {date} in {town}, studied at {school} and "
    "was taught by {teacher}. The occupation of {name} is {work}. {name} once {event}.",
    "In this scene, {name} is the one with {accessory} and {trousers} trousers. Born in {town} on {date}, {name} was "
    "taught by {teacher} and studied at {school}. {name} once {event}. The occupation of {name} is {work}.",
    "{name} can be told by {accessory} and {trousers} trousers. The occupation of {name} is {work}. {name} studied at "
    "{school}, was taught by {teacher} and once {event}. {name} was born in {town} on {date}.",
)
_THING_TELLINGS = (
    "The {name} on the shelf was made by {maker} in {year} in the town of {town}.",
    "In {year}, {maker} made the {name} on the shelf in the town of {town}.",
    "The {name} on the shelf comes from the town of {town}, where {maker} made it in {year}.",
)


def tell(play: Play, lines: tuple[Line, ...], seconds: float) -> Annotation:
    """Everything that is so in a filmed play.

    ``lines`` are the spoken lines with their times as filmed; ``seconds`` the film's length.
    """
    rng = random.Random(f"biographies {play.seed}")
    persons = tuple(_person(play, actor, lines, rng) for actor in play.actors)
    things = tuple(_thing(prop, rng) for prop in play.props)
    told = (*persons, *things)
    return Annotation(
        clip=Clip(
            id=play.clip_id,
            show=play.show,
            episode=play.episode,
            start_seconds=0.0,
            end_seconds=seconds,
            lines=lines,
        ),
        persons=persons,
        things=things,
        biography="\n".join(told[i].biography for i in play.telling),
    )


def _person(play: Play, actor: Actor, lines: tuple[Line, ...], rng: random.Random) -> Person:
    look, life = actor.look, actor.life
    told = rng.choice(_PERSON_TELLINGS).format(
        name=actor.name, accessory=look.accessory, trousers=look.trousers, date=life.birth_date, town=life.birthplace,
        school=life.school, teacher=life.teacher, work=life.occupation, event=life.event,
    )  # fmt: skip
    return Person(
        name=actor.name,
        facts=(*_heard(play, actor), *_seen(actor), *_told(actor)),
        bridge=(
            Fact(modality=Modality.VISION, kind="accessory", value=look.accessory),
            Fact(modality=Modality.VISION, kind="trousers", value=look.trousers),
        ),
        biography=told,
        lines=tuple(line for line in lines if line.speaker == actor.name),
    )


def _heard(play: Play, actor: Actor) -> tuple[Fact, ...]:
    voice = actor.voice
    heard = {"line": actor.line}
    if play.of_feelings:
        heard["emotion"] = voice.emotion
    else:
        heard |= {
            "pitch": words.PITCHES[voice.pitch],
            "loudness": words.LOUDNESSES[voice.loudness],
            "speed": words.SPEEDS[voice.speed],
            "quality": voice.quality,
        }
    return _facts(Modality.AUDIO, heard)


def _seen(actor: Actor) -> tuple[Fact, ...]:
    look = actor.look
    return _facts(
        Modality.VISION,
        {
            "top colour": look.top,
            "stars": words.STARS[look.stars - 1],
            "hair colour": look.hair,
            "place": words.PLACES[actor.place],
            "action": look.action,
            "expression": look.expression,
            "entrance": look.entrance,
        },
    )


def _told(actor: Actor) -> tuple[Fact, ...]:
    life = actor.life
    return _facts(
        Modality.TEXT,
        {
            "birthplace": life.birthplace,
            "birth date": life.birth_date,
            "school": life.school,
            "occupation": life.occupation,
            "event": life.event,
            "teacher": life.teacher,
        },
    )


def _thing(prop: Prop, rng: random.Random) -> Thing:
    told = {"town": prop.town, "year": prop.year, "maker": prop.maker}
    seen = {"colour": prop.colour, "place": words.PLACES[prop.place]}
    return Thing(
        name=prop.name,
        facts=(*_facts(Modality.VISION, seen), *_facts(Modality.TEXT, told)),
        bridge=(Fact(modality=Modality.VISION, kind="thing", value=prop.name),),
        biography=rng.choice(_THING_TELLINGS).format(name=prop.name, **told),
    )


def _facts(modality: Modality, values: dict[str, str]) -> tuple[Fact, ...]:
    return tuple(Fact(modality=modality, kind=kind, value=value) for kind, value in values.items())
