"""From a seed to a play: casts that return in two scenes of an episode, everything else drawn anew.

Every draw hangs on ``(seed, episode)`` or ``(seed, clip)`` alone, so that any part of a corpus can be made again,
in any order and by any number of processes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from crossomni.playhouse import lives
from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.plays import Actor, Life, Look, Play, Prop, Voice

SCENES_PER_EPISODE = 2
PEOPLE = 4


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Four people of one sex with their lives: an episode's, and no other's."""

    sex: str
    names: tuple[str, ...]
    lives: tuple[Life, ...]


def clip_id(index: int) -> str:
    """The name of clip number ``index``: show, season, episode and scene, as TVQA names clips.

    >>> clip_id(0), clip_id(13)
    ('lantern_s01e01_clip_01', 'lantern_s01e02_clip_02')
    """
    episode, scene = divmod(index, SCENES_PER_EPISODE)
    number, show = divmod(episode, len(words.SHOWS))
    season, number = divmod(number, 24)
    return f"{words.SHOWS[show]}_s{season + 1:02d}e{number + 1:02d}_clip_{scene + 1:02d}"


def write_cast(seed: int, episode: int) -> Cast:
    """The cast of an episode. No two episodes of a corpus share a full name."""
    rng = random.Random(f"cast {seed} {episode}")
    sex, pool = (("women", lives.WOMEN), ("men", lives.MEN))[episode % 2]
    first = rng.sample(pool, PEOPLE)
    # The surname counts through all pairs, shuffled once for the corpus, so that it belongs to one episode only.
    surnames = [start + end for start in lives.SURNAME_STARTS for end in lives.SURNAME_ENDS]
    random.Random(f"surnames {seed}").shuffle(surnames)
    lap, place = divmod(episode * PEOPLE, len(surnames))
    names = []
    for i in range(PEOPLE):
        last = surnames[place + i]
        # Beyond 600 surnames, a second one is added; the pair (last, other) is new for each lap.
        names.append(f"{first[i]} {last}" if lap == 0 else f"{first[i]} {last}-{surnames[place + i - lap]}")
    lives_told = zip(
        rng.sample(lives.TOWNS, PEOPLE),
        _dates(rng),
        rng.sample(lives.SCHOOLS, PEOPLE),
        rng.sample(lives.OCCUPATIONS, PEOPLE),
        rng.sample(lives.EVENTS, PEOPLE),
        _strangers(rng, first),
        strict=True,
    )
    return Cast(
        sex=sex,
        names=tuple(names),
        lives=tuple(
            Life(birthplace=town, birth_date=date, school=school, occupation=work, event=event, teacher=teacher)
            for town, date, school, work, event, teacher in lives_told
        ),
    )


def write_play(seed: int, index: int) -> Play:
    """The play of clip number ``index`` in the corpus of ``seed``."""
    rng = random.Random(f"play {seed} {index}")
    episode = index // SCENES_PER_EPISODE
    cast = write_cast(seed, episode)
    name = clip_id(index)
    of_feelings = rng.random() < 0.5
    order = rng.sample(range(PEOPLE), PEOPLE)  # who of the cast stands where
    looks, voices, lines, turns = _looks(rng, cast.sex), _voices(rng, of_feelings), _lines(rng), _shuffled(rng)
    return Play(
        clip_id=name,
        show=name.partition("_")[0],
        episode=name.rpartition("_clip_")[0],
        scene=rng.choice(words.SCENES),
        sex=cast.sex,
        of_feelings=of_feelings,
        actors=tuple(  # type: ignore[arg-type]  # four by construction
            Actor(
                name=cast.names[order[i]],
                place=i,
                look=looks[i],
                voice=voices[i],
                life=cast.lives[order[i]],
                line=lines[i],
                turn=turns[i],
            )
            for i in range(PEOPLE)
        ),
        props=tuple(_props(rng, cast)),  # type: ignore[arg-type]
        seed=rng.randrange(2**31),
        telling=tuple(rng.sample(range(2 * PEOPLE), 2 * PEOPLE)),
    )


def _shuffled(rng: random.Random) -> list[int]:
    return rng.sample(range(PEOPLE), PEOPLE)


def _looks(rng: random.Random, sex: str) -> list[Look]:
    tops, hairs = rng.sample(words.TOP_COLOURS, PEOPLE), rng.sample(words.HAIR_COLOURS, PEOPLE)
    trousers, accessories = rng.sample(words.TROUSERS, PEOPLE), rng.sample(words.ACCESSORIES, PEOPLE)
    stars, expressions = _shuffled(rng), rng.sample(words.EXPRESSIONS, PEOPLE)
    actions, acts_at = rng.sample(words.ACTIONS, PEOPLE), _shuffled(rng)
    entrances, enters_at = rng.sample(words.ENTRANCES, PEOPLE), _shuffled(rng)
    return [
        Look(
            top=tops[i],
            stars=stars[i] + 1,
            trousers=trousers[i],
            hair=hairs[i],
            hair_style=rng.randrange(3),
            beard=rng.choice((0, 0, 1, 2)) if sex == "men" else 0,
            skin=rng.randrange(4),
            accessory=accessories[i],
            expression=expressions[i],
            action=actions[i],
            action_start_seconds=round(2.7 + 1.8 * acts_at[i] + rng.uniform(0, 0.4), 1),
            entrance=entrances[i],
            entrance_start_seconds=round(0.1 + 0.4 * enters_at[i], 1),
        )
        for i in range(PEOPLE)
    ]


def _voices(rng: random.Random, of_feelings: bool) -> list[Voice]:
    speakers = _shuffled(rng)
    if of_feelings:
        return [
            Voice(speaker=speaker, pitch=1, loudness=1, speed=1, quality="smooth", emotion=emotion)
            for speaker, emotion in zip(speakers, rng.sample(words.EMOTIONS, PEOPLE), strict=True)
        ]
    ranks = zip(_shuffled(rng), _shuffled(rng), _shuffled(rng), strict=True)
    qualities = rng.sample(words.QUALITIES, PEOPLE)
    return [
        Voice(speaker=speaker, pitch=pitch, loudness=loudness, speed=speed, quality=quality, emotion="calm")
        for speaker, (pitch, loudness, speed), quality in zip(speakers, ranks, qualities, strict=True)
    ]


def _lines(rng: random.Random) -> list[str]:
    """Four lines that share no pattern and no filling, so that no word of one is a word of another."""
    fillings = {kind: rng.sample(values, len(values)) for kind, values in lives.FILLERS.items()}
    return [
        pattern.format(**{kind: fillings[kind][i] for kind in fillings})
        for i, pattern in enumerate(rng.sample(lives.LINES, PEOPLE))
    ]


def _dates(rng: random.Random) -> list[str]:
    """Four birth dates that differ in more than one part, within a lifetime of grown-ups."""
    years, months = rng.sample(range(1948, 1999), PEOPLE), rng.sample(lives.MONTHS, PEOPLE)
    return [f"{rng.randint(1, 28)} {month} {year}" for month, year in zip(months, years, strict=True)]


def _strangers(rng: random.Random, cast: list[str]) -> list[str]:
    """Full names of people who are not on stage and share no first name with those who are."""
    first = rng.sample([name for name in (*lives.WOMEN, *lives.MEN) if name not in cast], PEOPLE)
    starts = rng.sample(lives.SURNAME_STARTS, PEOPLE)
    ends = rng.choices(("ovic", "escu", "aud", "etti"), k=PEOPLE)
    return [f"{name} {start}{end}" for name, start, end in zip(first, starts, ends, strict=True)]


def _props(rng: random.Random, cast: Cast) -> list[Prop]:
    towns = rng.sample([town for town in lives.TOWNS if town not in {life.birthplace for life in cast.lives}], PEOPLE)
    years = rng.sample(range(1790, 1941), PEOPLE)
    makers = _strangers(rng, [name.split()[0] for name in cast.names])
    return [
        Prop(name=name, colour=colour, place=place, town=town, year=str(year), maker=maker)
        for place, (name, colour, town, year, maker) in enumerate(
            zip(
                rng.sample(words.THINGS, PEOPLE),
                rng.sample(words.THING_COLOURS, PEOPLE),
                towns,
                years,
                makers,
                strict=True,
            )
        )
    ]
