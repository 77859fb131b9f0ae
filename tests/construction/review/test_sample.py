"""The four samples: seeded, spread over clips, with what a reviewer may see."""

from collections import Counter
from dataclasses import replace

import pytest

from crossomni.construction.review.items import ReviewItem
from crossomni.construction.review.sample import Drawn, Sizes, draw
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Annotation, Fact
from crossomni.tasks import Modality

SIZES = Sizes(voice=7, description=70, biography=20, question=30)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """The shipped set."""
    return Corpus.open("playhouse")


@pytest.fixture(scope="module")
def drawn(corpus: Corpus) -> Drawn:
    """A sample of it."""
    return draw(corpus, SIZES, seed=4)


def of(drawn: Drawn, kind: str) -> list[ReviewItem]:
    """The items of one kind."""
    return [item for item in drawn.items if item.kind == kind]


def test_each_sample_has_its_size(drawn: Drawn) -> None:
    """Voices by clips, the others by items."""
    assert len({item.clip_id for item in of(drawn, "voice")}) == 7
    assert [len(of(drawn, kind)) for kind in ("description", "biography", "question")] == [70, 20, 30]
    assert drawn.told[1:] == ["description: 70", "biography: 20", "question: 30"]


def test_a_seed_draws_the_same_and_another_one_another(corpus: Corpus, drawn: Drawn) -> None:
    """Item by item."""
    assert draw(corpus, SIZES, seed=4) == drawn
    assert draw(corpus, SIZES, seed=5).items != drawn.items


def test_samples_are_spread_over_clips(drawn: Drawn) -> None:
    """70 descriptions on 60 clips: one or two of each; 30 questions: each on a clip of its own."""
    assert set(Counter(item.clip_id for item in of(drawn, "description")).values()) == {1, 2}
    assert len({item.clip_id for item in of(drawn, "question")}) == 30


def test_voices_are_all_labels_of_all_persons_of_a_clip(corpus: Corpus, drawn: Drawn) -> None:
    """Quality and pitch, or emotion, of each of its persons: as many as the annotation has."""
    counts = Counter(item.clip_id for item in of(drawn, "voice"))
    for clip_id, count in counts.items():
        persons = corpus.annotation(clip_id).persons
        wanted = [f for p in persons for f in p.facts if f.modality is Modality.AUDIO and f.kind in
                  ("quality", "pitch", "emotion")]  # fmt: skip
        assert len(wanted) == count


def test_voices_are_labelled_without_the_automatic_label(corpus: Corpus, drawn: Drawn) -> None:
    """Choices are the values seen in the corpus; nothing that is shown says which one the pipeline took."""
    for item in of(drawn, "voice"):
        number = int(item.id.split("/")[2])
        fact = corpus.annotation(item.clip_id).persons[number].fact(Modality.AUDIO, item.aspect)
        assert fact.value == item.automatic
        assert item.automatic in item.choices
        assert item.claim == ""
        assert item.automatic not in f"{item.about} {item.asks} {item.id}".split("who says")[0]
    emotions = {item.choices for item in of(drawn, "voice") if item.aspect == "emotion"}
    assert emotions <= {("angry", "calm", "happy", "sad", "cannot tell")}


def test_a_question_is_shown_with_all_that_it_is_answered_from(corpus: Corpus, drawn: Drawn) -> None:
    """Question, options, marked answer, biographies."""
    rows = {row.id: row for split in corpus.splits for row in corpus.rows(split)}
    item = of(drawn, "question")[0]
    row = rows[item.id.removeprefix("question/")]
    for text in (row.question, *row.options, f"Answer: {row.answer}", row.biography):
        assert text in item.claim


def test_fewer_than_wanted_is_said(corpus: Corpus) -> None:
    """All that is there is taken, and told."""
    drawn = draw(corpus, Sizes(), seed=0)
    assert drawn.counts == {"voice": 60, "description": 480, "biography": 480, "question": 600}
    assert "question: 600 (1000 were wanted; no more are there)" in drawn.told
    assert len({item.id for item in drawn.items}) == len(drawn.items)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [({"voice": -1}, "kind voice is to have -1"), (dict.fromkeys(("voice", "description", "biography", "question"), 0),
                                                   "all four samples are 0")],
)  # fmt: skip
def test_sizes_that_draw_nothing_are_refused(sizes: dict[str, int], said: str) -> None:
    """At birth."""
    with pytest.raises(InputError, match=said):
        Sizes(**sizes)


class Changed(Corpus):
    """A corpus whose annotations are not those of its folder."""

    def annotation(self, clip_id: str) -> Annotation | None:
        """No annotation, or one whose pitches are all different."""
        if not self.source["pitches"]:
            return None
        found = super().annotation(clip_id)
        pitch = Fact(modality=Modality.AUDIO, kind="pitch", value=f"{abs(hash(clip_id))} Hz")
        return replace(found, persons=tuple(replace(one, facts=(pitch,)) for one in found.persons))


def changed(corpus: Corpus, *, pitches: bool) -> Corpus:
    """The corpus with other annotations, or none."""
    return Changed(
        folder=corpus.folder, clips=corpus.clips, source={"pitches": pitches}, truth=corpus.truth,
        rows_by_split=corpus.rows_by_split,
    )  # fmt: skip


def test_labels_that_nobody_can_choose_from_are_refused(corpus: Corpus) -> None:
    """A pitch in Hertz of its own in every clip is no list of choices."""
    with pytest.raises(InputError, match="voice label 'pitch': 60 values in the corpus"):
        draw(changed(corpus, pitches=True), SIZES, seed=0)


def test_without_annotations_there_are_questions_only(corpus: Corpus) -> None:
    """What is not there is told; where nothing at all is left, it is refused."""
    without = changed(corpus, pitches=False)
    assert draw(without, SIZES, seed=0).counts == {"voice": 0, "description": 0, "biography": 0, "question": 30}
    with pytest.raises(InputError, match="nothing to review"):
        draw(without, replace(SIZES, question=0), seed=0)
