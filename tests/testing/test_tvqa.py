import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.media.clip import ClipFile
from crossomni.testing.tvqa import TvqaFolder, write_tvqa

NAME = "friends_s01e01_seg01_clip_00"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """The shipped set."""
    return Corpus.open("playhouse")


@pytest.fixture(scope="module")
def made(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> TvqaFolder:
    """One clip of playhouse as TVQA would have it."""
    row = corpus.rows("train")[0]
    truth = corpus.annotation(row.clip_id)
    assert truth is not None
    return write_tvqa(tmp_path_factory.mktemp("tvqa"), [truth], {row.clip_id: corpus.media(row)})


def test_the_truth_is_found_by_name(corpus: Corpus, made: TvqaFolder) -> None:
    """TVQA's name of a clip leads to the clip it was made from."""
    assert {NAME: corpus.rows("train")[0].clip_id} == made.source_of


def test_there_are_three_frames_a_second(corpus: Corpus, made: TvqaFolder) -> None:
    """Frames are numbered from 00001, a third of a second apart, up to the clip's end."""
    clip = ClipFile(corpus.media(corpus.rows("train")[0]))
    paths = sorted((made.media / "frames_hq" / "friends_frames" / NAME).iterdir())
    assert (int(np.ceil(clip.seconds * 3)), "00001.jpg") == (len(paths), paths[0].name)
    assert np.abs(clip.frames([10.0])[0] - np.asarray(Image.open(paths[30])).astype(int)).mean() < 3


def test_sound_is_an_mp3(made: TvqaFolder) -> None:
    """Sound lies in the show's folder of sounds."""
    assert (made.media / "audios" / "friends" / "friends_audios" / f"{NAME}.mp3").stat().st_size > 10_000


def test_subtitles_name_their_speakers(corpus: Corpus, made: TvqaFolder) -> None:
    """An .srt has a cue for each line, with its speaker."""
    line = corpus.clips[made.source_of[NAME]].lines[0]
    text = (made.annotations / "tvqa_subtitles" / f"{NAME}.srt").read_text(encoding="iso-8859-1")
    assert f"({line.speaker}:){line.text}" == text.splitlines()[2]


def test_questions_are_tvqas(corpus: Corpus, made: TvqaFolder) -> None:
    """A question has five answers, the right one at its index."""
    (line,) = (made.annotations / "tvqa_qa_release" / "tvqa_train.jsonl").read_text().splitlines()
    question = json.loads(line)
    assert corpus.clips[made.source_of[NAME]].lines[0].speaker == question[f"a{question['answer_idx']}"]
    assert 5 == len({question[f"a{place}"] for place in range(5)})


def test_an_unusual_episode_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    """An episode whose number cannot be told is refused with its clip."""
    row = corpus.rows("train")[0]
    truth = corpus.annotation(row.clip_id)
    assert truth is not None
    clip = truth.clip.__class__(**{**truth.clip.__dict__, "episode": "pilot"})
    with pytest.raises(InputError, match="its episode is 'pilot'"):
        write_tvqa(tmp_path, [truth.__class__(**{**truth.__dict__, "clip": clip})], {row.clip_id: corpus.media(row)})
