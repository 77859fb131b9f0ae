"""The media of a dataset: where they are looked for, and what is said of those that do not fit."""

import json
import shutil
from pathlib import Path

import pytest

from crossomni.corpus import Corpus, file_sha256
from crossomni.errors import DataError, InputError
from crossomni.testing import write_clip
from tests.corpus.conftest import change_line, media_of
from tests.small_corpus import write_lines


def test_media_are_found_anywhere_below_the_folder(made, folder, tmp_path):
    """A clip's file may lie in any folder below, and end in any of the suffixes."""
    media = tmp_path / "media"
    (media / "deep" / "er").mkdir(parents=True)
    for number, (name, path) in enumerate(made.media.items()):
        shutil.copy(
            path, (media, media / "deep", media / "deep" / "er")[number] / f"{name}{'.mp4.mkv.MOV'[4 * number :][:4]}"
        )
    corpus = Corpus.open("full", folder, media)
    assert sorted({row.video for split in corpus.splits for row in corpus.rows(split)}) == [
        "deep/er/play2.MOV", "deep/play1.mkv", "play0.mp4",
    ]  # fmt: skip


def test_all_missing_and_differing_media_are_listed_together(made, folder, tmp_path):
    """One report counts and names the missing, the differing and those there twice."""
    write_lines(
        folder / "clips.jsonl",
        [
            json.loads(line) | {"sha256": file_sha256(made.media["play0"])}
            for line in (folder / "clips.jsonl").read_text().splitlines()
        ],
    )
    media = tmp_path / "media"
    (media / "again").mkdir(parents=True)
    shutil.copy(made.media["play2"], media)
    shutil.copy(made.media["play1"], media)
    shutil.copy(made.media["play1"], media / "again")
    counted = "1 of 3 clips missing, 1 differing, 0 damaged, 1 there twice: play0: no file .* .row 'train-play0-0'"
    with pytest.raises(InputError, match=counted) as caught:
        Corpus.open("full", folder, media)
    assert "\n" not in str(caught.value)
    assert [line.partition(":")[0].rpartition("/")[2] for line in Corpus.problems(folder, media)] == [
        "play0", "play2.mp4", "play1",
    ]  # fmt: skip


def test_nothing_is_wrong_with_a_right_folder(made, folder):
    """Where all fits there are no problems."""
    assert Corpus.problems(folder, media_of(made)) == ()


def test_a_hash_in_capitals_is_the_same_hash(folder, made):
    """Hexadecimal digits may be large or small letters."""
    plain = Corpus.open("full", folder, media_of(made)).fingerprint
    change_line(folder / "clips.jsonl", sha256=file_sha256(made.media["play0"]).upper())
    assert Corpus.open("full", folder, media_of(made)).fingerprint == plain


def replaced(made, folder: Path, clip: Path | bytes) -> Path:
    """A copy of the media folder in which play2 is another file."""
    media = shutil.copytree(media_of(made), folder / "media")
    (media / "play2.mp4").write_bytes(clip if isinstance(clip, bytes) else clip.read_bytes())
    return media


@pytest.mark.parametrize(
    ("share", "message"),
    [(0.5, "FFmpeg cannot read it"), (0, "the file is empty"), (0.99, "FFmpeg cannot read it")],
)
def test_a_truncated_clip_without_a_hash_is_refused_when_opened(made, folder, tmp_path, share, message):
    """Where no hash was annotated a file that is cut short is named all the same."""
    whole = made.media["play2"].read_bytes()
    media = replaced(made, tmp_path, whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=rf"1 damaged.*play2\.mp4.*{message}.*\(row 'test-play2-0'\)") as caught:
        Corpus.open("full", folder, media)
    assert "\n" not in str(caught.value)
    assert ".." not in str(caught.value)
    assert len(Corpus.problems(folder, media)) == 1


def test_a_clip_without_a_hash_must_be_as_long_as_annotated(made, folder, tmp_path):
    """A whole file of half the annotated length is named with both lengths."""
    clips = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    write_lines(folder / "clips.jsonl", [clip | {"end_seconds": 2.5} for clip in clips])
    with pytest.raises(DataError, match=r"play0\.mp4: it is 1\.0 s long, annotated as 2\.5 s"):
        Corpus.open("full", folder, media_of(made))


def test_clips_that_cannot_be_used_are_found_before_a_run(made, folder, tmp_path):
    """A clip without sound is refused by file and row although its hash is the annotated one."""
    media = replaced(made, tmp_path, write_clip(tmp_path / "silent.mp4", seconds=1, size=(64, 48), sound=False))
    clips = [json.loads(line) for line in (folder / "clips.jsonl").read_text().splitlines()]
    write_lines(folder / "clips.jsonl", [c | {"sha256": file_sha256(media / f"{c['id']}.mp4")} for c in clips])
    corpus = Corpus.open("full", folder, media)
    corpus.check_media(corpus.rows("train"))
    with pytest.raises(DataError, match=r"row 'test-play2-0': clip .*play2\.mp4: no sound stream") as caught:
        corpus.check_media(corpus.rows("test"))
    assert "\n" not in str(caught.value)


def test_changed_and_missing_clips_are_found_before_a_run(made, tmp_path):
    """Each file that is not what it was is named with the first row that asks about it."""
    corpus = Corpus.open(str(made.export(tmp_path / "data")))
    corpus.media(corpus.rows("train")[0]).unlink()
    with corpus.media(corpus.rows("train")[3]).open("ab") as file:
        file.write(b"\0")
    said = r"row 'train-play0-0': .*play0\.mp4 is missing.* row 'train-play1-0': .*play1\.mp4 is not the file"
    with pytest.raises(DataError, match=said):
        corpus.check_media(corpus.rows("train"))
