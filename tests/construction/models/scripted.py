"""Models that answer from the truth of plays, sometimes wrongly, in bad form, or not at all.

They see and hear: a picture is known by the clip's frame that it is nearest to, a voice by its samples. What they are
asked is read back out of the prompt by its own template.
"""

import base64
import hashlib
import io
import random
import re
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

from crossomni.construction.models.prompting import SHIPPED
from crossomni.construction.wording import clue_words, question_words, statement_words
from crossomni.media import ClipFile
from crossomni.records import Annotation, Fact, Person, Referent
from crossomni.tasks import Modality
from crossomni.testing.chat_server import SERVER_ERROR, Behaviour

_SMALL = (48, 27)  # pixels of a frame that a picture is compared by
_PROMPTS = {path.stem: path.read_text(encoding="utf-8").strip() for path in SHIPPED.glob("[!_]*.txt")}
FIRST = "the first to speak"  # the role of whoever is it: plays' lines tell of no other
_SENSES = {"heard": Modality.AUDIO, "seen": Modality.VISION, "biographies": Modality.TEXT}


def _pattern(text: str) -> re.Pattern[str]:
    """What a filled-in template looks like; a field that comes again is the same text."""
    seen: set[str] = set()

    def field(found: re.Match[str]) -> str:
        name = found[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>.*?)"

    assert Template(text).is_valid()
    return re.compile(re.sub(r"\\\$(\w+)", field, re.escape(text)), re.DOTALL)


_PATTERNS = {name: _pattern(text) for name, text in _PROMPTS.items()}


def asked_for(request: Mapping[str, Any]) -> tuple[str, dict[str, str], list[dict[str, Any]]]:
    """The prompt that a request was made by, what its fields were filled with, and its media."""
    first = request["messages"][0]["content"]
    text = first if isinstance(first, str) else first[-1]["text"]
    found = next((name, found) for name, pattern in _PATTERNS.items() if (found := pattern.fullmatch(text)))
    return found[0], found[1].groupdict(), [] if isinstance(first, str) else first[:-1]


@dataclass(frozen=True)
class Faults:
    """Shares of replies that go wrong, each drawn by the request itself: the same request always fares the same."""

    wrong: float = 0.0  # a verdict turned round, another person's answer
    unparsed: float = 0.0  # good words around what was asked for
    silent: float = 0.0  # an error of the server's, on every try


class Models:
    """All roles of a build.

    Args:
        clips: truth and media file of each clip.
    """

    def __init__(self, clips: Mapping[str, tuple[Annotation, Path]], faults: Faults = Faults()) -> None:
        self._clips = dict(clips)
        self._faults = faults
        self._found: dict[str, list[Way]] = {}
        self.asked: list[str] = []  # names of prompts, in the order in which they came

    def __call__(self, request: dict[str, Any]) -> str | Behaviour:
        """The reply to a request, or how the server fails."""
        if request["messages"][0]["content"] == "Output the word ready.":
            return "ready"
        name, fields, media = asked_for(request)
        self.asked.append(name)
        fields["model"] = request["model"]
        luck = random.Random(hashlib.sha256(repr([request["model"], request["messages"]]).encode()).hexdigest())
        if luck.random() < self._faults.silent:
            return SERVER_ERROR
        wrong = luck.random() < self._faults.wrong
        reply = getattr(self, f"_{name}")(fields, media, wrong)
        is_free = name in ("describe", "second", "caption", "combine")  # any text is in their form
        return f"Of course! Here it is: {reply}" if luck.random() < self._faults.unparsed and not is_free else reply

    # --- what is seen and heard ---

    @cached_property
    def _frames(self) -> tuple[np.ndarray, np.ndarray]:
        """Small frames of all clips, three a second, and where each clip's begin."""
        found = []
        for _, file in self._clips.values():
            clip = ClipFile(file)
            found.append(clip.frames(max(1, int(3 * clip.seconds)), _SMALL).astype(np.float32))
        return np.concatenate(found), np.cumsum([0, *(len(frames) for frames in found[:-1])])

    def shown(self, media: list[dict[str, Any]]) -> Annotation:
        """The clip that pictures are of."""
        frames, starts = self._frames
        nearest = np.zeros(len(starts))
        for part in media:  # of each clip, how far its nearest frame is
            image = base64.b64decode(part["image_url"]["url"].partition(",")[2])
            picture = np.asarray(Image.open(io.BytesIO(image)).convert("RGB").resize(_SMALL), dtype=np.float32)
            nearest += np.minimum.reduceat(np.abs(frames - picture).mean(axis=(1, 2, 3)), starts)
        return list(self._clips.values())[int(nearest.argmin())][0]

    @cached_property
    def _voices(self) -> list[tuple[np.ndarray, Person]]:
        found = []
        for annotation, file in self._clips.values():
            sound = ClipFile(file).sound(16_000)
            for person in annotation.persons:
                line = person.lines[0]
                found.append((sound[int(line.start_seconds * 16_000) : int(line.end_seconds * 16_000)], person))
        return found

    def _heard(self, media: list[dict[str, Any]]) -> Person:
        with wave.open(io.BytesIO(base64.b64decode(media[0]["input_audio"]["data"]))) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(np.float32) / 32768

        def distance(known: np.ndarray) -> float:
            return float(np.abs(_spectrum(known) - _spectrum(samples)).mean())

        return min(self._voices, key=lambda one: distance(one[0]))[1]

    def _known(self, text: str) -> Annotation:
        """The clip whose persons a text names."""
        counts = {name: sum(one.name in text for one in clip.persons) for name, (clip, _) in self._clips.items()}
        lines = {name: sum(line.text in text for line in clip.clip.lines) for name, (clip, _) in self._clips.items()}
        return self._clips[max(counts, key=lambda name: (counts[name], lines[name]))][0]

    def _ways(self, clip: Annotation) -> "list[Way]":
        """All questions on a clip."""
        name = clip.clip.id
        if name not in self._found:
            self._found[name] = _ways(clip)
        return self._found[name]

    # --- replies, by prompt ---

    def _describe(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        clip = self.shown(media)
        persons = "; ".join(f"a person with {_look(person)}" for person in clip.persons)
        things = ", ".join(f"a {thing.name}" for thing in clip.things)
        return f"Four persons are on a stage: {persons}. On a shelf stand {things or 'no things'}."

    _caption = _second = _describe

    def _combine(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        return fields["whole"]

    def _roles(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        name, _, line = fields["lines"].splitlines()[0].partition(": ")
        return f"{name} | a villain | I am the villain." if wrong else f"{name} | {FIRST} | {line}"

    def _person(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        clip = self.shown(media)
        found = [one for one in clip.persons if one.name == _name(fields["cue"])]
        return f"{fields['cue']}: {_look(found[0])}" if found and not wrong else "<failure>"

    def _voice(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        values = {fact.value for fact in self._heard(media).facts if fact.modality is Modality.AUDIO}
        traits = ("smooth", "rough", "nasal", "the highest", "the lowest", "happy", "angry", "calm", "female", "male",
                  "the fastest", "the slowest", "the loudest", "the quietest", "noise")  # fmt: skip
        said = [(trait in values) != (wrong and place == 3) for place, trait in enumerate(traits)]
        return "\n".join(f"{number}. {'yes' if yes else 'no'}" for number, yes in enumerate(said, start=1))

    def _things(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        for clip, _ in self._clips.values():
            looks = [_look(person) for person in clip.persons]
            if clip.things and all(look in fields["description"] for look in looks):
                return "\n".join(f"{thing.name}: {_look(thing)}" for thing in clip.things[:2])
        return "<failure>"

    def _biography(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        name = fields["name"]
        people = [one for clip, _ in self._clips.values() for one in clip.persons if one.name == name]
        facts = [fact for fact in people[0].facts if fact.modality is Modality.TEXT]
        told = " ".join(f"{_capital(statement_words(people[0], fact, name))}." for fact in facts)
        return f"{name}: {told} {fields['cue']} has {fields['look']}."

    def _thing_biography(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        return f"{fields['name']}: This {fields['name']}, {fields['look']}, was made in the year 1901 in Ghent."

    def _odd_voices(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        voices = [line.partition(": ") for line in fields["voices"].splitlines()]
        if wrong or len({traits for _, _, traits in voices}) < 2:
            return "<failure>"
        return f"{voices[0][0]} | {voices[0][2]} | no other voice is like it"

    def _consistent(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        return "failure" if wrong or fields["first"] != fields["second"] else "pass"

    def _persons(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        told: dict[str, list[str]] = {}
        for line in fields["persons"].splitlines():
            name, _, look = line.partition(": ")
            told.setdefault(name.rpartition(" ")[0], []).append(look)
        kept = {name: max(looks, key=looks.count) for name, looks in told.items()}
        if wrong or len({*kept.values()}) < len(kept):
            return "<Failed>"
        return "\n".join(f"{name} {told[name].index(look) + 1}: {look}" for name, look in kept.items())

    def _question(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        clip = self._known(fields["material"])
        found = [one for one in clip.referents if one.name == fields["referent"]]
        source, target = (_sense(fields[end]) for end in ("clue_kinds", "asked_kinds"))
        ways = [way for way in self._ways(clip) if found and way.referent is found[0]]
        ways = [way for way in ways if (way.clue.modality, way.asked.modality) == (source, target)]
        if not ways:
            return "<failure>"
        way = random.Random(f"{clip.clip.id} {fields['referent']} {source} {target}").choice(ways)
        answer = next(other for other in way.others) if wrong else way.asked.value
        return f"Question: {way.question.replace(way.clue_words, f'[{way.clue_words}]')}\nAnswer: {answer}"

    def _way(self, fields: dict[str, str]) -> "Way":
        clip = self._known(fields["material"])
        return next(way for way in self._ways(clip) if _capital(way.question) == fields["question"])

    def _unique(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        way = self._way(fields)
        if wrong or way.clue_words != fields["clue"]:
            return "no"
        return f"yes | {way.referent.name}"

    def _answerable(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        right = self._way(fields).asked.value == fields["answer"]
        return "correct" if right != wrong else "non-correct"

    def _options(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        others = [value for value in self._way(fields).others if value != fields["answer"]]
        return "\n".join(f"<incorrect answer>: {value}" for value in others[:3])

    def _plausible(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        return "no" if wrong else "yes"

    def _blind(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        return random.Random(repr(fields)).choice(("A", "B", "C", "D", "unknown"))

    def _same(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        ways = [
            {
                (way.referent, way.clue, way.asked)
                for clip, _ in self._clips.values()
                for way in self._ways(clip)
                if (_capital(way.question), way.asked.value) == (fields[place], fields[f"{place}_answer"])
            }
            for place in ("first", "second")
        ]
        return "yes" if bool(ways[0] & ways[1]) != wrong else "no"

    def _rationale(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        way, answer = self._way(fields), fields["answer"]
        seen = "The description says so." if wrong else "This can be followed."
        return (
            f"<Reasoning Details>:\n1. The question starts from a clue and asks for something else. {seen}\n"
            f"2. There is {way.clue_words}, found {fields['by']}.\n3. The same one is found {fields['where']}.\n"
            f"4. There it is {answer}.\n<Final Answer>: {answer}"
        )

    def _reasoned(self, fields: dict[str, str], media: list[dict[str, Any]], wrong: bool) -> str:
        return "no" if wrong else "yes"


@dataclass(frozen=True)
class Way:
    """A question that the truth can answer."""

    referent: Referent
    clue: Fact
    asked: Fact
    question: str
    others: tuple[str, ...]  # the same fact of the others

    @property
    def clue_words(self) -> str:
        """As they stand in the question."""
        return clue_words(self.referent, self.clue)


def _spectrum(samples: np.ndarray) -> np.ndarray:
    """Of the first second: it does not mind a shift by some milliseconds, as coders of sound make them."""
    power = np.abs(np.fft.rfft(samples[:16_000], 16_000))[60:4_000]
    share: np.ndarray = power / power.sum()
    return share


def _ways(clip: Annotation) -> list[Way]:
    """All questions on a clip's persons and things; about a thing's story nothing is known here."""
    found = []
    for referent in clip.referents:
        peers = clip.persons if isinstance(referent, Person) else clip.things
        facts = [fact for fact in referent.facts if isinstance(referent, Person) or fact.modality is Modality.VISION]
        for asked in facts:
            values = [peer.fact(asked.modality, asked.kind) for peer in peers if peer is not referent]
            others = tuple(fact.value for fact in values if fact is not None and fact.value != asked.value)
            if len({*others}) < 3:
                continue
            found += [
                Way(referent, clue, asked, question_words(referent, clue, asked), others)
                for clue in facts
                if clue != asked and _is_unique(clue, referent, peers)
            ]
    return found


def _is_unique(clue: Fact, referent: Referent, peers: tuple[Referent, ...]) -> bool:
    return [peer for peer in peers if clue in peer.facts] == [referent]


def _sense(words: str) -> Modality:
    return next(sense for word, sense in _SENSES.items() if word in words)


def _look(referent: Referent) -> str:
    if isinstance(referent, Person):
        return " and ".join(fact.value for fact in referent.bridge)
    return ", ".join(fact.value for fact in referent.facts if fact.modality is Modality.VISION)


def _name(cue: str) -> str:
    """Without the role behind it."""
    return cue.partition(",")[0]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
