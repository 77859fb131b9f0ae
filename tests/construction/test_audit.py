from dataclasses import replace

import pytest

from crossomni.construction.audit import audit
from crossomni.construction.audit_table import to_markdown
from crossomni.construction.build import build_rows
from crossomni.errors import DataError
from tests.construction.plays import annotations

TRUTH = {annotation.clip.id: annotation for annotation in annotations(60, seed=8)}
SPLITS = build_rows(list(TRUTH.values()), test_share=0.6, seed=8).rows


@pytest.fixture(scope="module")
def found():
    """The audit of a test split."""
    return audit(SPLITS, "test", TRUTH.get)


def accuracy(found, reader: str, group: str) -> float:
    """One reader's percent on one group."""
    return next(f.accuracy for f in found.findings if f.reader.startswith(reader) and f.group == group)


def test_no_reader_beats_chance_where_a_clip_is_needed(found):
    """On tasks that need sight or sound, no blind reader's interval lies above chance."""
    assert [f for f in found.findings if f.above_chance and f.group not in ("te", "all")] == []


def test_questions_of_models_have_no_facts_to_eliminate_by():
    """Their ids lead to a referent alone; what needs the facts is told to be not measured."""
    written = {
        split: tuple(replace(row, id=row.id.rpartition("/")[0] + f"-{place}") for place, row in enumerate(rows))
        for split, rows in SPLITS.items()
    }
    found = audit(written, "test", TRUTH.get)
    assert found.bounds == {}
    assert "models wrote the questions" in found.unmeasured["option elimination in the target"]


def test_reading_the_biography_answers_text_questions(found):
    """The biography reader is a real reader: questions within text it answers well above chance."""
    assert accuracy(found, "biography", "te") > 50


def test_elimination_leaves_four_options(found):
    """Every option is true of somebody in the target, so that elimination is at chance exactly."""
    assert accuracy(found, "option elimination", "all") == pytest.approx(25)


def test_the_longest_option_is_found_where_it_is_the_answer():
    """The reader of lengths sees a set whose right options are the longest."""
    long = [replace(row, options=tuple(o + " indeed" * (letter == row.answer) * 9
                    for letter, o in zip("ABCD", row.options, strict=True))) for row in SPLITS["test"]]  # fmt: skip
    shown = audit({**SPLITS, "test": long}, "test", lambda clip: None)
    assert accuracy(shown, "longest", "all") == 100
    assert accuracy(shown, "question and options", "all") > 90
    assert shown.bounds == {}


def test_nothing_leaks_between_the_splits(found):
    """No clip, episode, person or biography of playhouse is in both splits."""
    assert set(found.leaks.values()) == {0}


def test_leaks_and_repeats_are_counted():
    """A training row copied twice into test is a leak of clip, episode, people and biography, and a repeat."""
    row = SPLITS["train"][0]
    copied = [*SPLITS["test"], replace(row, id=row.id + "/again"), replace(row, id=row.id + "/twice")]
    shown = audit({**SPLITS, "test": copied}, "test", TRUTH.get)
    assert shown.leaks == {"clips": 1, "episodes": 1, "people": 4, "biographies": 1}
    assert shown.duplicates == 1


@pytest.mark.parametrize(("clips", "unmeasured"), [(1, 2), (2, 2), (3, 1), (6, 0)])
def test_what_a_tiny_set_does_not_allow_is_said(clips, unmeasured):
    """Readers that learn from other episodes are not measured without them, and the table says so."""
    truth = {annotation.clip.id: annotation for annotation in annotations(clips)}
    shown = audit(build_rows(list(truth.values()), test_share=0.7, seed=3).rows, "test", truth.get)
    assert len(shown.unmeasured) == unmeasured
    assert to_markdown(shown).count(": not measured, since ") == unmeasured
    assert not {f.reader for f in shown.findings} & set(shown.unmeasured)


def test_held_back_labels_cannot_be_audited():
    """Without answers there is nothing to measure."""
    hidden = [replace(row, answer="") for row in SPLITS["test"]]
    with pytest.raises(DataError, match="labels are needed"):
        audit({"test": hidden}, "test", TRUTH.get)


def test_the_table_has_a_line_for_each_reader_and_bound(found):
    """The Markdown names every reader and every knock-out."""
    text = to_markdown(found)
    for name in {f.reader for f in found.findings} | set(found.bounds):
        assert f"| {name} |" in text
