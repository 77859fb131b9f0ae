"""An Omni-LLM behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from crossomni.chat import Chat, ChatConfig, ChatReply, Messages, Part, ask_all, audio_part, text_part, video_part
from crossomni.errors import ChatError, InputError, KnockOutError, ModelError
from crossomni.evaluation.config import EvalConfig, KnockOut
from crossomni.evaluation.models.protocol import ROW_FAILURES, Ask, InOrder, Said
from crossomni.media import AlteredClip, track, wav
from crossomni.records import Receipt
from crossomni.tasks import Modality

_RATE_HZ = 16_000
_TOP_LOGPROBS = 20  # the most that servers give
# For log-probabilities of the first token one would do, but of a thinking model's one token a server may tell nothing.
_FEW_TOKENS = 16
_UNLIKELY = 1.0  # nats below the least likely token that was told, for a letter that was not
# vLLM: the server takes the sound out of the video itself.
_SOUND_OF_VIDEO = {"mm_processor_kwargs": {"use_audio_in_video": True}}
_MATROSKA = b"\x1a\x45\xdf\xa3"  # how such a file begins


class Endpoint(InOrder):
    """Asks a server, many questions at once.

    The clip goes along as a file's bytes or, where the server shares this disk, as its path (``media_as``). Its sound
    is a part of its own (packing ``apart``), or is left to the server to take from the video (``interleaved``, which
    vLLM knows). What must not be heard is never in what is sent. What reached the model is known as far as the
    server's usage tells it; frames and pixels are the server's to choose.
    """

    senses = frozenset(Modality)

    def __init__(self, spec: str, config: EvalConfig) -> None:
        """``spec`` is ``NAME@URL``.

        Raises:
            InputError: when it is not, or when the configuration asks for what a server cannot do.
        """
        name, at, url = spec.rpartition("@")
        if not at or not name:
            raise InputError(f"model 'openai:{spec}': wanted openai:NAME@http://HOST:PORT/v1.")
        if config.answer_by not in (None, "generation"):
            raise InputError(f"answer_by is {config.answer_by}; {name} is behind a server and answers by generation.")
        if config.adapter is not None:
            raise InputError(f"adapter {config.adapter}: {name} is behind a server. Give the adapter to the server.")
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
        asyncio.run(_one(self._chat, [{"role": "user", "content": "Say yes."}]))

    def check_knock_out(self, knock_out: Sequence[KnockOut]) -> None:
        """Refuse what cannot be sent: a changed sound, or other pictures, inside one video.

        Raises:
            KnockOutError: naming it.
        """
        changed = [name for name in knock_out if "-" in name and name.startswith(("sound", "sight"))]
        if changed and self._config.packing == "interleaved":
            raise KnockOutError(
                f"knock-out {changed[0]}: the server takes the sound from the video, which cannot be changed in it. "
                "Give --packing apart."
            )

    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """Answer the questions of each group as the server does; clips are read as there is room for them."""
        # A round has one set of options for all of its requests.
        for from_video, alike in itertools.groupby(groups, lambda asks: self._sound_from_video(asks[0])):
            yield from self._round(alike, _SOUND_OF_VIDEO if from_video else {})

    def _round(
        self, groups: Iterable[Sequence[Ask]], options: Mapping[str, Any]
    ) -> Iterator[tuple[Ask, Said | Exception]]:
        unreadable: deque[tuple[Ask, Exception]] = deque()

        def requests() -> Iterator[tuple[Ask, Messages]]:
            for asks in groups:
                try:
                    media = self._media(asks[0])
                except ROW_FAILURES as error:
                    unreadable.extend((ask, error) for ask in asks)
                    continue
                yield from ((ask, self._messages(ask, media)) for ask in asks)

        for ask, outcome in ask_all(self._chat, requests(), **options):
            while unreadable:
                yield unreadable.popleft()
            yield ask, _named(outcome) if isinstance(outcome, ChatError) else _said(ask, outcome)
        yield from unreadable

    def letter_scores(self, asks: Sequence[Ask]) -> Iterator[list[float]]:
        """For each question, the log-probability, in nats, of each letter as the reply's first token.

        A letter that is not among the tokens that the server tells lies below the least likely of them.

        Raises:
            ModelError: when the server tells no log-probabilities.
        """
        chat = replace(self._chat, most_new_tokens=min(_FEW_TOKENS, self._chat.most_new_tokens))
        wanted = {"logprobs": True, "top_logprobs": _TOP_LOGPROBS}
        for ask in asks:
            options = {**wanted, **(_SOUND_OF_VIDEO if self._sound_from_video(ask) else {})}
            reply = asyncio.run(_one(chat, self._messages(ask, self._media(ask)), **options))
            if not reply.first_token:
                raise ModelError(f"model {self.name}: the server tells no log-probabilities. Leave --preflight away.")
            floor = min(reply.first_token.values()) - _UNLIKELY
            scores: dict[str, float] = {}
            for token, log in reply.first_token.items():
                letter = token.strip()  # "A" and " A" are two tokens
                scores[letter] = float(np.logaddexp(scores.get(letter, -math.inf), log))
            yield [scores.get(letter, floor) for letter in ask.question.letters]

    def _messages(self, ask: Ask, media: Sequence[Part]) -> Messages:
        text = [text_part(ask.prompt)]
        content = [*text, *media] if self._config.order == "text-first" else [*media, *text]
        system = [{"role": "system", "content": self._config.system}] if self._config.system else []
        return [*system, {"role": "user", "content": content}]

    def _sound_from_video(self, ask: Ask) -> bool:
        """Whether the server is to take the sound out of the video."""
        both = ask.clip is not None and {Modality.VISION, Modality.AUDIO} <= ask.senses
        return both and self._config.packing == "interleaved"

    def _media(self, ask: Ask) -> list[Part]:
        """The clip's parts, made once for all questions on it."""
        clip = ask.clip
        if clip is None:
            return []
        sees, hears = Modality.VISION in ask.senses, Modality.AUDIO in ask.senses
        altered = isinstance(clip, AlteredClip)
        # A file is named only where all of it may be heard: some servers take the sound out of it without being asked.
        as_file = self._config.media_as == "file" and hears and not altered
        if self._sound_from_video(ask):
            if altered:
                raise ModelError(f"{clip.path}: a changed sound cannot be taken from the video. Give --packing apart.")
            return [video_part(clip.path, as_file=as_file)]
        parts = []
        if sees:
            parts.append(video_part(clip.path, as_file=True) if as_file else _silent(track(clip.picture_path, "video")))
        if hears:
            parts.append(audio_part(wav(clip.sound(_RATE_HZ), _RATE_HZ), form="wav"))
        return parts


async def _one(config: ChatConfig, messages: Messages, **options: Any) -> ChatReply:
    async with Chat(config) as chat:
        return await chat.ask(messages, **options)


def _silent(pictures: bytes) -> Part:
    return video_part(pictures, form="mkv" if pictures.startswith(_MATROSKA) else "mp4")


def _said(ask: Ask, reply: ChatReply) -> Said:
    """The reply with what a server keeps apart of its thinking, and what its usage tells."""
    told = reply.usage
    sees, hears = (ask.clip is not None and sense in ask.senses for sense in (Modality.VISION, Modality.AUDIO))
    receipt = Receipt(
        frames=None if sees else 0,
        audio_seconds=None if hears else 0.0,
        # Where nothing was sent the server's word goes first, too: it would show what nobody meant to send.
        video_tokens=told.video_tokens if sees or told.video_tokens else 0,
        audio_tokens=told.audio_tokens if hears or told.audio_tokens else 0,
        prompt_tokens=told.prompt_tokens,
    )
    thought = f"<think>{reply.thinking}</think>" if reply.thinking else ""
    return Said(reply=f"{thought}{reply.text}", receipt=receipt)


def _named(error: ChatError) -> ChatError:
    """The failure with its state in its text, by which failed rows can be told apart."""
    return ChatError(f"{error.state}: {error}", error.state)
