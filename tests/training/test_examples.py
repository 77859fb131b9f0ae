"""Rows as conversations."""

from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.answers import read_answer
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.prompts import compose
from crossomni.training.examples import COLUMNS, FORM, check_rationales, dataset, examples, reply_to
from tests.small_corpus import a_row, small


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two training clips of three rows."""
    folder = tmp_path_factory.mktemp("examples")
    return Corpus.open(str(small(folder / "made").export(folder / "data")))


def test_the_shipped_training_rows_have_the_form_of_table_17() -> None:
    """Each reply is a think block and the letter, and is read as the row's answer."""
    made = Corpus.open("playhouse")
    for example in examples(made, made.rows("train")):
        assert FORM.fullmatch(example.reply)
        assert read_answer(example.reply, example.row.options).letter == example.row.answer
        assert read_answer(example.reply).thinking == example.row.rationale


def test_without_rationales_the_letter_alone_is_taught(corpus: Corpus) -> None:
    """Table 8's ablation, for rows with rationales too."""
    rows = corpus.rows("train")
    assert [row.answer for row in rows] == [one.reply for one in examples(corpus, rows, rationale="off")]


def test_the_prompt_is_the_one_that_evaluation_asks(corpus: Corpus) -> None:
    """Composed from the same files, by the prompt's name."""
    row = corpus.rows("train")[0]
    assert compose("icl", row) == examples(corpus, [row], prompt="icl")[0].prompt


def test_a_conversation_shows_its_clip_and_asks(corpus: Corpus) -> None:
    """A user's video and text, then the assistant's text; for GRPO the user's turn alone."""
    (example,) = examples(corpus, corpus.rows("train")[:1])
    asked = {
        "role": "user",
        "content": [
            {"type": "video", "path": str(corpus.media(example.row))},
            {"type": "text", "text": example.prompt},
        ],
    }
    assert [asked, {"role": "assistant", "content": [{"type": "text", "text": example.reply}]}] == example.for_sft()[
        "messages"
    ]
    assert [asked] == example.for_grpo()["prompt"]
    assert Path(asked["content"][0]["path"]).is_file()


def test_rewards_get_the_rows_columns_and_no_picture(corpus: Corpus) -> None:
    """A ``datasets`` table of what they look at; TRL would take a column of images for pictures."""
    made = dataset(one.for_grpo() for one in examples(corpus, corpus.rows("train")))
    assert {*COLUMNS, "prompt"} == {*made.column_names}
    assert corpus.rows("train")[1].to_columns()["task"] == made[1]["task"]
    assert list(corpus.rows("train")[1].options) == made[1]["options"]


def test_rows_without_a_rationale_are_counted(corpus: Corpus) -> None:
    """The message names the first, how many there are, and the way out."""
    rows = [replace(row, rationale=" ") if place else row for place, row in enumerate(corpus.rows("train"))]
    with pytest.raises(InputError, match=rf"row '{rows[1].id}': no rationale \(5 of 6 rows.*--rationale off"):
        examples(corpus, rows)
    check_rationales(corpus.rows("train"))


def test_a_row_whose_answer_is_held_back_teaches_nothing() -> None:
    """With and without rationale."""
    row = a_row(1, "play", "train", answer="")
    for switch in ("on", "off"):
        with pytest.raises(InputError, match="held back"):
            reply_to(row, switch)


@pytest.mark.parametrize("rationale", ["</think> B", "First <think> of it."])
def test_a_rationale_with_tags_is_refused(rationale: str) -> None:
    """Its think block would end twice."""
    with pytest.raises(InputError, match="Take the tags out"):
        reply_to(a_row(1, "play", "train", rationale=rationale))


@pytest.mark.parametrize(
    "reply",
    [
        "<think>\na\n</think>\nB.",
        "<think>\na\n</think>\nB\n",
        " <think>\na\n</think>\nB",
        "<think>\n \n</think>\nB",
        "<think>\na\n</think>\n<think>\na\n</think>\nB",
        "<think>a</think>B",
        "B",
    ],
)
def test_other_forms_are_no_match(reply: str) -> None:
    """A full stop, a space, a second block, an empty one."""
    assert FORM.fullmatch(reply) is None
