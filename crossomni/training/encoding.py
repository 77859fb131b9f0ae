"""Conversations about a clip as token ids and tensors, in the form that both trainers take."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from crossomni.errors import DeafOrBlindError, InputError, MediaError, ModelError
from crossomni.media import ClipFile, FrameCache
from crossomni.omni.batches import merged, padded
from crossomni.omni.branches import IGNORED, Said, branched, common, grouped
from crossomni.omni.inputs import NOTHING, ClipInputs
from crossomni.omni.towers import Clips
from crossomni.optional import need

_CLIPS_IN_MEMORY = 32
# A row that fails so is left out of its batch, named and counted; anything else stops the training.
ROW_FAILURES = (MediaError, ModelError)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """What a conversation of the trainers holds: one clip, one question, and in fine-tuning the reply."""

    clip: Path | None
    prompt: str
    reply: str | None = None

    @classmethod
    def of(cls, messages: Sequence[Mapping[str, Any]], where: str = "a conversation") -> Talk:
        """Read messages in TRL's form: a user's text with one video, then perhaps an assistant's text.

        Raises:
            InputError: for any other form.
        """
        roles = [message["role"] for message in messages]
        if roles not in (["user"], ["user", "assistant"]):
            raise InputError(
                f"{where}: its turns are {', '.join(roles) or 'none'}; wanted a user's, and in fine-tuning an "
                "assistant's after it. A system message goes into the presentation."
            )
        clips, prompt = _parts(messages[0], where)
        if len(clips) > 1:
            raise InputError(f"{where}: {len(clips)} videos; wanted one. Make a row of each.")
        reply = _parts(messages[1], where)[1] if len(messages) > 1 else None
        return cls(clip=Path(clips[0]) if clips else None, prompt=prompt, reply=reply)


def _parts(message: Mapping[str, Any], where: str) -> tuple[list[str], str]:
    """The paths of a message's videos, and its text."""
    if isinstance(message["content"], str):
        return [], message["content"]
    clips, texts = [], []
    for part in message["content"]:
        if part["type"] == "video":
            path = part.get("path") or part.get("video")
            if not isinstance(path, str):
                raise InputError(f"{where}: a video is {path!r}; wanted its file's path as text.")
            clips.append(path)
        elif part["type"] == "text":
            texts.append(part["text"])
        else:
            raise InputError(f"{where}: a part of type {part['type']!r}; wanted video and text.")
    return clips, "\n".join(texts)


@dataclass(frozen=True)
class Encoded:
    """A conversation as a thinker takes it. ``failure`` names why it cannot be, and then nothing else is in it."""

    prompt: tuple[int, ...]
    clip: ClipInputs = NOTHING
    reply: tuple[int, ...] = ()  # with the token that ends it
    failure: str = ""


@dataclass
class Encoder:
    """Encodes conversations with a model's own processor; what fails is named, counted, and never replaced."""

    clips: Clips
    failures_file: Path | None = None  # a JSON line for each row that failed: ``where``, ``error``
    failed: dict[str, str] = field(default_factory=dict)  # where -> why

    def __post_init__(self) -> None:
        cache = FrameCache.shared()
        self._file = lru_cache(maxsize=None)(lambda path: ClipFile(path, cache))
        self._inputs = lru_cache(maxsize=_CLIPS_IN_MEMORY)(lambda path: self.clips.of(self._file(path)))

    @property
    def tokenizer(self) -> Any:
        """The model's own."""
        return self.clips.inputs.processor.tokenizer

    @property
    def pad(self) -> int:
        """The token that fills a batch."""
        number: int = self.tokenizer.pad_token_id
        return number

    def encode(self, messages: Sequence[Mapping[str, Any]], where: str) -> Encoded:
        """One conversation; ``where`` is how its failure is called.

        Raises:
            InputError: when it is not of the trainers' form.
        """
        talk = Talk.of(messages, where)
        try:
            clip = NOTHING if talk.clip is None else self._inputs(talk.clip)
            prompt = tuple(self.clips.inputs.ids(talk.prompt, clip))
        except DeafOrBlindError:  # of the model's template: all rows would fail so
            raise
        except ROW_FAILURES as error:
            return self._failure(where, f"{type(error).__name__}: {error}")
        reply: list[int] = []
        if talk.reply is not None:
            reply = [*self.tokenizer(talk.reply, add_special_tokens=False)["input_ids"], self.tokenizer.eos_token_id]
        return Encoded(prompt=prompt, clip=clip, reply=tuple(reply))

    def _failure(self, where: str, why: str) -> Encoded:
        if where not in self.failed:
            self.failed[where] = why
            if self.failures_file is not None:
                self.failures_file.parent.mkdir(parents=True, exist_ok=True)
                with self.failures_file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"where": where, "error": why}, ensure_ascii=False) + "\n")
        return Encoded(prompt=(self.tokenizer.eos_token_id,), failure=why)


def collate(examples: Sequence[Encoded], pad: int, marks: Collection[int] | None = None) -> dict[str, Any]:
    """A batch for fine-tuning; loss is taken of the replies alone. Of a row that failed there is nothing in it.

    Args:
        examples: conversations.
        pad: fills rows up.
        marks: the tokens that stand for media; given, conversations about one clip share its tokens, for a thinker
            that lets sequences branch (``crossomni.omni.branches``).

    Returns:
        ``input_ids``, ``attention_mask``, ``labels``: (rows, tokens); and the clips' tensors. ``branches``, where
        conversations share a row.
    """
    torch = need("torch", "training")
    # What failed goes, as far as a batch can do without it: a mixture of experts takes a loss of every token it routes.
    examples = [one for one in examples if not one.failure] or examples[:1]
    if marks is not None and len(groups := _alike(examples, marks)) < len(examples):
        made = branched([Said(prompt=one.prompt, reply=one.reply) for one in examples], groups, pad)
        return {**made.tensors, **merged([examples[group[0]].clip for group in groups])}
    whole = [[*example.prompt, *example.reply] for example in examples]
    ids = padded(whole, pad)
    labels = padded([[*[IGNORED] * len(one.prompt), *one.reply] for one in examples], IGNORED)
    lengths = torch.tensor([len(tokens) for tokens in whole])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, **merged([one.clip for one in examples])}


def _alike(examples: Sequence[Encoded], marks: Collection[int]) -> list[list[int]]:
    """The places of conversations about one clip, all of whose tokens stand in what they begin with."""
    found: list[list[int]] = []
    for group in grouped(id(one.clip) if one.clip.block else one.prompt for one in examples):
        prompts = [examples[place].prompt for place in group]
        shared = common([prompt[:-1] for prompt in prompts])
        apart = any(token in marks for prompt in prompts for token in prompt[shared:])
        found += [[place] for place in group] if apart else [group]
    return found


__all__ = ["IGNORED", "Encoded", "Encoder", "Talk", "collate"]
