"""A benchmark's clips among the user's files: all there, some there, or wrong."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crossomni.benchmarks.opening import open_benchmark
from crossomni.errors import DataError, InputError
from crossomni.testing import write_clip
from crossomni.testing.benchmarks import BenchmarkFolder, write_daily_omni

Written = dict[str, BenchmarkFolder]
Copy = Callable[[str], Path]


def test_missing_clips_are_told_before_anything_runs(copied: Copy) -> None:
    """How many, which, under which name they were looked for, and what can be done."""
    folder = copied("daily-omni")
    for video in ("-playhouseA", "-playhouseD"):
        shutil.rmtree(folder / "Videos" / video)
    said = (
        "2 of 6 clips of Daily-Omni are missing: -playhouseA, -playhouseD. Looked for names such as "
        "-playhouseA_video.mp4. Get them from https://huggingface.co/datasets/liarliar/Daily-Omni, or ask only about "
        "those that are there: daily-omni:partial."
    )
    with pytest.raises(DataError) as refused:
        open_benchmark("daily-omni", None, folder)
    assert str(refused.value).endswith(said)


def test_ten_missing_clips_are_named_and_the_others_counted(tmp_path: Path) -> None:
    """One line stays one line."""
    folder = write_daily_omni(tmp_path, clips=12, questions=1).folder
    shutil.rmtree(folder / "Videos")
    with pytest.raises(DataError, match=r"12 of 12 clips .*playhouseJ and 2 more\. Looked .*liarliar/Daily-Omni\.$"):
        open_benchmark("daily-omni:partial", None, folder)


def test_a_part_is_asked_by_its_own_name(copied: Copy, written: Written) -> None:
    """Only about clips that are there; how many questions that leaves out is said, and the data are others."""
    folder = copied("worldsense")
    (folder / "videos" / "aplayhouseC.mp4").unlink()
    part, whole = (
        open_benchmark("worldsense:partial", None, folder),
        open_benchmark("worldsense", None, written["worldsense"].folder),
    )
    assert (len(part.rows("test")), part.source["benchmark"]["without_clip"]) == (15, 3)
    assert "worldsense.aplayhouseC" not in part.clips
    assert part.fingerprint != whole.fingerprint


def test_a_part_that_is_whole_is_the_whole(written: Written) -> None:
    """Nothing is left out where nothing is missing."""
    part, whole = (open_benchmark(name, None, written["avut"].folder) for name in ("avut:partial", "avut"))
    assert part.fingerprint == whole.fingerprint


def test_the_plain_name_comes_before_the_other(copied: Copy) -> None:
    """AVUT has both files of some clips."""
    folder = copied("avut")
    shutil.copyfile(folder / "aplayhouseC.mp4", folder / "-playhouseA_fullsize.mp4")
    row = open_benchmark("avut", None, folder).rows("test")[0]
    assert row.video == "-playhouseA.mp4"


def test_one_clip_in_two_folders_is_one_clip(copied: Copy) -> None:
    """With the same bytes it does not matter which; with others it is refused."""
    folder = copied("avut")
    (folder / "film").mkdir()
    twin = Path(shutil.copyfile(folder / "-playhouseA.mp4", folder / "film" / "-playhouseA.mp4"))
    assert open_benchmark("avut", None, folder).rows("test")[0].video == "-playhouseA.mp4"
    shutil.copyfile(folder / "aplayhouseC.mp4", twin)
    with pytest.raises(DataError, match=r"1 of 6 clips cannot be used: -playhouseA: .* differ, though they have one"):
        open_benchmark("avut", None, folder)


def test_a_clip_without_sound_is_refused(copied: Copy) -> None:
    """As everywhere here: who promises sound must have it."""
    folder = copied("worldsense")
    write_clip(folder / "videos" / "aplayhouseC.mp4", seconds=1, size=(64, 48), sound=False)
    with pytest.raises(DataError, match=r"1 of 6 clips cannot be used: aplayhouseC: .*no sound stream"):
        open_benchmark("worldsense:partial", None, folder)


def test_a_damaged_clip_is_refused(copied: Copy) -> None:
    """By its name, also where a part would do."""
    folder = copied("worldsense")
    (folder / "videos" / "aplayhouseC.mp4").write_bytes(b"no video")
    with pytest.raises(DataError, match=r"1 of 6 clips cannot be used: aplayhouseC: .*FFmpeg cannot read it"):
        open_benchmark("worldsense:partial", None, folder)


def test_annotations_may_be_elsewhere(copied: Copy, tmp_path: Path) -> None:
    """As a file, or as the folder that holds it; else they are looked for beside the clips."""
    folder = copied("daily-omni")
    (tmp_path / "notes").mkdir()
    path = shutil.move(folder / "qa.json", tmp_path / "notes" / "qa.json")
    assert (
        open_benchmark("daily-omni", Path(path), folder).fingerprint
        == open_benchmark("daily-omni", tmp_path / "notes", folder).fingerprint
    )
    with pytest.raises(DataError, match=r"qa\.json: no such file; wanted Daily-Omni's annotations, qa\.json from http"):
        open_benchmark("daily-omni", None, folder)


def test_a_folder_that_is_not_there_is_refused(written: Written, tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(DataError, match="nowhere: no such folder; wanted that of AVUT"):
        open_benchmark("avut", written["avut"].annotations, tmp_path / "nowhere")


def test_media_are_needed_unless_rows_are_enough(written: Written) -> None:
    """An audit looks at no clip; a run does."""
    path = written["avut"].annotations
    assert open_benchmark("avut", path, None, rows_only=True).source["clips"] == "not looked for"
    for annotations, rows_only in ((path, False), (None, True), (None, False)):
        with pytest.raises(InputError, match=r"avut: no media came; wanted the folder of AVUT .* Give --media FOLDER"):
            open_benchmark("avut", annotations, None, rows_only=rows_only)


def test_only_benchmarks_are_opened_here() -> None:
    """Another name is refused with those that there are."""
    with pytest.raises(
        InputError, match="'playhouse' is no benchmark; wanted one of daily-omni, daily-omni:partial, w"
    ):
        open_benchmark("playhouse", None, None)
