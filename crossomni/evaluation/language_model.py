"""A language model by transformers that reads and neither sees nor hears."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from crossomni.corpus import file_sha256
from crossomni.errors import ModelError
from crossomni.evaluation.config import AnswerBy
from crossomni.evaluation.likelihood import log_likelihoods
from crossomni.evaluation.models import Ask, Said
from crossomni.optional import need
from crossomni.records import Receipt
from crossomni.tasks import Modality

_PURPOSE = "a language model"
_MOST_NEW_TOKENS = 1024  # of a generated reply: room for a chain of thought
_WEIGHTS = (".json", ".safetensors", ".bin", ".gguf", ".jinja", ".model")


class LanguageModel:
    """Answers from biography, question and options alone.

    ``answer_by`` says how. ``likelihood``: the option whose text gains most by the question, that is
    log p(option | biography, question) - log p(option | biography), without instruction and letters, which small
    models cannot follow. ``letters``: the likeliest letter after the prompt. ``generation``: the model speaks.
    """

    senses = frozenset({Modality.TEXT})

    def __init__(self, name: str, source: Path | str, answer_by: AnswerBy = "likelihood") -> None:
        self.name = name
        self._source = source  # a folder, a GGUF file, or an id of the Hub
        self._answer_by = answer_by

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the files, or the Hub's commit."""
        if isinstance(self._source, str):
            return str(self._load("AutoConfig")._commit_hash)
        if self._source.is_file():
            return file_sha256(self._source)
        files = sorted(path for path in self._source.iterdir() if path.suffix in _WEIGHTS)
        lines = [f"{path.name} {file_sha256(path)}" for path in files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Answer the questions of one clip; what their contexts begin with alike is computed once.

        Raises:
            ModelError: when it cannot be loaded, or a question needs more memory than there is.
        """
        torch = need("torch", _PURPOSE)
        answers = {"likelihood": self._by_likelihood, "letters": self._by_letters, "generation": self._generated}
        try:
            yield from answers[self._answer_by](asks)
        except torch.OutOfMemoryError as error:
            raise ModelError(f"{self.name}: out of memory ({error}).") from error

    def _by_likelihood(self, asks: Sequence[Ask]) -> Iterator[Said]:
        for ask in asks:
            yield self._best(ask, [], 0)

    def _by_letters(self, asks: Sequence[Ask]) -> Iterator[Said]:
        contexts = [self._tokens(self._chat(ask.prompt)) for ask in asks]
        letters = [[self._tokens(letter) for letter in ask.question.letters] for ask in asks]
        scores = log_likelihoods(self._model, contexts, letters)
        for ask, context, score in zip(asks, contexts, scores, strict=True):
            yield _best(ask, score, len(context))

    def _generated(self, asks: Sequence[Ask]) -> Iterator[Said]:
        torch = need("torch", _PURPOSE)
        for ask in asks:
            context = self._tokens(self._chat(ask.prompt))
            ids = torch.tensor([context], device=self._model.device)
            said = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=_MOST_NEW_TOKENS,
                do_sample=False,
                pad_token_id=self._tokenizer.eos_token_id,
            )
            reply = self._tokenizer.decode(said[0, len(context) :], skip_special_tokens=True)
            yield Said(reply=reply.strip(), receipt=Receipt.text_only(len(context)))
