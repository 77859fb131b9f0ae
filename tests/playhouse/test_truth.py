import json

import pytest

from crossomni.records import Annotation
from crossomni.tasks import Modality
from tests.construction.plays import annotations

TRUTHS = annotations(30)


def test_every_person_has_facts_in_every_modality():
    """Each person can be asked for at least two kinds of thing in sound, sight and text."""
    for truth in TRUTHS:
        for person in truth.persons:
            for modality in Modality:
                assert len({f.kind for f in person.facts if f.modality is modality}) >= 2


def test_a_biography_tells_every_fact_of_its_text():
    """What is so in the text is told in the biography of that person or thing, word for word."""
    for truth in TRUTHS:
        for referent in truth.referents:
            assert referent.name in referent.biography
            for fact in referent.facts:
                if fact.modality is Modality.TEXT:
                    assert fact.value in referent.biography


def test_a_biography_tells_the_looks_that_join_it_to_sight():
    """The bridge is told, so that text and sight can be joined."""
    for truth in TRUTHS:
        for person in truth.persons:
            assert all(fact.value in person.biography for fact in person.bridge)


def test_a_biography_tells_no_look_that_is_asked_about():
    """No biography tells a look that questions and options are made of, nor what is said."""
    for truth in TRUTHS:
        for person in truth.persons:
            for fact in person.facts:
                if fact.kind in ("expression", "action", "entrance", "line", "place"):
                    assert fact.value not in person.biography
                if fact.kind in ("top colour", "hair colour"):
                    noun = fact.kind.split()[0]
                    assert f"{fact.value} {noun}" not in person.biography


def test_the_text_column_holds_every_biography_once():
    """The biography column is all the biographies, in some order."""
    for truth in TRUTHS:
        assert sorted(truth.biography.split("\n")) == sorted(r.biography for r in truth.referents)


@pytest.mark.parametrize("truth", TRUTHS[:3], ids=lambda truth: truth.clip.id)
def test_truth_survives_its_file(truth):
    """What is written as JSON is read back as the same records."""
    assert Annotation.from_json(json.loads(json.dumps(truth.to_json()))) == truth
