"""An Omni-LLM behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crossomni.chat import Chat, ChatConfig, ChatReply, Part, ask_all, audio_part, text_part, video_part
from crossomni.errors import ChatError, InputError, ModelError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models import ROW_FAILURES, Ask, Said
from crossomni.media import AlteredClip, track, wav
from crossomni.records import Receipt
from crossomni.tasks import Modality

_RATE_HZ = 16_000
_TOP_LOGPROBS = 20  # the most that servers give
_UNLIKELY = 1.0  # nats below the least likely token that was told, for a letter that was not
# vLLM: the server takes the sound out of the video itself.
_SOUND_OF_VIDEO = {"mm_processor_kwargs": {"use_audio_in_video": True}}


class Endpoint:
    """Asks a server, many questions at once.

    The clip goes along as a file's bytes or, where the server shares this disk, as its path (``media_as``). Its sound
    is a part of its own (packing ``apart``), or is left to the server to take from the video (``interleaved``, which
    vLLM knows). What reached the model is known as far as the server's usage tells it.
    """

    senses = frozenset(Modality)

    def __init__(self, spec: str, config: EvalConfig) -> None:
        """``spec`` is ``NAME@URL``."""
        name, at, url = spec.rpartition("@")
        if not at or not name:
            raise InputError(f"model 'openai:{spec}': wanted openai:NAME@http://HOST:PORT/v1.")
        self.name = name
        self._config = config
        self._chat = ChatConfig(
            url=url,
            model=name,
            at_once=config.at_once,
            tries=config.tries,
            deadline_seconds=config.deadline_seconds,
            most_new_tokens=config.most_new_tokens,
            temperature=config.temperature,
        )

    def load(self) -> None:
        """Find out whether the server answers at all.

        Raises:
            ChatError: when it does not.
        """
        asyncio.run(self._one([{"role": "user", "content": "Say yes."}]))

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Answer questions on one clip, in their order.

        Raises:
            ChatError: when no reply came to one of them.
        """
        found = {id(ask): outcome for ask, outcome in self.answer_all([asks])}
        for ask in asks:
            outcome = found[id(ask)]
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome

    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """Answer the questions of each group as the server does; clips are read as there is room for them."""
        unreadable: deque[tuple[Ask, Exception]] = deque()

        def requests() -> Iterator[tuple[Ask, Any]]:
            for asks in groups:
                try:
                    media = self._media(asks[0])
                except ROW_FAILURES as error:
                    unreadable.extend((ask, error) for ask in asks)
                    continue
                yield from ((ask, self._messages(ask, media)) for ask in asks)

        for ask, outcome in ask_all(self._chat, requests(), **self._options):
            while unreadable:
                yield unreadable.popleft()
            yield ask, outcome if isinstance(outcome, ChatError) else self._said(ask, outcome)
        yield from unreadable

    def letter_scores(self, asks: Sequence[Ask]) -> Iterator[list[float]]:
        """For each question, the log-probability, in nats, of each letter as the reply's first token.

        A letter that is not among the tokens that the server tells lies below the least likely of them.

        Raises:
            ModelError: when the server tells no log-probabilities.
        """
        options = {"logprobs": True, "top_logprobs": _TOP_LOGPROBS}
        for ask in asks:
            reply = asyncio.run(self._one(self._messages(ask, self._media(ask)), **options))
            if not reply.first_token:
                raise ModelError(f"model {self.name}: the server tells no log-probabilities. Leave --preflight away.")
            floor = min(reply.first_token.values()) - _UNLIKELY
            scores: dict[str, float] = {}
            for token, log in reply.first_token.items():
                letter = token.strip()
                scores[letter] = float(math.log(math.exp(scores.get(letter, -math.inf)) + math.exp(log)))
            yield [scores.get(letter, floor) for letter in ask.question.letters]

    async def _one(self, messages: Any, **options: Any) -> ChatReply:
        async with Chat(self._chat) as chat:
            return await chat.ask(messages, **self._options, **options)

    @property
    def _options(self) -> Mapping[str, Any]:
        return _SOUND_OF_VIDEO if self._config.packing == "interleaved" else {}

    def _messages(self, ask: Ask, media: Sequence[Part]) -> list[dict[str, Any]]:
        text = [text_part(ask.prompt)]
        content = [*text, *media] if self._config.order == "text-first" else [*media, *text]
        system = [{"role": "system", "content": self._config.system}] if self._config.system else []
        return [*system, {"role": "user", "content": content}]

    def _media(self, ask: Ask) -> list[Part]:
        """The clip's parts, made once for all questions on it."""
        clip = ask.clip
        if clip is None:
            return []
        sees, hears = Modality.VISION in ask.senses, Modality.AUDIO in ask.senses
        as_file = self._config.media_as == "file"
        if sees and hears and self._config.packing == "interleaved":
            if isinstance(clip, AlteredClip):
                raise ModelError("a changed sound cannot be taken from the video. Give --packing apart.")
            return [video_part(clip.path, as_file=as_file)]
        parts = []
        if sees:
            # Without its sound, which nobody may hear who is not meant to: as bytes it is taken out.
            silent = clip.path if as_file else track(clip.path, "video")
            parts.append(video_part(silent, form="" if as_file else "mp4", as_file=as_file))
        if hears:
            parts.append(audio_part(wav(clip.sound(_RATE_HZ), _RATE_HZ), form="wav"))
        return parts

    def _said(self, ask: Ask, reply: ChatReply) -> Said:
        """The reply with what a server keeps apart of its thinking, and what its usage tells."""
        told, sees, hears = reply.usage, Modality.VISION in ask.senses, Modality.AUDIO in ask.senses
        given = ask.clip is not None
        receipt = Receipt(
            frames=None if given and sees else 0,
            audio_seconds=None if given and hears else 0.0,
            video_tokens=told.video_tokens if given and sees else 0,
            audio_tokens=told.audio_tokens if given and hears else 0,
            prompt_tokens=told.prompt_tokens,
        )
        thought = f"<think>{reply.thinking}</think>" if reply.thinking else ""
        return Said(reply=f"{thought}{reply.text}", receipt=receipt)
