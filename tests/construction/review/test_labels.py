"""No label that was acknowledged is lost, whoever writes and whoever is killed."""

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from crossomni.construction.review.items import ReviewFolder
from crossomni.construction.review.labels import Label, Labels, reviewer_name
from crossomni.errors import DataError, InputError
from tests.construction.review.reviews import a_review, an_item, lines, say

WRITER = """
import sys
from pathlib import Path
from crossomni.construction.review.items import ReviewFolder
from crossomni.construction.review.labels import Label, Labels
labels = Labels(ReviewFolder.open(Path(sys.argv[1])))
for number in range(int(sys.argv[3])):
    label = "correct" if number % 2 else "not correct"
    labels.add([Label.now(f"description/clip{number % 50}/0", sys.argv[2], label)])
    print(number, flush=True)
"""


@pytest.fixture
def review(tmp_path: Path) -> ReviewFolder:
    """Fifty items."""
    return a_review(tmp_path, *map(an_item, range(50)))


def start(review: ReviewFolder, reviewer: str, count: int) -> subprocess.Popen[str]:
    """A process of its own that labels ``count`` times."""
    command = [sys.executable, "-c", WRITER, str(review.path), reviewer, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_the_last_label_of_each_reviewer_counts(review: ReviewFolder) -> None:
    """Going back and saying something else replaces a label; another reviewer's stays. All of them stay written."""
    say(review, "Ada", item0="correct")
    say(review, "Bo", item0="cannot tell")
    say(review, "Ada", item0="not correct")
    said = {key: label.label for key, label in Labels(review).last().items()}
    assert said == {("Ada", "description/clip0/0"): "not correct", ("Bo", "description/clip0/0"): "cannot tell"}
    assert len(lines(review.labels_path)) == 3


def test_labels_that_others_write_are_seen(review: ReviewFolder) -> None:
    """A reader goes on where it stopped, and reads anew where the file was put in another's place."""
    mine = Labels(review)
    assert mine.last() == {}
    say(review, "Ada", item0="correct")
    say(review, "Bo", item1="correct")
    assert len(mine.last()) == 2
    review.labels_path.unlink()
    say(review, "Cy", item2="correct")
    assert mine.of("Ada") == {}
    assert mine.of("Cy") == {"description/clip2/0": "correct"}


def test_a_line_that_is_being_written_is_left_for_later(review: ReviewFolder) -> None:
    """Half a line is no label yet, and none is lost once it is whole."""
    say(review, "Ada", item0="correct", item1="not correct")
    whole = review.labels_path.read_bytes()
    review.labels_path.write_bytes(whole[:-20])
    mine = Labels(review)
    assert len(mine.last()) == 1
    with review.labels_path.open("ab") as file:
        file.write(whole[-20:])
    assert len(mine.last()) == 2


def test_two_processes_at_once_lose_nothing(review: ReviewFolder) -> None:
    """Two writers of 60 labels each: 120 lines, and each reviewer's last labels."""
    writers = [start(review, name, 60) for name in ("Ada", "Bo")]
    assert [len(writer.communicate()[0].split()) for writer in writers] == [60, 60]
    written = lines(review.labels_path)
    assert len(written) == 120
    assert [one["reviewer"] for one in written].count("Ada") == 60
    assert len(Labels(review).last()) == 100


def test_threads_of_one_page_lose_nothing(review: ReviewFolder) -> None:
    """Eight reviewers on one server, ten labels each."""
    labels = Labels(review)

    def work(name: str) -> None:
        for number in range(10):
            labels.add([Label.now(f"description/clip{number}/0", name, "correct")])

    threads = [threading.Thread(target=work, args=(f"r{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(labels.last()) == len(lines(review.labels_path)) == 80


def test_killed_writers_lose_no_label_that_they_acknowledged(review: ReviewFolder) -> None:
    """Two writers killed at seeded moments while another goes on: what each acknowledged is there, once."""
    moments = random.Random(5)
    survivor = start(review, "survivor", 150)
    for turn in range(2):
        writer = start(review, f"killed{turn}", 10_000)
        writer.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        acknowledged = len(writer.communicate()[0].split()) + 1  # the line that was waited for
        Labels(review).add([Label.now("description/clip0/0", "next", "correct")])  # the torn line is dropped, not grown
        written = [one for one in lines(review.labels_path) if one["reviewer"] == f"killed{turn}"]
        assert acknowledged <= len(written) <= acknowledged + 1
    assert len(survivor.communicate()[0].split()) == 150
    assert sum(one["reviewer"] == "survivor" for one in lines(review.labels_path)) == 150


@pytest.mark.parametrize(
    ("item", "label", "said"),
    [
        ("description/clip77/0", "correct", "no item 'description/clip77/0' in this review"),
        ("description/clip0/0", "maybe", "'maybe' came from 'Ada'; wanted one of correct, not correct, cannot tell"),
    ],
)
def test_a_label_that_cannot_be_is_refused_and_nothing_is_written(
    review: ReviewFolder, item: str, label: str, said: str
) -> None:
    """The good label before it is not written either."""
    good, bad = Label.now("description/clip1/0", "Ada", "correct"), Label.now(item, "Ada", label)
    with pytest.raises(InputError, match=said):
        Labels(review).add([good, bad])
    assert not review.labels_path.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "The Pipeline"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    """Empty, too long, with characters that cannot be seen, or that of the pipeline."""
    with pytest.raises(InputError, match="reviewer's name"):
        reviewer_name(name)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "line 1: not JSON"),
        ("[1]", "line 1: list came"),
        ('{"item": "description/clip0/0"}', "line 1: fields are item; wanted item, reviewer"),
        (
            '{"item": "description/clip0/0", "reviewer": "Ada", "label": 1, "at": "now", "through": "page"}',
            "label is 1",
        ),
        (
            '{"item": "description/clip0/0", "reviewer": "Ada", "label": "so", "at": "now", "through": "page"}',
            "line 1: item 'description/clip0/0': 'so' came",
        ),
    ],
)
def test_a_damaged_label_is_named_with_its_line(review: ReviewFolder, line: str, said: str) -> None:
    """Each time it is read; it is never skipped."""
    review.labels_path.write_text(line + "\n")
    labels = Labels(review)
    for _ in range(2):
        with pytest.raises(DataError, match=r"labels\.jsonl, line 1") as error:
            labels.last()
        assert said in str(error.value)
