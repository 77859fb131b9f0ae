"""Pictures and sound of a shipped play, for README and for the page of the nine tasks.

    python -m docs.making.plays docs/images/play.png

draws README's picture again. What the site shows is made when it is built, by ``cards`` and ``whole``.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crossomni.corpus import Corpus
from crossomni.media.clip import ClipFile
from crossomni.media.tracks import wav
from crossomni.playhouse.stage import PLACE_X
from crossomni.playhouse.vocabulary import PLACES
from crossomni.records import Annotation, Line, Person, Row
from crossomni.tasks import TASKS, Modality, Task

PAIR = "lantern_s01e01_clip_01/2"  # the pair block that README and the page of the tasks tell of
RATE_HZ = 16_000
MARK = "#e69f00"
_HALF_WIDTH, _TOP, _BOTTOM = 54, 62, 246  # pixels of a frame around somebody who stands there


@dataclass(frozen=True, kw_only=True)
class Block:
    """Nine rows about one person: one of each task, and what is true of the person."""

    rows: Mapping[str, Row]  # by the task's id
    truth: Annotation
    person: Person  # whom all nine questions are about
    file: ClipFile

    @classmethod
    def of(cls, pair: str) -> Block:
        """The shipped rows under one pair id, about somebody whose line the question of hearing quotes."""
        corpus = Corpus.open("playhouse")
        rows = [row for split in corpus.splits for row in corpus.rows(split) if row.pair_id == pair]
        by_task = {row.task.id: row for row in rows if row.task}
        assert by_task.keys() == {task.id for task in TASKS}, f"{pair}: {sorted(by_task)} is no whole block"
        truth = corpus.annotation(rows[0].clip_id)
        assert truth is not None
        person = next(one for one in truth.persons if one.lines[0].text in by_task["au"].question)
        return cls(rows=by_task, truth=truth, person=person, file=ClipFile(corpus.media(rows[0])))

    @property
    def line(self) -> Line:
        """What the person says."""
        return self.person.lines[0]

    @property
    def place(self) -> int:
        """Where the person stands, among the four."""
        fact = self.person.fact(Modality("vision"), "place")
        assert fact is not None
        return PLACES.index(fact.value)

    @cached_property
    def sound(self) -> np.ndarray:
        """The clip's, float32 (samples,)."""
        return self.file.sound(RATE_HZ)

    def loudest(self, line: Line) -> float:
        """The moment of a line, in seconds, at which the mouth is widest open."""
        first, last = (round(at * RATE_HZ) for at in (line.start_seconds, line.end_seconds))
        heard = np.convolve(self.sound[first:last] ** 2, np.ones(RATE_HZ // 10), "same")
        return (first + int(np.argmax(heard))) / RATE_HZ

    def frame(self, seconds: float, marked: bool = False, scale: int = 2) -> Image.Image:
        """One frame, larger, and on demand with the person framed and everybody else faded."""
        picture = Image.fromarray(self.file.frames([seconds])[0])
        picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS)
        if not marked:
            return picture
        middle = PLACE_X[self.place]
        left, top, right, bottom = (scale * at for at in (middle - _HALF_WIDTH, _TOP, middle + _HALF_WIDTH, _BOTTOM))
        box = (left, top, right, bottom)
        faded = Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.45)
        faded.paste(picture.crop(box), (left, top))
        ImageDraw.Draw(faded).rounded_rectangle(box, radius=5 * scale, outline=MARK, width=2 * scale)
        return faded


def _player(name: str, said: str) -> str:
    return f'<audio controls preload="metadata" src="{name}"></audio><p>{html.escape(said)}</p>'


def _picture(name: str, told: str) -> str:
    return f'<img src="{name}" alt="{html.escape(told)}"><p>{html.escape(told)}</p>'


def _text(biography: str, *values: str) -> str:
    told = html.escape(biography)
    for value in values:
        told = told.replace(html.escape(value), f"<mark>{html.escape(value)}</mark>", 1)
    return f"<blockquote>{told}</blockquote>"


def write_media(block: Block, folder: Path) -> None:
    """Write what the page shows and plays: the clip, the person's line, the person as it speaks and as it stands."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "play.mp4").write_bytes(block.file.path.read_bytes())
    block.frame(block.file.seconds - 0.4).save(folder / "stage.webp", quality=88)
    line = block.line
    first, last = (round(at * RATE_HZ) for at in (line.start_seconds - 0.2, line.end_seconds + 0.2))
    (folder / "line.wav").write_bytes(wav(block.sound[first:last], RATE_HZ))
    block.frame(block.loudest(line), marked=True).save(folder / "speaks.webp", quality=88)
    block.frame(block.file.seconds - 0.4, marked=True).save(folder / "stands.webp", quality=88)


def whole(block: Block, folder: str) -> str:
    """The clip with its biographies, as HTML."""
    lives = "".join(f"<p>{html.escape(life)}</p>" for life in block.truth.biography.split("\n"))
    return (
        f'<video class="play" controls preload="metadata" poster="{folder}/stage.webp" '
        f'src="{folder}/play.mp4"></video>\n'
        f"<details><summary>The biographies of everybody and everything in it</summary>{lives}</details>"
    )


def cards(block: Block, task: Task, folder: str) -> str:
    """How one finds the answer, as HTML: a card for each step, with its picture, sound or text."""
    row, person = block.rows[task.id], block.person
    option = row.options[row.letters.index(row.answer)]
    clue = row.id.rpartition("/")[2].partition("-")[0]
    values = {f.kind.replace(" ", ""): f.value for f in person.facts}
    looks = " and ".join(f.value + (" trousers" if f.kind == "trousers" else "") for f in person.bridge)
    spoken = f"“{block.line.text}”"
    shown = {
        "audio": (_player(f"{folder}/line.wav", spoken), _player(f"{folder}/line.wav", f"The voice is {option}.")),
        "vision": (
            _picture(f"{folder}/stands.webp", f"The one whose face is {values.get(clue, '')}."),
            _picture(f"{folder}/stands.webp", f"The hair is {option}."),
        ),
        "text": (_text(person.biography, values.get(clue, "")), _text(person.biography, option)),
    }
    steps = [("Find", shown[task.source.value][0])]
    for one, other in zip(task.route, task.route[1:], strict=False):
        if "audio" in (one.value, other.value):
            bridge = _picture(f"{folder}/speaks.webp", f"Whose lips move while {spoken} is heard.")
        else:
            bridge = _text(person.biography, *(f.value for f in person.bridge)) + f"<p>Told by {looks}.</p>"
        steps.append(("Recognise", bridge))
    steps.append(
        ("Answer", shown[task.target.value][1] + f"<p><strong>{row.answer}. {html.escape(option)}</strong></p>")
    )
    parts = "".join(f"<div><h4>{title}</h4>{body}</div>" for title, body in steps)
    return f'<div class="steps">{parts}</div>'


def poster(block: Block, task: str = "au-te") -> Image.Image:
    """README's picture: four moments of the play, its question and the four options."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    plain, bold = (
        {size: ImageFont.truetype(str(folder / name), size) for size in (22, 26, 34)}
        for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    )
    gap, edge, ink, blue = 20, 30, "#1b1b1f", "#0072b2"
    lines = block.truth.clip.lines
    frames = [block.frame(block.loudest(line), scale=1) for line in lines]
    width, height = frames[0].size
    sheet = Image.new("RGB", (len(frames) * (width + gap) - gap + 2 * edge, height + 2 * edge + 238), "#fbfaf7")
    draw = ImageDraw.Draw(sheet)
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), radius=12, fill=255)
    for number, (frame, line) in enumerate(zip(frames, lines, strict=True)):
        left = edge + number * (width + gap)
        sheet.paste(frame, (left, edge), mask)
        draw.text((left + 4, edge + height + 12), f"“{line.text}”", font=plain[22], fill="#55524b")
    row, top = block.rows[task], edge + height + 76
    draw.rounded_rectangle((edge, top, edge + 132, top + 50), radius=25, fill=blue)
    draw.text((edge + 66, top + 25), row.task.label if row.task else "", font=bold[26], fill="white", anchor="mm")
    draw.text((edge + 156, top + 25), row.question, font=bold[34], fill=ink, anchor="lm")
    for number, (letter, option) in enumerate(zip(row.letters, row.options, strict=True)):
        left, at = edge + number * (width + gap), top + 92
        draw.rounded_rectangle((left, at, left + width, at + 66), radius=12, fill="white", outline="#b9b4a8", width=2)
        draw.text((left + 24, at + 33), letter, font=bold[34], fill=blue, anchor="lm")
        draw.text((left + 70, at + 33), option, font=plain[34], fill=ink, anchor="lm")
    return sheet.resize((1400, sheet.height * 1400 // sheet.width), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    poster(Block.of(PAIR)).quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        sys.argv[1], optimize=True
    )
