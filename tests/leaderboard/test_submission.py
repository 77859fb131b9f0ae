"""A run becomes an archive, and an archive a submission."""

import json
import zipfile
from io import BytesIO

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard.archive import Limits
from crossomni.leaderboard.submission import Words, pack, unpack
from crossomni.records import Prediction, Receipt
from tests.leaderboard.making import MARK, Made, reply_of, some_rows

ROWS = some_rows(6)
RUN = {
    "configuration": {
        "model": "/home/ann/weights/omni-7b",
        "data": "/home/ann/plays",
        "split": "test",
        "prompt": "icl",
        "prompts": None,
        "shots": 0,
        "rotation": 0,
        "media": "/home/ann/media",
        "system": "",
        "frames": 32,
    },
    "model": "/home/ann/weights/omni-7b",
    "knock_out": [],
    "fingerprints": {"data": MARK},
    "rows": len(ROWS),
    "versions": {"crossomni": "0.1.0"},
}


def said(reply: str = "A", state: str = "read", **changes) -> list[Prediction]:
    """A prediction a row."""
    receipt = Receipt(frames=8, audio_seconds=2.0, video_tokens=10, audio_tokens=5, prompt_tokens=None)
    fields = {"state": state, "letter": "A" if state == "read" else None, "reply": reply, "receipt": receipt} | changes
    return [Prediction(id=row.id, task=row.task.id, clip_id=row.clip_id, **fields) for row in ROWS]


def packed(predictions: list[Prediction] | None = None, run: dict | None = None, **words: str) -> bytes:
    """The archive of the run."""
    return pack(Words(**({"name": "Omni"} | words)), run or RUN, predictions or said(), {"overall": 25.0, "n": 6})


def configured(**changes) -> dict:
    """The run with another configuration."""
    return RUN | {"configuration": RUN["configuration"] | changes}


def test_the_same_run_gives_the_same_bytes() -> None:
    """Two archives of one run are one file."""
    assert packed() == packed()


def test_comes_back_as_it_was() -> None:
    """Replies, in their order, and what was said of them are read back."""
    found = unpack(packed(said("B – é 语 \n</think>")))
    assert [row.id for row in ROWS] == [line.id for line in found.replies]
    assert {"B – é 语 \n</think>"} == {line.reply for line in found.replies}
    assert ("all", 8, True) == (found.receipts, found.frames, found.sound)
    assert ("Omni", "icl", {"overall": 25.0, "n": 6.0}) == (found.about.name, found.about.prompt, found.about.claimed)


def test_no_folder_of_the_machine_goes_out() -> None:
    """Of paths the last part is kept."""
    with zipfile.ZipFile(BytesIO(packed())) as archive:
        assert b"/home" not in b"".join(archive.read(name) for name in archive.namelist())
    assert ("omni-7b", "plays") == (unpack(packed()).about.model, unpack(packed()).about.data.name)


def test_half_a_character_goes_as_a_sign_for_it() -> None:
    """What no UTF-8 can hold, and NUL, become U+FFFD."""
    assert "A\ufffd\ufffd" == unpack(packed(said("A\ud83d\0"))).replies[0].reply


def test_receipts_that_are_not_there_are_told() -> None:
    """Replies made elsewhere have no receipts, so that frames and sound are not known."""
    found = unpack(packed(said(receipt=None)))
    assert ("none", None, None) == (found.receipts, found.frames, found.sound)


def test_a_deaf_run_is_told() -> None:
    """Where every receipt tells of no sound, the system had none."""
    assert unpack(packed(said(receipt=Receipt.text_only(3)))).sound is False


@pytest.mark.parametrize(
    "changes", [{"prompts": "/mine"}, {"shots": 2}, {"system": "Think."}, {"prompt": "better"}], ids=str
)
def test_a_changed_prompt_is_ones_own(changes: dict) -> None:
    """With one's own prompt files, shots or system prompt, the prompt is not the paper's."""
    assert "own" == unpack(packed(run=configured(**changes))).about.prompt


@pytest.mark.parametrize(
    ("run", "predictions", "reason"),
    [
        (RUN, said(state="failed", error="MediaError"), "6 of 6 rows failed"),
        (RUN, said()[:-1], "5 of 6 rows are there: not complete"),
        (configured(rotation=1), said(), "turned by 1 places"),
        (RUN, said("x" * 40_000), "40,000 characters"),
        ({"rows": 6}, said(), "no configuration"),
    ],
    ids=("failed", "missing", "rotated", "long", "no run"),
)
def test_a_run_that_is_no_submission(run: dict, predictions: list[Prediction], reason: str) -> None:
    """A run that is not complete, or not the plain one, is refused."""
    with pytest.raises(InputError, match=reason):
        packed(predictions, run)


@pytest.mark.parametrize(
    "words",
    [{"name": ""}, {"name": "a\nb"}, {"link": "ftp://x.org"}, {"notes": "\u202e"}, {"submitter": "x" * 81}],
    ids=str,
)
def test_words_that_a_board_does_not_show(words: dict) -> None:
    """Names, links and notes go through the schema before anything is sent."""
    with pytest.raises(InputError, match=next(iter(words))):
        packed(**words)


def test_markup_is_plain_text() -> None:
    """HTML and Markdown in a name stay the characters that they are."""
    assert "<b>[x](y)</b>" == unpack(packed(name="<b>[x](y)</b>")).about.name


def test_limits_can_be_narrower() -> None:
    """A keeper may take less."""
    made = Made.of(ROWS)
    with pytest.raises(InputError, match="at most 5 are taken"):
        unpack(made.pack(), Limits(rows=5))


def test_no_letter_is_in_it() -> None:
    """The archive's replies tell what was said, and not what anybody read in it."""
    with zipfile.ZipFile(BytesIO(packed())) as archive:
        line = json.loads(archive.read("replies.jsonl").split(b"\n")[0])
    assert set(reply_of(ROWS[0])) == set(line)
