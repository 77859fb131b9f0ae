"""Other words for what rationales say: sentences of a thinker, for the benchmark of judged thoughts.

They are written for themselves and share no template with the builder of rationales, nor with what reads them.
"""

from __future__ import annotations

import random
import re

from crossomni.records import Fact, Person, Referent
from crossomni.tasks import Modality
from crossomni.truth.mentions import NAME

_AUDIO, _VISION, _TEXT = Modality.AUDIO, Modality.VISION, Modality.TEXT

# (modality, kind) -> how a clue is put, how a value is told; {a} is the value's article.
_PERSON: dict[tuple[Modality, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    (_AUDIO, "line"): (("whoever says “{v}”", "the speaker of “{v}”"), ("{who} says “{v}”", "we hear {who} say “{v}”")),
    (_AUDIO, "pitch"): (("the speaker whose pitch is {v}",), ("{who} has {v} pitch of all", "{who} is {v} in pitch")),
    (_AUDIO, "loudness"): (("{v} of the four speakers",), ("{who} is {v} of them all", "{who} is {v}")),
    (_AUDIO, "speed"): (("{v} talker of the four",), ("{who} is {v} in talking", "in pace, {who} is {v}")),
    (_AUDIO, "quality"): (
        ("the {v} voice", "the {v}-sounding speaker"),
        ("{who} sounds {v}", "{who} is {v}"),
    ),
    (_AUDIO, "emotion"): (("somebody whose tone is {v}",), ("the tone of {who} is {v}", "{who} has {a} {v} voice")),
    (_VISION, "top colour"): (
        ("the wearer of {a} {v} shirt", "the {v} top"),
        ("{who} wears {a} {v} shirt",),
    ),
    (_VISION, "stars"): (("the person with {v} {star} on the shirt",), ("I count {v} {star} on the top of {who}",)),
    (_VISION, "hair colour"): (("the {v}-haired person", "somebody with {v} hair"), ("{who} has {v} hair",)),
    (_VISION, "place"): (("the one at the {v}", "whoever is {v}"), ("{who} is at the {v}", "I see {who} on the {v}")),
    (_VISION, "action"): (("the one who {v}",), ("at one moment {who} {v}", "{who} {v}")),
    (_VISION, "expression"): (("the {v} face",), ("{who} has {a} {v} expression", "the expression of {who} is {v}")),
    (_VISION, "entrance"): (("whoever enters {v}",), ("{who} arrives {v}", "{who} enters {v}")),
    (_TEXT, "birthplace"): (("the native of {v}",), ("{v} is the birthplace of {who}", "{who} comes from {v}")),
    (_TEXT, "birth date"): (("the one with the birthday {v}",), ("{who} has the birth date {v}",)),
    (_TEXT, "school"): (("the former student of {v}",), ("{who} went to {v}", "{v} is where {who} was a student")),
    (_TEXT, "occupation"): (("the {v} by trade",), ("{who} works as {a} {v}", "{who} is {a} {v} by trade")),
    (_TEXT, "event"): (("the one who {v}",), ("in earlier years {who} {v}", "{who} {v}")),
    (_TEXT, "teacher"): (("the pupil of {v}",), ("{who} learned from {v}", "{v} taught {who}")),
}
_THING: dict[tuple[Modality, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    (_VISION, "colour"): (("the {v} object", "the {v} item"), ("{who} is {v}",)),
    (_VISION, "place"): (("what stands at the {v}",), ("{who} is at the {v}", "I see {who} on the {v}")),
    (_TEXT, "town"): (("what was made at {v}",), ("{who} comes from {v}", "{v} is where {who} was made")),
    (_TEXT, "year"): (("what dates from {v}",), ("{who} dates from {v}", "the year of {who} is {v}")),
    (_TEXT, "maker"): (("the work of {v}",), ("{who} is the work of {v}", "{v} made {who}")),
}


# What a thinker may say in place of the truth's own words; values that are asked for stay as the options have them.
_FREELY = (
    ("a top hat", "a tall hat"), ("round glasses", "circular spectacles"), ("a bow tie", "a bow at the neck"),
    ("a striped scarf", "a scarf with stripes"), ("big headphones", "large earphones"),
    ("a flower on the head", "a blossom in the hair"), ("trousers", "slacks"), ("beige", "sand-coloured"),
    ("I listen for", "Hearing"), ("On the screen", "In the footage"), ("opens the mouth", "is seen talking"),
)  # fmt: skip


def freely(text: str) -> str:
    """The same in words further from the truth's: other looks, whole seconds."""
    for own, free in _FREELY:
        text = text.replace(own, free)
    return re.sub(r"(\d+)\.(\d)(?=( s| seconds| and))", lambda told: str(round(float(told[0]))), text)


def clue(one: Referent, fact: Fact, rng: random.Random) -> str:
    """The question's clue in other words."""
    return f"the {one.name}" if fact.kind == NAME else _put(one, fact, 0, rng)


def told(one: Referent, fact: Fact, who: str, rng: random.Random) -> str:
    """The fact as a clause about ``who``."""
    return _put(one, fact, 1, rng).replace("{who}", who)


def _put(one: Referent, fact: Fact, which: int, rng: random.Random) -> str:
    words = rng.choice((_PERSON if isinstance(one, Person) else _THING)[fact.modality, fact.kind][which])
    article = "an" if fact.value[0] in "aeiou" else "a"
    star = "star" if fact.value == "one" else "stars"
    return words.format(v=fact.value, a=article, star=star, who="{who}")


def looks(one: Referent, rng: random.Random) -> str:
    """What a person wears, or what a thing is."""
    if not isinstance(one, Person):
        return f"the {one.name}"
    worn = {fact.kind: fact.value for fact in one.bridge}
    parts = [worn["accessory"], f"{worn['trousers']} trousers"]
    rng.shuffle(parts)
    return " and ".join(parts)


def found(one: Referent, modality: Modality, clue_words: str, rng: random.Random, line: bool = True) -> str:
    """The step that finds somebody by the clue; without ``line`` it does not say what is said."""
    forms: tuple[str, ...]
    if modality is _AUDIO:
        assert isinstance(one, Person)
        said = one.lines[0]
        start, end = f"{said.start_seconds:.1f}", f"{said.end_seconds:.1f}"
        words = f", with the words “{said.text}”" if line else ""
        forms = (
            f"I listen for {clue_words}: it is the voice between {start} and {end} seconds{words}.",
            f"What I hear from {start} s until {end} s{words} is {clue_words}.",
        )
    elif modality is _VISION:
        seen = looks(one, rng) if not isinstance(one, Person) else f"a figure with {looks(one, rng)}"
        forms = (
            f"I look for {clue_words} and see {seen}.",
            f"On the screen, {clue_words} is {seen}.",
            f"The video shows {clue_words}, namely {seen}.",
        )
    else:
        name = called(one, _TEXT)
        forms = (f"The entry that fits {clue_words} is that of {name}.", f"We read of {clue_words}: {name}.")
    return rng.choice(forms)


def joined(one: Referent, source: Modality, target: Modality, rng: random.Random) -> str:
    """The step from one modality to the next, or the one that stays within one."""
    if source is target:
        who = {_AUDIO: "this same voice", _VISION: called(one, _VISION), _TEXT: called(one, _TEXT)}[target]
        return rng.choice((f"I stay with {who}.", f"What is asked is about {who} too, and I go on there."))
    if not isinstance(one, Person):
        return f"The {one.name} is on the shelf and has an entry of its own."
    worn = looks(one, rng)
    said = one.lines[0]
    times = f"{said.start_seconds:.1f} s to {said.end_seconds:.1f} s"
    forms = {
        (_AUDIO, _VISION): (
            f"While that voice is heard, from {times}, the lips of somebody with {worn} move.",
            f"Of the four mouths, the one that opens from {times} belongs to a figure with {worn}.",
        ),
        (_VISION, _AUDIO): (
            f"Whoever has {worn} opens the mouth from {times}, which tells me the voice.",
            f"From {times} the lips of the figure with {worn} move, and I listen to that voice.",
        ),
        (_VISION, _TEXT): (
            f"Only the entry of {one.name} mentions {worn}.",
            f"In the text, {worn} go with the name {one.name}.",
        ),
        (_TEXT, _VISION): (
            f"By the text {one.name} has {worn}, which fits one figure on the stage.",
            f"I look for {worn}, since {one.name} is described so, and find one figure.",
        ),
    }
    return rng.choice(forms[source, target])


def called(one: Referent, modality: Modality) -> str:
    """A few words for somebody whom an earlier step found."""
    if not isinstance(one, Person):
        return f"the {one.name}"
    if modality is _AUDIO:
        return "this voice"
    return one.name if modality is _TEXT else f"the figure with {one.bridge[0].value}"
