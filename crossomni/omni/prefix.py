"""A prompt's beginning, read once by the model and gone on from as often as wanted.

A clip's tokens are most of a prompt. Their keys and values are computed once and serve every question on the clip;
the replies and log-probabilities are those of whole prompts (tested to 1e-5). Positions are given explicitly: a
thinker that is left to guess them goes on from those of the last prompt it saw, silently.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossomni.errors import ModelError
from crossomni.omni.inputs import ClipInputs
from crossomni.omni.towers import GIVEN
from crossomni.optional import need

Tokens = Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """What a thinker has read so far."""

    cache: Any  # keys and values, one sequence
    length: int  # tokens
    position: float  # of the token that comes next; after some clips no whole number (Qwen3-Omni)


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a reply's tokens are chosen."""

    temperature: float  # 0 takes the likeliest
    most_new_tokens: int
    ends: frozenset[int]  # tokens that end a reply
    never: Tokens  # tokens that no reply may have: a mark of media in it would be taken for a clip


def read(thinker: Any, ids: Tokens, clip: ClipInputs) -> Prefix:
    """Read the beginning of a prompt, the clip's whole block in it."""
    torch = need("torch", "an Omni-LLM")
    tokens = torch.tensor([list(ids)], device=thinker.device)
    tensors = {name: _on_device(thinker, name, value) for name, value in clip.tensors.items()}
    lengths = tensors["feature_attention_mask"].sum(-1) if "feature_attention_mask" in tensors else None
    positions, _ = thinker.get_rope_index(
        tokens,
        None,
        tensors.get("video_grid_thw"),
        torch.ones_like(tokens),
        clip.interleaved,
        lengths,
        tensors.get("video_second_per_grid"),
    )
    cache = need("transformers", "an Omni-LLM").DynamicCache(config=thinker.config.get_text_config())
    with torch.inference_mode():
        thinker.model(
            input_ids=tokens,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            use_audio_in_video=clip.interleaved,
            **tensors,
        )
    return Prefix(cache=cache, length=len(ids), position=positions.max().item() + 1)


def _on_device(thinker: Any, name: str, value: Any) -> Any:
    """A clip's tensor where the model is, in the model's own precision; counts stay whole numbers."""
    if name == GIVEN:
        return {part: tensor.to(thinker.device, thinker.dtype) for part, tensor in value.items()}
    return value.to(thinker.device, thinker.dtype if value.is_floating_point() and "per_grid" not in name else None)


def go_on(thinker: Any, prefix: Prefix, ids: Tokens) -> Prefix:
    """The prefix with more text after it; the given one stays as it is."""
    cache = copy.deepcopy(prefix.cache)
    _forward(thinker, cache, prefix, [ids])
    return Prefix(cache=cache, length=prefix.length + len(ids), position=prefix.position + len(ids))


def next_logits(thinker: Any, prefix: Prefix, tails: Sequence[Tokens]) -> Any:
    """What the model would say next after each tail: float32 (tails, vocabulary)."""
    return _start(thinker, prefix, tails)[0]


def replies(
    thinker: Any, prefix: Prefix, tails: Sequence[Tokens], sampling: Sampling, seeds: Sequence[int]
) -> list[list[int]]:
    """The model's reply to each tail, without the token that ends it.

    A reply hangs on its own seed and not on what is asked beside it.
    """
    torch = need("torch", "an Omni-LLM")
    with torch.inference_mode():
        return _replies(thinker, prefix, tails, sampling, seeds)


def _replies(
    thinker: Any, prefix: Prefix, tails: Sequence[Tokens], sampling: Sampling, seeds: Sequence[int]
) -> list[list[int]]:
    torch = need("torch", "an Omni-LLM")
    logits, cache, mask = _start(thinker, prefix, tails)
    said: list[list[int]] = [[] for _ in tails]
    draws = [torch.Generator().manual_seed(seed) for seed in seeds]
    going = set(range(len(tails)))
    for step in range(sampling.most_new_tokens):
        logits[:, list(sampling.never)] = -torch.inf
        tokens = _choose(logits, sampling.temperature, draws)
        going = {row for row in going if tokens[row] not in sampling.ends}
        for row in going:
            said[row].append(tokens[row])
        if not going or step + 1 == sampling.most_new_tokens:
            break
        mask = torch.cat([mask, mask.new_ones(len(tails), 1)], dim=1)
        positions = torch.tensor([[prefix.position + len(tail) + step] for tail in tails], device=thinker.device)
        hidden = thinker.model(
            input_ids=torch.tensor([[token] for token in tokens], device=thinker.device),
            position_ids=positions.expand(3, -1, -1),
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        logits = thinker.lm_head(hidden[:, -1]).float()
    return said


def _start(thinker: Any, prefix: Prefix, tails: Sequence[Tokens]) -> tuple[Any, Any, Any]:
    """Logits after each tail, the cache that holds them, and the mask over prefix and tails."""
    torch = need("torch", "an Omni-LLM")
    cache = copy.deepcopy(prefix.cache)
    if len(tails) > 1:
        cache.batch_repeat_interleave(len(tails))
    hidden, mask = _forward(thinker, cache, prefix, tails)
    last = torch.tensor([len(tail) - 1 for tail in tails], device=hidden.device)
    with torch.inference_mode():
        return thinker.lm_head(hidden[torch.arange(len(tails)), last]).float(), cache, mask


def _forward(thinker: Any, cache: Any, prefix: Prefix, tails: Sequence[Tokens]) -> tuple[Any, Any]:
    """Read the tails, side by side and padded on the right, after what the cache holds."""
    torch = need("torch", "an Omni-LLM")
    longest = max(map(len, tails))
    ids = torch.zeros(len(tails), longest, dtype=torch.long)
    mask = torch.zeros(len(tails), prefix.length + longest, dtype=torch.long)
    for row, tail in enumerate(tails):
        ids[row, : len(tail)] = torch.tensor(list(tail))
        mask[row, : prefix.length + len(tail)] = 1
    positions = (torch.arange(longest) + prefix.position).expand(3, len(tails), -1)
    mask = mask.to(thinker.device)
    with torch.inference_mode():
        hidden = thinker.model(
            input_ids=ids.to(thinker.device),
            position_ids=positions.to(thinker.device),
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
    return hidden, mask


def check_numbers(logits: Any) -> None:
    """Refuse what no model says that works.

    Raises:
        ModelError: when one of them is not a number.
    """
    if bool(logits.isnan().any()):
        raise ModelError("the model's logits are not numbers. Its weights or its precision are broken.")


def _choose(logits: Any, temperature: float, draws: Sequence[Any]) -> list[int]:
    torch = need("torch", "an Omni-LLM")
    check_numbers(logits)
    if not temperature:
        return [int(token) for token in logits.argmax(-1)]
    shares = (logits / temperature).softmax(-1).cpu()
    return [int(torch.multinomial(row, 1, generator=draw)) for row, draw in zip(shares, draws, strict=True)]
