"""What a review found, as tables for the terminal, in Markdown, as JSON, and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossomni.construction.review.agreement import Coefficient
from crossomni.construction.review.figures import Figures, Subject, figures
from crossomni.construction.review.items import ReviewFolder
from crossomni.construction.review.labels import PIPELINE
from crossomni.grids import UNKNOWN, Grid, markdown, tables
from crossomni.pages import render, write_page
from crossomni.statistics import Estimate

if TYPE_CHECKING:
    from rich.table import Table

_TEMPLATE = Path(__file__).parent / "templates" / "review.html.j2"
MOST_DISPUTES = 200  # that the page lists
LEGEND = (
    "Confirmed: percent of the pipeline's labels that people gave too, of its texts that people found right (section "
    "2.4, one-sided); an item with several reviewers counts once, by their part; who cannot tell has not confirmed. "
    "Intervals are 95%: Wilson over items; in parentheses a bootstrap over clips. Published: the paper's figures, on "
    "its own data. Kappa and alpha are 0 at chance, 1 where all agree; 'cannot tell' is a label there."
)


@dataclass(frozen=True)
class Report:
    """Figures of a review, told."""

    found: Figures

    def tables(self) -> tuple[Table, ...]:
        """For the terminal."""
        return tables(self.grids(), LEGEND)

    def to_markdown(self) -> str:
        """The same in Markdown."""
        return markdown(self.grids(), LEGEND)

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded."""
        return self.found.to_json()

    def grids(self) -> tuple[Grid, ...]:
        """Shares, and agreement."""
        shares = Grid(
            "Confirmed by people",
            ("", "items", "labelled", "clips", "reviewers", "cannot\ntell", "confirmed\n%", "of the\ndecided %",
             "published\n%"),
            tuple(_share_cells(one) for one in self.found.subjects),
        )  # fmt: skip
        agreement = Grid(
            "Agreement",
            ("", "who", "coefficient", "items", "value"),
            tuple(_agreement_cells(self.found)),
            left=(0, 1, 2, 4),
        )
        return shares, agreement


def report(folder: ReviewFolder) -> Report:
    """Compute a review's figures and write its ``report.html``.

    Raises:
        DataError: when an item or a label is damaged.
        RunError: when the page cannot be written.
    """
    told = Report(figures(folder))
    page = render(
        _TEMPLATE,
        {},
        about=told.found.about,
        grids=told.grids(),
        legend=LEGEND,
        disputes=told.found.disputes[:MOST_DISPUTES],
        disputed=len(told.found.disputes),
        labels=sum(one.labels for one in told.found.subjects if ":" not in one.name),
    )
    write_page(folder.report_path, page, "Make room; the labels are kept.")
    return told


def _share_cells(one: Subject) -> tuple[str, ...]:
    by_clip = f"\n({_span(one.by_clip)})" if one.by_clip is not None else ""
    return (
        one.name,
        str(one.items),
        str(one.labelled),
        str(one.clips),
        str(len(one.reviewers)),
        str(one.cannot_tell) if one.labels else UNKNOWN,
        f"{_percent(one.share)}{by_clip}" if one.labelled else "nobody labelled it",
        _percent(one.decided) if one.cannot_tell < one.labels else UNKNOWN,
        one.published or UNKNOWN,
    )


def _agreement_cells(found: Figures) -> Iterator[tuple[str, ...]]:
    for one in found.subjects:
        if not one.labelled or (one.fleiss.why and not one.pairs and not one.with_pipeline and one.name == "voice"):
            continue
        for reviewer, kappa in one.with_pipeline.items():
            yield one.name, f"{PIPELINE}, {reviewer}", "Cohen's kappa", *_coefficient(kappa)
        for pair, kappa in one.pairs.items():
            yield one.name, ", ".join(pair), "Cohen's kappa", *_coefficient(kappa)
        everybody = f"all {len(one.reviewers)}" if len(one.reviewers) > 1 else one.reviewers[0]
        yield one.name, everybody, "Fleiss' kappa", *_coefficient(one.fleiss)
        yield one.name, everybody, "Krippendorff's alpha", *_coefficient(one.alpha)


def _coefficient(found: Coefficient) -> tuple[str, str]:
    if found.value is None:
        return str(found.items), found.why
    span = f" [{_two(found.low)}, {_two(found.high)}]" if found.low is not None and found.high is not None else ""
    return str(found.items), f"{_two(found.value)}{span}"


def _two(value: float) -> str:
    """Two digits.

    >>> _two(-0.001), _two(0.456)
    ('0.00', '0.46')
    """
    return f"{round(value, 2) + 0.0:.2f}"  # -0.0 + 0.0 is 0.0


def _percent(share: Estimate) -> str:
    return f"{100 * share.value:.1f}\n[{_span(share)}]"


def _span(share: Estimate) -> str:
    return f"{100 * share.low:.1f}, {100 * share.high:.1f}"
