"""How likely continuations of a text are under a causal language model, what is shared being computed once."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from crossomni.optional import need

Tokens = Sequence[int]

_PACKED = 1024  # tokens of one pass; more would not make a token cheaper
_STEM = -1  # the branch number of a context's own tokens


def shared(texts: Sequence[Tokens]) -> int:
    """With how many tokens all texts begin alike.

    >>> shared([[1, 2, 3], [1, 2, 4, 5]])
    2
    """
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))


def log_likelihoods(
    model: Any, contexts: Sequence[Tokens], continuations: Sequence[Sequence[Tokens]]
) -> list[list[float]]:
    """For each context, the natural logarithm of the probability of each of its continuations.

    ``model`` is a causal language model of transformers. The contexts' common beginning (a clip's biography) runs
    once; what follows it runs as one sequence, in which an attention mask keeps the branches apart: on a processor
    the weights are read once a pass, so that few long passes cost less than many short ones.
    """
    torch = need("torch", "a language model")
    with torch.inference_mode():
        if not _sees_all(model):
            return [[_alone(model, c, ending) for ending in endings] for c, endings in _pairs(contexts, continuations)]
        beginning = min(shared(contexts), *(len(context) - 1 for context in contexts))
        cache = _read(model, contexts[0][:beginning]) if beginning else None
        found: list[list[float]] = []
        pack = _Pack(beginning)
        for context, endings in _pairs(contexts, continuations):
            if pack.tokens and len(pack.tokens) + pack.size(context, endings) > _PACKED:
                found += pack.scores(model, copy.deepcopy(cache))
                pack = _Pack(beginning)
            pack.add(context, endings)
        return found + pack.scores(model, cache)


@dataclass
class _Pack:
    """Contexts without their common beginning, each with its continuations, laid out in one sequence."""

    beginning: int  # tokens before the pack
    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)  # the number of the token's context
    branches: list[int] = field(default_factory=list)  # the number of its continuation, or _STEM
    asked: list[list[list[tuple[int, int]]]] = field(default_factory=list)  # (place that predicts, token), by ending

    def size(self, context: Tokens, endings: Sequence[Tokens]) -> int:
        """How many tokens ``add`` would lay out; an ending's last token predicts nothing more."""
        return len(context) - self.beginning + sum(len(ending) - 1 for ending in endings)

    def add(self, context: Tokens, endings: Sequence[Tokens]) -> None:
        """Lay out a context's own tokens, and after them its continuations side by side."""
        owner = len(self.asked)
        last = self._lay(context[self.beginning :], self.beginning, owner, _STEM)
        self.asked.append([])
        for branch, ending in enumerate(endings):
            start = len(self.tokens)
            self._lay(ending[:-1], len(context), owner, branch)
            predicting = [last, *range(start, len(self.tokens))]
            self.asked[-1].append(list(zip(predicting, ending, strict=True)))

    def _lay(self, tokens: Tokens, position: int, owner: int, branch: int) -> int:
        self.tokens += tokens
        self.positions += range(position, position + len(tokens))
        self.owners += [owner] * len(tokens)
        self.branches += [branch] * len(tokens)
        return len(self.tokens) - 1

    def scores(self, model: Any, cache: Any) -> list[list[float]]:
        """The log-likelihood of each continuation of each context."""
        torch = need("torch", "a language model")
        places = sorted({place for endings in self.asked for ending in endings for place, _ in ending})
        logits = model(
            input_ids=torch.tensor([self.tokens], device=model.device),
            position_ids=torch.tensor([self.positions], device=model.device),
            attention_mask=self._mask().to(model.device, model.dtype),
            past_key_values=cache,
            logits_to_keep=torch.tensor(places, device=model.device),
        ).logits[0]
        logs = logits.float().log_softmax(-1)
        row = {place: number for number, place in enumerate(places)}
        return [
            [sum(float(logs[row[place], token]) for place, token in ending) for ending in endings]
            for endings in self.asked
        ]

    def _mask(self) -> Any:
        """0 where a token (down) sees another (across), else minus infinity: (1, 1, tokens, beginning + tokens).

        A token sees the common beginning and, up to itself, its own context and its own continuation.
        """
        torch = need("torch", "a language model")
        owner, branch = torch.tensor(self.owners), torch.tensor(self.branches)
        own = (owner[:, None] == owner) & ((branch == _STEM) | (branch[:, None] == branch))
        seen = torch.cat([torch.ones(len(owner), self.beginning, dtype=torch.bool), own.tril()], dim=1)
        return torch.zeros(seen.shape).masked_fill(~seen, -torch.inf)[None, None]


def _pairs(
    contexts: Sequence[Tokens], continuations: Sequence[Sequence[Tokens]]
) -> Iterator[tuple[Tokens, Sequence[Tokens]]]:
    return zip(contexts, continuations, strict=True)


def _sees_all(model: Any) -> bool:
    """Whether every layer attends to everything before: a mask of ours would undo a sliding window."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    return set(kinds) == {"full_attention"} if kinds else getattr(config, "sliding_window", None) is None


def _read(model: Any, tokens: Tokens) -> Any:
    torch = need("torch", "a language model")
    ids = torch.tensor([list(tokens)], device=model.device)
    return model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values


def _alone(model: Any, context: Tokens, ending: Tokens) -> float:
    """One continuation by a pass of its own."""
    torch = need("torch", "a language model")
    ids = torch.tensor([[*context, *ending]], device=model.device)
    logs = model(input_ids=ids, logits_to_keep=len(ending) + 1).logits[0, :-1].float().log_softmax(-1)
    return float(logs.gather(-1, ids[0, len(context) :, None]).sum())
