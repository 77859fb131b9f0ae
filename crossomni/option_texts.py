"""The options of a question as texts that a reply may quote instead of a letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from crossomni.errors import InputError
from crossomni.records import letters

# Fullwidth signs and letters, then the enclosed alphabets (Ⓑ, ⒝, 🄑, 🄱, 🅑, 🅱), to what they stand for.
_ASCII = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: " ", 0xFE0F: ""}
for _first, _shown in (
    (0x24B6, "{}"), (0x24D0, "{}"), (0x249C, "({})"), (0x1F110, "({})"), (0x1F130, "{}"), (0x1F150, "{}"), (0x1F170, "{}"),
):  # fmt: skip
    _ASCII |= {_first + i: _shown.format(chr(ord("a" if _first in (0x24D0, 0x249C) else "A") + i)) for i in range(26)}

_WORD = re.compile(r"(?<!\w)[+\-−]?\d+(?:[.,:]\d+)*%?|[^\W_]+(?:['’][^\W_]+)*")
_ARTICLES = {"a", "an", "the"}


def ascii_forms(text: str) -> str:
    """Fullwidth and enclosed letters and signs as their ASCII ones; other scripts are left as they are.

    >>> ascii_forms("(B)Ⓒ")
    '(B)C'
    """
    return text if text.isascii() else text.translate(_ASCII)


def words(text: str) -> str:
    """Case, punctuation and a leading article do not count; signs of numbers do.

    >>> words("The **red** hat, -5.5%!")
    'red hat -5.5%'
    """
    found = _WORD.findall(text.casefold().replace("’", "'"))
    return " ".join(found[1:] if len(found) > 1 and found[0] in _ARTICLES else found)


@dataclass(frozen=True)
class Options:
    """Which letters there are, and which text belongs to which letter.

    Texts that say the same but for punctuation, and texts without a word, belong to no letter.
    """

    letters: tuple[str, ...]
    by_text: dict[str, str] = field(default_factory=dict)  # words -> letter
    whole_only: frozenset[str] = frozenset()  # parts of another option's text, numbers: never found inside a sentence

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
        said = [words(_without_letter(ascii_forms(text), name)) for text, name in zip(texts, names, strict=True)]
        by_text = {text: name for text, name in zip(said, names, strict=True) if text and said.count(text) == 1}
        inside = {one for one in by_text for other in by_text if one != other and f" {one} " in f" {other} "}
        numbers = {text for text in by_text if len(text) < 3 or not any(char.isalpha() for char in text)}
        return cls(names, by_text, frozenset(inside | numbers))

    def equal(self, text: str) -> str | None:
        """The letter whose text this is."""
        return self.by_text.get(words(text)) if self.by_text else None

    def starting(self, text: str) -> str | None:
        """The letter whose text this is, up to the end of the line or sentence, or begins with."""
        if not self.by_text:
            return None
        first = re.split(r"[.!?;](?:\s|$)", text.lstrip(" \t.,:;)]*_\"'"), maxsplit=1)[0]
        if whole := self.equal(text) or self.equal(first):
            return whole
        return next((name for name in self.quoted(text) if words(text).startswith(self._text(name) + " ")), None)

    def quoted(self, text: str) -> frozenset[str]:
        """The letters whose texts stand somewhere in the text, word for word."""
        padded = f" {words(text)} "
        return frozenset(
            name for said, name in self.by_text.items() if said not in self.whole_only and f" {said} " in padded
        )

    def _text(self, letter: str) -> str:
        return next(text for text, name in self.by_text.items() if name == letter)


def _without_letter(text: str, name: str) -> str:
    """Some benchmarks write the letter into the option: "B. red"."""
    return re.sub(rf"^\s*\(?{name}[.):]\s+", "", text)
