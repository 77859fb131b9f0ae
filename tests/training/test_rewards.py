"""Each reward is what Table 18 says, and what has no score is None, not 0."""

import asyncio
import inspect
import math
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossomni.errors import InputError, MediaError, ProtocolError
from crossomni.judging import Judged
from crossomni.training.rewards import (
    ROW_COLUMNS,
    accuracy_reward,
    combined_reward,
    context_reward,
    format_reward,
    logic_reward,
    score,
    summary,
    thoughts_of,
)
from tests.training.judged import GOOD, FakeJudge, columns, reply, row, scored

ROW = row()
RIGHT = ROW.answer
WRONG = next(letter for letter in "ABCD" if letter != RIGHT)
UNSCORED = [Judged(state="unparsed", reply="?"), Judged(state="failed", error="down")]


def rewards(function, *completions, rows=None, judge=None, **changes):
    """What a reward says of replies to one row."""
    given = columns(*(rows or [ROW] * len(completions)))
    if function is combined_reward or inspect.iscoroutinefunction(function):
        return asyncio.run(function(list(completions), judge=judge or FakeJudge(), **given, **changes))
    return function(list(completions), **given, **changes)


def scored_of(*completions, judge=None, rows=None, **changes):
    """The records behind the combined reward."""
    given = columns(*(rows or [ROW] * len(completions)))
    return asyncio.run(score(list(completions), judge=judge or FakeJudge(), **given, **changes))


class TestFormat:
    """The whole reply is a think block and the letter."""

    @pytest.mark.parametrize(
        "text",
        [
            "<think>\nShe sings.\n</think>\nB",
            "<think>She sings.</think>B",
            "\n<think>\n\nShe sings,\nas 1 < 2 and a <b or <3.\n\n</think>\n\nD\n",
        ],
    )
    def test_the_form(self, text):
        """White space and signs that make no tag do not matter."""
        assert [1.0] == format_reward([text])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "B",
            "<think>She sings.</think>",
            "<think></think>B",
            "<think> \n </think>B",
            "She sings. <think>She sings.</think>B",
            "<think>She sings.</think>B.",
            "<think>She sings.</think>(B)",
            "<think>She sings.</think>b",
            "<think>She sings.</think>E",
            "<think>She sings.</think>The answer is B",
            "<think>She sings.</think>B B",
            "<think>She sings.</think>A/B/C/D",
            "<think>She sings.</think>B<think>She sings.</think>",
            "<think>She sings.</think><think>She sings.</think>B",
            "<think>She <think>really</think> sings.</think>B",
            "<think>She <think> sings.</think>B",
            "<think>She sings.</think></think>B",
            "<think>She sings.<answer>B</answer></think>B",
            "<THINK>She sings.</THINK>B",
            "<think>She sings.</think><answer>B</answer>",
            "<think>She sings. B",
            "She sings.</think>B",
        ],
    )
    def test_any_other_form(self, text):
        """Nothing else is right by half."""
        assert [0.0] == format_reward([text])

    def test_the_letter_is_one_of_the_rows(self):
        """Where the options are there."""
        assert [0.0, 1.0] == format_reward([reply("C"), reply("C")], options=[["x", "y"], ["x", "y", "z"]])

    def test_messages(self):
        """A completion may be a list of messages, their content text or parts."""
        said = reply("B")
        assert [1.0, 1.0] == format_reward(
            [
                [{"role": "assistant", "content": said}],
                [{"role": "assistant", "content": [{"type": "text", "text": said}]}],
            ]
        )

    @given(thinking=st.text(), letter=st.sampled_from("ABCD"))
    def test_what_has_no_tag_may_be_thought(self, thinking, letter):
        """Whatever is in the block, unless it is empty or looks like a tag."""
        wanted = float(bool(thinking.strip()) and "<" not in thinking)
        assert format_reward([f"<think>{thinking}</think>{letter}"])[0] >= wanted

    @given(before=st.text(), between=st.text(), after=st.text())
    def test_what_stands_elsewhere_is_wrong(self, before, between, after):
        """Anything but white space before the block, before the letter or after it."""
        text = f"{before}<think>She sings.</think>{between}B{after}"
        blank = not (before.strip() or between.strip() or after.strip())
        assert [float(blank)] == format_reward([text])

    @given(st.lists(st.sampled_from(["<think>", "</think>", "A", "word ", "\n", "<", ">"]), max_size=9).map("".join))
    def test_tags_in_any_order(self, text):
        """Right means one opening tag at the beginning and one closing tag before the letter."""
        if format_reward([text]) == [1.0]:
            assert (1, 1) == (text.count("<think>"), text.count("</think>"))
            assert text.strip().startswith("<think>")
            assert "A" == text.rpartition("</think>")[2].strip()

    @pytest.mark.parametrize(
        "text", ["<think>" + "<a" * 50_000, "<think>" + "< " * 50_000 + "</think>", "\n" * 100_000]
    )
    def test_time(self, text):
        """It grows with the length, not with its square."""
        start = time.perf_counter()
        assert [0.0] == format_reward([text])
        assert time.perf_counter() - start < 1


class TestAccuracy:
    """The letter that is read is the row's."""

    def test_right_wrong_and_unread(self):
        """A reply in which no letter is read is wrong."""
        assert [1.0, 0.0, 0.0, 0.0] == rewards(accuracy_reward, reply(RIGHT), reply(WRONG), "I cannot tell.", "")

    def test_other_forms_are_read_too(self):
        """The form has its own reward; an option's text is an answer where the options are known."""
        option = ROW.options["ABCD".index(RIGHT)]
        assert [1.0, 1.0] == rewards(accuracy_reward, f"The answer is {RIGHT}.", option)
        assert [1.0, 0.0] == accuracy_reward([reply("B"), option], answer=["B", RIGHT])

    def test_a_label_that_is_held_back(self):
        """Nobody knows, so there is no score."""
        assert [None, 1.0] == accuracy_reward([reply("A"), reply("A")], answer=["", "A"])

    def test_a_column_that_is_missing(self):
        """It is named, and so are those that are wanted."""
        with pytest.raises(ValueError, match=r"rewards: no column 'answer' came; .* id, task, question"):
            accuracy_reward([reply("A")])


class TestJudged:
    """A judge's points, in [0, 1]."""

    @pytest.mark.parametrize(("points", "reward"), [(0, 0.0), (1, 0.2), (2, 0.4), (4, 0.8), (5, 1.0)])
    def test_context(self, points, reward):
        """Table 18: of five."""
        judge = FakeJudge(lambda rubric, thought: scored(rubric, points))
        assert [pytest.approx(reward)] == rewards(context_reward, reply(), judge=judge)
        assert ["context"] == [rubric for rubric, _ in judge.asked]

    @pytest.mark.parametrize("points", [0, 1, 2, 3])
    def test_logic(self, points):
        """Table 18: of three."""
        judge = FakeJudge(lambda rubric, thought: scored(rubric, points))
        assert [pytest.approx(points / 3)] == rewards(logic_reward, reply(), judge=judge)
        assert ["logic"] == [rubric for rubric, _ in judge.asked]

    def test_the_judge_sees_the_row_and_the_think_block(self):
        """The block's text alone, and all columns of the row that are no media."""
        judge = FakeJudge()
        rewards(context_reward, reply("B", GOOD), judge=judge)
        ((_, thought),) = judge.asked
        assert GOOD == thought.thinking
        assert all(getattr(ROW, name) == getattr(thought.row, name) for name in ROW_COLUMNS)

    @pytest.mark.parametrize("function", [context_reward, logic_reward])
    @pytest.mark.parametrize(
        "text",
        ["", "B", "<think></think>B", "<think>Thought process:</think>B", reply("B", ROW.biography), reply("B", ":")],
        ids=["empty", "no block", "empty block", "few words", "copy", "colon"],
    )
    def test_what_is_no_thought_is_a_known_zero(self, function, text):
        """The policy said nothing: 0, and no judge is asked."""
        judge = FakeJudge()
        assert [0.0] == rewards(function, text, judge=judge)
        assert [] == judge.asked

    @pytest.mark.parametrize("function", [context_reward, logic_reward])
    @pytest.mark.parametrize("outcome", UNSCORED, ids=["unparsed", "failed"])
    def test_a_judge_without_points_leaves_it_unscored(self, function, outcome):
        """None is not 0; the others have their scores."""
        judge = FakeJudge(lambda rubric, one: outcome if "strange" in one.thinking else scored(rubric, 0))
        assert [None, 0.0] == rewards(function, reply("B", f"{GOOD} strange"), reply("B"), judge=judge)

    def test_a_row_without_a_rationale(self):
        """Its context has no score, its logic has."""
        bare = row(rationale="")
        assert [None] == rewards(context_reward, reply(), rows=[bare])
        assert [pytest.approx(2 / 3)] == rewards(logic_reward, reply(), rows=[bare])

    def test_a_function_as_judge(self):
        """From messages to text, and also one that is to be awaited."""

        async def later(messages):
            return "1 1 0"

        assert [1.0] == rewards(context_reward, reply(), judge=lambda messages: "5")
        assert [pytest.approx(2 / 3)] == rewards(logic_reward, reply(), judge=later)

    def test_no_judge(self):
        """It is said before anything is asked."""
        with pytest.raises(InputError, match="context ask a judge, and none came"):
            asyncio.run(context_reward([reply()], **columns(ROW)))
        with pytest.raises(ProtocolError, match="judge is int"):
            rewards(logic_reward, reply(), judge=7)

    def test_what_a_judge_raises_passes_through(self):
        """And the other askings end."""
        judge = FakeJudge(lambda rubric, one: MediaError("torn") if "0" in one.thinking else scored(rubric, 1))
        with pytest.raises(MediaError, match="torn"):
            rewards(logic_reward, *(reply("B", f"{GOOD} {number}") for number in range(3)), judge=judge)

    @pytest.mark.parametrize("name", ROW_COLUMNS)
    def test_a_column_that_is_missing(self, name):
        """It is named."""
        given = {key: value for key, value in columns(ROW).items() if key != name}
        with pytest.raises(ValueError, match=rf"^rewards: no column '{name}' came"):
            asyncio.run(context_reward([reply()], judge=FakeJudge(), **given))


class TestCombined:
    """One reward of four parts."""

    def test_the_weighted_mean(self):
        """Of format 1, accuracy 0, context 0.4 and logic 2/3."""
        assert [pytest.approx((1 + 0 + 0.4 + 2 / 3) / 4)] == rewards(combined_reward, reply(WRONG))
        weights = {"format": 1, "accuracy": 2, "context": 5, "logic": 4}
        assert [pytest.approx((1 + 0 + 2 + 8 / 3) / 12)] == rewards(combined_reward, reply(WRONG), weights=weights)

    @pytest.mark.parametrize(
        ("name", "text"), [("format", "B"), ("accuracy", reply(WRONG)), ("context", ""), ("logic", "")]
    )
    def test_every_part_moves_it(self, name, text):
        """One with a weight of its own is what comes out."""
        judge = FakeJudge(lambda rubric, one: scored(rubric, {"context": 5, "logic": 3}[rubric]))
        assert [1.0, 0.0] == rewards(combined_reward, reply(RIGHT), text, weights={name: 0.3}, judge=judge)

    @pytest.mark.parametrize("rubric", ["context", "logic"])
    @pytest.mark.parametrize("outcome", UNSCORED, ids=["unparsed", "failed"])
    def test_one_part_unscored_is_all_unscored(self, rubric, outcome):
        """A completion does not lose points because its judge was down."""
        judge = FakeJudge(lambda asked, thought: outcome if asked == rubric else scored(asked, 1))
        assert [None] == rewards(combined_reward, reply(RIGHT), judge=judge)

    def test_without_the_thinking_reward(self):
        """Table 9: format and accuracy are left, and no judge is needed."""
        weights = {"format": 1, "accuracy": 1, "context": 0, "logic": 0}
        given = columns(ROW, ROW)
        assert [1.0, 0.5] == asyncio.run(combined_reward([reply(RIGHT), reply(WRONG)], weights=weights, **given))

    @pytest.mark.parametrize(
        ("weights", "said"),
        [
            ({"formt": 1}, "weights has formt; wanted some of format, accuracy, context, logic"),
            ({"format": -1}, "the weight of format is -1"),
            ({"logic": math.nan}, "the weight of logic is nan"),
            ({"format": math.inf}, "the weight of format is inf"),
            ({"format": 0}, "no weight is above 0"),
            ({}, "no weight is above 0"),
        ],
    )
    def test_weights_that_are_none(self, weights, said):
        """They are refused by name."""
        with pytest.raises(InputError, match=said):
            rewards(combined_reward, reply(), weights=weights)

    def test_all_judging_is_under_way_at_once(self):
        """Eight completions, two rubrics, one wait."""
        judge = FakeJudge(seconds=0.2)
        start = time.perf_counter()
        assert 8 == len(rewards(combined_reward, *(reply("B", f"{GOOD} {number}") for number in range(8)), judge=judge))
        assert time.perf_counter() - start < 1
        assert 16 == len(judge.asked)

    def test_the_parts_stand_apart(self):
        """With the judgements that they come from; gates' refusals too."""
        good, none = scored_of(reply(RIGHT), "B")
        assert {"format": 1.0, "accuracy": 1.0, "context": 0.4, "logic": pytest.approx(2 / 3)} == good.parts
        assert {"context": scored("context", 2), "logic": scored("logic", 2)} == good.judged
        assert (len(GOOD.split()), GOOD) == (good.words, good.thinking)
        assert {"no-reasoning"} == {one.state for one in none.judged.values()}
        assert (0.0, 0.0) == (none.parts["context"], none.parts["logic"])

    @pytest.mark.parametrize("name", ["answer", "prompts", "completion_ids"])
    def test_columns_of_other_lengths(self, name):
        """Each completion has its value, or the column is named."""
        given = columns(ROW, ROW) | {name: ["A"]}
        with pytest.raises(ValueError, match=f"column '{name}' has 1 values, but there are 2 completions"):
            asyncio.run(combined_reward([reply(), reply()], judge=FakeJudge(), **given))

    @pytest.mark.parametrize("completion", [7, [7], [{"role": "assistant"}], [{"content": "B"}]])
    def test_what_is_no_completion(self, completion):
        """Text or messages were wanted."""
        with pytest.raises(InputError, match=r"rewards: a completion is .*; wanted text, or messages"):
            rewards(combined_reward, completion)

    def test_nothing(self):
        """No completions have no rewards."""
        empty = {name: [] for name in ROW_COLUMNS}
        assert [] == asyncio.run(combined_reward([], judge=FakeJudge(), **empty, log_metric=print, log_extra=print))

    @given(points=st.lists(st.sampled_from([0, 1, 2, 4, 5]), min_size=1, max_size=4), weight=st.floats(0.01, 100))
    def test_it_lies_between_0_and_1(self, points, weight):
        """Whatever the points and the weights are."""
        judge = FakeJudge(
            lambda rubric, one: scored(rubric, min(int(one.thinking[-1]), 5 if rubric == "context" else 3))
        )
        texts = [reply(RIGHT, f"{GOOD} {number}") for number in points]
        weights = {"format": 1, "accuracy": weight, "context": 2, "logic": 1 / weight}
        found = rewards(combined_reward, *texts, judge=judge, weights=weights)
        assert all(0 <= one <= 1 + 1e-9 for one in found)


class TestLogging:
    """What TRL is told beside the reward."""

    def test_each_reward_has_its_figures(self):
        """Mean and spread of what has a score, and the share of what has none."""
        told, beside = {}, {}
        judge = FakeJudge(
            lambda rubric, one: (
                UNSCORED[1] if "strange" in one.thinking else scored(rubric, len(one.thinking.split()) % 3)
            )
        )
        texts = [reply(RIGHT, f"{GOOD}{' word' * number}") for number in range(3)] + [reply(WRONG, f"{GOOD} strange")]
        found = rewards(combined_reward, *texts, judge=judge, log_metric=told.__setitem__, log_extra=beside.__setitem__)
        assert (None, 3) == (found[3], sum(one is not None for one in found))
        assert (0.75, pytest.approx(math.sqrt(3) / 4)) == (told["reward/accuracy/mean"], told["reward/accuracy/std"])
        assert (0.0, 0.25) == (told["reward/format/unscored"], told["reward/context/unscored"])
        assert pytest.approx(0.2) == told["reward/context/mean"]
        assert pytest.approx((2 / 3) ** 0.5 / 5) == told["reward/context/std"]
        assert "reward/accuracy/length_correlation" not in told
        assert [1.0, 1.0, 1.0, 0.0] == beside["reward/accuracy"]
        assert ["scored", "scored", "scored", "failed"] == beside["judged/logic"]

    @pytest.mark.parametrize(("sign", "correlation"), [(1, 1.0), (-1, -1.0)])
    def test_a_judge_that_likes_length_shows(self, sign, correlation):
        """Pearson's r of score and words of thinking."""
        words = len(GOOD.split())
        judge = FakeJudge(lambda rubric, one: scored(rubric, 1 + sign * (len(one.thinking.split()) - words - 1)))
        found = summary(scored_of(*(reply(RIGHT, GOOD + " word" * number) for number in range(3)), judge=judge))
        assert pytest.approx(correlation) == found["reward/logic/length_correlation"]

    def test_what_cannot_be_told_is_left_out(self):
        """No mean of nothing, no correlation where nothing differs."""
        found = summary(scored_of(reply(), reply(), judge=FakeJudge(lambda rubric, one: UNSCORED[0])))
        assert 1.0 == found["reward/logic/unscored"]
        assert not {"reward/logic/mean", "reward/logic/std"} & {*found}
        assert "reward/logic/length_correlation" not in summary(scored_of(reply(), reply()))
        assert {} == summary([])

    @pytest.mark.parametrize("function", [format_reward, accuracy_reward, context_reward, logic_reward])
    def test_each_function_logs_its_own(self, function):
        """Its name is that of the function."""
        told = {}
        rewards(function, reply(), log_metric=told.__setitem__)
        assert {function.__name__.removesuffix("_reward")} == {name.split("/")[1] for name in told}


def test_thoughts_can_be_had_before_the_rewards():
    """The same that the rewards will ask about, so that judging can begin."""
    judge = FakeJudge()
    given = columns(ROW, ROW)
    begun = thoughts_of([reply(), "B"], **given)
    rewards(combined_reward, reply(), "B", judge=judge)
    assert [GOOD, ""] == [one.thinking for one in begun]
    assert {begun[0]} == {thought for _, thought in judge.asked}


def test_trl_takes_them_for_what_they_are():
    """Those that ask a judge are coroutine functions, also with the judge filled in; the others are not."""
    for function in (context_reward, logic_reward, combined_reward):
        assert inspect.iscoroutinefunction(function)
        assert inspect.iscoroutinefunction(partial(function, judge=FakeJudge()))
    assert not any(map(inspect.iscoroutinefunction, (format_reward, accuracy_reward)))
