"""The report: tables, page, and no text of the data that runs."""

from pathlib import Path

import pytest

from crossomni.construction.review.items import ReviewFolder
from crossomni.construction.review.report import Report, report
from tests.construction.review.reviews import a_review, a_voice, an_item, say


@pytest.fixture
def review(tmp_path: Path) -> ReviewFolder:
    """Six voices and six descriptions, partly labelled by two."""
    described = [an_item(n, about="<script>alert(1)</script>") for n in range(6)]
    made = a_review(tmp_path, *(a_voice(n, "low" if n % 2 else "high") for n in range(6)), *described)
    say(made, "Ada", item0="high", item1="low", item2="high", item3="high", item4="cannot tell", item6="correct")
    say(made, "<b>Bo</b>", item0="high", item1="low", item2="low", item6="not correct")
    return made


def cells(found: Report, title: str) -> list[tuple[str, ...]]:
    """The rows of one table."""
    return [row for grid in found.grids() if grid.title == title for row in grid.rows]


def test_shares_stand_beside_the_published_ones(review: ReviewFolder) -> None:
    """By kind, and by label of voices."""
    voice, pitch, description = cells(report(review), "Confirmed by people")
    assert voice[0] == "voice"
    assert voice[-1] == "93.1"
    assert pitch[0] == "voice: pitch"
    assert pitch[-1] == "–"
    assert description[6].startswith("50.0\n[")


def test_what_cannot_be_computed_says_why_in_the_table(review: ReviewFolder) -> None:
    """One item in common: no variation, in words."""
    rows = cells(report(review), "Agreement")
    fleiss = next(row for row in rows if row[0] == "description" and row[2] == "Fleiss' kappa")
    kappa = next(row for row in rows if row[0] == "description" and row[2] == "Cohen's kappa")
    assert fleiss[3:] == ("1", "-1.00")
    assert kappa[3:] == ("1", "no variation: <b>Bo</b> said 'not correct' of all")


def test_the_page_shows_names_and_texts_as_text(review: ReviewFolder) -> None:
    """Nothing of the data is markup."""
    report(review)
    page = review.report_path.read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<b>Bo" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;Bo&lt;/b&gt;" in page


def test_a_review_that_nobody_labelled_has_a_report_that_says_so(tmp_path: Path) -> None:
    """No figure is made up."""
    review = a_review(tmp_path, an_item(0))
    found = report(review)
    assert cells(found, "Confirmed by people")[0][6] == "nobody labelled it"
    assert cells(found, "Agreement") == []
    assert "Nothing is labelled yet." in review.report_path.read_text(encoding="utf-8")
    assert "nan" not in found.to_markdown()
