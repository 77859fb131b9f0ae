"""Annotated plays without their films: what construction takes in, made in a moment."""

import shutil
from dataclasses import replace
from pathlib import Path

from crossomni.corpus import file_sha256
from crossomni.ledger import write_json
from crossomni.playhouse.company import Season, open_season
from crossomni.playhouse.plays import PAUSE_SECONDS, Play
from crossomni.playhouse.scripts import write_play
from crossomni.playhouse.truth import tell
from crossomni.records import Annotation, Line
from crossomni.testing import write_clip


def annotations(count: int, seed: int = 3) -> list[Annotation]:
    """The truth of ``count`` plays, with lines of two seconds each."""
    return [_annotation(write_play(seed, index)) for index in range(count)]


def filmed(folder: Path) -> Season:
    """A season of four plays whose films are made up, so that a build of it films nothing."""
    season = Season(clips=4, seed=3, folder=folder / "season")
    open_season(season)
    film = write_clip(folder / "film.mp4", seconds=1, size=(64, 48))
    for annotation in annotations(4, seed=3):
        shutil.copy(film, season.video(annotation.clip.id))
        clip = replace(annotation.clip, sha256=file_sha256(film))
        write_json(season.truth(clip.id), replace(annotation, clip=clip).to_json())
    film.unlink()
    return season


def _annotation(play: Play) -> Annotation:
    start = 3.0
    lines = []
    for actor in sorted(play.actors, key=lambda actor: actor.turn):
        lines.append(Line(speaker=actor.name, text=actor.line, start_seconds=start, end_seconds=start + 2))
        start += 2 + PAUSE_SECONDS
    return tell(play, tuple(lines), start)
