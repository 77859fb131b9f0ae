"""What is told of a thought without a judge: that it is none, or says only what stood in the prompt.

The gates stand before the judge, whichever it is: no call is paid for what they refuse, and no judge can be talked into
points for it (":" and "Thought process:" have moved judges, arXiv 2507.08794).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from crossomni.judging import Judged, gate
from crossomni.records import Row
from crossomni.training.judges.protocol import Thought

Refusal = Literal["no-reasoning", "wrong-form", "copied"]

RUN_WORDS = 5
# A copy of the prompt consists of runs of its words, but for where it was joined: 0.9 and more. A true rationale quotes
# the question's clue and the biography's fact; of the shipped ones at most 0.21 is such runs (tested).
MOST_COPIED = 0.5

_WORD = re.compile(r"\w+")


def refusal(thought: Thought) -> Refusal | None:
    """Why a thought gets no points without a judge; None where a judge is to say.

    ``no-reasoning``, ``wrong-form``: see ``crossomni.judging.gate``. ``copied``: more than half of it are runs of
    ``RUN_WORDS`` words from the row's question, options and biography.
    """
    return gate(thought.thinking) or ("copied" if copied(thought) > MOST_COPIED else None)


def refused(thought: Thought) -> Judged[int] | None:
    """The same as what came of judging."""
    return None if (why := refusal(thought)) is None else Judged(state=why)


def copied(thought: Thought) -> float:
    """The share, 0 to 1, of a thought's runs of words that stand in its prompt; 0 where it is too short for a run.

    Case, punctuation and white space do not matter.
    """
    runs = list(_runs(thought.thinking))
    known = set(_runs(_prompt(thought.row)))
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


def _prompt(row: Row) -> str:
    """What the policy was given in words, in the order of the prompt, and the options without their letters."""
    lettered = (f"{letter}. {option}" for letter, option in zip(row.letters, row.options, strict=True))
    return "\n".join((row.question, *lettered, row.biography, *row.options))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return zip(*(words[start:] for start in range(RUN_WORDS)), strict=False)
