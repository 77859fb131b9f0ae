"""Items of all clips become rows."""

import random
from collections import Counter

from crossomni.construction.models.assembling import assemble
from crossomni.construction.models.items import Item, Worked
from crossomni.records import Annotation, Clip
from crossomni.tasks import TASKS


def clip_of(name: str, luck: random.Random) -> Worked:
    """One with questions of some of the tasks, as gates leave them."""
    clip = Clip(id=name, show="s", episode=f"e{luck.random()}", start_seconds=0, end_seconds=9)
    items = tuple(
        Item(id=f"{name}/{task.id}/1", task=task, name="Ann", stem="What colour is []?", clue="it", answer="red",
             wrong=("blue", "green", "black"))
        for task in TASKS if luck.random() < 0.6
    )  # fmt: skip
    return Worked(clip=clip, annotation=Annotation(clip=clip, persons=(), biography="Ann: …"), items=items, dropped=(),
                  asked=())  # fmt: skip


def test_letters_are_balanced_within_each_task_and_over_the_split() -> None:
    """No letter is one more often than another in a task; over a split, none is two more often than another."""
    luck = random.Random(5)
    worked = [clip_of(f"c{number}", luck) for number in range(37)]
    sides = {one.clip.id: "test" if luck.random() < 0.4 else "train" for one in worked}
    for seed in range(5):
        made = assemble(worked, sides, seed)
        assert {*made.rows} == {"train", "test"}
        for rows in made.rows.values():
            for task in TASKS:
                letters = Counter(dict.fromkeys("ABCD", 0))
                letters.update(row.answer for row in rows if row.task is task)
                assert max(letters.values()) - min(letters.values()) <= 1, (seed, task)
            letters = Counter(row.answer for row in rows)
            assert max(letters.values()) - min(letters.values()) <= 2, (seed, letters)
            assert all(row.options["ABCD".index(row.answer)] == "red" for row in rows)
