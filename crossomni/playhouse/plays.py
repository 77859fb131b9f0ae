"""A play before it is filmed: who stands where, looks how, does what, says what, and has lived how.

Everything that can be asked is drawn at random and independently, and no two people of a play share a value
of one kind, so that knowing what is there is not enough: one must know whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass

FRAME_SIZE = (448, 252)  # width, height in pixels
FRAMES_PER_SECOND = 10
SAMPLE_RATE_HZ = 22_050
ENTRANCE_SECONDS = 1.2
ACTION_SECONDS = 3.0
FIRST_LINE_SECONDS = 2.6  # everybody is on stage by then
PAUSE_SECONDS = 0.7  # between two lines


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a viewer sees of one person."""

    top: str
    stars: int  # sewn on the top, 1 to 4
    trousers: str
    hair: str
    hair_style: int  # 0, 1 or 2; decoration, never asked
    beard: int  # 0 none, 1 moustache, 2 beard; men only, decoration
    skin: int  # 0 to 3, decoration
    accessory: str
    expression: str
    action: str
    action_start_seconds: float
    entrance: str
    entrance_start_seconds: float


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How one person speaks. Ranks run from 0 (lowest, quietest, slowest) to 3 among the play's four people.

    In a play of voices the ranks and the quality differ and everybody is calm; in a play of feelings only the
    emotion differs, since an emotion is heard *by* its pitch, loudness and rate: asked of the same voices, the one
    would answer the other.
    """

    speaker: int  # 0 to 3: which of the four distinct speakers of that sex
    pitch: int
    loudness: int
    speed: int
    quality: str
    emotion: str


@dataclass(frozen=True, kw_only=True)
class Life:
    """What a person's biography tells."""

    birthplace: str
    birth_date: str
    school: str
    occupation: str
    event: str
    teacher: str


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One of the four people of a play."""

    name: str
    place: int  # index into PLACES, 0 is the viewer's far left
    look: Look
    voice: Voice
    life: Life
    line: str  # each person says exactly one line
    turn: int  # 0 to 3: the order of speaking


@dataclass(frozen=True, kw_only=True)
class Prop:
    """A thing on the shelf behind the people."""

    name: str
    colour: str
    place: int  # index into PLACES
    town: str
    year: str
    maker: str


@dataclass(frozen=True, kw_only=True)
class Play:
    """One clip's script."""

    clip_id: str
    show: str
    episode: str
    scene: str
    sex: str  # "women" or "men": one sex a play, so that neither a voice nor a name rules anybody out
    of_feelings: bool  # else of voices
    actors: tuple[Actor, Actor, Actor, Actor]  # from the viewer's left to right
    props: tuple[Prop, Prop, Prop, Prop]  # from the viewer's left to right
    seed: int  # for the film's decoration and noise
    telling: tuple[int, ...]  # the order in which the biographies are told: indices into (*actors, *props)
