"""Read the answer's letter in what a model said, and never guess.

A reply is read in six steps: set the thinking apart; bring the rest to plain text; drop options that are only listed;
collect the claims that are left (lines that are an answer, statements such as "the answer is B"); read them only where
they agree, and where nothing after the last of them takes it back. What is not a claim is not read: "A man is speaking"
chooses no option, and neither does an error's text. A statement is a claim where the reply itself asserts it: it is no
question, no supposition, and no one else's words. A later sentence takes a claim back where it speaks of the one who
answers ("I do not know", "just kidding") or of the answer ("that is wrong"), not where it speaks of the clip ("he does
not know", "the wrong hat").

States: ``read``; ``empty`` (nothing is said outside of the thinking); ``ambiguous`` (several options are claimed, or a
letter and another option's text); ``unread`` (all else: refusals, errors, thinking cut off, letters out of range).

Decisions that could have gone another way: a final statement ("final answer: C", a box, an answer tag) overrides what
was said before it, any other correction is ambiguous; letters of other alphabets, a Cyrillic "В" say, are not read, as
one cannot know whose order is meant; "could be B" and "might be B" choose nothing, "is probably B" does, and so does
"B, although I am not quite certain", while "B, or maybe C" is ambiguous; an option's text counts where it is a line or
a line's first sentence, follows "the answer is", or is the only option named in a single sentence.
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
    text = known.unasked(_plain(said))
    if not text:
        return Answer(letter=None, state="empty", thinking=thinking)
    text = "\n".join(_without_lists(text.splitlines(), known))
    letter, state = _verdict(_claims(text, known), text, known)
    return Answer(letter=letter, state=state, thinking=thinking)


@lru_cache(maxsize=4096)
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
    lines = text.split("\n")
    claims = [*_statements(text, options), *_lone_letters(lines)]
    choices = list(_chosen_options(lines, options))
    named = {letter for claim in choices for letter in claim.letters}
    everything = frozenset(options.letters)
    # Beside a statement several option lines are elimination; all of them, in whatever order, are the question.
    if choices and (len(named) == 1 or not claims) and not everything <= named:
        claims += choices
    elif not claims and not choices:
        claims = _sentence(text, options)
    claims += _seconds(claims, text, options)
    return [claim for claim in claims if not everything <= claim.letters]


def _seconds(claims: list[_Claim], text: str, options: Options) -> list[_Claim]:
    """Other options that are held possible after the last claim: "B. Or maybe C." chooses neither."""
    last = max((claim.start for claim in claims), default=len(text))
    found = ((match["letter"].upper(), match.start("letter")) for match in say.SECOND.finditer(text, last))
    return [_Claim(frozenset(letter), start) for letter, start in found if letter in options.letters]


def _without_lists(lines: list[str], options: Options) -> list[str]:
    """Drop full lists of the options: they restate the question and choose nothing."""
    kept = list(lines)
    run: list[int] = []
    for index, line in enumerate(lines):
        if end := _list_end(line, options):
            kept[index] = "".join(say.SENTENCE_END.split(line[end:], maxsplit=1)[1:])
        elif (match := say.OPTION_LINE.match(line)) and match["text"].strip():
            rank = ord(match["letter"].upper()) - ord("A")
            run = [*run, index] if rank == len(run) else [index] if rank == 0 else []
            if len(run) == len(options.letters):
                for place in run:
                    kept[place] = ""
                run = []
    return kept


def _list_end(line: str, options: Options) -> int:
    """Where the last letter of a full list in one line ends, 0 without one: all letters, in order, in one style.

    "B. The red one (A) is small, (C) is old, (D) is far" is no list: it says why it is B.
    """
    for style in ("dotted", "bracketed"):
        found = _listed(line, style)
        place = "".join(letter for letter, _ in found).find("".join(options.letters))
        if place >= 0:
            return found[place + len(options.letters) - 1][1]
    return 0


def _listed(line: str, style: str) -> list[tuple[str, int]]:
    """The letters that stand as in a list, dotted ("A." or "A)") or bracketed ("(A)"), and where they end."""
    bare = say.ASIDE.sub(lambda aside: " " * len(aside[0]), line)
    return [(match[style].upper(), match.end()) for match in say.LISTED.finditer(bare) if match[style]]


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
        elif options.equal((sentences := say.SENTENCES.split(line))[0]):  # "Blue. The coat is not red."
            yield _Claim(frozenset(filter(None, map(options.equal, sentences))), start)
        elif match := say.OPTION_LINE.match(line) or say.REASON_LINE.match(line):
            text, name = match["text"], match["letter"].upper()
            if text.strip() and not (say.TURNED_DOWN.match(text) or say.WRONG.search(say.SENTENCES.split(text)[0])):
                style = "bracketed" if line[: match.start("letter")].endswith(("(", "[")) else "dotted"
                others = {letter for letter, _ in _listed(text, style)}
                yield _Claim(options.stated(text) | others | {name}, start)
        elif (match := say.SPACED_LINE.match(line)) and options.equal(match["text"]) == match["letter"].upper():
            yield _Claim(frozenset(match["letter"].upper()), start)


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
    """Whether the statement is not the reply's own assertion: negated, conditional, asked, or in somebody's words."""
    between = match.groupdict().get("between") or ""
    if say.DENIAL.search(between) or say.FORM.match(between) or say.SET_APART.search(between):
        return True
    after = text[match.end() : match.end() + _LONGEST_SENTENCE]
    if say.QUESTION.match(after) or say.BY_OTHERS.match(after):
        return True
    before = text[max(0, match.start() - 160) : match.start()]
    sentence = re.split(r"[.!?。\n]", before)[-1]
    clause = say.CLAUSE.split(sentence)[-1]
    return bool(
        say.CONDITION.search(sentence)
        or say.REFUSED.search(clause)
        or say.DENIAL.search(clause)
        or say.NOT_MINE.search(sentence)
        or (say.BELIEVED.search(clause) and not say.SPEAKER.search(clause))
        or _in_quotes(before)
    )


def _in_quotes(before: str) -> bool:
    """Whether the words after these are quoted speech."""
    return bool(say.QUOTED.search(before.rpartition("\n")[2]))


def _sentence(text: str, options: Options) -> list[_Claim]:
    """A reply of one plain sentence that names one option, or several, by text."""
    if not options.by_text or len(text) > _LONGEST_SENTENCE or say.NO_SENTENCE.search(text):
        return []
    if any(_denied(match, text) for pattern in (say.STATED_TEXT, say.IT_IS) for match in pattern.finditer(text)):
        return []
    found = options.quoted(text)
    rest = f" {words(text)} "
    for said, letter in options.by_text.items():
        rest = rest.replace(f" {said} ", "  ") if letter in found else rest
    return [_Claim(found, 0)] if found and not (say.DENIAL.search(rest) or say.CONDITION.search(rest)) else []


def _verdict(claims: list[_Claim], text: str, options: Options) -> tuple[str | None, ReadState]:
    """One letter where all claims agree; a final claim outweighs those before it, but not those after it."""
    finals = [claim for claim in claims if claim.final]
    if finals:
        claims = [claim for claim in claims if claim.start >= finals[0].start]
    claimed = {letter for claim in claims for letter in claim.letters}
    if len(claimed) == 1 and (letter := claimed.pop()) in options.letters:
        if _taken_back(letter, text[max(claim.start for claim in claims) + 1 :], options):
            return None, "unread"
        # An option's text may itself be a letter: "B" could then mean two options.
        return (letter, "read") if options.by_text.get(letter.lower(), letter) == letter else (None, "ambiguous")
    return None, "ambiguous" if claimed & set(options.letters) else "unread"


def _taken_back(letter: str, rest: str, options: Options) -> bool:
    """Whether what follows the last claim takes it back; its own option may say "I don't know"."""
    own = "".join(f" {said} " for said, name in options.by_text.items() if name == letter)
    for match in say.TAKEN_BACK.finditer(rest):
        start, end = match.span("said" if match["said"] else "verdict")
        another = match["letter"] and match["letter"].upper() != letter
        quoted = _in_quotes(rest[max(0, start - 160) : start])
        if not (another or quoted or f" {words(rest[start:end])} " in own):
            return True
    return False
