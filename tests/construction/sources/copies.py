"""A small copy of TVQA from made-up clips: every frame tells its number, a tone sounds in every second's first half."""

from pathlib import Path

from crossomni.records import Annotation, Clip, Line, Person
from crossomni.testing import write_clip
from crossomni.testing.tvqa import TvqaFolder, write_tvqa

SECONDS = 8
FIRST, SECOND, OTHER = (
    "friends_s01e01_seg01_clip_00",
    "friends_s01e01_seg01_clip_01",
    "castle_s02e03_seg01_clip_00",
)


def line(speaker: str, text: str, start: float, end: float) -> Line:
    """A line of subtitles."""
    return Line(speaker=speaker, text=text, start_seconds=start, end_seconds=end)


def annotation(clip_id: str, show: str, episode: str) -> Annotation:
    """Two people who say a line each, one of them with a letter that no ASCII has."""
    lines = (line("Ann", "Où est le café?", 1, 2.5), line("Bob", "It is closed.", 3.5, 5.25))
    persons = tuple(
        Person(name=said.speaker, facts=(), bridge=(), biography=f"{said.speaker} is in it.", lines=(said,))
        for said in lines
    )
    clip = Clip(id=clip_id, show=show, episode=episode, start_seconds=0, end_seconds=SECONDS, lines=lines)
    return Annotation(clip=clip, persons=persons, biography="Ann and Bob are in it.")


def write_copy(folder: Path) -> TvqaFolder:
    """Three clips of eight seconds: FIRST and SECOND of one episode, OTHER of another show."""
    film = write_clip(folder / "film.mp4", seconds=SECONDS, size=(96, 64))
    annotations = [
        annotation("one", "shore", "shore_s01e01"),
        annotation("two", "shore", "shore_s01e01"),
        annotation("three", "hill", "hill_s02e03"),
    ]
    return write_tvqa(folder, annotations, {made.clip.id: film for made in annotations})


def frames(made: TvqaFolder, name: str) -> Path:
    """The folder of a clip's frames."""
    return made.media / "frames_hq" / f"{name.partition('_')[0]}_frames" / name


def sound(made: TvqaFolder, name: str) -> Path:
    """A clip's mp3."""
    show = name.partition("_")[0]
    return made.media / "audios" / show / f"{show}_audios" / f"{name}.mp3"


def subtitles(made: TvqaFolder, name: str) -> Path:
    """A clip's subtitles."""
    return made.annotations / "tvqa_subtitles" / f"{name}.srt"
