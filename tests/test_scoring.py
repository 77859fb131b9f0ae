"""Scores by the contract, their intervals, and what a report shows beside them."""

import itertools
import math
import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossomni.errors import InputError
from crossomni.pairing import paired
from crossomni.scoring import GROUPS, details, score
from crossomni.statistics import no_difference, wilson
from crossomni.tasks import TASKS

IDS = [task.id for task in TASKS]
AVERAGES = ["single", "cross", "overall", "single_macro", "cross_macro", "overall_macro"]


def made(right: dict[str, int], count: dict[str, int]) -> tuple[list[str], list[str], list[str]]:
    """Letters, references and tasks with ``right[task]`` of ``count[task]`` answers right."""
    tasks = [task for task, n in count.items() for _ in range(n)]
    letters = [letter for task, n in count.items() for letter in "A" * right[task] + "B" * (n - right[task])]
    return letters, ["A"] * len(tasks), tasks


def drawn(
    clips: int, per_clip: int, share: float, together: float, seed: int
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Random answers; with probability ``together`` a clip's questions are all right or all wrong."""
    rng = np.random.default_rng(seed)
    joint = rng.random(clips) < together
    hit = np.where(joint[:, None], rng.random((clips, 1)) < share, rng.random((clips, per_clip)) < share)
    rows = clips * per_clip
    letters = ["A" if h else "B" for h in hit.ravel()]
    return letters, ["A"] * rows, [IDS[i % 9] for i in range(rows)], [f"c{i // per_clip}" for i in range(rows)]


def bounds(scores: dict[str, float], name: str) -> tuple[float, float]:
    """The interval of one accuracy."""
    return scores[f"{name}_low"], scores[f"{name}_high"]


def test_keys_are_the_contracts() -> None:
    """Nine tasks and six averages with two bounds each, the unread share and the count: nothing else."""
    names = [*IDS, *AVERAGES]
    expected = {f"{name}{end}" for name in names for end in ("", "_low", "_high")} | {"unread", "n"}
    assert expected == set(score(["A"], ["A"], ["au"]))


def test_micro_weighs_questions_and_macro_weighs_tasks() -> None:
    """With unequal counts the two averages differ as they should."""
    count = dict.fromkeys(IDS, 10) | {"te": 30}
    right = dict.fromkeys(IDS, 5) | {"te": 30}
    scores = score(*made(right, count))
    assert scores["te"] == 100
    assert scores["single"] == pytest.approx(100 * 40 / 50)
    assert scores["single_macro"] == pytest.approx((50 + 50 + 100) / 3)
    assert scores["overall"] == pytest.approx(100 * 70 / 110)
    assert scores["cross"] == scores["cross_macro"] == 50
    assert scores["n"] == 110


def test_a_missing_task_is_nan_and_so_is_its_macro_average() -> None:
    """Nothing asked is not nothing known: only what does not need the task has a value."""
    scores = score(["A", "B"], ["A", "A"], ["au", "vi"], ["c1", "c2"])
    for name in ("te", "single_macro", "cross", "cross_macro", "overall_macro"):
        assert [math.nan] * 3 == pytest.approx([scores[name], *bounds(scores, name)], nan_ok=True)
    assert scores["single"] == 50


def test_no_rows_give_nan_throughout() -> None:
    """An empty list has no score, no gap and no difference."""
    assert math.isnan(details([], [], []).gap.points.value)
    assert math.isnan(paired([], [], [], [], [])["overall"].p)
    scores = score([], [], [], [])
    assert scores.pop("n") == 0
    assert all(math.isnan(value) for value in scores.values())


def test_unread_is_wrong_and_counted() -> None:
    """A reply without a letter lowers the accuracy and shows as unread."""
    scores = score(["A", None, None, "B"], ["A", "A", "A", "A"], ["au"] * 4)
    assert (scores["au"], scores["unread"]) == (25, 50)


def test_labels_and_tasks_are_read_like_ids() -> None:
    """``Au→Vi``, ``au-vi`` and the task itself are one thing."""
    assert score(["A"] * 3, ["A", "A", "B"], ["Au→Vi", "au-vi", TASKS[3]])["au-vi"] == pytest.approx(200 / 3)


def test_without_clips_the_interval_is_wilsons() -> None:
    """Each micro average is a share of independent questions."""
    scores = score(*made({"au": 156, "te": 40}, {"au": 313, "te": 215}))
    for name, share, trials in (("au", 156 / 313, 313), ("single", 196 / 528, 528)):
        expected = wilson(share, trials).scaled(100)
        assert (expected.low, expected.high) == pytest.approx(bounds(scores, name))


def test_without_clips_the_variances_of_a_macro_average_add() -> None:
    """The half-width is that of the binomial variances of its tasks, added."""
    count = {task: 200 + 10 * i for i, task in enumerate(IDS)}
    scores = score(*made({task: n // 2 for task, n in count.items()}, count))
    low, high = bounds(scores, "overall_macro")
    assert (high - low) / 2 == pytest.approx(196 * math.sqrt(sum(0.25 / n for n in count.values())) / 9, rel=0.02)


def test_questions_that_stand_and_fall_by_clip_widen_the_interval() -> None:
    """Copies of a question add nothing: the interval is that of the clips, not of the rows."""
    letters, references, tasks, clips = drawn(clips=100, per_clip=9, share=0.5, together=1.0, seed=0)
    low, high = bounds(score(letters, references, tasks, clips), "overall")
    per_row = bounds(score(letters, references, tasks), "overall")
    assert high - low == pytest.approx(3 * (per_row[1] - per_row[0]), rel=0.1)


def test_order_of_rows_does_not_matter() -> None:
    """The same rows in another order have the same scores to the last bit."""
    rows = drawn(clips=40, per_clip=7, share=0.6, together=0.3, seed=3)
    turned = [column[::-1] for column in rows]
    assert score(*rows) == score(*turned)


def test_the_seed_decides_the_bootstrap() -> None:
    """Same seed, same bounds; another seed moves them a little."""
    rows = drawn(clips=60, per_clip=9, share=0.6, together=0.3, seed=3)
    assert score(*rows, seed=4) == score(*rows, seed=4)
    assert bounds(score(*rows, seed=4), "overall") != bounds(score(*rows, seed=5), "overall")


@pytest.mark.parametrize("letter", ["A", "B"])
@pytest.mark.parametrize("clips", [1, 3, 30])
def test_an_interval_is_never_a_point(letter: str, clips: int) -> None:
    """All right or all wrong, on one clip or thirty: the interval is Wilson's with a clip as one trial."""
    rows = 90
    names = [f"c{i % clips}" for i in range(rows)]
    scores = score([letter] * rows, ["A"] * rows, ["au"] * rows, names)
    expected = wilson(float(letter == "A"), clips).scaled(100)
    assert (expected.low, expected.high) == pytest.approx(bounds(scores, "au"))


@pytest.mark.slow
def test_clustered_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Over 150 simulated runs of 60 clips the 95% interval holds the true share in 89% to 99% of them."""
    runs = [score(*drawn(60, 18, 0.6, 0.4, seed), resamples=400) for seed in range(150)]
    for name in ("overall", "overall_macro", "au"):
        held = [low <= 60 <= high for low, high in (bounds(run, name) for run in runs)]
        assert 0.89 <= np.mean(held) <= 0.99


@given(st.lists(st.tuples(st.sampled_from([*"ABCD", None]), st.sampled_from("ABCD"), st.sampled_from(IDS))))
def test_every_known_score_lies_in_its_interval(rows: list[tuple[str | None, str, str]]) -> None:
    """Bounds hold the value and stay within 0 and 100; an unknown value has unknown bounds."""
    letters, references, tasks = ([row[i] for row in rows] for i in range(3))
    clips = [f"c{i % 7}" for i in range(len(rows))]
    for given_clips in (clips, None):
        scores = score(letters, references, tasks, given_clips, resamples=50)
        for group in GROUPS:
            low, high = bounds(scores, group.name)
            if math.isnan(scores[group.name]):
                assert math.isnan(low)
                assert math.isnan(high)
            else:
                assert -1e-9 <= low <= scores[group.name] + 1e-9
                assert scores[group.name] - 1e-9 <= high <= 100 + 1e-9


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ((["A"] * 3, ["A", "B"], ["au"] * 3), "references[2]"),
        ((["A"] * 3, ["A"] * 3, ["au"]), "tasks[1]"),
        ((["A"] * 2, ["A"] * 2, ["au"] * 2, ["c"]), "clips[1]"),
        ((["A"] * 2, ["A"] * 2, ["au", "smell"]), "tasks[1]"),
        ((["A"] * 2, ["A"] * 2, ["au", 7]), "tasks[1]"),
        ((["A"] * 2, ["A", "E"], ["au"] * 2), "references[1] is 'E'"),
        ((["A"] * 2, ["A", "a"], ["au"] * 2), "references[1] is 'a'"),
        ((["A"] * 2, ["A", ""], ["au"] * 2), "references[1] is ''"),
        ((["A", "AB"], ["A"] * 2, ["au"] * 2), "letters[1] is 'AB'"),
        ((["A", "b"], ["A"] * 2, ["au"] * 2), "letters[1] is 'b'"),
        ((["A"] * 2, ["A"] * 2, ["au"] * 2, ["c", None]), "clips[1] is None"),
    ],
)
def test_bad_input_is_refused_by_position(columns: Sequence[list[str]], named: str) -> None:
    """What cannot be scored is a ValueError that says where it stands."""
    with pytest.raises(InputError, match=re.escape(named)) as refusal:
        score(*columns)
    assert isinstance(refusal.value, ValueError)


def test_option_counts_say_which_references_there_are() -> None:
    """E is a reference where five options are, and none where three are."""
    assert score(["E"], ["E"], ["au"], option_counts=[5])["au"] == 100
    with pytest.raises(ValueError, match=r"references\[0\] is 'D'; wanted one of A/B/C"):
        score(["D"], ["D"], ["au"], option_counts=[3])


def test_chance_corrected_is_zero_at_chance_and_hundred_when_all_is_right() -> None:
    """One in four is chance."""
    found = details(*made({"au": 5, "vi": 20}, {"au": 20, "vi": 20}))
    assert found.chance_corrected["au"].value == pytest.approx(0)
    assert found.chance_corrected["vi"].value == pytest.approx(100)
    assert found.chance_corrected["au"].low == pytest.approx((found.accuracy["au"].low - 25) / 0.75)


def test_details_agree_with_the_metric() -> None:
    """Both give the same accuracies and intervals, with clips and without."""
    rows = drawn(clips=50, per_clip=18, share=0.6, together=0.3, seed=0)
    for columns in (rows, rows[:3]):
        scores, found = score(*columns), details(*columns)
        for name, estimate in found.accuracy.items():
            assert (scores[name], *bounds(scores, name)) == (estimate.value, estimate.low, estimate.high)


def test_sources_and_targets_average_their_two_cross_tasks() -> None:
    """From audio come au-vi and au-te; to audio lead vi-au and te-au; single tasks stay out."""
    count = dict.fromkeys(IDS, 10)
    right = {task: i for i, task in enumerate(IDS)}
    found = details(*made(right, count))
    assert found.by_source["audio"].value == pytest.approx(5 * (right["au-vi"] + right["au-te"]))
    assert found.by_target["audio"].value == pytest.approx(5 * (right["vi-au"] + right["te-au"]))
    assert set(found.by_source) == set(found.by_target) == {"audio", "vision", "text"}


def test_gap_is_given_in_points_and_relative_to_single() -> None:
    """80 and 60 are 20 points apart, a quarter of Single (section 4.2.1)."""
    count = dict.fromkeys(IDS, 100)
    right = {task.id: 60 if task.is_cross else 80 for task in TASKS}
    found = details(*made(right, count))
    for gap in (found.gap, found.gap_macro):
        assert gap.points.value == pytest.approx(20)
        assert gap.relative.value == pytest.approx(25)
        assert gap.points.low < 20 < gap.points.high
        assert gap.relative.low < 25 < gap.relative.high


def test_gap_without_spread_has_an_interval_in_points_and_none_relative() -> None:
    """All right everywhere: the gap is 0 within the doubt of both shares."""
    gap = details(["A"] * 90, ["A"] * 90, IDS * 10, [f"c{i // 9}" for i in range(90)]).gap
    assert gap.points.low < 0 < gap.points.high
    assert math.isnan(gap.relative.low)


def test_gap_needs_both_sides() -> None:
    """Without cross tasks there is no gap."""
    gap = details(["A"], ["A"], ["au"]).gap
    assert math.isnan(gap.points.value)
    assert math.isnan(gap.relative.value)


def test_details_count_tasks_and_states() -> None:
    """Each row is counted once by task and once by what was read in it."""
    columns = (["A", None, None], ["A"] * 3, ["au", "au", "te-vi"])
    assert details(*columns).states == {"read": 1, "unread": 2}
    found = details(*columns, states=["read", "empty", "failed"])
    assert found.states == {"read": 1, "empty": 1, "failed": 1}
    assert {task: n for task, n in found.counts.items() if n} == {"au": 2, "te-vi": 1}


def test_a_run_differs_from_itself_by_nothing() -> None:
    """Equal letters: difference 0, p 1, interval around 0."""
    letters, references, tasks, clips = drawn(clips=40, per_clip=9, share=0.5, together=0.2, seed=0)
    for one in paired(letters, letters, references, tasks, clips).values():
        assert one.difference.value == 0
        assert one.difference.low <= 0 <= one.difference.high
        assert one.p == 1
        assert (one.only_a, one.only_b) == (0, 0)


def test_difference_is_second_minus_first_and_turns_its_sign() -> None:
    """Swapping the runs swaps everything else too."""
    a, references, tasks, clips = drawn(clips=60, per_clip=18, share=0.4, together=0.2, seed=0)
    b = drawn(clips=60, per_clip=18, share=0.7, together=0.2, seed=1)[0]
    there, back = paired(a, b, references, tasks, clips), paired(b, a, references, tasks, clips)
    for name, one in there.items():
        other = back[name]
        assert one.difference.value == pytest.approx(one.b - one.a) == pytest.approx(-other.difference.value)
        assert (one.only_a, one.only_b) == (other.only_b, other.only_a)
    assert there["overall"].difference.low > 20
    assert there["overall"].p < 0.001


def test_pairing_takes_out_what_clips_share() -> None:
    """Two runs that fail on the same hard clips differ with far less doubt than each is known alone."""
    a, references, tasks, clips = drawn(clips=80, per_clip=9, share=0.5, together=1.0, seed=0)
    b = ["A" if i % 9 == 0 else letter for i, letter in enumerate(a)]
    alone = score(a, references, tasks, clips)
    both = paired(a, b, references, tasks, clips)["overall"].difference
    assert both.high - both.low < 0.3 * (alone["overall_high"] - alone["overall_low"])


def test_family_of_nine_tasks_is_adjusted_and_averages_are_not() -> None:
    """Holm's p is at least the plain one; an average belongs to no family; McNemar has no macro average."""
    a, references, tasks, clips = drawn(clips=60, per_clip=18, share=0.4, together=0.2, seed=0)
    b = drawn(clips=60, per_clip=18, share=0.55, together=0.2, seed=1)[0]
    found = paired(a, b, references, tasks, clips)
    for name in IDS:
        assert found[name].p <= found[name].p_holm <= 1
        assert found[name].mcnemar <= found[name].mcnemar_holm <= 1
    assert all(math.isnan(found[name].p_holm) for name in AVERAGES)
    assert math.isnan(found["overall_macro"].mcnemar)
    assert found["overall"].mcnemar <= 1


def test_few_clips_prove_little() -> None:
    """With four clips the difference has a wide interval and a large p, whatever McNemar says of the questions."""
    rows = 40
    found = paired(["A"] * rows, ["B"] * rows, ["A"] * rows, ["au"] * rows, [f"c{i % 4}" for i in range(rows)])["au"]
    assert found.p == pytest.approx(2 / 2**4, abs=0.01)
    assert found.difference.value == -100
    assert found.difference.high > -50
    assert found.mcnemar == pytest.approx(2 / 2**rows)


def test_missing_tasks_have_no_p() -> None:
    """Where nothing was asked, nothing is tested; the rest is."""
    found = paired(["A"] * 9, ["B"] * 9, ["A"] * 9, ["au"] * 9)
    for name in ("vi", "cross", "single_macro"):
        assert math.isnan(found[name].p)
        assert math.isnan(found[name].difference.value)
    assert found["au"].p == found["single"].p == pytest.approx(2 / 2**9, abs=0.005)


@pytest.mark.parametrize("answer", ["A", "B"])
def test_runs_that_no_question_tells_apart_differ_by_nothing_or_little(answer: str) -> None:
    """All right, all wrong or half right in both: 0, within 3 in n questions, however many clips there are."""
    rows = 60
    letters, tasks = [answer, "A"] * (rows // 2), (["au"] * 6 + ["vi"] * 2 + ["te"] * 2) * (rows // 10)
    found = paired(letters, letters, ["A"] * rows, tasks, [f"c{i // 10}" for i in range(rows)])
    assert found["overall"].difference == no_difference(60).scaled(100)
    assert found["overall"].difference.high < 5
    assert found["au"].difference == no_difference(36).scaled(100)
    assert found["single_macro"].difference == no_difference(3 * 12).scaled(100)  # its rarest task, three times
    assert math.isnan(found["cross"].difference.value)


def test_runs_of_unequal_length_are_not_paired() -> None:
    """The shorter run is named at its end."""
    with pytest.raises(ValueError, match=r"letters_b\[1\] is missing"):
        paired(["A", "B"], ["A"], ["A", "A"], ["au", "au"])


def test_groups_cover_the_tasks() -> None:
    """Single and Cross together are Overall, and no name comes twice."""
    by_name = {group.name: group for group in GROUPS}
    assert len(by_name) == len(GROUPS) == 15
    parts = itertools.chain(by_name["single"].tasks, by_name["cross"].tasks)
    assert set(parts) == set(by_name["overall"].tasks) == set(TASKS)
