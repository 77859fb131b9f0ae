"""How models' replies are read: by full match, and never as more than was said.

Each reader takes a reply without its thinking and gives what it says, ``FAILURE`` where the model says that it cannot,
or None where the reply is in another form (*unparsed*). Unparsed is never a pass: the model is asked again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeVar

from crossomni.answers import read_answer

T = TypeVar("T")
Failure = Literal["failure"]
FAILURE: Final[Failure] = "failure"
Form = Callable[[str], T | Failure | None]

_UNSEEN = ("Cc", "Cf", "Cs")  # Unicode's controls, marks of format, and halves of surrogate pairs
_LEAST_QUOTED = 3  # letters: fewer stand in every line
# All four are in the paper's prompts (Tables 13 to 15).
_FAILURES = ("failure", "<failure>", "Failed", "<Failed>")
_INCORRECT = re.compile(r"<incorrect answer>:?[ \t]*([^\s:].*)")
_REASONED = re.compile(
    r"<Reasoning Details>:?\s*1\.\s*(\S.*?)\s*\n2\.\s*(\S.*?)\s*\n3\.\s*(\S.*?)\s*\n4\.\s*(\S.*?)\s*"
    r"<Final Answer>:?\s*(\S.*)",
    re.DOTALL,
)
_ASKED = re.compile(r"Question:[ \t]*(\S.*)\n+Answer:[ \t]*(\S.*)")
# What readers say who see no way to an answer, and nothing else: a tail may tell from what it cannot be known.
_UNKNOWN = re.compile(
    r"unknown|nobody can know|(?:i )?(?:do not|don't|cannot|can't|can not) (?:know|tell|say|determine)(?: it| this)?"
    r"|(?:(?:it|this|that|the (?:right |correct )?answer) )?(?:cannot|can't|can not) be "
    r"(?:known|told|determined|answered|inferred|said)(?: (?:from|with|without|by)\b[^.\n]*)?",
    re.IGNORECASE,
)


def plain(reply: str) -> str:
    """A reply without the think block that some models put before it, and without signs that nobody sees: they would
    make two of one name, and half a surrogate pair fits into no request and no file.

    >>> plain("<think>\\nwell\\n</think>\\n\\nyes"), plain("no\\u200b, \\ud83dAnn\\x00")
    ('yes', 'no, Ann')
    """
    seen = "".join(sign for sign in reply if sign in "\t\n" or unicodedata.category(sign) not in _UNSEEN)
    return re.sub(r"\A\s*<think>.*?</think>", "", seen, flags=re.DOTALL).strip()


def failed(reply: str) -> bool:
    """Whether the reply is one of the paper's four words for a failure, and nothing else.

    >>> failed("<Failed>"), failed("failure: nobody speaks")
    (True, False)
    """
    return reply in _FAILURES


def text(reply: str) -> str | Failure | None:
    """Free text that is not empty, no broken-off think block, and no failure in other letters.

    >>> text("Two people wave."), text("FAILURE."), text("<think>Well, the user")
    ('Two people wave.', None, None)
    """
    if failed(reply):
        return FAILURE
    return reply if _says(reply) and not reply.startswith("<think>") else None


def _says(part: str) -> bool:
    """Whether there is something in it, and not a word for a failure."""
    return bool(part) and part.strip("<>. ").casefold() not in ("failure", "failed")


def beginning(words: str) -> Form[str]:
    """Free text that begins with these words; they, and a colon behind them, are taken off.

    >>> beginning("Ann")("Ann: wears red."), beginning("Ann")("Anna wears red."), beginning("Ann")("Ann: <failure>")
    ('wears red.', None, None)
    """

    def read(reply: str) -> str | Failure | None:
        if failed(reply):
            return FAILURE
        found = re.match(rf"{re.escape(words)}(?!\w)[\s:,]*", reply, re.IGNORECASE)
        told = reply[found.end() :].strip() if found else ""
        return told if _says(told) else None

    return read


def word(yes: str, no: str) -> Form[bool]:
    """One of two words, whatever its case, with or without a full stop.

    >>> word("yes", "no")("Yes."), word("pass", "failure")("failure"), word("yes", "no")("yes, I think")
    (True, False, None)
    """

    def read(reply: str) -> bool | None:
        said = reply.removesuffix(".").casefold()
        # The paper's four words for a failure are one word.
        said = FAILURE if no == FAILURE and failed(reply) else said
        return {yes.casefold(): True, no.casefold(): False}.get(said)

    return read


def answers(count: int) -> Form[tuple[bool, ...]]:
    """So many lines, each with its number and yes or no.

    >>> answers(2)("1. yes\\n2. No"), answers(2)("1. yes"), answers(1)("1. yes, very")
    ((True, False), None, None)
    """

    def read(reply: str) -> tuple[bool, ...] | None:
        lines = [line.strip() for line in reply.splitlines() if line.strip()]
        found = [re.fullmatch(rf"{n}[.):]?\s*(yes|no)\.?", line, re.IGNORECASE) for n, line in enumerate(lines, 1)]
        if len(lines) != count or not all(found):
            return None
        return tuple(one[1].casefold() == "yes" for one in found if one)

    return read


def named(names: Sequence[str] = (), most: int | None = None) -> Form[dict[str, str]]:
    """Lines of a name, a colon, and what is told of it; with ``names``, of each of these and no other.

    >>> named(["Ann"])("Ann: a red coat"), named(["Ann"])("Bob: a red coat"), named(most=1)("vase: blue\\nclock: old")
    ({'Ann': 'a red coat'}, None, None)
    """

    def read(reply: str) -> dict[str, str] | Failure | None:
        if failed(reply):
            return FAILURE
        pairs = [line.partition(":") for line in reply.splitlines() if line.strip()]
        told = {name.strip(" -*"): what.strip() for name, _, what in pairs}
        several = len({name.casefold() for name in told})
        whole = several == len(pairs) > 0 and all(name and _says(what) for name, what in told.items())
        if not whole or (names and {*told} != {*names}) or (most is not None and len(told) > most):
            return None
        return told

    return read


def odd(names: Sequence[str]) -> Form[dict[str, str]]:
    """Lines of a name, what stands out, and why, parted by bars; names are among those given. Of voices that are all
    alike a failure is said (Table 14): none stands out.

    >>> odd(["Ann", "Bob"])("Ann | angry | she shouts"), odd(["Ann"])("<failure>"), odd(["Ann"])("Ann is angry")
    ({'Ann': 'angry'}, {}, None)
    """

    def read(reply: str) -> dict[str, str] | None:
        if failed(reply):
            return {}
        rows = [[cell.strip() for cell in line.split("|")] for line in reply.splitlines() if line.strip()]
        if not rows or any(len(row) != 3 or not all(row) or row[0] not in names for row in rows):
            return None
        return {row[0]: row[1] for row in rows}

    return read


def roles(said: Mapping[str, Sequence[str]]) -> Form[dict[str, str]]:
    """Lines of a name, who they are, and the words of a line that say so, parted by bars.

    Args:
        said: the lines of the clip by speaker: names are among the speakers, and the words stand in some line.

    >>> read = roles({"Ann": ["I'm a nurse."], "Bob": []})
    >>> read("Ann | a nurse | a nurse"), read("Ann | a cook | a cook"), read("<failure>")
    ({'Ann': 'a nurse'}, None, {})
    """
    lines = [_flat(line) for told in said.values() for line in told]

    def read(reply: str) -> dict[str, str] | None:
        if failed(reply):
            return {}  # nobody's role is told
        rows = [[cell.strip() for cell in line.split("|")] for line in reply.splitlines() if line.strip()]
        if not rows or any(len(row) != 3 or not all(map(_says, row)) or row[0] not in said for row in rows):
            return None
        quotes = [_flat(row[2]).strip("\"'“”‘’ ") for row in rows]
        if len({row[0] for row in rows}) < len(rows) or not all(
            len(quote) >= _LEAST_QUOTED and any(quote in line for line in lines) for quote in quotes
        ):
            return None
        return {row[0]: row[1] for row in rows}

    return read


def _flat(text: str) -> str:
    return " ".join(text.casefold().split())


def chosen(told: Mapping[str, Sequence[str]]) -> Form[dict[str, str]]:
    """A line for each name: the name, which of its descriptions is kept, a colon, and that description.

    Returns:
        By name, the description of that number as it was given, whatever the model made of its words.

    >>> read = chosen({"Ann": ["red", "blue"]})
    >>> read("Ann 2: blue"), read("Ann 3: green"), read("Ann: blue"), read("<Failed>")
    ({'Ann': 'blue'}, None, None, 'failure')
    """

    def read(reply: str) -> dict[str, str] | Failure | None:
        if failed(reply):
            return FAILURE
        lines = [line.strip() for line in reply.splitlines() if line.strip()]
        found = [re.fullmatch(r"(\S.*?) (\d{1,3}):\s*(\S.*)", line) for line in lines]
        kept = {one[1]: (int(one[2]), one[3]) for one in found if one}
        if not len(lines) == len(kept) == len(told) or {*kept} != {*told}:
            return None
        if any(not 1 <= order <= len(told[name]) or not _says(what) for name, (order, what) in kept.items()):
            return None
        return {name: told[name][kept[name][0] - 1] for name in told}

    return read


def only(called: Mapping[str, str]) -> Form[str]:
    """``yes``, a bar and what the one that fits is called; or ``no``.

    Args:
        called: names, by all that those who have them may be called.

    Returns:
        The name; empty text for no.

    >>> read = only({"Ann": "Ann", "Ann, a nurse": "Ann", "vase": "vase"})
    >>> read("yes | ann, a nurse"), read("No."), read("yes"), read("yes | Ann and the vase")
    ('Ann', '', None, None)
    """
    known = {_flat(words): name for words, name in called.items()}

    def read(reply: str) -> str | None:
        if reply.removesuffix(".").casefold() == "no":
            return ""
        found = re.fullmatch(r"yes\s*\|\s*(\S.*)", reply, re.IGNORECASE)
        return known.get(_flat(found[1]), known.get(_flat(found[1].removesuffix(".")))) if found else None

    return read


def question(reply: str) -> tuple[str, str, str] | Failure | None:
    """A question whose words for its referent stand in square brackets, and its answer, on two lines.

    Returns:
        The question with ``[]`` in the place of these words, the words, the answer.

    >>> question("Question: What is the job of [the man who waves]?\\nAnswer: cook")
    ('What is the job of []?', 'the man who waves', 'cook')
    """
    if failed(reply):
        return FAILURE
    found = _ASKED.fullmatch(reply)
    marked = re.fullmatch(r"([^\[\]]*)\[([^\[\]]+)\]([^\[\]]*)", found[1].strip()) if found else None
    if not found or not marked or not marked[2].strip() or not marked[3].rstrip().endswith("?"):
        return None
    if not _says(found[2].strip()):
        return None
    return f"{marked[1]}[]{marked[3].rstrip()}", marked[2].strip(), found[2].strip()


def incorrect(right: str) -> Form[tuple[str, str, str]]:
    """Three lines of wrong answers, all different from each other and from the right one.

    >>> incorrect("red")("<incorrect answer>: blue\\n<incorrect answer>: green\\n<incorrect answer>: Red") is None
    True
    """

    def read(reply: str) -> tuple[str, str, str] | Failure | None:
        if failed(reply):
            return FAILURE
        lines = [line.strip() for line in reply.splitlines() if line.strip()]
        found = [_INCORRECT.fullmatch(line) for line in lines]
        wrong = [one[1].strip() for one in found if one]
        if not len(lines) == len(wrong) == 3 or len({x.casefold().strip(" .") for x in (*wrong, right)}) < 4:
            return None
        return wrong[0], wrong[1], wrong[2]

    return read


def letter(options: Sequence[str]) -> Form[str]:
    """The letter of one option, as scoring reads it."""
    return lambda reply: read_answer(reply, options).letter


def guess(options: Sequence[str]) -> Form[str]:
    """The letter of one option; empty text of a reader who says that it cannot be known, in words for just that.

    >>> read = guess(["red", "blue"])
    >>> read("B"), read("unknown"), read("I don't know."), read("It cannot be known from this."), read("perhaps")
    ('B', '', '', '', None)
    """

    def read(reply: str) -> str | None:
        said = reply.removesuffix(".").replace("’", "'")
        return "" if failed(reply) or _UNKNOWN.fullmatch(said) else letter(options)(reply)

    return read


def reasoning(answer: str) -> Form[tuple[str, str, str, str]]:
    """Four numbered steps, and the final answer, which must be the right one to the letter."""

    def read(reply: str) -> tuple[str, str, str, str] | Failure | None:
        if failed(reply):
            return FAILURE
        found = _REASONED.fullmatch(reply)
        if not found or found[5].strip().removesuffix(".").casefold() != answer.removesuffix(".").casefold():
            return None
        one, two, three, four = (" ".join(found[n].split()) for n in range(1, 5))
        return one, two, three, four

    return read
