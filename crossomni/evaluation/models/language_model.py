"""A language model by transformers that reads and neither sees nor hears."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from crossomni.errors import ModelError
from crossomni.evaluation.config import AnswerBy
from crossomni.evaluation.models.likelihood import log_likelihoods, shared
from crossomni.evaluation.models.protocol import Ask, Said
from crossomni.optional import need
from crossomni.records import Question, Receipt
from crossomni.tasks import Modality
from crossomni.weights import from_pretrained, weights_fingerprint

_PURPOSE = "a language model"
# Shows what kind of answer is wanted; its people, towns and things are in no question.
_EXAMPLE = Path(__file__).parent / "worked_example.txt"
# A question that asks for nothing in particular: what it leaves an option worth is not the question's doing.
_NO_QUESTION = "Who or what is it?"


class LanguageModel:
    """Answers from biography, question and options alone.

    ``answer_by`` says how. ``likelihood``: the option whose text gains most by the question, that is
    log p(option | biography, question) - log p(option | biography, a question that asks nothing), after a worked
    example in place of instruction and letters, which small models cannot follow. ``letters``: the likeliest letter
    after the prompt. ``generation``: the model speaks.
    """

    senses = frozenset({Modality.TEXT})

    def __init__(
        self,
        name: str,
        source: Path | str,
        answer_by: AnswerBy = "likelihood",
        *,
        most_new_tokens: int = 1024,
        trust_remote_code: bool = False,
    ) -> None:
        self.name = name
        self._trust = trust_remote_code
        self._source = source  # a folder, a GGUF file, or an id of the Hub
        self._answer_by = answer_by
        self._most_new_tokens = most_new_tokens  # of a generated reply: room for a chain of thought

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the files, or the Hub's commit."""
        return weights_fingerprint(self._source, trust=self._trust)

    def load(self) -> None:
        """Read tokenizer and weights, which else wait for the first question.

        Raises:
            InputError: when they cannot be loaded.
        """
        _ = self._tokenizer, self._model

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Answer the questions of one clip; what their contexts begin with alike is computed once.

        Raises:
            ModelError: when a question needs more memory than there is.
        """
        torch = need("torch", _PURPOSE)
        answers = {"likelihood": self._by_likelihood, "letters": self._by_letters, "generation": self._generated}
        try:
            yield from answers[self._answer_by](asks)
        except torch.OutOfMemoryError as error:
            raise ModelError(f"{self.name}: out of memory ({error}).") from error

    def _by_likelihood(self, asks: Sequence[Ask]) -> Iterator[Said]:
        asked = [self._split(_context(ask.question, ask.question.question), ask) for ask in asks]
        # Questions of a pair block share their options, and with them what those are worth unasked.
        unasked = {_unasked(ask): self._split(_context(ask.question, _NO_QUESTION), ask) for ask in asks}
        scores = log_likelihoods(self._model, *zip(*asked, *unasked.values(), strict=True))
        worth = dict(zip(unasked, scores[len(asks) :], strict=True))
        for ask, (context, _), told in zip(asks, asked, scores, strict=False):
            gains = [one - other for one, other in zip(told, worth[_unasked(ask)], strict=True)]
            yield _best(ask, gains, len(context))

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
                max_new_tokens=self._most_new_tokens,
                do_sample=False,
                pad_token_id=self._tokenizer.eos_token_id,
            )
            reply = self._tokenizer.decode(said[0, len(context) :], skip_special_tokens=True)
            yield Said(reply=reply.strip(), receipt=Receipt.text_only(len(context)))

    @cached_property
    def _tokenizer(self) -> Any:
        return self._load("AutoTokenizer")

    @cached_property
    def _model(self) -> Any:
        torch = need("torch", _PURPOSE)
        if torch.cuda.is_available():
            return self._load("AutoModelForCausalLM", dtype="auto", device_map="auto").eval()
        return self._load("AutoModelForCausalLM", dtype=torch.float32).eval()

    def _load(self, kind: str, **options: Any) -> Any:
        return from_pretrained(kind, self._source, trust=self._trust, **options)

    def _tokens(self, text: str) -> list[int]:
        """Tokens of plain text, or of a chat, whose template has put its own special tokens."""
        return list(self._tokenizer(text, add_special_tokens=not self._chats)["input_ids"])

    @property
    def _chats(self) -> bool:
        return self._answer_by != "likelihood" and self._tokenizer.chat_template is not None

    def _split(self, context: str, ask: Ask) -> tuple[list[int], list[list[int]]]:
        """Tokens of the context, and of each option after it: split together, as they would be in running text."""
        start = self._tokens(context)
        whole = [self._tokens(f"{context} {option}") for option in ask.question.options]
        length = shared([start, *whole])
        return start[:length], [text[length:] for text in whole]

    def _chat(self, prompt: str) -> str:
        """The prompt as the user's message; plain text for a model that was never taught to chat."""
        if not self._chats:
            return f"{prompt}\nAnswer:"
        message = [{"role": "user", "content": prompt}]
        return str(self._tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True))


def _context(question: Question, asked: str) -> str:
    parts = (_example(), question.biography, f"Question: {asked}\nAnswer:")
    return "\n\n".join(part for part in parts if part)


@cache
def _example() -> str:
    return _EXAMPLE.read_text(encoding="utf-8").strip()


def _unasked(ask: Ask) -> tuple[str, ...]:
    """What an option's worth without the question hangs on."""
    return ask.question.biography, *ask.question.options


def _best(ask: Ask, scores: Sequence[float], prompt_tokens: int) -> Said:
    """The letter of the highest score; letters that share it are all said, and read as ambiguous."""
    top = max(scores)
    letters = [letter for letter, score in zip(ask.question.letters, scores, strict=True) if score == top]
    return Said(reply=" or ".join(letters), receipt=Receipt.text_only(prompt_tokens))
