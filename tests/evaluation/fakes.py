"""Models of our own for tests: each does one thing, well or badly, and says how often it was asked."""

import hashlib
import random
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from crossomni.errors import MediaError, ModelError
from crossomni.evaluation.models.protocol import Ask, Said
from crossomni.records import Question, Receipt
from crossomni.tasks import Modality

ALL = frozenset(Modality)
TEXT = frozenset({Modality.TEXT})
ASKED = re.compile(r"What is (.+) & <who>\?")  # how the tiny data ask; the value is the right option's
FULL = Receipt(frames=2, audio_seconds=1.0, video_tokens=20, audio_tokens=25, prompt_tokens=60)


def right(question: Question) -> str:
    """The right letter, by the question's own words: no Ask holds it."""
    asked = ASKED.search(question.question)
    assert asked is not None
    return question.letters[question.options.index(asked[1])]


class Oracle:
    """Knows every answer."""

    name = "oracle"
    senses = TEXT

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Right."""
        for ask in asks:
            yield Said(reply=f"Answer: {right(ask.question)}", receipt=Receipt.text_only(7))


class Slow(Oracle):
    """Takes its time, and gets every fourth question wrong."""

    name = "slow"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Late."""
        for ask in asks:
            time.sleep(0.03)
            letter = "A" if ask.question.id.endswith("au") else right(ask.question)
            yield Said(reply=letter, receipt=Receipt.text_only(7))


class Interrupted(Oracle):
    """Ctrl-C is pressed at the fifth question of a clip."""

    name = "interrupted"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Up to four answers, the same to any data."""
        for _ in asks[:4]:
            yield Said(reply="A", receipt=Receipt.text_only(7))
        raise KeyboardInterrupt


class Watcher:
    """Takes sight and sound of the clip for real."""

    name = "watcher"
    senses = ALL

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """What it was given, in its receipt."""
        for ask in asks:
            assert ask.clip is not None
            frames = len(ask.clip.frames(2)) if Modality.VISION in ask.senses else 0
            sound = len(ask.clip.sound()) / 16_000 if Modality.AUDIO in ask.senses else 0.0
            video, audio = 10 * frames, int(25 * sound)
            tokens = {"video_tokens": video, "audio_tokens": audio, "prompt_tokens": video + audio + 15}
            yield Said(reply="B", receipt=Receipt(frames=frames, audio_seconds=sound, **tokens))


class Deaf(Watcher):
    """Says that it hears, and does not."""

    name = "deaf"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """No audio token."""
        for _ in asks:
            receipt = Receipt(frames=2, audio_seconds=1.0, video_tokens=20, audio_tokens=0, prompt_tokens=60)
            yield Said(reply="B", receipt=receipt)


class Blind(Watcher):
    """Says that it sees, and does not."""

    name = "blind"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """No frame."""
        for _ in asks:
            receipt = Receipt(frames=0, audio_seconds=1.0, video_tokens=None, audio_tokens=25, prompt_tokens=60)
            yield Said(reply="B", receipt=receipt)


class Stumbling(Oracle):
    """Fails at visual targets, each time in another way."""

    name = "stumbling"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Answers or errors."""
        for ask, said in zip(asks, super().answer(asks), strict=True):
            if ask.question.id.endswith("-vi"):
                raise ModelError("the server\nsaid no")
            if ask.question.id.endswith("vi-au"):
                raise MediaError("the clip is cut short")
            yield said


class Buggy(Oracle):
    """Has a fault that is nobody's but its own."""

    name = "buggy"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Never."""
        raise KeyError("oops")
        yield


class Short(Oracle):
    """Leaves the last question of a clip out."""

    name = "short"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """One too few."""
        yield from list(super().answer(asks))[:-1]


class Mending(Oracle):
    """Is unreachable for one kind of question at the first try, and well after it."""

    name = "mending"
    tried: ClassVar[set[str]] = set()

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Answers or errors."""
        for ask, said in zip(asks, super().answer(asks), strict=True):
            if ask.question.id.endswith("vi-te") and ask.question.id not in self.tried:
                self.tried.add(ask.question.id)
                raise ConnectionError("nobody there")
            yield said


class Heavy(Oracle):
    """Has weights to load."""

    name = "heavy"
    loaded = 0

    def load(self) -> None:
        """Count."""
        type(self).loaded += 1


class Silent(Oracle):
    """Forgets to yield."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:  # type: ignore[return]
        """Nothing."""


class Wordless(Oracle):
    """Has nothing to say."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """None."""
        yield Said(reply=None, receipt=FULL)  # type: ignore[arg-type]


class Unreceipted(Oracle):
    """Keeps its receipts."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """None."""
        yield Said(reply="B", receipt=None)  # type: ignore[arg-type]


class Overpaid(Oracle):
    """Gives frames back."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Less than nothing."""
        yield Said(
            reply="B", receipt=Receipt(frames=-1, audio_seconds=0, video_tokens=0, audio_tokens=0, prompt_tokens=0)
        )


class Plain(Oracle):
    """Says it in plain text."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """A letter."""
        yield "B"  # type: ignore[misc]


class Chatty(Oracle):
    """Says the last word, and another one."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """One too many."""
        for _ in (*asks, None):
            yield Said(reply="B", receipt=Receipt.text_only(7))


class FirstLetter(Oracle):
    """Says A to everything."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """A."""
        for _ in asks:
            yield Said(reply="A", receipt=Receipt.text_only(7))


class Backwards(Oracle):
    """Takes all clips at once and answers from the end, but for one question that fails."""

    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """In reverse."""
        for ask in reversed([ask for asks in groups for ask in asks]):
            if ask.question.id == "clip_01-te":
                yield ask, TimeoutError("too slow")
            else:
                yield ask, next(self.answer([ask]))


class Twice(Oracle):
    """Answers the first question again."""

    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """One too many."""
        asks = [ask for asks in groups for ask in asks]
        for ask in (*asks, asks[0]):
            yield ask, next(self.answer([ask]))


class Forgetful(Oracle):
    """Leaves the last question out."""

    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """One too few."""
        for ask in [ask for asks in groups for ask in asks][:-1]:
            yield ask, next(self.answer([ask]))


class Drawing(Oracle):
    """Draws its answers by the seed that it is given."""

    name = "drawing"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """A letter by chance."""
        for ask in asks:
            yield Said(reply=random.Random(ask.seed).choice(ask.question.letters), receipt=Receipt.text_only(7))


class Listener:
    """Knows the answer as long as it hears anything."""

    name = "listener"
    senses = ALL

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Right, or nothing."""
        for ask in asks:
            assert ask.clip is not None or ask.senses == TEXT
            heard = Modality.AUDIO in ask.senses and ask.clip is not None and bool(ask.clip.sound().any())
            counts = [ask.clip is not None and sense in ask.senses for sense in (Modality.VISION, Modality.AUDIO)]
            receipt = Receipt(
                frames=None,
                audio_seconds=None,
                video_tokens=9 * counts[0],
                audio_tokens=9 * counts[1],
                prompt_tokens=25,
            )
            yield Said(reply=right(ask.question) if heard else "", receipt=receipt)


class Sensitive(Watcher):
    """Its log-probabilities follow what it sees and hears."""

    name = "sensitive"

    def letter_scores(self, asks: Sequence[Ask]) -> Iterator[list[float]]:
        """By the clips' content."""
        for ask in asks:
            assert ask.clip is not None
            digest = hashlib.sha256(ask.clip.frames(2).tobytes() + ask.clip.sound().tobytes()).digest()
            yield [-1 - byte / 256 for byte in digest[:4]]


class BrokenNan(Watcher):
    """Its weights are no numbers."""

    def letter_scores(self, asks: Sequence[Ask]) -> Iterator[list[float]]:
        """Not numbers."""
        yield from ([float("nan")] * 4 for _ in asks)


class BrokenShort(Watcher):
    """Forgets letters."""

    def letter_scores(self, asks: Sequence[Ask]) -> Iterator[list[float]]:
        """One."""
        yield from ([-1.0] for _ in asks)


class Pretender(Watcher):
    """Reports what it was given and minds none of it."""

    name = "pretender"

    def letter_scores(self, asks: Sequence[Ask]) -> Iterator[list[float]]:
        """The same each time."""
        yield from ([-1.0, -2.0, -3.0, -4.0] for _ in asks)


class Unreachable(Oracle):
    """Nobody is there."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Never."""
        raise ConnectionError("connection refused")
        yield


class Mumbling(Oracle):
    """Its replies are of every kind of state."""

    name = "mumbling"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """In turns."""
        for place, _ in enumerate(asks):
            replies = ("", "I cannot tell.", "A or B", "<script>alert(1)</script> B")
            yield Said(reply=replies[place % 4], receipt=Receipt.text_only(None))


class HalfAnEmoji(Oracle):
    """Its server cut a reply in the middle of a character."""

    name = "half-an-emoji"

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Half of a surrogate pair, and the letter."""
        for ask in asks:
            yield Said(reply=f"\ud83d\n{right(ask.question)}", receipt=Receipt.text_only(7))


class Stillborn(Oracle):
    """Cannot be made."""

    def __init__(self) -> None:
        self.share = 1 / 0


class Nameless(Oracle):
    """Nobody knows how to call it."""

    name = None  # type: ignore[assignment]


class Sixth(Oracle):
    """Has a sense that nobody else has."""

    senses = "hunch"  # type: ignore[assignment]


class Speechless:
    """Lacks what a model must have."""

    name = "speechless"
