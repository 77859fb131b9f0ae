"""What a build by models would take, before a call is made: requests, tokens, cost, disk.

Counted is what is asked where every reply can be read and nothing is dropped on the way: what is dropped makes it less,
a reply that is asked for again makes it more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossomni.chat.spending import Spent
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.prompting import ROLES
from crossomni.construction.models.settings import BuildModels
from crossomni.grids import Grid
from crossomni.tasks import TASKS

STAGES: Mapping[str, tuple[str, ...]] = {
    "annotate": ("describe", "second", "caption", "combine", "roles", "person", "voice", "things", "biography",
                 "thing_biography"),
    "check": ("odd_voices", "consistent", "persons"),
    "write": ("question",),
    "options": ("options",),
    "verify": ("unique", "answerable", "plausible", "blind", "same"),
    "rationale": ("rationale", "reasoned"),
}  # fmt: skip
_LETTERS_A_TOKEN = 4  # of English, roughly
_PATCH = 28 * 28  # pixels that become one token, of the models that look
_TOKENS_A_SECOND = 25  # of sound
_WRITTEN = {  # tokens of a reply, roughly
    "describe": 300, "second": 300, "caption": 200, "combine": 350, "roles": 60, "person": 80, "voice": 60,
    "things": 40, "biography": 300, "thing_biography": 200, "odd_voices": 40, "persons": 160, "question": 40,
    "options": 40, "rationale": 200,
}  # fmt: skip
_MATERIAL = ("question", "unique", "answerable", "options", "rationale", "reasoned")  # prompts that hold all of it
_VIEWS, _VIEW_FRAMES = 3, 2  # of a person
_BYTES_A_REPLY = 700  # beside its letters: its key in the cache, its trace with the clip and in the lineage
_SOUND_BYTES_A_SECOND = 16_000  # of the track of its own that a clip has in the data


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Of a build."""

    clips: int
    seconds: float  # of them together
    calls: Mapping[str, int]  # by prompt
    spent: Mapping[str, Spent]  # by role
    media_bytes: int  # of the cut clips
    reply_bytes: int  # of replies and traces

    @property
    def data_bytes(self) -> int:
        """Of the data folder: clips again, and their sound as a track of its own."""
        return self.media_bytes + round(self.seconds * _SOUND_BYTES_A_SECOND)

    @property
    def disk_bytes(self) -> int:
        """All together."""
        return self.media_bytes + self.reply_bytes + self.data_bytes

    def stage_calls(self, stage: str) -> int:
        """Requests of a stage."""
        return sum(self.calls.get(name, 0) for name in STAGES[stage])

    @property
    def stages(self) -> Grid:
        """Requests by stage and prompt."""
        return Grid(
            f"{self.clips:,} clips, {_lasting(self.seconds)}: {sum(self.calls.values()):,} requests",
            ("stage", "requests", "by prompt"),
            tuple(
                (stage, f"{self.stage_calls(stage):,}",
                 ", ".join(f"{name} {self.calls[name]:,}" for name in names if self.calls.get(name)))
                for stage, names in STAGES.items()
            ),
            left=(0, 2),
        )  # fmt: skip

    def roles(self, models: BuildModels) -> Grid:
        """Requests, tokens and cost by model."""
        rows = [
            (role, models.endpoints[role].chat.model, f"{one.replies:,}", f"{one.prompt_tokens:,}",
             f"{one.completion_tokens:,}", f"{one.cost(models.endpoints[role].price):,.2f}")
            for role, one in self.spent.items()
        ]  # fmt: skip
        total = sum(one.cost(models.endpoints[role].price) for role, one in self.spent.items())
        rows.append(("all", "", f"{sum(self.calls.values()):,}", "", "", f"{total:,.2f}"))
        head = ("role", "model", "requests", "tokens read", "written", "cost")
        return Grid("Models, roughly", head, tuple(rows), left=(0, 1))

    @property
    def disk(self) -> Grid:
        """Room, by what is kept."""
        parts = {"cut clips": self.media_bytes, "replies and traces": self.reply_bytes, "the data": self.data_bytes}
        return Grid("Disk, at most", ("what", "MB"), tuple((name, f"{of / 1e6:,.1f}") for name, of in parts.items()))


def estimate(models: BuildModels, works: Sequence[Work], media_bytes: int = 0) -> Estimate:
    """Count what each clip would ask for, from its speakers and its length alone.

    Args:
        media_bytes: what the cut clips will take on disk.
    """
    calls: Counter[str] = Counter()
    read: Counter[str] = Counter()
    image = models.pixels // _PATCH
    for work in works:
        speakers = {line.speaker for line in work.clip.lines if line.speaker}
        each = _calls(models, len(speakers), work)
        calls.update(each)
        seconds = work.clip.end_seconds - work.clip.start_seconds
        lines = sum(len(line.text) for line in work.clip.lines) // _LETTERS_A_TOKEN
        material = 350 + 80 * len(speakers) + 300 * (len(speakers) + 1) + 3 * lines
        media = {"describe": models.frames * image, "second": models.frames * image,
                 "caption": models.frames * image // 2, "person": _VIEW_FRAMES * image,
                 "voice": int(seconds * _TOKENS_A_SECOND / max(1, len(speakers)))}  # fmt: skip
        for name, count in each.items():
            text = len(models.prompts.part(name)) // _LETTERS_A_TOKEN
            read[name] += count * (text + media.get(name, 0) + (material if name in _MATERIAL else 100))
    spent: dict[str, Spent] = {}
    for role in models.endpoints:
        own = [name for name in calls if ROLES[name] == role.rstrip("0123456789")]
        share = len(models.readers) if role.startswith("reader") else 1
        spent[role] = Spent(
            replies=sum(calls[name] for name in own) // share,
            prompt_tokens=sum(read[name] for name in own) // share,
            completion_tokens=sum(calls[name] * _WRITTEN.get(name, 3) for name in own) // share,
        )
    written = sum(one.completion_tokens for one in spent.values()) * _LETTERS_A_TOKEN
    return Estimate(
        clips=len(works),
        seconds=sum(work.clip.end_seconds - work.clip.start_seconds for work in works),
        calls=calls,
        spent=spent,
        media_bytes=media_bytes,
        reply_bytes=3 * written + sum(calls.values()) * _BYTES_A_REPLY,  # in the cache, with the clip, in the lineage
    )


def _lasting(seconds: float) -> str:
    """In hours, or in minutes where they are fewer than two.

    >>> _lasting(7200), _lasting(90)
    ('2.0 h', '1.5 min')
    """
    return f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.1f} min"


def _calls(models: BuildModels, speakers: int, work: Work) -> dict[str, int]:
    """Of one clip, by prompt."""
    items = len(TASKS) * (speakers if work.blocks else 1)
    written = 3 * speakers if work.blocks else items
    of_clip = {"describe": 1, "second": 1, "caption": 2, "combine": 1, "roles": 1, "person": _VIEWS * speakers,
               "voice": speakers, "things": 1, "biography": speakers, "thing_biography": 2, "odd_voices": 1,
               "consistent": 1, "persons": 1}  # fmt: skip
    asked = written if work.blocks else 2 * items  # about whom no question can be had, another one stands in
    of_items = {"question": asked, "options": written, "unique": items, "answerable": 4 * items, "plausible": items,
                "blind": items * len(models.readers), "same": items // 3}  # fmt: skip
    reasons = {"rationale": items, "reasoned": items} if work.has_reasons else {}
    return of_clip | of_items | reasons
