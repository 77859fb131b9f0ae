"""Figure 3 as a file, and the section of a report."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import numpy as np
import pytest
from PIL import Image

import crossomni.evaluation
from crossomni.errors import InputError
from crossomni.evaluation.reports.pair_figures import PageSection, page_section, pair_dots, write_picture
from crossomni.evaluation.reports.pairs import Pairs, pairs_of
from crossomni.records import Prediction, Row
from tests.evaluation.pair_fakes import half_of_cross, letters, many

ROWS = many(6)
TEMPLATES = Path(crossomni.evaluation.__file__).parent / "reports" / "templates"


def predictions(rows: list[Row]) -> dict[str, Prediction]:
    """What the model that knows half of cross says."""
    return {
        row.id: Prediction(
            id=row.id, task=row.task.id, clip_id=row.clip_id, state="read" if letter else "unread",
            letter=letter, reply=letter or "", receipt=None,
        )
        for row, letter in zip(rows, letters(rows, half_of_cross), strict=True)
    }  # fmt: skip


@pytest.fixture(scope="module")
def two() -> Pairs:
    """A model that knows all, and one that knows half of cross."""
    runs = {"all": letters(ROWS, lambda row: True), "half": letters(ROWS, half_of_cross)}
    return pairs_of(ROWS, runs, "x")


@pytest.fixture(scope="module")
def section() -> PageSection:
    """The section about one run, of which a row is missing."""
    said = predictions(ROWS)
    del said[ROWS[0].id]
    found = page_section(ROWS, {"half <b>": said})
    assert found is not None
    return found


def page(section: PageSection | None) -> str:
    """The partial template, with the filters that a report gives it."""
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    pages.filters |= {"percent": "{:.1f}".format, "span": lambda found: f"{found.low:.0f}–{found.high:.0f}"}
    return pages.get_template("pairs.html.j2").render(pairs=section)


def words(svg: str) -> str:
    """The text of a picture."""
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_both_settings_are_drawn_with_what_is_lost(two: Pairs) -> None:
    """Two panels, nine tasks in each, and 25 points that the mean of the two runs loses at each conversion."""
    text = words(pair_dots(two))
    for wanted in ("(a) fixed source", "(b) fixed target", "chance", "each run"):
        assert wanted in text
    assert text.count("Au→Te") == text.count("Vi→Au") == 2
    assert text.count("−25.0") == 12


def test_a_picture_of_one_run_has_no_dots_of_runs(two: Pairs) -> None:
    """The marks are the run's own."""
    text = words(pair_dots(replace(two, runs=two.runs[1:], mean=None)))
    assert "each run" not in text
    assert text.count("−50.0") == 12


def test_a_setting_that_is_not_there_is_said(two: Pairs) -> None:
    """An empty panel says why."""
    run = replace(two.runs[1], source=None)
    text = words(pair_dots(replace(two, runs=(run,), mean=None)))
    assert "no such blocks" in text
    assert text.count("−50.0") == 6
    assert "single task" in text


def test_an_svg_file_follows_the_paper(two: Pairs, tmp_path: Path) -> None:
    """The file stands alone, with an ink for light and one for dark paper."""
    text = write_picture(two, tmp_path / "deep" / "pairs.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "prefers-color-scheme:dark" in text
    assert "currentColor" in text
    assert "#010203" not in text


def test_a_png_file_is_dark_on_white(two: Pairs, tmp_path: Path) -> None:
    """Its corner is white, some of it is black, and both colours of the marks are there."""
    picture = np.asarray(Image.open(write_picture(two, tmp_path / "pairs.png")).convert("RGB")).reshape(-1, 3)
    assert picture[0].tolist() == [255, 255, 255]
    found = {tuple(colour) for colour in np.unique(picture, axis=0).tolist()}
    assert {(1, 2, 3), (0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)} <= found


def test_another_kind_of_picture_is_refused(two: Pairs, tmp_path: Path) -> None:
    """The line names the kinds that there are."""
    with pytest.raises(InputError, match=r"ends in '.pdf'; wanted .svg or .png"):
        write_picture(two, tmp_path / "pairs.pdf")


def test_a_report_shows_the_section(section: PageSection) -> None:
    """Picture, a line for each task and setting, and what was left out; names are escaped, the picture is not."""
    text = page(section)
    assert "<svg" in text
    assert "half &lt;b&gt;" in text
    assert len(re.findall(r"<td>Au→Vi</td>", text)) == 2
    assert len(re.findall(r"fixed (?:source|target)</th>", text)) == 2
    assert "6 pair blocks on 6 clips" in text
    assert "−50.0" in section.picture


def test_a_missing_row_counts_as_wrong_in_a_report(section: PageSection) -> None:
    """As everywhere in a report: five of six single questions of sound are right."""
    assert section.pairs is not None
    assert section.pairs.runs[0].source is not None
    assert section.pairs.runs[0].source.fixed["audio"].single.value == pytest.approx(100 * 5 / 6)


def test_a_report_on_data_without_blocks_shows_nothing() -> None:
    """No heading, no table."""
    rows = [replace(row, pair_id="") for row in ROWS]
    assert page_section(rows, {"half": predictions(ROWS)}) is None
    assert page(None).strip() == ""


def test_a_report_on_blocks_that_cannot_be_compared_says_so() -> None:
    """A run over the first rows may end within the first block: the page says that, and is made."""
    found = page_section(ROWS[:2], {"half": predictions(ROWS[:2])})
    assert found is not None
    assert "none of the 1 pair blocks has a single row with both its conversions" in page(found)
