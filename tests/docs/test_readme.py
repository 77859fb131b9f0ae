"""README is what a newcomer sees first, and the card of the shipped dataset."""

import pytest
from huggingface_hub import DatasetCard

from crossomni import published
from crossomni.records import COLUMNS
from tests.docs.pages import ROOT


@pytest.fixture(scope="module")
def card():
    """The front matter, and the text below it."""
    return DatasetCard((ROOT / "README.md").read_text(encoding="utf-8"))


def test_it_is_about_a_screen(card):
    """What is longer has a page of its own."""
    assert 80 >= len(card.text.strip().splitlines())


def test_its_front_matter_is_that_of_the_shipped_set(card):
    """The Hub finds both splits, and the columns of the rows."""
    assert "apache-2.0" == card.data.license
    files = card.data.to_dict()["configs"][0]["data_files"]
    assert all(any(ROOT.glob(one["path"])) for one in files)
    assert [*COLUMNS] == [one["name"] for one in card.data.to_dict()["dataset_info"]["features"]]


def test_its_text_names_every_column(card):
    """In the order of the rows."""
    assert ", ".join(COLUMNS) in " ".join(card.text.split())


@pytest.mark.parametrize(("line", "model"), [("Qwen2.5-Omni-7B", "Qwen2.5-Omni-7B"), ("on average", "Average")])
def test_its_published_figures_are_those_of_table_5(card, line, model):
    """Single, Cross and Overall, as printed."""
    scores = published.table(5).row(model, "Default").scores
    told = next(one for one in card.text.splitlines() if one.startswith("|") and f"{line} |" in one)
    assert told.endswith("".join(f" {scores[name]:.2f} |" for name in ("single", "cross", "overall")))


def test_its_measured_figures_are_those_of_the_page_of_results(card):
    """The rows of the demo, Single, Cross and Overall of the reader and of the random letter."""
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8").splitlines()
    demo = {line.split("|")[1].strip(" *"): line.split("|")[2:4] for line in page if line.startswith("| **")}
    for place, who in enumerate(("SmolLM2-135M", "drawn at random")):
        told = next(line for line in card.text.splitlines() if line.startswith("|") and who in line)
        assert told.split("|")[2:5] == [demo[name][place] for name in ("Single", "Cross", "Overall")]
