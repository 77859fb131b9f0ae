"""Annotated plays without their films: what construction takes in, made in a moment."""

from crossomni.playhouse.plays import PAUSE_SECONDS, Play
from crossomni.playhouse.scripts import write_play
from crossomni.playhouse.truth import tell
from crossomni.records import Annotation, Line


def annotations(count: int, seed: int = 3) -> list[Annotation]:
    """The truth of ``count`` plays, with lines of two seconds each."""
    return [_annotation(write_play(seed, index)) for index in range(count)]


def _annotation(play: Play) -> Annotation:
    start = 3.0
    lines = []
    for actor in sorted(play.actors, key=lambda actor: actor.turn):
        lines.append(Line(speaker=actor.name, text=actor.line, start_seconds=start, end_seconds=start + 2))
        start += 2 + PAUSE_SECONDS
    return tell(play, tuple(lines), start)
