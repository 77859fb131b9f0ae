"""A small folder in the shape of TVQA's release, made from clips whose truth is known.

Frames at 3 a second as JPEG, sound as mp3, subtitles in iso-8859-1 with ``(Name:)``, questions in JSON lines.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import av
from PIL import Image

from crossomni.errors import InputError
from crossomni.media.clip import ClipFile
from crossomni.media.timeline import opened
from crossomni.records import Annotation, Line

FRAMES_PER_SECOND = 3
# The folder of each show's frames, the prefix of its clips' names and how the release spells it.
_SHOWS = (
    ("friends", "friends_", "Friends"),
    ("castle", "castle_", "Castle"),
    ("house", "house_", "House M.D."),
    ("bbt", "", "The Big Bang Theory"),
    ("grey", "grey_", "Grey's Anatomy"),
    ("met", "met_", "How I Met You Mother"),
)
_SPLITS = ("tvqa_train", "tvqa_val", "tvqa_test_public")
_EPISODE = re.compile(r".*?(s[0-9]{2}e[0-9]{2})")
_ANSWERS = 5


class TvqaFolder(NamedTuple):
    """What ``write_tvqa`` wrote; ``source_of`` leads to the truth: TVQA's name of a clip -> the id it came with."""

    media: Path
    annotations: Path
    source_of: dict[str, str]


def write_tvqa(folder: Path, annotations: Iterable[Annotation], media: Mapping[str, Path]) -> TvqaFolder:
    """Write ``<folder>/media`` and ``<folder>/annotations`` from annotated clips and their files, by clip id.

    Each show takes the name of one of TVQA's, each clip a name such as ``friends_s01e01_seg01_clip_00``. Clips go by
    turns into the three files of questions, the last of which holds its answers back.

    Raises:
        InputError: for more than six shows, an episode that does not end as ``s01e01``, or a text that iso-8859-1
            cannot hold.
    """
    made = TvqaFolder(folder / "media", folder / "annotations", {})
    subtitles, questions = made.annotations / "tvqa_subtitles", made.annotations / "tvqa_qa_release"
    for place in (subtitles, questions):
        place.mkdir(parents=True, exist_ok=True)
    for split in _SPLITS:
        (questions / f"{split}.jsonl").unlink(missing_ok=True)
    shows: dict[str, tuple[str, str, str]] = {}
    for number, annotation in enumerate(annotations):
        clip = annotation.clip
        if clip.show not in shows and len(shows) == len(_SHOWS):
            raise InputError(f"clip {clip.id!r}: the seventh show; wanted clips of at most {len(_SHOWS)}. Take fewer.")
        short, prefix, show = shows.setdefault(clip.show, _SHOWS[len(shows) % len(_SHOWS)])
        name = _name(prefix, annotation, made.source_of)
        made.source_of[name] = clip.id
        _write_frames(ClipFile(media[clip.id]), made.media / "frames_hq" / f"{short}_frames" / name)
        _write_mp3(media[clip.id], made.media / "audios" / short / f"{short}_audios" / f"{name}.mp3")
        _write_srt(clip.lines, subtitles / f"{name}.srt")
        _append_question(questions / f"{_SPLITS[number % len(_SPLITS)]}.jsonl", number, annotation, name, show)
    return made


def _name(prefix: str, annotation: Annotation, taken: Mapping[str, str]) -> str:
    episode = _EPISODE.fullmatch(annotation.clip.episode)
    if episode is None:
        raise InputError(f"clip {annotation.clip.id!r}: its episode is {annotation.clip.episode!r}; wanted '…s01e01'.")
    start = f"{prefix}{episode[1]}_seg01_clip_"
    return f"{start}{sum(name.startswith(start) for name in taken):02}"


def _write_frames(clip: ClipFile, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    count = math.ceil(round(clip.seconds * FRAMES_PER_SECOND, 3))
    pictures = clip.frames([number / FRAMES_PER_SECOND for number in range(count)])
    for number, picture in enumerate(pictures, start=1):
        Image.fromarray(picture).save(folder / f"{number:05}.jpg", quality=95)


def _write_mp3(video: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened(video) as clip, av.open(str(path), "w") as target:
        source = clip.streams.audio[0]
        layout = "mono" if source.codec_context.layout.nb_channels == 1 else "stereo"
        sound = target.add_stream("libmp3lame", rate=source.codec_context.rate, layout=layout)
        sound.bit_rate = 96_000
        for frame in clip.decode(source):
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))


def srt_time(seconds: float) -> str:
    """A time as subtitles write it.

    >>> srt_time(75.5)
    '00:01:15,500'
    """
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{milliseconds:03}"


def _write_srt(lines: Iterable[Line], path: Path) -> None:
    cues = (
        f"{number}\n{srt_time(line.start_seconds)} --> {srt_time(line.end_seconds)}\n"
        f"{f'({line.speaker}:)' if line.speaker else ''}{line.text}\n"
        for number, line in enumerate(lines, start=1)
    )
    try:
        path.write_bytes("\n".join(cues).encode("iso-8859-1"))
    except UnicodeEncodeError as error:
        raise InputError(f"{path}: {error.object[error.start]!r} is not in iso-8859-1; wanted a plain text.") from error


def _append_question(path: Path, number: int, annotation: Annotation, name: str, show: str) -> None:
    """Who says the clip's first line."""
    line = annotation.clip.lines[0]
    others = [person.name for person in annotation.persons if person.name != line.speaker]
    answers = [*others, *(f"Somebody else, number {place}" for place in range(1, _ANSWERS))][: _ANSWERS - 1]
    answers.insert(number % _ANSWERS, line.speaker)
    question = {
        "qid": number,
        "q": f'Who says "{line.text}"?',
        **{f"a{place}": answer for place, answer in enumerate(answers)},
        "answer_idx": number % _ANSWERS,
        "ts": f"{line.start_seconds}-{line.end_seconds}" if number % 4 else "NaN-NaN",
        "vid_name": name,
        "show_name": show,
    }
    if path.stem.endswith("public"):
        del question["answer_idx"]
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(question) + "\n")
