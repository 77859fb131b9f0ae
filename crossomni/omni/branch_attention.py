"""Attention over a trunk and its branches, part by part: no score is computed between two branches.

With a mask over the whole row, torch computes all scores of a row and throws away those between branches: of eight
branches of 128 tokens on a trunk of 330, three quarters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossomni.optional import need

NAME = "sdpa_branches"  # among transformers' kinds of attention
_PURPOSE = "an Omni-LLM"
_LAYOUT = "_crossomni_layout"  # of a mask


@dataclass(frozen=True)
class Layout:
    """Where trunk and branches stand in each row."""

    trunks: tuple[int, ...]  # tokens
    branches: tuple[tuple[int, ...], ...]  # tokens of each, one behind the other after the trunk


def layout_of(branches: Any) -> Layout:
    """Read it off ``branches`` (rows, tokens): 0 on the trunk, then 1, 2, …, and -1 where a row is filled up."""
    torch = need("torch", _PURPOSE)
    trunks, lengths = [], []
    for row in branches.cpu():
        counts = torch.bincount(row[row >= 0]).tolist()
        trunks.append(counts[0])
        lengths.append(tuple(counts[1:]))
    return Layout(tuple(trunks), tuple(lengths))


def with_layout(mask: Any, layout: Layout) -> Any:
    """The mask, known by its layout to this attention."""
    setattr(mask, _LAYOUT, layout)
    return mask


def register() -> None:
    """Make this attention known to transformers; it is ``sdpa`` wherever a mask has no layout."""
    utils, masks = need("transformers.modeling_utils", _PURPOSE), need("transformers.masking_utils", _PURPOSE)
    if NAME not in utils.ALL_ATTENTION_FUNCTIONS:
        utils.AttentionInterface.register(NAME, _attend)
        masks.AttentionMaskInterface.register(NAME, masks.ALL_MASK_ATTENTION_FUNCTIONS["sdpa"])


def _attend(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **given: Any) -> tuple[Any, None]:
    """In transformers' form: (rows, heads, tokens, size) each; gives (rows, tokens, heads, size)."""
    sdpa = need("transformers.integrations.sdpa_attention", _PURPOSE).sdpa_attention_forward
    layout = getattr(attention_mask, _LAYOUT, None)
    if layout is None:
        found, _ = sdpa(module, query, key, value, attention_mask, **given)
        return found, None
    torch = need("torch", _PURPOSE)
    given |= {"is_causal": None}
    rows = []
    for place, (trunk, lengths) in enumerate(zip(layout.trunks, layout.branches, strict=True)):
        one = [tensor[place : place + 1] for tensor in (query, key, value)]
        parts = [_on_trunk(sdpa, module, one, trunk, given)] if trunk else []
        parts += _on_branches(sdpa, module, one, trunk, lengths, given)
        made = torch.cat(parts)
        rows.append(torch.nn.functional.pad(made, (0, 0, 0, 0, 0, query.shape[2] - len(made))))
    return torch.stack(rows), None


def _on_trunk(sdpa: Any, module: Any, one: list[Any], trunk: int, given: dict[str, Any]) -> Any:
    found, _ = sdpa(module, *(tensor[:, :, :trunk] for tensor in one), None, **(given | {"is_causal": True}))
    return found[0]


def _on_branches(
    sdpa: Any, module: Any, one: list[Any], trunk: int, lengths: tuple[int, ...], given: dict[str, Any]
) -> list[Any]:
    """Each branch's tokens see the trunk, and what stands before them on their own branch."""
    torch = need("torch", _PURPOSE)
    if not lengths:
        return []
    longest, count = max(lengths), len(lengths)
    query, key, value = (
        torch.cat([_filled(part, longest) for part in tensor[:, :, trunk : trunk + sum(lengths)].split(lengths, dim=2)])
        for tensor in one
    )
    key, value = (
        torch.cat([tensor[:, :, :trunk].expand(count, -1, -1, -1), own], dim=2)
        for tensor, own in ((one[1], key), (one[2], value))
    )
    # What fills a branch up stands behind its tokens, so that none of them sees it.
    seen = torch.ones(longest, trunk + longest, dtype=torch.bool, device=query.device).tril(trunk)
    found, _ = sdpa(module, query, key, value, seen[None, None], **given)
    return [found[place, :length] for place, length in enumerate(lengths)]


def _filled(tensor: Any, longest: int) -> Any:
    return need("torch", _PURPOSE).nn.functional.pad(tensor, (0, 0, 0, longest - tensor.shape[2]))
