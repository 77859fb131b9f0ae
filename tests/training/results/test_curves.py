"""Every panel for which something was logged, drawn so that it can be read with few steps and with many."""

import math

import pytest

from crossomni.training.results.curves import curves_figure, panel_svg, panels, reward_keys, write_curves
from crossomni.training.results.history import Step, read_history
from tests.training.results.trained import write


def history(folder, kind, steps, extra=None):
    """Of a made-up training."""
    return read_history(write(folder, kind, steps, extra).history_path)


def test_supervised_fine_tuning_has_its_loss_first(tmp_path):
    """Training's and held-out rows' in one panel."""
    first = panels(history(tmp_path, "sft", 20))[0]
    assert ("Loss", ["training", "held out"]) == (first.title, [curve.label for curve in first.curves])
    assert (0, 20) == first.curves[1].steps


def test_grpo_shows_all_that_can_go_wrong(tmp_path):
    """Rewards, what was unscored, KL, lengths, canaries of both rubrics, correlation, learning rate."""
    titles = [panel.title for panel in panels(history(tmp_path, "grpo", 20))]
    assert [
        "Reward, all together",
        "Reward: format",
        "Reward: accuracy",
        "Reward: context",
        "Reward: logic",
        "Unscored completions, share",
        "KL from the reference",
        "Length of completions",
        "Completions cut off, share",
        "Judge's canaries: context",
        "Judge's canaries: logic",
        "Thought's length and its score",
        "Loss",
        "Gradient's norm",
        "Learning rate",
    ] == titles


def test_a_reward_has_its_spread_around_it():
    """Mean 0.3, spread 0.4: from 0, below which there are no rewards, to 0.7."""
    curve = panels([Step(1, {"reward/format/mean": 0.3, "reward/format/std": 0.4})])[0].curves[0]
    assert ((0.3,), (0.0,), pytest.approx((0.7,))) == (curve.values, curve.low, curve.high)


def test_a_step_without_a_value_is_a_gap():
    """A reward that no completion got is not drawn at 0."""
    curve = panels([Step(1, {"reward/logic/mean": 0.5}), Step(2, {"reward/logic/unscored": 1.0})])[0].curves[0]
    assert (1,) == curve.steps


def test_what_was_never_a_number_has_no_panel():
    """A panel of nothing would look like a panel of nothing wrong."""
    assert () == panels([Step(1, {"kl": math.nan})])


def test_a_users_reward_stands_after_the_papers():
    """TRL's own names of separate functions are known too; the joint one, which repeats the total, is left out."""
    names = ("rewards/short/mean", "reward/logic/mean", "reward/format/mean", "rewards/combined/mean")
    found = reward_keys([Step(1, dict.fromkeys(names, 0.5))])
    assert {"format": "reward/format", "logic": "reward/logic", "short": "rewards/short"} == found
    assert ["format", "logic", "short"] == list(found)


@pytest.mark.parametrize("kind", ["sft", "grpo"])
@pytest.mark.parametrize("steps", [1, 10, 1000])
def test_no_text_lies_on_another(kind, steps, tmp_path):
    """Titles, notes, axes and ticks of all panels, with one step, with few, and with many."""
    figure = curves_figure(panels(history(tmp_path, kind, steps), 0.5))
    figure.draw_without_rendering()
    boxes = []
    for axes in figure.axes:
        texts = [axes.title, axes._left_title, axes._right_title, axes.xaxis.label, axes.yaxis.get_offset_text()]
        texts += [label for axis in (axes.xaxis, axes.yaxis) for label in _shown_ticks(axis)]
        boxes += [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    clash = [
        (one, other)
        for place, (one, box) in enumerate(boxes)
        for other, beside in boxes[:place]
        if box.shrunk(0.98, 0.98).overlaps(beside.shrunk(0.98, 0.98))
    ]
    assert [] == clash
    width, height = figure.get_size_inches() * figure.dpi
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height for _, b in boxes)


def _shown_ticks(axis):
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


def test_many_steps_are_smoothed(tmp_path):
    """A thick line of running means stands over a thin one of the values; with few steps there is one line."""
    few, many = ([len(axes.lines) for axes in curves_figure(panels(history(tmp_path / str(n), "sft", n))[-1:]).axes]
                 for n in (10, 500))  # fmt: skip
    assert ([1], [2]) == (few, many)


def test_the_running_mean_keeps_the_level(tmp_path):
    """Over what never changes it is that value, also at both ends."""
    figure = curves_figure(panels([Step(n, {"grad_norm": 1.5}) for n in range(1, 301)]))
    assert {1.5} == {round(float(y), 9) for y in figure.axes[0].lines[1].get_ydata()}


def test_a_picture_is_written(tmp_path):
    """A PNG, also of a training that logged nothing."""
    for number, shown in enumerate((panels(history(tmp_path, "sft", 3)), ())):
        out = write_curves(shown, tmp_path / "new" / f"{number}.png")
        assert b"\x89PNG" == out.read_bytes()[:4]


def test_a_panel_takes_the_pages_colour(tmp_path):
    """SVG whose text is text, in the page's own ink."""
    picture = panel_svg(panels(history(tmp_path, "sft", 3))[0])
    assert "currentColor" in picture
    assert "held out" in picture
