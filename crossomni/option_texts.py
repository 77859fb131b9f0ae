"""The options of a question as texts that a reply may quote instead of a letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from crossomni.errors import InputError
from crossomni.records import letters

# Fullwidth signs and letters, then the enclosed alphabets (Ⓑ, ⒝, 🄑, 🄱, 🅑, 🅱), to what they stand for.
_ASCII: dict[int, str] = {0xFF01 + i: chr(0x21 + i) for i in range(94)} | {0x3000: " ", 0xFE0F: ""}
for _start, _first, _form in (
    (0x24B6, "A", "{}"),
    (0x24D0, "a", "{}"),
    (0x249C, "a", "({})"),
    (0x1F110, "A", "({})"),
    (0x1F130, "A", "{}"),
    (0x1F150, "A", "{}"),
    (0x1F170, "A", "{}"),
):
    _ASCII |= {_start + i: _form.format(chr(ord(_first) + i)) for i in range(26)}

_WORD = re.compile(r"(?<!\w)[+\-−]?\d+(?:[.,:]\d+)*%?|[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?;](?:\s|$)")
_AND = re.compile(r"^ (?:and|or|und|oder|et|ou|y|o|e) (?:(?:a|an|the) )?")
_ARTICLE = re.compile(r"[\W_]*(?:an?|the)(?=[\s*_\"'“]+[^\W_])")


def ascii_forms(text: str) -> str:
    """Fullwidth and enclosed letters and signs as their ASCII ones; other scripts are left as they are.

    >>> ascii_forms("(B)Ⓒ")
    '(B)C'
    """
    return text if text.isascii() else text.translate(_ASCII)


def words(text: str) -> str:
    """Case, punctuation and a leading article do not count; signs of numbers do, and "A." is a letter, no article.

    >>> words("The **red** hat, -5.5%!")
    'red hat -5.5%'
    >>> words("A. I don't know"), words("A dog")
    ("a i don't know", 'dog')
    """
    said = text.casefold().replace("’", "'")
    article = _ARTICLE.match(said)
    return " ".join(_WORD.findall(said, article.end() if article else 0))


@dataclass(frozen=True)
class Options:
    """Which letters there are, and which text belongs to which letter.

    Texts that say the same but for punctuation, and texts without a word, belong to no letter.
    """

    letters: tuple[str, ...]
    by_text: dict[str, str] = field(default_factory=dict)  # words -> letter
    whole_only: frozenset[str] = frozenset()  # parts of another option's text, numbers: never found inside a sentence
    questions: tuple[str, ...] = ()  # the texts that end in a question mark, without it

    @classmethod
    def of(cls, texts: Sequence[str] | None) -> Options:
        """Four letters without texts for None.

        Raises:
            InputError: unless 2 to 26 texts come.
        """
        if texts is None:
            return cls(letters(4))
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InputError(f"options: {texts!r} came, a list of texts was wanted.")
        if not 2 <= len(texts) <= 26:
            raise InputError(f"options: {len(texts)} came, 2 to 26 were wanted.")
        names = letters(len(texts))
        plain = [_without_letter(ascii_forms(text), name).strip() for text, name in zip(texts, names, strict=True)]
        questions = tuple(text.rstrip("?") for text in plain if text.endswith("?") and words(text))
        said = [words(text) for text in plain]
        by_text = {text: name for text, name in zip(said, names, strict=True) if text and said.count(text) == 1}
        inside = {one for one in by_text for other in by_text if one != other and f" {one} " in f" {other} "}
        numbers = {text for text in by_text if len(text) < 3 or not any(char.isalpha() for char in text)}
        return cls(names, by_text, frozenset(inside | numbers), questions)

    def equal(self, text: str) -> str | None:
        """The letter whose text this is."""
        return self.by_text.get(words(text)) if self.by_text else None

    def unasked(self, reply: str) -> str:
        """The reply without the question marks of the options that it quotes: it is not the reply that asks."""
        for text in self.questions:
            reply = re.sub(rf"({re.escape(text)})\?+", r"\1", reply, flags=re.IGNORECASE)
        return reply

    def stated(self, text: str) -> frozenset[str]:
        """The letters whose texts the line or sentence begins with: "red", "red, as one sees", "red or blue"."""
        start = words(text)
        if not start.startswith(tuple(self.by_text)):
            return frozenset()
        first = words(_SENTENCE_END.split(text.lstrip(" \t.,:;)]*_\"'"), maxsplit=1)[0])
        if whole := self.by_text.get(start) or self.by_text.get(first):
            return frozenset(whole)
        found: set[str] = set()
        rest = f" {start} "
        while said := next((s for s in self.by_text if s not in self.whole_only and rest.startswith(f" {s} ")), None):
            found.add(self.by_text[said])
            rest = _AND.sub(" ", rest.removeprefix(f" {said}"))
        return frozenset(found)

    def quoted(self, sentence: str) -> frozenset[str]:
        """The letters whose texts stand in the sentence, word for word; short ones count at its end only."""
        padded = f" {words(sentence)} "
        found = {said for said in self.by_text if said not in self.whole_only and f" {said} " in padded}
        if len(found) == 1 and not any(said.count(" ") > 1 or padded.endswith(f" {said} ") for said in found):
            head = sentence.partition(",")
            return frozenset(self.equal(head[0]) or "") if head[1] else frozenset()
        return frozenset(self.by_text[said] for said in found)


def _without_letter(text: str, name: str) -> str:
    """Some benchmarks write the letter into the option: "B. red"."""
    return re.sub(rf"^\s*\(?{name}[.):]\s+", "", text)
