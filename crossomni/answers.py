"""Read the answer's letter in what a model said, and never guess.

A reply is read in five steps: set the thinking apart; bring the rest to plain text; drop options that are only listed;
collect the claims that are left (lines that are an answer, statements such as "the answer is B"); read them only where
they agree. What is not a claim is not read: "A man is speaking" chooses no option, and neither does an error's text.

States: ``read``; ``empty`` (nothing is said outside of the thinking); ``ambiguous`` (several options are claimed, or a
letter and another option's text); ``unread`` (all else: refusals, errors, thinking cut off, letters out of range).

Decisions that could have gone another way: a final statement ("final answer: C", a box, an answer tag) overrides what
was said before it, any other correction is ambiguous; letters of other alphabets, a Cyrillic "В" say, are not read, as
one cannot know whose order is meant; "could be B" and "might be B" choose nothing, "is probably B" does; an option's
text counts where it is a line of its own, follows "the answer is", or is the only option named in a single sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossomni import answer_words as say
from crossomni.errors import InputError
from crossomni.option_texts import Options, ascii_forms, words
from crossomni.records import Answer, ReadState

_INVISIBLE = " \t\r\n\f\v\u00a0\u200b\u200e\ufeff"
_LONGEST_SENTENCE = 400  # characters; a longer reply is not searched for a lone option text


@dataclass(frozen=True)
class _Claim:
    """The letters that one place of a reply presents as its answer; more than one where it names several."""

    letters: frozenset[str]
    start: int
    final: bool = False


def read_answer(reply: str, options: Sequence[str] | None = None) -> Answer:
    """Say which letter ``reply`` chooses among ``options`` (four unknown texts where None), or why none is read.

    Takes time in proportion to the reply's length.

    Raises:
        InputError: when the reply is not text, or the options are not 2 to 26 texts.

    >>> read_answer("<think>B looks good</think> The answer is **C**.").letter
    'C'
    >>> read_answer("A man is speaking.").state
    'unread'
    """
    if not isinstance(reply, str):
        raise InputError(f"reply: {type(reply).__name__} came, text was wanted. Record a failed row as failed.")
    known = _known(options if options is None or isinstance(options, str) else tuple(options))
    said, thinking, cut = _split_thinking(reply)
    if cut:
        _, tag, end = thinking.rpartition("<answer>")
        if not (tag and end.endswith("</answer>")):
            return Answer(letter=None, state="unread", thinking=thinking)
        said = tag + end  # the answer's tag ended the thinking in its place
    text = _plain(said)
    if not text:
        return Answer(letter=None, state="empty", thinking=thinking)
    letter, state = _verdict(_claims(text, known), known)
    return Answer(letter=letter, state=state, thinking=thinking)


@lru_cache(maxsize=1024)
def _known(options: tuple[str, ...] | None) -> Options:
    return Options.of(options)


def _split_thinking(reply: str) -> tuple[str, str, bool]:
    """What was said, what was thought, and whether the thinking was cut off before it ended.

    A closing tag too many makes thinking of everything before it: chat templates open the block themselves, and
    nested blocks close twice.
    """
    said: list[str] = []
    thought: list[str] = []
    inside, position = False, 0
    for tag in say.THINK.finditer(reply):
        (thought if inside else said).append(reply[position : tag.start()])
        if tag["close"] and not inside:
            thought += said
            said = []
        inside, position = not tag["close"], tag.end()
    (thought if inside else said).append(reply[position:])
    return "\n".join(said), "\n".join(filter(None, map(str.strip, thought))), inside


def _plain(said: str) -> str:
    """The text without markup; answer tags and boxes become the words that they stand for."""
    text = ascii_forms(said)
    if "<" in text:
        text = say.CLOSE_ANSWER.sub("\n", say.MARKUP.sub(" ", text))
        if tag := say.OPEN_ANSWER.search(text):
            answer = text[tag.end() :].strip(_INVISIBLE)  # what stands before the tag is reasoning
            text = say.OPEN_ANSWER.sub("\nfinal answer: ", f"final answer: {answer}" if answer else "")
    if "\\" in text:
        text = say.BOX.sub(r"\nfinal answer: \1\n", say.LATEX.sub(r"\1", say.LATEX.sub(r"\1", text)))
    return say.NOT_AVAILABLE.sub("none", text).strip(_INVISIBLE)


def _claims(text: str, options: Options) -> list[_Claim]:
    lines = _without_lists(text.splitlines(), options)
    text = "\n".join(lines)
    claims = [*_statements(text, options), *_lone_letters(lines)]
    choices = list(_chosen_options(lines, options))
    named = {letter for claim in choices for letter in claim.letters}
    everything = frozenset(options.letters)
    # Beside a statement several option lines are elimination; all of them, in whatever order, are the question.
    if choices and (len(named) == 1 or not claims) and not everything <= named:
        claims += choices
    elif not claims and not choices:
        claims = _sentence(text, options)
    return [claim for claim in claims if not everything <= claim.letters]


def _without_lists(lines: list[str], options: Options) -> list[str]:
    """Drop full lists of the options: they restate the question and choose nothing."""
    kept = list(lines)
    run: list[int] = []
    for index, line in enumerate(lines):
        listed = list(say.LISTED.finditer(line))
        if {(found[1] or found[2]).upper() for found in listed} >= set(options.letters):
            kept[index] = "".join(say.SENTENCE_END.split(line[listed[-1].end() :], maxsplit=1)[1:])
        elif (match := say.OPTION_LINE.match(line)) and match["text"].strip():
            rank = ord(match["letter"].upper()) - ord("A")
            run = [*run, index] if rank == len(run) else [index] if rank == 0 else []
            if len(run) == len(options.letters):
                for place in run:
                    kept[place] = ""
                run = []
    return kept


def _offsets(lines: list[str]) -> Iterator[tuple[int, str]]:
    start = 0
    for line in lines:
        yield start, line
        start += len(line) + 1


def _lone_letters(lines: list[str]) -> Iterator[_Claim]:
    """Lines that hold a letter, or letters, and nothing else."""
    for start, line in _offsets(lines):
        if (match := say.LETTER_LINE.fullmatch(line)) and not say.SMILEY.fullmatch(line):
            found = {match["letter"], *say.LETTER.findall(match["more"])}
            yield _Claim(frozenset(letter.upper() for letter in found), start)


def _chosen_options(lines: list[str], options: Options) -> Iterator[_Claim]:
    """Lines that hold one option: its letter and a text, or its text alone."""
    for start, line in _offsets(lines):
        if letter := options.equal(line):
            yield _Claim(frozenset(letter), start)
        elif match := say.OPTION_LINE.match(line) or say.REASON_LINE.match(line):
            text, name = match["text"], match["letter"].upper()
            if text.strip() and not (say.TURNED_DOWN.match(text) or say.WRONG.search(text)):
                yield _Claim(_with_text(name, text, options), start)
        elif (match := say.SPACED_LINE.match(line)) and options.equal(match["text"]) == match["letter"].upper():
            yield _Claim(frozenset(match["letter"].upper()), start)


def _with_text(letter: str, text: str, options: Options) -> frozenset[str]:
    """The letter, and the letters that the text after it names: "B. red" where option A is red names both."""
    others = {(one or other).upper() for one, other in say.LISTED.findall(text)}
    return options.stated(text) | others | {letter}


def _places(pattern: re.Pattern[str], text: str) -> Iterable[re.Match[str]]:
    """The last match of each different surrounding: a model in a loop says one thing thousands of times."""
    return {
        (match[0], text[max(0, match.start() - 160) : match.end() + _LONGEST_SENTENCE]): match
        for match in pattern.finditer(text)
    }.values()


def _statements(text: str, options: Options) -> Iterator[_Claim]:
    for pattern in say.STATEMENTS:
        for match in _places(pattern, text):
            if not _denied(match, text) and (found := _stated_letters(match, text, options)):
                yield _Claim(found, match.start("letter"), bool(match.groupdict().get("final")))
    if options.by_text:
        for match in _places(say.STATED_TEXT, text):
            if not _denied(match, text) and (found := options.stated(match["text"])):
                yield _Claim(found, match.start("text"), bool(match["final"]))


def _stated_letters(match: re.Match[str], text: str, options: Options) -> frozenset[str]:
    """The letter of a statement and those joined to it; none where it is an article or is turned down."""
    letter, after = match["letter"], text[match.end("letter") : match.end("letter") + _LONGEST_SENTENCE]
    joined = say.JOINED.match(after)
    if say.NEXT_WORD.match(after) and not joined and not say.REASON.match(after):
        line = after.partition("\n")[0]
        if letter.islower() or (letter in "AI" and letter not in options.stated(line)):
            return frozenset()
    before = text[max(0, match.start("letter") - 30) : match.start("letter")]
    if letter == "a" and not after.strip() and say.CUT_ARTICLE.search(before):
        return frozenset()  # "The answer is a" was cut off before its noun
    if say.TURNED_DOWN.match(after):
        return frozenset()
    found = {letter.upper(), *(name.upper() for name in say.BEFORE.findall(before))}
    while joined:
        found.add(joined["letter"].upper())
        after = after[joined.end() :]
        joined = say.JOINED.match(after)
    line = after.partition("\n")[0]
    return options.stated(line) | found


def _denied(match: re.Match[str], text: str) -> bool:
    """Whether the statement is negated, conditional, or only speaks of the answer's form."""
    between = match.groupdict().get("between") or ""
    if say.DENIAL.search(between) or say.FORM.match(between):
        return True
    if match.start() == 0:
        return False
    sentence = re.split(r"[.!?\n]", text[max(0, match.start() - 160) : match.start()])[-1]
    return bool(say.CONDITION.search(sentence) or say.DENIAL.search(say.CLAUSE.split(sentence)[-1]))


def _sentence(text: str, options: Options) -> list[_Claim]:
    """A reply of one plain sentence that names one option, or several, by text."""
    if not options.by_text or len(text) > _LONGEST_SENTENCE or say.NO_SENTENCE.search(text):
        return []
    found = options.quoted(text)
    rest = f" {words(text)} "
    for said, letter in options.by_text.items():
        rest = rest.replace(f" {said} ", "  ") if letter in found else rest
    return [_Claim(found, 0)] if found and not (say.DENIAL.search(rest) or say.CONDITION.search(rest)) else []


def _verdict(claims: list[_Claim], options: Options) -> tuple[str | None, ReadState]:
    """One letter where all claims agree; a final claim outweighs those before it, but not those after it."""
    finals = [claim for claim in claims if claim.final]
    if finals:
        claims = [claim for claim in claims if claim.start >= finals[0].start]
    claimed = {letter for claim in claims for letter in claim.letters}
    if len(claimed) == 1 and (letter := claimed.pop()) in options.letters:
        # An option's text may itself be a letter: "B" could then mean two options.
        return (letter, "read") if options.by_text.get(letter.lower(), letter) == letter else (None, "ambiguous")
    return None, "ambiguous" if claimed & set(options.letters) else "unread"
