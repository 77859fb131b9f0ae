"""The page of a training: what was learnt, what went wrong, and how it was made."""

import io
import math
import re

import pytest
from rich.console import Console

from crossomni.errors import RunError
from crossomni.ledger import write_json
from crossomni.training.results.history import read_history
from crossomni.training.results.report import banners, looks, tenths_table, write_report
from tests.training.results.trained import write


def page(folder):
    """Its text, tags and pictures left out, spaces as one."""
    text = re.sub(r"<style.*?</style>|<svg.*?</svg>", "", folder.report_path.read_text(encoding="utf-8"), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.fixture(scope="module")
def grpo(tmp_path_factory):
    """The folder of a GRPO of forty steps, with its page."""
    folder = write(tmp_path_factory.mktemp("grpo"), "grpo", 40)
    write_report(folder.path)
    return folder


def test_the_folder_gets_its_page_and_its_picture(tmp_path):
    """Both are made from what lies there."""
    folder = write(tmp_path)
    assert folder.report_path == write_report(tmp_path)
    assert folder.curves_path.exists()
    assert "Supervised fine-tuning of Qwen2.5-Omni-3B" in page(folder)


def test_it_needs_nothing_beside_it(grpo):
    """No script, no style and no picture from elsewhere."""
    text = grpo.report_path.read_text(encoding="utf-8")
    assert [] == re.findall(r"<script|<link|<img|@import|src=", text)


def test_both_tenths_are_told(grpo):
    """Rewards of the first four and of the last four of forty steps, each with its interval."""
    found = re.search(r"reward, all together ([\d.]+) \[.*?\] ([\d.]+) \[.*?\] ([\d.]+) \[", page(grpo))
    assert ("0.0625", "0.963", "0.9") == found.groups()


def test_held_out_rows_have_their_first_and_last_look(tmp_path):
    """From 3.0 before the first step to 1.2 after the last one: 60% less."""
    (look,) = looks(read_history(write(tmp_path, steps=5).history_path))
    assert ("loss", 0, 3.0, 5, 1.2) == (look.called, look.first_step, look.first, look.last_step, look.last)
    assert pytest.approx(-60) == look.change


def test_a_judges_alarm_stands_at_the_top(tmp_path):
    """With how many there were and since when."""
    folder = write(
        tmp_path, "grpo", 8, {2: {"canary/alarms": 2.0}, 4: {"canary/alarms": 1.0}, 6: {"canary/alarms": 0.0}}
    )
    assert ["The judge misjudged 3 thoughts of known worth, first at step 2: see its canaries."] == list(
        banners(read_history(folder.history_path))
    )


def test_a_loss_that_broke_stands_at_the_top(tmp_path):
    """A curve with a gap would be overlooked."""
    folder = write(tmp_path, "sft", 8, {3: {"loss": math.nan}, 5: {"loss": math.inf}})
    assert ["loss was no finite number at 2 steps, first at step 3."] == list(
        banners(read_history(folder.history_path))
    )
    write_report(tmp_path)
    assert "loss was no finite number" in page(folder)


def test_a_training_that_never_stepped_has_a_page(tmp_path):
    """It says so."""
    folder = write(tmp_path)
    folder.history_path.unlink()
    write_report(tmp_path)
    assert "No step was logged." in page(folder)


def test_what_the_right_clip_is_worth_is_told(tmp_path):
    """Losses with the right clip and with another, and the interval of their difference."""
    folder = write(tmp_path)
    gain = {"value": 0.25, "low": 0.125, "high": 0.375}
    write_json(tmp_path / "held_out.json", {"rows": 12, "clips": 6, "right": 1.25, "other": 1.5, "gain": gain})
    write_report(tmp_path)
    assert "1.2500 1.5000 0.25 [0.125, 0.375]" in page(folder)


def test_a_damaged_measure_is_named(tmp_path):
    """It is not left out silently."""
    write(tmp_path)
    write_json(tmp_path / "held_out.json", {"rows": 12})
    with pytest.raises(RunError, match=r"held_out\.json: is damaged"):
        write_report(tmp_path)


def test_names_are_shown_as_they_are(tmp_path):
    """What came from outside is no markup."""
    write(tmp_path, model="<b>x")
    assert "<b>x" not in write_report(tmp_path).read_text(encoding="utf-8")


def test_another_folder_is_refused(tmp_path):
    """A page is made of a training."""
    with pytest.raises(RunError, match="that crossomni train wrote"):
        write_report(tmp_path)


def test_the_terminal_has_the_same_table(grpo):
    """Within 80 columns."""
    out = io.StringIO()
    Console(file=out, width=80).print(tenths_table(grpo.path))
    assert "reward: logic" in out.getvalue()
    assert "0.9" in out.getvalue()
