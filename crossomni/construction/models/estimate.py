"""What a build by models would take, before a call is made: requests, tokens, cost, disk. An upper side: nothing of it
is dropped on the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossomni.chat.spending import Spent
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.prompting import ROLES
from crossomni.construction.models.settings import BuildModels
from crossomni.tasks import TASKS

STAGES: Mapping[str, tuple[str, ...]] = {
    "annotate": ("describe", "caption", "combine", "person", "voice", "things", "biography", "thing_biography"),
    "check": ("odd_voices", "consistent", "persons"),
    "write": ("question",),
    "options": ("options",),
    "verify": ("unique", "answerable", "plausible", "blind"),
    "rationale": ("rationale", "reasoned"),
}
_LETTERS_A_TOKEN = 4  # of English, roughly
_PATCH = 28 * 28  # pixels that become one token, of the models that look
_TOKENS_A_SECOND = 25  # of sound
_WRITTEN = {  # tokens of a reply, roughly
    "describe": 300, "caption": 200, "combine": 350, "person": 80, "voice": 32, "things": 40, "biography": 300,
    "thing_biography": 200, "odd_voices": 40, "persons": 160, "question": 40, "options": 40, "rationale": 200,
}  # fmt: skip
_MATERIAL = ("question", "unique", "answerable", "options", "rationale", "reasoned")  # prompts that hold all of it
_BYTES_A_REPLY = 2500  # kept in the cache, with the trace


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Of a build."""

    clips: int
    calls: Mapping[str, int]  # by prompt
    spent: Mapping[str, Spent]  # by role
    disk_bytes: int  # of replies and traces, beside the media
    readers: int

    def stage_calls(self, stage: str) -> int:
        """Requests of a stage."""
        return sum(self.calls[name] for name in STAGES[stage])


def estimate(models: BuildModels, works: Sequence[Work]) -> Estimate:
    """Count what each clip would ask for, from its speakers and its length alone."""
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
        media = {"describe": models.frames * image, "caption": models.frames * image // 2, "person": 3 * image,
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
    return Estimate(
        clips=len(works),
        calls=calls,
        spent=spent,
        disk_bytes=sum(calls.values()) * _BYTES_A_REPLY,
        readers=len(models.readers),
    )


def _calls(models: BuildModels, speakers: int, work: Work) -> dict[str, int]:
    """Of one clip, by prompt."""
    items = len(TASKS) * (speakers if work.blocks else 1)
    of_clip = {"describe": 2, "caption": 2, "combine": 1, "person": speakers, "voice": speakers, "things": 1,
               "biography": speakers, "thing_biography": 2, "odd_voices": 1, "consistent": 1, "persons": 1}  # fmt: skip
    of_items = {"question": 3 * speakers if work.blocks else items, "options": 3 * speakers if work.blocks else items,
                "unique": items, "answerable": 4 * items, "plausible": items,
                "blind": items * len(models.readers)}  # fmt: skip
    reasons = {"rationale": items, "reasoned": items} if work.has_reasons else {}
    return of_clip | of_items | reasons
