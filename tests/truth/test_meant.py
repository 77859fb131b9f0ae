"""Truth knows whom each row is about, and says nothing where it does not."""

from dataclasses import replace

from crossomni.tasks import Modality
from crossomni.truth.meant import meant
from tests.evaluation.reasoned import TRAIN, annotation_of, shipped, truth_of

ROWS = shipped().rows(TRAIN)


def test_truth_knows_whom_every_row_is_about():
    """The ids of playhouse tell the referent and the kinds of clue and answer, and truth finds the same."""
    rows = [row for split in shipped().splits for row in shipped().rows(split)]
    for row in rows:
        _, _, place, kinds = row.id.split("/")
        found = truth_of(row)
        who = annotation_of(row.clip_id).referents[int(place) - 1]
        assert found.peers[found.referent] == who, row.id
        assert f"{found.clue.kind}-{found.asked.kind}".replace(" ", "").replace("name-", "thing-") == kinds


def test_truth_does_not_guess_whom_a_row_is_about():
    """Options of no one kind, a question without a clue, a held-back answer."""
    row = ROWS[0]
    truth = annotation_of(row.clip_id)
    assert meant(row, truth) is not None
    for changed in (
        replace(
            row, options=tuple(o if o == row.options["ABCD".index(row.answer)] else f"not {o}" for o in row.options)
        ),
        replace(row, question="What does the person sound like?"),
        replace(row, answer=""),
    ):
        assert meant(changed, truth) is None


def test_truth_that_fits_two_tells_nothing():
    """A second kind with the same values, and a question that holds a clue to each of two people."""
    row = next(row for row in ROWS if row.task.id == "vi")
    annotation, about = annotation_of(row.clip_id), truth_of(row)
    values = [one.fact(about.asked.modality, about.asked.kind).value for one in annotation.persons]
    persons = tuple(
        replace(one, facts=(*one.facts, replace(about.asked, kind="other", value=value)))
        for one, value in zip(annotation.persons, [*values[1:], values[0]], strict=True)
    )
    clues = " and ".join(one.fact(Modality.VISION, about.clue.kind).value for one in persons)
    assert meant(row, replace(annotation, persons=persons)) is not None
    assert meant(replace(row, question=f"The person {clues}?"), replace(annotation, persons=persons)) is None
