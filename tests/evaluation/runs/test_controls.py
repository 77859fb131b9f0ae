"""Knock-outs: what is left out, exchanged or masked."""

from pathlib import Path

import numpy as np
import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.evaluation.config import EvalConfig, KnockOut
from crossomni.evaluation.runs.controls import Controls, mask_names
from crossomni.media import AlteredClip, ClipFile
from crossomni.testing import frame_number, write_clip
from tests.evaluation.conftest import make_rows

ROW = make_rows("clip", 0)[0]


@pytest.fixture
def corpus(data: Path) -> Corpus:
    """Three test clips, each an episode."""
    return Corpus.open(str(data))


def controls(corpus: Corpus, *names: KnockOut) -> Controls:
    """Over the whole test split."""
    return Controls(names, corpus, corpus.rows("test"))


def test_nothing_is_changed_where_nothing_is_knocked_out(corpus: Corpus) -> None:
    """The row and its own clip."""
    row = corpus.rows("test")[0]
    plain = controls(corpus)

    assert plain.question(row) is row
    assert plain.clip(row, None).path == corpus.media(row)
    assert plain.senses_left_out == frozenset()


def test_each_clip_takes_from_one_of_another_episode(corpus: Corpus) -> None:
    """Swapped sound belongs to a partner of another episode, the picture to the clip, and the other way round."""
    rows = corpus.rows("test")
    for row in rows:
        own = ClipFile(corpus.media(row))
        deaf, blind = (controls(corpus, name).clip(row, None) for name in ("sound-swapped", "sight-swapped"))  # type: ignore[arg-type]

        assert deaf.picture_path == own.path != blind.picture_path
        assert own.key not in {deaf.key, blind.key}
        assert np.array_equal(blind.sound(), own.sound())


def test_an_exchange_changes_nothing_else(tmp_path: Path) -> None:
    """Another clip's pictures are spread over the clip's own length, in its own size; another's sound fits it."""
    own = ClipFile(write_clip(tmp_path / "own.mp4", seconds=2.0, size=(160, 120)))
    other = ClipFile(write_clip(tmp_path / "other.mp4", seconds=3.0, size=(320, 240)))
    seen, heard = AlteredClip(own, picture=other), AlteredClip(own, sound=other)

    assert (seen.seconds, seen.size, len(seen.sound())) == (own.seconds, own.size, len(own.sound()))
    assert [frame_number(frame) for frame in seen.frames([0.0, 1.0, 1.99])] == [0, 18, 35]
    assert seen.frames(3).shape == own.frames(3).shape
    assert np.array_equal(heard.sound(), other.sound()[: len(own.sound())])
    assert np.array_equal(heard.frames(3), own.frames(3))


def test_muted_and_shifted_sound(corpus: Corpus) -> None:
    """Silence as long as the sound; and the same samples half a clip later, the end first."""
    row = corpus.rows("test")[0]
    sound = ClipFile(corpus.media(row)).sound()
    muted, shifted = (controls(corpus, name).clip(row, None).sound() for name in ("sound-muted", "sound-shifted"))  # type: ignore[arg-type]

    assert np.array_equal(muted, np.zeros_like(sound))
    assert np.array_equal(shifted, np.roll(sound, len(sound) // 2))
    assert not np.array_equal(shifted, sound)


def test_a_biography_can_be_anothers(corpus: Corpus) -> None:
    """Shuffled: that of the partner; left out: none."""
    rows = corpus.rows("test")
    told = {row.clip_id: row.biography for row in rows}
    shuffled = controls(corpus, "biography-shuffled").question(rows[0])

    assert shuffled.biography in told.values()
    assert controls(corpus, "biography").question(rows[0]).biography == ""


def test_one_episode_alone_has_nothing_to_take_from(corpus: Corpus) -> None:
    """The error says that more rows are wanted."""
    with pytest.raises(InputError, match="no clip of another episode"):
        Controls(["sound-swapped"], corpus, corpus.rows("test")[:9])


def test_names_become_numbers_wherever_they_are_written() -> None:
    """Whole names and their parts, where a part is one person's; other words stay."""
    question = type(ROW)(
        **{
            **{name: getattr(ROW, name) for name in ROW.__dataclass_fields__},
            "question": "Where was Ann Bell born, and where Annie?",
            "biography": "Ann Bell met Bob Bell. Ann likes Bob.",
            "options": ("Bell", "Ann", "Oslo", "to Bob"),
        }
    )
    masked = mask_names(question, ["Ann Bell", "Bob Bell"])

    assert masked.question == "Where was Person 1 born, and where Annie?"
    assert masked.biography == "Person 1 met Person 2. Person 1 likes Person 2."
    assert masked.options == ("Bell", "Person 1", "Oslo", "to Person 2")


def test_two_things_are_not_done_to_one_part() -> None:
    """A sound cannot be both left out and swapped."""
    with pytest.raises(InputError, match="sound, sound-swapped; wanted one thing done to sound"):
        EvalConfig(model="uniform", out=Path("x"), knock_out=("sound", "sound-swapped"))
