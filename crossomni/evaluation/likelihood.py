"""How likely continuations of a text are under a causal language model, what is shared being computed once."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from crossomni.optional import need

Tokens = Sequence[int]


def shared(texts: Sequence[Tokens]) -> int:
    """With how many tokens all texts begin alike.

    >>> shared([[1, 2, 3], [1, 2, 4, 5]])
    2
    """
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))


def log_likelihoods(
    model: Any, contexts: Sequence[Tokens], continuations: Sequence[Sequence[Tokens]]
) -> Iterator[list[float]]:
    """For each context, the natural logarithm of the probability of each of its continuations.

    ``model`` is a causal language model of transformers. The contexts' common beginning (a clip's biography) runs
    once, each context's own end once, and its continuations as one batch. Copies of the cache, unlike cropping, also
    suit models whose layers forget.
    """
    torch = need("torch", "a language model")
    beginning = min(shared(contexts), *(len(context) - 1 for context in contexts))
    with torch.inference_mode():
        cache = _run(model, [contexts[0][:beginning]], None).past_key_values if beginning else None
    for context, endings in zip(contexts, continuations, strict=True):
        with torch.inference_mode():
            yield _of_one(model, context[beginning:], endings, copy.deepcopy(cache))


def _of_one(model: Any, context: Tokens, endings: Sequence[Tokens], cache: Any) -> list[float]:
    torch = need("torch", "a language model")
    read = _run(model, [context], cache)
    longest = max(map(len, endings))
    # Padding stands to the right of what is scored, where causal attention does not look back from.
    tokens = torch.tensor([[*ending, *[0] * (longest - len(ending))] for ending in endings], device=model.device)
    scored = torch.arange(longest) < torch.tensor([[len(ending)] for ending in endings])
    logits = read.logits[:, -1:].expand(len(endings), -1, -1)
    if longest > 1:
        read.past_key_values.batch_repeat_interleave(len(endings))
        more = model(input_ids=tokens[:, :-1], past_key_values=read.past_key_values).logits
        logits = torch.cat([logits, more], dim=1)
    logs = logits.float().log_softmax(-1).gather(-1, tokens[..., None])[..., 0]
    total: list[float] = (logs * scored.to(logs.device)).sum(-1).tolist()
    return total


def _run(model: Any, tokens: Sequence[Tokens], cache: Any) -> Any:
    torch = need("torch", "a language model")
    ids = torch.tensor([list(text) for text in tokens], device=model.device)
    return model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
