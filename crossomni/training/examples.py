"""Rows as conversations: what the user says, and what the assistant is taught to say.

No media are opened here: a conversation names its clip, and the collator brings the clip's tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossomni.answers import read_answer
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.prompts import compose
from crossomni.records import Row
from crossomni.training.config import Switch

# The form of Table 17: a think block, then the letter alone. What is thought holds no tag, or a block could end twice.
FORM = re.compile(r"<think>\n(?!\s*</think>)(?P<thinking>(?:(?!</?think>).)+)\n</think>\n(?P<letter>[A-Z])", re.S)

# What a reward may look at, beside prompt and completion; TRL hands each on as a list. No column is called image or
# images: TRL would take the rows for pictures.
COLUMNS = ("id", "task", "question", "options", "answer", "biography", "rationale", "clip_id")


@dataclass(frozen=True, kw_only=True)
class Example:
    """One row as a conversation of two messages."""

    row: Row
    clip: Path  # its file
    prompt: str  # the user's text
    reply: str  # the assistant's whole message, in the form of Table 17 or the letter alone (Table 8)

    def told(self) -> dict[str, Any]:
        """The row's own columns, for rewards and for the collator."""
        columns = self.row.to_columns()
        return {name: columns[name] for name in COLUMNS}

    def for_sft(self) -> dict[str, Any]:
        """A conversation in TRL's dialect, ``messages``, with the row's columns."""
        assistant = {"role": "assistant", "content": [_text(self.reply)]}
        return self.told() | {"messages": [self._asked, assistant]}

    def for_grpo(self) -> dict[str, Any]:
        """A conversation that waits for its reply, ``prompt``, with the row's columns."""
        return self.told() | {"prompt": [self._asked]}

    @property
    def _asked(self) -> dict[str, Any]:
        return {"role": "user", "content": [{"type": "video", "path": str(self.clip)}, _text(self.prompt)]}


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def reply_to(row: Row, rationale: Switch = "on") -> str:
    """What the assistant is taught to say: the rationale in a think block and the letter, or the letter alone.

    Raises:
        InputError: when the row's answer is held back, it has no rationale, or its rationale holds a tag of thinking.

    >>> row = Row(id="1", clip_id="c", task="au", question="Who?", options=("a", "b", "c", "d"), answer="B",
    ...           rationale="Ada sings.")
    >>> reply_to(row)
    '<think>\\nAda sings.\\n</think>\\nB'
    >>> reply_to(row, "off")
    'B'
    """
    if not row.answer:
        raise InputError(f"row {row.id!r}: its answer is held back; wanted a letter. Train on a split with labels.")
    if rationale == "off":
        return row.answer
    check_rationales([row])
    reply = f"<think>\n{row.rationale.strip()}\n</think>\n{row.answer}"
    if not FORM.fullmatch(reply) or read_answer(reply, row.options).letter != row.answer:
        raise InputError(
            f"row {row.id!r}: its rationale holds <think> or </think>, so that no reply of the form of Table 17 can be "
            "made of it. Take the tags out."
        )
    return reply


def check_rationales(rows: Sequence[Row]) -> None:
    """Find out whether every row has a rationale.

    Raises:
        InputError: naming the first row without one, and how many there are.
    """
    without = [row.id for row in rows if not row.rationale.strip()]
    if without:
        raise InputError(
            f"row {without[0]!r}: no rationale ({len(without)} of {len(rows)} rows have none); wanted one to learn "
            "from, or to judge by. Take another split, or --rationale off (SFT), --thinking-reward off (GRPO)."
        )


def examples(
    corpus: Corpus,
    rows: Iterable[Row],
    *,
    prompt: str = "default",
    prompts: Path | None = None,
    rationale: Switch = "on",
) -> tuple[Example, ...]:
    """Rows of a corpus as conversations about their clips, in their order.

    Raises:
        InputError: for an unknown prompt, and as ``reply_to`` does.
    """
    rows = tuple(rows)
    if rationale == "on":
        check_rationales(rows)  # all of them, so that the message counts them
    return tuple(
        Example(row=row, clip=corpus.media(row), prompt=compose(prompt, row, prompts), reply=reply_to(row, rationale))
        for row in rows
    )


def words(said: Sequence[Example], most: int = 300) -> list[str]:
    """Prompts with their replies, ``most`` of them evenly spaced: what a tiny thinker's words are learnt from."""
    return [f"{one.prompt}\n{one.reply}" for one in said[:: -(-len(said) // most)]]


def dataset(columns: Iterable[dict[str, Any]]) -> Any:
    """A ``datasets.Dataset`` of what ``Example.for_sft`` or ``for_grpo`` gave."""
    from datasets import Dataset

    return Dataset.from_list(list(columns))
