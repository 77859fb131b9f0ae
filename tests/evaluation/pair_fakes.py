"""Rows in pair blocks, and what models whose knowledge is known answer to them."""

from collections.abc import Callable, Iterator, Sequence

from crossomni.evaluation.models.protocol import Ask, Said
from crossomni.records import Receipt, Row
from crossomni.tasks import TASKS, Modality

Right = Callable[[Row], bool]


def answer_of(number: int, target: Modality) -> str:
    """The right letter of block ``number``'s questions about one modality."""
    return "ABCD"[(number + list(Modality).index(target)) % 4]


def block_rows(number: int, clip_id: str | None = None) -> list[Row]:
    """Nine rows, one of each task, of block ``number``, on a clip of its own where none is named."""
    clip = clip_id or f"clip{number}"
    return [
        Row(
            id=f"{clip}/{task.id}/{number}",
            clip_id=clip,
            task=task,
            question=f"What is {task.target} {number} of the one with {task.source}?",
            options=("Ada", "Bo", "Cy", "Di"),
            answer=answer_of(number, task.target),
            show="play",
            episode=clip,
            end_seconds=1.0,
            pair_id=f"{clip}/{number}",
        )
        for task in TASKS
    ]


def many(blocks: int) -> list[Row]:
    """So many blocks, each on a clip of its own."""
    return [row for number in range(blocks) for row in block_rows(number)]


def number_of(row: Row) -> int:
    """The number of a row's block."""
    return int(row.pair_id.rpartition("/")[2])


def letters(rows: Sequence[Row], right: Right) -> list[str | None]:
    """The right letter where the model knows, no letter elsewhere."""
    return [row.answer if right(row) else None for row in rows]


def half_of_cross(row: Row) -> bool:
    """Everything in single tasks; in cross tasks every other block."""
    return not row.task.is_cross or number_of(row) % 2 == 0


def right(row: Row) -> str:
    """The right letter, by what kind of question it is: no Ask holds it."""
    return answer_of(number_of(row), row.task.target)


class HalfOfCross:
    """A model that knows all single questions, and the cross questions of every other block."""

    name = "half-of-cross"
    senses = frozenset({Modality.TEXT})

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """The letter, or words in which there is none."""
        for ask in asks:
            reply = right(ask.question) if half_of_cross(ask.question) else "I cannot tell."
            yield Said(reply=reply, receipt=Receipt.text_only(7))
