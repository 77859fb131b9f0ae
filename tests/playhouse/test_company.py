import json
from pathlib import Path

import pytest

from crossomni.errors import DataError, InputError
from crossomni.playhouse.company import Season, film_one, film_season, open_season
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
