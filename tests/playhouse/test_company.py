import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crossomni.errors import DataError, InputError
from crossomni.playhouse.company import Season, film_one, film_season, held, open_season
from crossomni.playhouse.perception import perceive


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    """Two filmed plays."""
    made = Season(clips=2, seed=5, folder=tmp_path_factory.mktemp("plays") / "season")
    open_season(made)
    for index in range(2):
        film_one(made, index)
    return made


def test_a_season_has_a_film_and_a_truth_for_each_clip(season):
    """Each clip's truth names the hash of the film beside it."""
    from crossomni.corpus import file_sha256

    for truth in season.annotations():
        assert truth.clip.sha256 == file_sha256(season.video(truth.clip.id))


def test_the_same_seed_films_the_same_bytes(season, tmp_path):
    """Another folder, the other order: the same films, byte for byte."""
    again = Season(clips=2, seed=5, folder=tmp_path / "again")
    open_season(again)
    for index in (1, 0):
        film_one(again, index)
    for clip in season.clip_ids:
        assert season.video(clip).read_bytes() == again.video(clip).read_bytes()
        assert json.loads(season.truth(clip).read_text()) == json.loads(again.truth(clip).read_text())


@pytest.mark.slow
def test_filming_goes_on_where_it_stopped(season, tmp_path):
    """A clip without its truth is filmed again, what is done is left alone, and nothing else is in the folder."""
    whole = Season(clips=2, seed=5, folder=tmp_path / "season")
    assert sorted(film_season(whole, workers=1)) == sorted(whole.clip_ids)
    first, second = whole.clip_ids
    whole.truth(first).unlink()
    whole.video(first).write_bytes(b"half a film")
    kept = whole.video(second).stat().st_mtime_ns
    assert sorted(film_season(whole, workers=1)) == sorted(whole.clip_ids)
    assert whole.video(first).read_bytes() == season.video(first).read_bytes()
    assert whole.video(second).stat().st_mtime_ns == kept
    assert len(list(Path(whole.folder, "clips").iterdir())) == 2


@pytest.mark.slow
def test_a_lost_film_is_filmed_again_and_said(season, tmp_path, caplog):
    """What is done but damaged is filmed again, the same bytes, and a warning names its file."""
    copy = Season(clips=2, seed=5, folder=shutil.copytree(season.folder, tmp_path / "season"))
    lost = copy.video(copy.clip_ids[1])
    lost.unlink()
    assert sorted(film_season(copy, workers=1)) == sorted(copy.clip_ids)
    assert lost.read_bytes() == season.video(copy.clip_ids[1]).read_bytes()
    assert [f"{lost} is missing" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("clips/{}.mp4", None, "mp4 is missing"),
        ("clips/{}.mp4", "half a film", "mp4 is not the file that was filmed"),
        ("truth/{}.json", None, "it is not filmed"),
        ("truth/{}.json", "{", "json: not JSON"),
        ("truth/{}.json", "{}", "json: annotation: KeyError 'clip'"),
        ("truth/{}.json", "[" * 100_000, "json: not JSON"),
    ],
)
def test_a_clip_is_done_when_film_and_truth_agree(season, tmp_path, file, content, said):
    """A missing or damaged film or truth is a fault of its clip, and of no other."""
    copy = Season(clips=2, seed=5, folder=shutil.copytree(season.folder, tmp_path / "season"))
    first, second = copy.clip_ids
    (copy.folder / file.format(first)).unlink()
    if content is not None:
        (copy.folder / file.format(first)).write_text(content)
    assert said in copy.fault(first)
    assert copy.fault(second) == ""


@pytest.mark.parametrize(("content", "said"), [("{", "not JSON"), ("[]", "list came"), ("{}", "was filmed here")])
def test_a_damaged_seasons_file_is_named(tmp_path, content, said):
    """What cannot be read is refused in one line with the file's name."""
    (tmp_path / "playhouse.json").write_text(content)
    with pytest.raises(DataError, match=rf"playhouse\.json: .*{said}") as caught:
        open_season(Season(clips=1, seed=0, folder=tmp_path))
    assert "\n" not in str(caught.value)


def test_a_damaged_truth_is_named(season, tmp_path):
    """The truth that cannot be read is refused with the file's name."""
    copy = Season(clips=2, seed=5, folder=shutil.copytree(season.folder, tmp_path / "season"))
    copy.truth(copy.clip_ids[1]).write_text("{")
    with pytest.raises(DataError, match=rf"{copy.clip_ids[1]}\.json: not JSON"):
        copy.annotations()


def test_a_season_is_held_by_one_at_a_time(tmp_path):
    """The second is told that another process is there; when that is done, the folder is free."""
    season = Season(clips=1, seed=0, folder=tmp_path / "season")
    with held(season), pytest.raises(DataError, match="season: another process films or builds there"), held(season):
        pass
    with held(season):
        pass


def test_what_a_killed_process_left_half_written_goes(tmp_path):
    """Who holds the folder clears unfinished files away, and nothing else."""
    season = Season(clips=1, seed=0, folder=tmp_path / "season")
    open_season(season)
    (season.folder / "clips" / ".a.mp4.77.part").touch()
    (season.folder / "truth" / ".a.json.x7").touch()
    (season.folder / "clips" / "a.mp4").touch()
    with held(season):
        assert sorted(path.name for path in season.folder.rglob("*.*")) == ["a.mp4", "playhouse.json"]


def filming(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """The command, filming many clips with two processes, and those processes; the first clip is done."""
    command = ["playhouse", "--clips", "50", "--workers", "2", "--out", str(folder)]
    running = subprocess.Popen([sys.executable, "-m", "crossomni", *command], stderr=subprocess.PIPE, text=True)
    while not any(folder.glob("truth/*.json")):
        assert running.poll() is None
        time.sleep(0.05)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    return running, [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_running(process: int) -> bool:
    """Whether a process is there and is more than a name that nobody has asked for yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_processes_that_film_end_with_the_one_that_started_them(tmp_path, sign):
    """However the command is ended, nothing films on; where it can still speak, it says what is there."""
    running, films = filming(tmp_path / "season")
    running.send_signal(sign)
    said = running.communicate(timeout=60)[1]
    waited = time.monotonic() + 20
    while any(map(is_running, films)) and time.monotonic() < waited:
        time.sleep(0.05)
    assert [is_running(process) for process in films] == [False, False]
    if sign == signal.SIGTERM:
        assert running.returncode == 128 + sign
        assert "of 50 clips are filmed and stay in" in said
        assert not list(tmp_path.glob("season/clips/.*"))


@pytest.mark.slow
def test_a_killed_process_that_films_is_one_line(tmp_path):
    """A process killed from outside ends the command with a line that says what is there, and how to go on."""
    running, films = filming(tmp_path / "season")
    os.kill(films[0], signal.SIGKILL)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 2
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if line.startswith("crossomni:")]
    assert "was killed from outside" in line
    assert "of 50 clips are filmed and stay in" in line


def test_another_seasons_folder_is_refused(season):
    """A folder filmed with one seed takes no film of another."""
    with pytest.raises(DataError, match="was filmed here"):
        open_season(Season(clips=2, seed=6, folder=season.folder))


def test_a_strangers_folder_is_refused(tmp_path):
    """A folder with other things in it is left alone."""
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(DataError, match="is not empty"):
        open_season(Season(clips=1, seed=0, folder=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_season_has_at_least_one_clip(tmp_path):
    """No clips is no season."""
    with pytest.raises(InputError, match="at least 1"):
        Season(clips=0, seed=0, folder=tmp_path)


def test_a_season_half_filmed_has_no_annotations(season):
    """Truth that is not there yet is named, not left out."""
    with pytest.raises(DataError, match="are not filmed"):
        Season(clips=3, seed=5, folder=season.folder).annotations()


def test_what_is_asked_is_read_back_from_the_film(season):
    """From frames and sound alone, nearly every fact of a play is read right."""
    readings = [
        reading for truth in season.annotations() for reading in perceive(season.video(truth.clip.id), truth)
    ]  # fmt: skip
    assert len(readings) > 80
    assert sum(reading.read == reading.true for reading in readings) / len(readings) >= 0.95
    assert {"line", "top colour", "action", "entrance", "thing: colour"} <= {reading.kind for reading in readings}
