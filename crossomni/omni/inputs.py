"""A clip and its questions as token ids and tensors: the processor runs once a clip, whatever is asked about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossomni.errors import DeafOrBlindError, InputError, ModelError
from crossomni.media import ClipFile
from crossomni.omni.presentation import Presentation
from crossomni.optional import need
from crossomni.records import Question, Receipt
from crossomni.tasks import Modality

ALL_SENSES = frozenset(Modality)
RATE_HZ = 16_000
_HOP, _MARGIN = 160, 10  # samples that one column of the spectrogram takes, and columns that are certainly enough


@dataclass(frozen=True, kw_only=True)
class ClipInputs:
    """What the processor makes of a clip."""

    block: tuple[int, ...]  # the token ids that stand for it in a prompt
    tensors: Mapping[str, Any]  # what the model's towers take
    frames: int
    audio_seconds: float
    video_tokens: int
    audio_tokens: int
    interleaved: bool  # the sound's tokens stand between the frames': positions must be counted so, too
    senses: frozenset[Modality]  # what of the clip was used

    def receipt(self, prompt_tokens: int) -> Receipt:
        """What of a question reached the model."""
        return Receipt(
            frames=self.frames,
            audio_seconds=self.audio_seconds,
            video_tokens=self.video_tokens,
            audio_tokens=self.audio_tokens,
            prompt_tokens=prompt_tokens,
        )


NOTHING = ClipInputs(
    block=(),
    tensors={},
    frames=0,
    audio_seconds=0.0,
    video_tokens=0,
    audio_tokens=0,
    interleaved=False,
    senses=frozenset(),
)


@dataclass(frozen=True)
class Inputs:
    """Makes inputs with a model's own processor."""

    processor: Any
    shown: Presentation
    name: str = "model"  # how errors call the model

    @property
    def marks(self) -> tuple[int, ...]:
        """The tokens that stand for media."""
        return self.processor.image_token_id, self.processor.video_token_id, self.processor.audio_token_id

    def check(self, thinker: Any) -> None:
        """Find out whether the processor is whole, and the thinker's.

        Raises:
            InputError: when it has no template of a conversation, or writes media in other tokens.
        """
        config = thinker.config
        read = (config.image_token_id, config.video_token_id, config.audio_token_id)
        if self.processor.chat_template is None:
            raise InputError(f"{self.name}: it has no chat template. Give a folder with all its files.")
        if self.marks != read:
            raise InputError(
                f"{self.name}: its tokenizer writes media as tokens {self.marks}, and the model reads "
                f"{read}. Give a folder with all its files."
            )

    def of_clip(self, clip: ClipFile | None, senses: frozenset[Modality] = ALL_SENSES) -> ClipInputs:
        """What the processor makes of what ``senses`` take of a clip.

        Raises:
            MediaError: when the clip cannot be decoded.
            DeafOrBlindError: when the model's own template leaves media out of a conversation.
        """
        given = self._parts(senses)
        if clip is None or not given:
            return NOTHING
        torch = need("torch", "an Omni-LLM")
        frames: Any = ()
        sound: Any = ()
        media: dict[str, Any] = {}
        if Modality.VISION in senses:
            shown = clip.frames(self.shown.frame_count(clip.seconds), self._size(clip))
            frames = torch.from_numpy(shown).permute(0, 3, 1, 2)
            # The frames are chosen and resized already; ``fps`` tells how far apart they are.
            media |= {"videos": [frames], "fps": len(frames) / clip.seconds, "do_sample_frames": False}
            media["videos_kwargs"] = {"do_resize": False, "cap_pixels_per_frame": False}
        if Modality.AUDIO in senses:
            sound = clip.sound(RATE_HZ)
            # As long as the sound is: one kind fills every sound up to five minutes otherwise, and cuts longer ones.
            whole = math.ceil(len(sound) / _HOP + _MARGIN) * _HOP
            media |= {"audio": [sound], "audio_kwargs": {"max_length": whole}}
        if self._interleaved(senses):
            media |= {"audio_from_video_indices": [0], "load_audio_from_video": True}
        text = self._text("", senses)
        plain = self._plain_ids(text)
        if len(places := self._places(plain)) != len(given):
            raise DeafOrBlindError(
                f"clip {clip.path.name}: the model's chat template has {len(places)} marks of media for "
                f"{' and '.join(part['type'] for part in given)}. Mend the template."
            )
        made = self.processor(text=text, return_tensors="pt", **media)
        ids = made.pop("input_ids")[0].tolist()
        made.pop("attention_mask")
        block = tuple(ids[places[0] : len(ids) - (len(plain) - 1 - places[-1])])
        return ClipInputs(
            block=block,
            tensors=dict(made),
            frames=len(frames),
            audio_seconds=len(sound) / RATE_HZ,
            video_tokens=block.count(self.processor.video_token_id),
            audio_tokens=block.count(self.processor.audio_token_id),
            interleaved=self._interleaved(senses),
            senses=senses,
        )

    def ids(self, prompt: str, clip: ClipInputs) -> list[int]:
        """The whole conversation as token ids, up to where the reply begins.

        Raises:
            ModelError: when the prompt's own text has a token that stands for media.
        """
        plain = self._plain_ids(self._text(prompt, clip.senses))
        places = self._places(plain)
        if len(places) != len(self._parts(clip.senses)):
            mark = self.processor.video_token
            raise ModelError(f"the prompt's text has a token that stands for media, such as {mark}.")
        return [*plain[: places[0]], *clip.block, *plain[places[-1] + 1 :]] if places else plain

    def letters(self, question: Question) -> list[int]:
        """The token of each option's letter.

        Raises:
            ModelError: when a letter is more than one token.
        """
        split = self.processor.tokenizer
        tokens = [split(letter, add_special_tokens=False)["input_ids"] for letter in question.letters]
        if any(len(token) != 1 for token in tokens):
            raise ModelError(f"row {question.id!r}: a letter is not one token for this model. Let it generate.")
        return [token[0] for token in tokens]

    def _text(self, prompt: str, senses: frozenset[Modality]) -> str:
        """The conversation as the model's own template writes it, media still as one mark each."""
        said = [{"type": "text", "text": prompt}]
        media = self._parts(senses)
        messages = [{"role": "user", "content": said + media if self.shown.order == "text-first" else media + said}]
        if self.shown.system:
            system = [{"type": "text", "text": self.shown.system}]
            messages = [{"role": "system", "content": system}, *messages]
        text = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return str(text)

    def _parts(self, senses: frozenset[Modality]) -> list[dict[str, str]]:
        parts = ["video"] if Modality.VISION in senses else []
        if Modality.AUDIO in senses and not self._interleaved(senses):
            parts.append("audio")
        return [{"type": part} for part in parts]

    def _interleaved(self, senses: frozenset[Modality]) -> bool:
        return self.shown.packing == "interleaved" and {Modality.AUDIO, Modality.VISION} <= senses

    def _plain_ids(self, text: str) -> list[int]:
        return list(self.processor.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _places(self, ids: Sequence[int]) -> list[int]:
        """Where the marks of media stand: special tokens, so that text beside them splits alike."""
        return [place for place, token in enumerate(ids) if token in self.marks]

    def _size(self, clip: ClipFile) -> tuple[int, int]:
        """Width and height in pixels: whole patches of the model's, within the run's budget."""
        video = self.processor.video_processor
        return self.shown.frame_size(clip.size, video.patch_size * video.merge_size)
