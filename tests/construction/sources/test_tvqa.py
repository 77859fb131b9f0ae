from pathlib import Path

import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.sources.tvqa import Tvqa
from crossomni.media.cache import file_sha256
from crossomni.media.clip import ClipFile
from crossomni.records import Clip
from crossomni.testing import frame_number, write_clip
from crossomni.testing.tvqa import TvqaFolder
from tests.construction.sources.copies import FIRST, OTHER, SECOND, frames, line, sound, write_copy


def kept(source: Tvqa, work: Path) -> list[tuple[Clip, Path]]:
    """The first clip's two parts, when none is dropped."""
    found = list(source.parts(source.survey().kept[1], work))
    assert not any(isinstance(item, Dropped) for item in found)
    return found


@pytest.fixture
def source(copy: TvqaFolder) -> Tvqa:
    """A copy of TVQA whose clips are cut into parts of 3 to 4 s."""
    return Tvqa(copy.media, copy.annotations, min_seconds=3, max_seconds=4)


def test_clips_are_aligned_with_subtitles(source: Tvqa, tmp_path: Path) -> None:
    """Each clip gives its parts, with lines from their own start and their place in the clip."""
    found = list(source.clips(tmp_path / "work"))
    clips = [item[0] for item in found if not isinstance(item, Dropped)]
    assert [f"{name}_p0{part}" for name in (OTHER, FIRST, SECOND) for part in (1, 2)] == [clip.id for clip in clips]
    assert [(0, 3), (3, 7)] == [(clip.start_seconds, clip.end_seconds) for clip in clips[2:4]]
    assert (line("Bob", "It is closed.", 0.5, 2.25),) == clips[3].lines


def test_a_part_shows_what_its_lines_say(source: Tvqa, tmp_path: Path) -> None:
    """A part's file has the pictures of its stretch, and its clip the file's hash."""
    clip, path = kept(source, tmp_path / "work")[1]
    shown = [frame_number(frame) for frame in ClipFile(path).frames([0, 3.9])]
    assert (f"{clip.id}.mp4", file_sha256(path), [36, 80]) == (path.name, clip.sha256, shown)


def test_what_is_there_is_not_made_again(source: Tvqa, tmp_path: Path) -> None:
    """A second pass gives the same and writes nothing; a part that is missing is made as it was."""
    first = kept(source, tmp_path / "work")
    before = {path: path.stat().st_mtime_ns for _, path in first}
    first[1][1].unlink()
    assert first == kept(source, tmp_path / "work")
    changed = [path for _, path in first if path.stat().st_mtime_ns != before[path]]
    assert [first[1][1]] == changed


def test_a_part_with_other_ends_is_made_again(source: Tvqa, copy: TvqaFolder, tmp_path: Path) -> None:
    """A file that was made for other ends has the same name, and is not taken for this part's."""
    kept(source, tmp_path / "work")
    whole = Tvqa(copy.media, copy.annotations, min_seconds=3, max_seconds=8)
    clip, path = kept(whole, tmp_path / "work")[0]
    assert (8, file_sha256(path)) == (ClipFile(path).seconds, clip.sha256)


def test_a_part_of_another_film_is_made_again(source: Tvqa, copy: TvqaFolder, tmp_path: Path) -> None:
    """Where a clip's media have changed, its parts are made of the new ones."""
    work = tmp_path / "work"
    before = kept(source, work)[0][0].sha256
    write_clip(copy.media / f"{FIRST}.mp4", seconds=8, size=(64, 64))
    clip, path = kept(Tvqa(copy.media, copy.annotations, min_seconds=3, max_seconds=4), work)[0]
    assert ((64, 64), True) == (ClipFile(path).size, clip.sha256 != before)


def test_a_damaged_note_is_nothing(source: Tvqa, tmp_path: Path) -> None:
    """Where the note beside a file says nothing, the file is made again."""
    first = kept(source, tmp_path / "work")
    for content in ("", "[]", '{"sha256": "0"}'):
        first[0][1].with_suffix(".json").write_text(content, encoding="utf-8")
        assert first == kept(source, tmp_path / "work")


def test_a_damaged_frame_costs_its_part(source: Tvqa, copy: TvqaFolder, tmp_path: Path) -> None:
    """A picture that cannot be read drops the part it is in, by name, and no other."""
    frame = frames(copy, FIRST) / "00020.jpg"
    frame.write_bytes(frame.read_bytes()[:300])
    found = list(source.clips(tmp_path / "work"))
    dropped = Dropped(stage="source", item=f"{FIRST}_p02", reason="the media cannot be used")
    assert ([dropped], 5) == ([item for item in found if isinstance(item, Dropped)], len(found) - 1)


def test_the_survey_is_made_once(source: Tvqa) -> None:
    """A copy is looked through once."""
    assert source.survey() is source.survey()


def test_media_that_vanish_after_the_survey_drop_their_clip(tmp_path: Path) -> None:
    """And no other one."""
    made = write_copy(tmp_path)
    source = Tvqa(made.media, made.annotations)
    assert len(source.survey().kept) == 3
    sound(made, FIRST).unlink()
    found = list(source.clips(tmp_path / "work"))
    assert {one.item.removesuffix("_p01") for one in found if isinstance(one, Dropped)} == {FIRST}
    assert len([one for one in found if not isinstance(one, Dropped)]) == 2
