"""A reply is read where a careful reader would read it, and nowhere else."""

import json
import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossomni.answers import read_answer
from crossomni.errors import InputError
from crossomni.option_texts import ascii_forms
from crossomni.records import letters

REPLIES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "replies.jsonl").read_text(encoding="utf-8").splitlines()
]
COLOURS = ("red", "blue", "green", "white")
FORMS = (
    "{}",
    "({})",
    "{}.",
    "{})",
    "[{}]",
    "**{}**",
    "`{}`",
    '"{}"',
    "{}\n",
    "Answer: {}",
    "answer: ({})",
    "**Answer:** {}",
    "The answer is {}.",
    "The correct answer is: {}",
    "The correct option is ({}).",
    "Final answer: {}",
    "Option {}",
    "\\boxed{{{}}}",
    "$\\boxed{{\\text{{{}}}}}$",
    "<answer>{}</answer>",
    "<answer>\n{}\n</answer>",
    '{{"answer": "{}"}}',
    "<think>A or B or C or D</think>{}",
    "<think>x <think>B</think> y</think>\n{}",
    "thinking</think>\n\n{}",
    "<think>A</think><answer>The final answer is: {}</answer>",
    "答案:{}",
    "答案是{}。",
    "Antwort: {}",
    "Respuesta: {}",
    "{}<|im_end|>",
    "Option {} is correct.",
    "I choose {}.",
)
CLAIMS = ("{}.", "The answer is {}.", "**Answer: {}**", "I choose {}.", "Option {} is correct.", "\\boxed{{{}}}")
WITHDRAWALS = (
    "I do not know.",
    "Just kidding!",
    "Actually, I have no idea.",
    "Never mind.",
    "No, that is wrong.",
    "I disagree.",
    "I'm sorry, I cannot answer.",
    "The answer cannot be determined.",
    "我不知道。",
)
REASONS = (
    "He does not wear a hat.",
    'The man says "I don\'t know" and leaves.',
    "She has no idea who he is.",
    "I cannot see the others.",
    "He was joking, which is not right.",
    "The other options are wrong.",
    "Who else could it be?",
    "I am not completely certain.",
    "他不知道。",
)
FRAMES = (
    "He says {}",
    "My friend told me that {}",
    "According to him, {}",
    "The man said: '{}'",
    "I do not know whether {}",
    "Suppose {}",
    "Some people believe that {}",
    "It is not true that {}",
    "I doubt that {}",
    "Could it be that {}?",
)


@pytest.mark.parametrize("row", REPLIES, ids=lambda row: f"{row['note']}: {row['reply'][:30]}")
def test_the_corpus_is_read_as_decided(row):
    """Each reply of the corpus gets the letter, or the state without a letter, that a careful reader decided."""
    answer = read_answer(row["reply"], row.get("options"))
    assert (answer.letter, answer.state) == (row["letter"], row["state"])


def test_the_corpus_is_large_and_has_every_state():
    """At least 800 different replies, of every state, each with a note that says what kind it is."""
    assert len({(row["reply"], *row.get("options", ())) for row in REPLIES}) >= 800
    assert {row["state"] for row in REPLIES} == {"read", "empty", "unread", "ambiguous"}
    assert all(row["note"] for row in REPLIES)


@pytest.mark.parametrize(
    ("reply", "thinking"),
    [
        ("B", ""),
        ("<think>\n one \n</think>B", "one"),
        ("one</think>B", "one"),
        ("<think>one", "one"),
        ("<think>one<think>two</think>three</think>B", "one\ntwo\nthree"),
        ("<think>one</think>B<think>two</think>", "one\ntwo"),
        ("", ""),
    ],
)
def test_the_thinking_is_kept_apart(reply, thinking):
    """The text of the think block comes back without its tags, closed or not, nested or not."""
    assert read_answer(reply).thinking == thinking


@given(st.text(), st.none() | st.lists(st.text(), min_size=2, max_size=26))
def test_any_text_gets_a_letter_in_range_or_a_state(reply, options):
    """No reply and no option text raises; a letter is one of the options' letters."""
    answer = read_answer(reply, options)
    assert answer.letter is None or answer.letter in letters(4 if options is None else len(options))
    assert (answer.letter is None) == (answer.state != "read")


@given(st.text(alphabet="ABCabc .,:;()*<>/\\{}\"'\n答案是:thinkaswer", max_size=60))
def test_texts_made_of_the_readers_own_signs_do_not_break_it(reply):
    """Tags, brackets and letters in any order never raise, and give no letter that is neither held nor spelt."""
    answer = read_answer(reply, COLOURS)
    if answer.letter is not None:
        assert answer.letter in reply.upper() or COLOURS[letters(4).index(answer.letter)].casefold() in reply.casefold()


@given(st.integers(2, 26).flatmap(lambda n: st.tuples(st.just(n), st.sampled_from(letters(n)))), st.sampled_from(FORMS))
def test_every_letter_is_read_in_every_plain_form(choice, form):
    """Whatever the number of options, a letter in a usual form is read."""
    count, letter = choice
    options = [f"picture {number} on the wall" for number in range(count)]
    assert read_answer(form.format(letter), options).letter == letter


@given(st.lists(st.text("0123456789 .,:;!?()*\n-", min_size=1), max_size=5), st.sampled_from(["", "Ответ", "其他"]))
def test_without_a_letter_and_without_an_options_text_nothing_is_read(pieces, word):
    """Digits, signs and words of other scripts are never an answer among colours."""
    assert read_answer(word.join(pieces), COLOURS).letter is None


@given(st.text(string.ascii_lowercase + " ", max_size=80).map(lambda text: "xx" + text.replace(" ", " xx")))
def test_words_are_never_letters(text):
    """Words of two letters and more, none of them an option's, are never read."""
    assert read_answer(f"{text}xx").letter is None


@given(st.sampled_from(COLOURS), st.sampled_from(["{}", "{}.", "**{}**", "The answer is {}.", "<answer>{}</answer>"]))
def test_an_options_text_is_read_in_any_case(option, form):
    """An option quoted in full is its letter, whatever the case."""
    for text in (option, option.upper(), option.title()):
        assert read_answer(form.format(text), COLOURS).letter == "ABCD"[COLOURS.index(option)]


@pytest.mark.parametrize("withdrawal", WITHDRAWALS)
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_that_is_taken_back_is_not_read(claim, withdrawal):
    """Whatever the form of the claim, on the same line or two lines below, after a reason or at once."""
    for between in (" ", "\n\n", " The coat is long. "):
        assert read_answer(claim.format("C") + between + withdrawal, COLOURS).state == "unread"


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_stands_beside_a_reason_with_a_negation_or_a_question(claim, reason):
    """A reason speaks of the clip: its negations, questions and quoted words take nothing back."""
    for between in (" ", "\n\n", " The coat is long. "):
        assert read_answer(claim.format("C") + between + reason, COLOURS).letter == "C"


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(
    "claim", ["the answer is C", "the correct option is (C)", "it is C", "C is correct", "the answer is green"]
)
def test_a_statement_that_the_reply_does_not_assert_is_not_read(frame, claim):
    """Reported, supposed, doubted or asked, a statement chooses nothing; a claim of one's own after it is read."""
    assert read_answer(frame.format(claim), COLOURS).state == "unread"
    assert read_answer(frame.format(claim) + " \nThe answer is B.", COLOURS).letter == "B"


def test_an_option_that_says_what_a_refusal_says_is_read():
    """Where "I don't know" is option D, quoting it chooses D and takes nothing back."""
    options = ("a cat", "a dog", "a horse", "I don't know")
    for reply in ("D", "D. I don't know", "I don't know.", "The answer is D: I don't know."):
        assert read_answer(reply, options).letter == "D"
    assert read_answer("A. I don't know", options).state == "ambiguous"


@given(st.sampled_from(["answer: {}", "{}.", "({})"]), st.sampled_from("ABCD"), st.sampled_from("ABCD"))
def test_two_letters_are_ambiguous_unless_they_are_one(form, one, other):
    """Two claims of different letters are ambiguous; the same letter twice is read."""
    answer = read_answer(form.format(one) + "\n" + form.format(other), COLOURS)
    assert (answer.state, answer.letter) == (("read", one) if one == other else ("ambiguous", None))


@pytest.mark.parametrize("options", [(), ("one",), tuple(map(str, range(27))), "ABCD", ("a", 1)])
def test_options_that_are_no_options_are_refused(options):
    """One option, 27, a bare text or a number among texts is an error."""
    with pytest.raises(InputError, match="options"):
        read_answer("A", options)


def test_a_missing_reply_is_refused():
    """None is no reply: a row that failed has its own state elsewhere."""
    with pytest.raises(InputError, match="NoneType came, text was wanted"):
        read_answer(None)  # type: ignore[arg-type]


def test_enclosed_letters_have_ascii_forms():
    """Fullwidth, circled, bracketed and squared letters stand for plain ones."""
    assert ascii_forms("B Ⓑ ⓑ ⒝ 🄑 🄱 🅑 🅱") == "B B b (b) (B) B B B"


@pytest.mark.parametrize(
    "piece",
    [
        "A ",
        "*",
        "answer is ",
        "<think>",
        "\\boxed{",
        "A. x\n",
        "B or ",
        "<answer>",
        "red ",
        'he said "',
        "B is ",
        "I do not ",
    ],
)
def test_time_grows_no_faster_than_the_reply(piece):
    """A reply eight times as long takes less than 24 times as long: no pattern backtracks without bound."""

    def seconds(length: int) -> float:
        start = time.process_time()
        read_answer(piece * (length // len(piece)), COLOURS)
        return time.process_time() - start

    small = min(seconds(20_000) for _ in range(3))
    assert seconds(160_000) < 24 * max(small, 0.002)


@pytest.mark.parametrize(
    "form", ["Answer: {}", "The answer is D: {}", "{}", "D. {}", "The answer is D, {}, as one can hear."]
)
def test_an_option_that_asks_is_no_question_of_the_reply(form):
    """A question mark inside a quoted option does not make the reply ask."""
    options = ("It was raining.", "The train leaves.", "Please bring the box.", "Who took the watch?")
    assert read_answer(form.format("Who took the watch?"), options).letter == "D"
    assert read_answer("The answer is D?", options).state == "unread"
