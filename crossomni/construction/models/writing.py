"""Write questions and their options (section 2.2.4, Table 15): from a source to a target, through the person."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

from crossomni.construction.drafts import Dropped
from crossomni.construction.models import forms
from crossomni.construction.models.asking import Desk, Talk, Unanswered
from crossomni.construction.models.items import Item, Known
from crossomni.construction.verify import leaks_name
from crossomni.records import Referent, Thing
from crossomni.tasks import TASKS, Modality, Task

_TRIED = 3  # referents, for a question of each task
_BY = {
    Modality.AUDIO: "by listening to the video",
    Modality.VISION: "by looking at the video",
    Modality.TEXT: "by reading the biographies",
}
_WHERE = {
    Modality.AUDIO: "in the sound of the video",
    Modality.VISION: "in the picture of the video",
    Modality.TEXT: "in the biographies",
}
_NAMES = {
    True: "Use no name in the question: reader and answer find the person or object by the clue alone.",
    False: "Use a name in the question only where the biographies alone are asked.",
}


def route_words(task: Task) -> dict[str, str]:
    """How prompts call the ends of a task's way."""
    return {"by": _BY[task.source], "where": _WHERE[task.target]}


async def write_questions(desk: Desk, known: Known, seed: int) -> list[Item | Dropped]:
    """One question of each task, each about somebody or something drawn by the seed; about whom no question can be
    had is dropped, and another one is tried, a few times.
    """

    async def of_task(task: Task) -> list[Item | Dropped]:
        found: list[Item | Dropped] = []
        for referent in _drawn(known, task, seed)[:_TRIED]:
            found.append(await _written(Talk(desk), known, referent, task))
            if isinstance(found[-1], Item):
                break
        return found

    return [one for found in await asyncio.gather(*map(of_task, TASKS)) for one in found]


async def write_block(desk: Desk, known: Known, place: int) -> list[Item | Dropped]:
    """A pair block about one person (section 3.3): a question within each modality, and these three converted into the
    six cross ones by exchanging nothing but the words that lead to the person, or what is asked.
    """
    referent = known.annotation.persons[place]
    single = [task for task in TASKS if not task.is_cross]
    found = await asyncio.gather(*(_optioned(Talk(desk), known, referent, task) for task in single))
    lost = [one for one in found if isinstance(one, Dropped)]
    if lost:
        return list(lost)
    by_sense = {item.task.source: item for item in found if isinstance(item, Item)}
    block = f"{known.annotation.clip.id}/{place + 1}"
    made: list[Item | Dropped] = []
    for task in TASKS:
        source, target = by_sense[task.source], by_sense[task.target]
        item = replace(
            target,
            id=_id(known, task, referent),
            task=task,
            clue=source.clue,
            pair_id=block,
            asked=(*source.asked, *(target.asked if target is not source else ())),
        )
        made.append(_named(item, known))
    return made


async def give_options(talk: Talk, item: Item, known: Known) -> Item | Dropped:
    """Ask for three wrong answers."""
    fields = {"material": known.material, "question": item.question, "answer": item.answer}
    try:
        wrong = await talk.ask("options", forms.incorrect(item.answer), fields)
    except Unanswered as error:
        return Dropped(stage="options", item=item.id, reason=error.reason)
    return replace(item, wrong=wrong)


async def _optioned(talk: Talk, known: Known, referent: Referent, task: Task) -> Item | Dropped:
    item = await _written(talk, known, referent, task)
    if isinstance(item, Dropped):
        return item
    made = await give_options(talk, item, known)
    return made if isinstance(made, Dropped) else replace(made, asked=tuple(talk.asked))


async def _written(talk: Talk, known: Known, referent: Referent, task: Task) -> Item | Dropped:
    identity = _id(known, task, referent)
    prompts = talk.desk.models.prompts
    fields = {
        "material": known.material,
        "referent": referent.name,
        "them": "it" if isinstance(referent, Thing) else "the person",
        "clue_kinds": prompts.part(f"_source_{task.source}"),
        "asked_kinds": prompts.part(f"_target_{task.target}"),
        "asked": prompts.part(f"_target_{task.target}"),
        "names": _NAMES[task.is_cross],
        **route_words(task),
    }
    try:
        stem, clue, answer = await talk.ask("question", forms.question, fields)
    except Unanswered as error:
        return Dropped(stage="write", item=identity, reason=error.reason)
    item = Item(
        id=identity, task=task, name=referent.name, stem=stem, clue=clue, answer=answer, asked=tuple(talk.asked)
    )
    return _named(item, known)


def _named(item: Item, known: Known) -> Item | Dropped:
    """The item, when no name joins source and target in place of the clue."""
    clip = known.annotation.clip
    names = [*(one.name for one in known.annotation.persons), *(line.speaker for line in clip.lines if line.speaker)]
    names += [item.name]  # of a thing, too: its name joins its look to its story
    if item.task.is_cross and leaks_name(item.question, names):
        return Dropped(stage="write", item=item.id, reason="a name in a cross question")
    return item


def _drawn(known: Known, task: Task, seed: int) -> list[Referent]:
    """Persons for what is heard, things too where nothing is, in an order of their own for each task."""
    own = known.annotation
    rng = random.Random(f"{seed} {own.clip.id} {task.id}")
    silent = Modality.AUDIO not in (task.source, task.target)
    choices: Sequence[Referent] = own.referents if silent else own.persons
    return rng.sample(choices, len(choices))


def _id(known: Known, task: Task, referent: Referent) -> str:
    return f"{known.annotation.clip.id}/{task.id}/{known.annotation.referents.index(referent) + 1}"
