"""An Omni-LLM that transformers knows: Qwen2.5-Omni or Qwen3-Omni, from a folder or the Hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from crossomni.errors import ModelError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models.ahead import ahead, in_batches, memory_errors
from crossomni.evaluation.models.protocol import ROW_FAILURES, Ask, InOrder, Said
from crossomni.evaluation.shards import Shard
from crossomni.omni.inputs import ClipInputs, Inputs
from crossomni.omni.prefix import Prefix, Sampling, check_numbers, go_on, next_logits, read, replies
from crossomni.omni.thinkers import THINKERS
from crossomni.omni.towers import Clips, TowerStore, open_door
from crossomni.optional import need
from crossomni.tasks import Modality
from crossomni.weights import check_base, from_pretrained, model_from_pretrained, weights_fingerprint, with_adapter

_PURPOSE = "an Omni-LLM"
_WORTH_READING = 16  # tokens that some of the questions share beyond what all of them share


class OmniModel(InOrder):
    """Answers from video, sound and biography.

    A clip is decoded and goes through the processor once, while the model answers the questions on the last one; its
    tokens go through the model once, and all questions go on from there (``prefix``).
    """

    senses = frozenset(Modality)

    def __init__(self, name: str, source: Path | str, kind: str, config: EvalConfig) -> None:
        self.name = name
        self._source = source  # a folder or an id of the Hub
        self._kind = kind  # of ``THINKERS``
        self._config = config

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the files, or the Hub's commit; with an adapter, that of both."""
        own = weights_fingerprint(self._source, trust=self._config.trust_remote_code)
        if self._config.adapter is None:
            return own
        return f"{own}+{weights_fingerprint(self._config.adapter)}"

    def load(self) -> None:
        """Read processor and weights.

        Raises:
            InputError: when they cannot be loaded, or do not belong together.
        """
        self._inputs.check(self._thinker)

    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """Answer the questions of each group, which share a clip and what of it may be used."""
        for asks, made in ahead(groups, self._prepare):
            try:
                clip = made.result()
            except ROW_FAILURES as error:
                yield from ((ask, error) for ask in asks)
                continue
            yield from self._answer_group(asks, clip)

    def letter_scores(self, asks: Sequence[Ask]) -> Iterator[list[float]]:
        """For each question on one clip, the log-probability, in nats, that each option's letter comes next."""
        clip = self._clips.of(asks[0].clip, asks[0].senses)
        scores: dict[int, list[float]] = {}
        for prefix, some, tails in self._branches(asks, [self._inputs.ids(ask.prompt, clip) for ask in asks], clip):
            logs = next_logits(self._thinker, prefix, tails).log_softmax(-1)
            scores |= {
                id(ask): [float(row[letter]) for letter in self._inputs.letters(ask.question)]
                for ask, row in zip(some, logs, strict=True)
            }
        yield from (scores[id(ask)] for ask in asks)

    def _prepare(self, asks: Sequence[Ask]) -> ClipInputs:
        try:
            with memory_errors():
                return self._clips.of(asks[0].clip, asks[0].senses)
        except need("torch", _PURPOSE).OutOfMemoryError as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"out of memory on the clip ({reason}). Give fewer --frames or --pixels.") from error

    def _answer_group(self, asks: Sequence[Ask], clip: ClipInputs) -> Iterator[tuple[Ask, Said | Exception]]:
        torch = need("torch", _PURPOSE)
        left: dict[int, Ask] = {}
        ids = []
        for ask in asks:
            try:
                ids.append(self._inputs.ids(ask.prompt, clip))
                left[id(ask)] = ask
            except ModelError as error:
                yield ask, error
        if not left:
            return
        reason = ""
        try:
            with memory_errors():
                for prefix, some, tails in self._branches(list(left.values()), ids, clip):
                    asked = [_Asked(ask, tail, prefix) for ask, tail in zip(some, tails, strict=True)]
                    for one, reply in in_batches(asked, self._config.batch, self._replies):
                        ask = left.pop(id(one.ask))
                        if isinstance(reply, ModelError):
                            yield ask, reply
                        else:
                            yield ask, Said(reply=reply, receipt=clip.receipt(prefix.length + len(one.tail)))
        except torch.OutOfMemoryError as error:
            reason = " ".join(str(error).split())
        for ask in left.values():
            yield ask, ModelError(f"out of memory on the clip ({reason}). Give fewer --frames or --pixels.")

    def _replies(self, batch: Sequence[_Asked]) -> list[str]:
        asks, tails, prefix = [one.ask for one in batch], [one.tail for one in batch], batch[0].prefix
        if self._config.answer_by == "letters":
            logits = next_logits(self._thinker, prefix, tails)
            return [
                _likeliest(ask, row[self._inputs.letters(ask.question)]) for ask, row in zip(asks, logits, strict=True)
            ]
        said = replies(self._thinker, prefix, tails, self._sampling, [ask.seed for ask in asks])
        return [self._inputs.processor.tokenizer.decode(reply, skip_special_tokens=True).strip() for reply in said]

    def _branches(
        self, asks: Sequence[Ask], prompts: Sequence[list[int]], clip: ClipInputs
    ) -> Iterator[tuple[Prefix, list[Ask], list[list[int]]]]:
        """Read what all questions begin with; then, for those that share more (a run's instruction), that as well.

        Questions come by length, so that a batch of them pads little. Where the text comes before the clip, nothing
        of the clip is shared, and each question is read alone.
        """
        if clip.block and self._config.order == "text-first":
            for ask, prompt in zip(asks, prompts, strict=True):
                yield read(self._thinker, prompt[:-1], clip), [ask], [prompt[-1:]]
            return
        ids = {id(ask): prompt for ask, prompt in zip(asks, prompts, strict=True)}
        common = _shared(prompts)
        start = read(self._thinker, prompts[0][:common], clip)
        for some in _by_origin(asks):
            tails = [ids[id(ask)][common:] for ask in some]
            more = _shared(tails)
            prefix, cut = start, 0
            if len(some) > 1 and more >= _WORTH_READING:
                prefix, cut = go_on(self._thinker, start, tails[0][:more]), more
            order = sorted(range(len(some)), key=lambda place: len(tails[place]))
            yield prefix, [some[place] for place in order], [tails[place][cut:] for place in order]

    @cached_property
    def _inputs(self) -> Inputs:
        processor = from_pretrained("AutoProcessor", self._source, trust=self._config.trust_remote_code)
        return Inputs(processor, self._config.shown, f"model {self._config.model}")

    @cached_property
    def _clips(self) -> Clips:
        if self._config.towers == "off":
            return Clips(self._inputs)
        return Clips(self._inputs, self._thinker, TowerStore.shared())

    @cached_property
    def _thinker(self) -> Any:
        torch = need("torch", _PURPOSE)
        shard = Shard.of_this_process()
        device = "auto" if shard.count == 1 else {"": shard.rank % max(1, torch.cuda.device_count())}
        place = {"device_map": device, "dtype": "auto"} if torch.cuda.is_available() else {"dtype": torch.float32}
        trust = self._config.trust_remote_code
        thinker = model_from_pretrained(THINKERS[self._kind], self._source, trust=trust, **place)
        open_door(thinker)
        adapter = self._config.adapter
        if adapter is not None:
            check_base(adapter, self._source, trust=trust)
        return (thinker if adapter is None else with_adapter(thinker, adapter).merge_and_unload()).eval()

    @cached_property
    def _sampling(self) -> Sampling:
        # A thinker that is loaded from a whole checkpoint may know of no token that ends a reply; its tokenizer does.
        told = self._thinker.generation_config.eos_token_id
        ends = {self._inputs.processor.tokenizer.eos_token_id, *(told if isinstance(told, list) else [told])}
        return Sampling(
            temperature=self._config.temperature,
            most_new_tokens=self._config.most_new_tokens,
            ends=frozenset(ends - {None}),
            never=self._inputs.marks,
        )


@dataclass(frozen=True)
class _Asked:
    """A question in token ids: what is left of it to be read, and after what."""

    ask: Ask
    tail: list[int]
    prefix: Prefix


def _likeliest(ask: Ask, scores: Any) -> str:
    """The letter of the highest score; letters that share it are all said, and read as ambiguous."""
    check_numbers(scores)
    best = scores == scores.max()
    return " or ".join(letter for letter, top in zip(ask.question.letters, best, strict=True) if top)


def _by_origin(asks: Sequence[Ask]) -> Iterator[list[Ask]]:
    """The questions of each run: they share its instruction."""
    groups: dict[int, list[Ask]] = {}
    for ask in asks:
        groups.setdefault(id(ask.origin), []).append(ask)
    yield from groups.values()


def _shared(texts: Sequence[Sequence[int]]) -> int:
    """With how many tokens all begin alike; at least one token of each is left to be read."""
    shortest = min(map(len, texts)) - 1
    first = texts[0]
    return next((n for n in range(shortest) if any(text[n] != first[n] for text in texts)), shortest)
