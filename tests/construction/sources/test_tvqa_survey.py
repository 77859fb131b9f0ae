import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.sources.tvqa_faults import FATAL, REASONS, Fault
from crossomni.construction.sources.tvqa_media import FramesAndSound
from crossomni.construction.sources.tvqa_survey import Survey, survey
from crossomni.errors import DataError, RecordError
from crossomni.testing import write_clip
from crossomni.testing.tvqa import TvqaFolder
from tests.construction.sources.copies import FIRST, OTHER, SECOND, SECONDS, frames, line, sound, subtitles

STRANGER = "friends_pilot"


def edit_subtitles(made: TvqaFolder, old: str, new: str) -> None:
    """Replace a text in the first clip's subtitles."""
    path = subtitles(made, FIRST)
    path.write_bytes(path.read_bytes().replace(old.encode("iso-8859-1"), new.encode("iso-8859-1")))


def questions(made: TvqaFolder, split: str = "train") -> Path:
    """A split's file of questions."""
    return made.annotations / "tvqa_qa_release" / f"tvqa_{split}.jsonl"


def reencode(made: TvqaFolder) -> None:
    """The first clip's subtitles in UTF-8."""
    path = subtitles(made, FIRST)
    path.write_text(path.read_text(encoding="iso-8859-1"), encoding="utf-8")


def leave_a_video(made: TvqaFolder, **what: object) -> None:
    """A video in the place of the first clip's frames and sound."""
    shutil.rmtree(frames(made, FIRST))
    sound(made, FIRST).unlink()
    write_clip(made.media / f"{FIRST}.mp4", **{"seconds": SECONDS, "size": (96, 64), **what})


def cut_video_short(made: TvqaFolder) -> None:
    """The first clip as half of a video file."""
    leave_a_video(made)
    path = made.media / f"{FIRST}.mp4"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def keep_first_frames(made: TvqaFolder) -> None:
    """Of the first clip's frames those of four seconds, of eight."""
    for number in range(13, 25):
        (frames(made, FIRST) / f"{number:05}.jpg").unlink()


# What is done to a copy, the reason that this gives, and the item.
SPOILT: list[tuple[Callable[[TvqaFolder], object], str, str]] = [
    (lambda made: sound(made, FIRST).unlink(), "frames without sound", FIRST),
    (lambda made: leave_a_video(made, sound=False), "frames without sound", FIRST),
    (lambda made: shutil.rmtree(frames(made, FIRST)), "sound without frames", FIRST),
    (lambda made: (frames(made, FIRST) / "00004.jpg").unlink(), "frame numbers have a gap", FIRST),
    (lambda made: (frames(made, FIRST) / "00001.jpg").unlink(), "frame numbers have a gap", FIRST),
    (keep_first_frames, "frames and sound differ in length", FIRST),
    (lambda made: shutil.copytree(frames(made, FIRST), made.media / FIRST), "the clip is there twice", FIRST),
    (cut_video_short, "the media cannot be used", FIRST),
    (lambda made: sound(made, FIRST).write_bytes(b"not sound"), "the media cannot be used", FIRST),
    (lambda made: subtitles(made, FIRST).unlink(), "a clip without subtitles", FIRST),
    (
        lambda made: shutil.copy(subtitles(made, FIRST), made.annotations),
        "the subtitles are there twice",
        FIRST,
    ),
    (lambda made: subtitles(made, FIRST).write_text("hello"), "the subtitles cannot be read", FIRST),
    (lambda made: subtitles(made, FIRST).write_text(""), "an empty subtitle file", FIRST),
    (
        lambda made: [edit_subtitles(made, f"({name}:)", "") for name in ("Ann", "Bob")],
        "no speaker is named",
        FIRST,
    ),
    (lambda made: edit_subtitles(made, "00:00:03,500", "00:00:02,000"), "times are discontinuous", FIRST),
    (lambda made: edit_subtitles(made, "00:00:05,250", "00:00:09,500"), "a time is beyond the clip", FIRST),
    (
        lambda made: subtitles(made, FIRST).rename(subtitles(made, STRANGER)),
        "the name is not TVQA's",
        f"tvqa_subtitles/{STRANGER}.srt",
    ),
    (
        lambda made: sound(made, FIRST).rename(made.media / f"{STRANGER}.mp3"),
        "the name is not TVQA's",
        f"{STRANGER}.mp3",
    ),
    (
        lambda made: frames(made, FIRST).rename(made.media / STRANGER),
        "the name is not TVQA's",
        STRANGER,
    ),
    (lambda made: write_clip(made.media / "holiday.mov", seconds=1), "the name is not TVQA's", "holiday.mov"),
    (
        lambda made: (shutil.rmtree(frames(made, FIRST)), sound(made, FIRST).unlink()),
        "subtitles without a clip",
        FIRST,
    ),
    (reencode, "subtitles are not in iso-8859-1", FIRST),
    (lambda made: edit_subtitles(made, "Où est", "Well.\n(Bob:)Où est"), "two speakers at once", FIRST),
    (lambda made: edit_subtitles(made, "It is closed.", ""), "a cue without words", FIRST),
    (
        lambda made: (made.annotations / "notes.jsonl").write_text('{"text": "hello"}'),
        "a file that is not TVQA's",
        "notes.jsonl",
    ),
    (
        lambda made: questions(made).write_text(questions(made).read_text() + "{\n"),
        "a question that cannot be used",
        "tvqa_qa_release/tvqa_train.jsonl, line 2",
    ),
    (
        lambda made: questions(made).write_text(questions(made).read_text().replace("clip_00", "clip_09")),
        "questions without a clip",
        FIRST.replace("clip_00", "clip_09"),
    ),
]


def look(made: TvqaFolder) -> Survey:
    """Survey a copy."""
    return survey(made.media, made.annotations)


def test_a_whole_copy_is_kept(whole: TvqaFolder) -> None:
    """All clips are kept, by name, with their frames and sound; nothing is dropped."""
    found = look(whole)
    assert ([OTHER, FIRST, SECOND], ()) == ([clip.name.id for clip in found.kept], found.dropped)
    assert all(isinstance(clip.film, FramesAndSound) and clip.seconds == SECONDS for clip in found.kept)


def test_an_episode_in_two_splits_is_told(whole: TvqaFolder) -> None:
    """TVQA parts clips and not episodes: an episode in several of its splits is told, once."""
    reason = "an episode is in several of TVQA's splits"
    detail = "tvqa_qa_release/tvqa_train.jsonl, tvqa_qa_release/tvqa_val.jsonl"
    assert (Fault(item="friends_s01e01", reason=reason, detail=detail),) == look(whole).faults


def test_a_kept_clip_brings_its_lines(whole: TvqaFolder) -> None:
    """A kept clip is a record with show, episode, length and lines."""
    clip = look(whole).kept[1].clip
    assert (FIRST, "Friends", "friends_s01e01", 0, SECONDS) == (
        clip.id,
        clip.show,
        clip.episode,
        clip.start_seconds,
        clip.end_seconds,
    )
    assert (line("Ann", "Où est le café?", 1, 2.5), line("Bob", "It is closed.", 3.5, 5.25)) == clip.lines


@pytest.mark.parametrize(("spoil", "reason", "item"), SPOILT)
def test_a_fault_is_told_by_its_reason(
    spoil: Callable[[TvqaFolder], object], reason: str, item: str, copy: TvqaFolder
) -> None:
    """A fault stands in the table with its item; a grave one, and no other, costs the clip, and only that clip."""
    spoil(copy)
    found = look(copy)
    assert (item, reason) in [(fault.item, fault.reason) for fault in found.faults]
    (row,) = (line for line in found.table.splitlines() if line.startswith(reason))
    assert item in row
    if reason in FATAL:
        assert Dropped(stage="source", item=item, reason=reason) in found.dropped
        kept = {clip.name.id for clip in found.kept}
        assert {OTHER, SECOND} <= kept
        assert (FIRST in kept) == (item == "holiday.mov")
    else:
        assert (3, ()) == (len(found.kept), found.dropped)


def test_every_reason_is_shown() -> None:
    """The faults made here are of every kind that there is."""
    made = {reason for _, reason, _ in SPOILT} | {"an episode is in several of TVQA's splits"}
    assert set(REASONS) == made


def test_a_reason_of_ones_own_is_refused() -> None:
    """Reasons are counted, so that there are no others."""
    with pytest.raises(RecordError, match="the reason is 'odd'"):
        Fault(item="x", reason="odd")


def test_an_item_is_dropped_once(copy: TvqaFolder) -> None:
    """A clip with two grave faults is dropped for the first, and both are in the table."""
    sound(copy, FIRST).unlink()
    subtitles(copy, FIRST).write_text("")
    found = look(copy)
    assert (Dropped(stage="source", item=FIRST, reason="frames without sound"),) == found.dropped
    assert "an empty subtitle file" in found.table


def test_the_table_counts_items(copy: TvqaFolder) -> None:
    """A line of the table counts clips, not places, and says whether they are dropped."""
    for name in (FIRST, SECOND):
        edit = subtitles(copy, name)
        edit.write_bytes(edit.read_bytes().replace(b"(Bob:)", b"- ") + b"- again\n")
    lines = look(copy).table.splitlines()
    assert "TVQA: 3 clips can be used, 0 clips or files cannot" == lines[0]
    assert ["two speakers at once", "2", "told"] == [part.strip() for part in lines[2].split("  ") if part][:3]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov"])
def test_a_video_is_used_where_there_is_one(suffix: str, copy: TvqaFolder) -> None:
    """A video goes before frames and sound, in any folder."""
    path = copy.media / "films" / f"{FIRST}{suffix}"
    path.parent.mkdir()
    write_clip(path, seconds=SECONDS, size=(96, 64))
    assert path == look(copy).kept[1].film


def test_any_folders_may_stand_above(copy: TvqaFolder) -> None:
    """Frames and mp3 are found wherever they are below the folder, through links too."""
    shutil.move(frames(copy, FIRST), copy.media / FIRST)
    elsewhere = copy.media.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.move(sound(copy, FIRST), elsewhere)
    (copy.media / "more").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(copy.media)
    assert 3 == len(look(copy).kept)


def test_subtitles_may_be_json_lines(copy: TvqaFolder) -> None:
    """The release's JSON lines take the place of .srt files; names in them cannot lead out of the folder."""
    subtitles(copy, FIRST).unlink()
    sub = [{"text": "Ann : Hello .", "start": 1, "end": 2}]
    lines = [{"vid_name": name, "sub": sub} for name in (FIRST, SECOND, "../../secret")]
    path = copy.annotations / "tvqa_preprocessed_subtitles.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{\n", encoding="utf-8")
    found = look(copy)
    texts = {clip.name.id: clip.clip.lines[0].text for clip in found.kept}
    assert ("Hello .", "Où est le café?") == (texts[FIRST], texts[SECOND])
    wanted = [
        (f"{path.name}, line 3", "the name is not TVQA's"),
        (f"{path.name}, line 4", "the subtitles cannot be read"),
    ]
    assert wanted == [(dropped.item, dropped.reason) for dropped in found.dropped]


def test_a_line_may_end_a_little_late(copy: TvqaFolder) -> None:
    """A line that ends less than a second behind the clip ends with the clip."""
    edit_subtitles(copy, "00:00:05,250", "00:00:08,900")
    assert SECONDS == look(copy).kept[1].clip.lines[1].end_seconds


def test_a_folder_that_is_not_there_is_refused(whole: TvqaFolder, tmp_path: Path) -> None:
    """A folder that is not there is refused by its path."""
    with pytest.raises(DataError, match=r"none: no such folder; wanted TVQA's media"):
        survey(tmp_path / "none", whole.annotations)


def test_a_folder_with_nothing_in_it_is_refused(whole: TvqaFolder, tmp_path: Path) -> None:
    """Where nothing of TVQA's is, the path must be wrong."""
    with pytest.raises(DataError, match=r"no videos, frames or mp3"):
        survey(tmp_path, whole.annotations)
    with pytest.raises(DataError, match=r"no \.srt files"):
        survey(whole.media, tmp_path)
