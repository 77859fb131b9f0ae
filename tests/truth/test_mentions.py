"""A text mentions those whose values, names or times it holds, and nobody else."""

from dataclasses import replace

import pytest

from crossomni.tasks import Modality
from crossomni.truth.mentions import Peers
from tests.evaluation.reasoned import annotation_of


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("the yellow top", {"top colour"}),
        ("Her top is yellow.", {"top colour"}),
        ("The top of the person with a top hat is yellow.", {"top colour", "accessory"}),
        ("a yellow vase", set()),
        ("yellow trousers, a top", set()),
        ("the yellow one with a top hat", {"accessory"}),
        ("Her hair, unlike brown.", set()),
        ("the beige pants", {"trousers"}),
        ("The hair of the one with beige trousers is brown.", {"hair colour", "trousers"}),
        ("exactly 4 stars", {"stars"}),
        ("one of the four", set()),
        ("waving her hand", {"action"}),
        ("the second highest", {"pitch"}),
        ("comes from the right", {"entrance"}),
        ("the second from the right", set()),
        ("Leo says so", {"name"}),
        ("recovered from a bad car accident", {"event"}),
        ("born on September 24, 1993", {"birth date"}),
        ("“Nobody came to the…”", {"line"}),
        ("at 5.9 s", {"times"}),
        ("from 5.5 to 7.5 s", {"times"}),
        ("at 0:06", {"times"}),
        ("3. At the far left", {"place"}),
        ("12 to 14 people, 1993", set()),
        ("the one wearing headphones", {"accessory"}),
    ],
)
def test_what_a_sentence_mentions(text, kinds):
    """Values are known in other forms, and words of many uses only beside a word of their kind."""
    truth = annotation_of("viaduct_s01e01_clip_01")  # the first is Leo Calham; the second wears a top hat
    (mentions,) = Peers(truth.persons).sentences(text)
    assert {mention.kind for mention in mentions} == kinds
    assert {mention.owner for mention in mentions if mention.kind != "accessory"} <= {0}


def test_a_thing_is_named_beside_its_colour():
    """Also where the colour is another's."""
    things = annotation_of("viaduct_s01e01_clip_01").things  # a blue clock, a yellow globe
    (mentions,) = Peers(things).sentences("The clock is yellow.")
    assert {(mention.owner, mention.kind) for mention in mentions} == {(0, "name"), (1, "colour")}


def test_a_name_of_two_people_tells_nothing():
    """A first name that a second person has too, say."""
    truth = annotation_of("viaduct_s01e01_clip_01")
    twice = (truth.persons[0], replace(truth.persons[1], name="Leo Berg"))
    (mentions,) = Peers(twice).sentences("Leo and Berg")
    assert [(mention.owner, mention.modalities) for mention in mentions] == [(1, {Modality.TEXT})]


def test_a_sentence_goes_on_behind_what_it_quotes():
    """The clue stays beside what it leads to; a new sentence behind a quotation is another."""
    truth = annotation_of("viaduct_s01e01_clip_01")
    text = "Who says “Nobody came to the office.” is heard from 5.5 s to 7.5 s. “Yes.” She is Leo."
    kinds = [{mention.kind for mention in mentions} for mentions in Peers(truth.persons).sentences(text)]
    assert kinds == [{"line", "times"}, set(), {"name"}]
