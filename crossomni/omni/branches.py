"""Sequences that begin alike, read in one pass: what they share stands once, and each one's own end branches off it.

A clip and its question are most of what a model reads in training, and several completions, or several questions, have
them in common. A row of a branched batch is a *trunk* and, behind it, the *branches*: a token attends to the trunk and
to what stands before it on its own branch, and its position is that of the sequence read alone. Log-probabilities,
gradients and a mixture's balance of experts are those of plain rows (tested for both kinds of thinkers). It is one
forward pass without a cache, so that saving of activations and several processes work as ever.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossomni.omni import branch_attention
from crossomni.omni.batches import padded
from crossomni.omni.towers import bare
from crossomni.optional import need

BRANCHES = "branches"  # the argument by which a thinker is told which branch a token is on
IGNORED = -100  # a label that no loss is taken of
_TRUNK, _FILLED = 0, -1  # branches are counted from 1
_MASKED = (branch_attention.NAME, "sdpa", "eager")  # attention that takes any mask
_PURPOSE = "an Omni-LLM"

Tokens = Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Said:
    """A prompt and what is said to it. A loss is taken of the reply alone."""

    prompt: Tokens  # one token at least
    reply: Tokens = ()


@dataclass(frozen=True, kw_only=True)
class Branched:
    """Sequences in rows of trunk and branches."""

    tensors: Mapping[str, Any]  # what a forward pass takes of them: (rows, tokens) each
    replies: Sequence[tuple[int, int, int]]  # of each sequence: its row, where its reply begins there, how long it is


def grouped(keys: Iterable[Hashable]) -> list[list[int]]:
    """The places of equal keys, in the order in which keys first appear."""
    found: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, []).append(place)
    return list(found.values())


def branched(sequences: Sequence[Said], groups: Sequence[Sequence[int]], pad: int) -> Branched:
    """A row for each group of sequences; whatever their prompts have in common is its trunk.

    The mask counts how many sequences a token stands for: what is averaged over tokens by it, such as a mixture's
    balance, and what counts tokens, come out as for plain rows.

    Args:
        sequences: what is to be read.
        groups: places of sequences that begin alike, with the same clip and all its tokens; each place once.
        pad: fills rows up.
    """
    rows: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": [], BRANCHES: []}
    replies: dict[int, tuple[int, int, int]] = {}
    for number, group in enumerate(groups):
        some = [sequences[place] for place in group]
        # A trunk ends a token before its prompts do: their last token foretells the replies' first ones.
        length = common([one.prompt[:-1] for one in some])
        ids, counts = list(some[0].prompt[:length]), [len(group)] * length
        labels, branches = [IGNORED] * length, [_TRUNK] * length
        for branch, (place, one) in enumerate(zip(group, some, strict=True), 1):
            own = one.prompt[length:]
            replies[place] = number, len(ids) + len(own), len(one.reply)
            ids += [*own, *one.reply]
            labels += [*[IGNORED] * len(own), *one.reply]
            counts += [1] * (len(ids) - len(counts))
            branches += [branch] * (len(ids) - len(branches))
        for column, values in zip(rows.values(), (ids, counts, labels, branches), strict=True):
            column.append(values)
    fill = {"input_ids": pad, "attention_mask": 0, "labels": IGNORED, BRANCHES: _FILLED}
    return Branched(
        tensors={name: padded(values, fill[name]) for name, values in rows.items()},
        replies=[replies[place] for place in range(len(sequences))],
    )


def common(sequences: Sequence[Tokens]) -> int:
    """How many tokens all of them begin with."""
    for place, tokens in enumerate(zip(*sequences, strict=False)):
        if len(set(tokens)) > 1:
            return place
    return min(map(len, sequences))


def can_branch(thinker: Any) -> bool:
    """Whether its attention takes a mask of any form; the flash kinds and sliding windows do not."""
    config = bare(thinker).config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    return config._attn_implementation in _MASKED and kinds == {"full_attention"}


def let_branch(thinker: Any) -> None:
    """Let every forward pass of the thinker take ``branches``, with its own positions and mask."""
    model = bare(thinker).model
    config = bare(thinker).config.get_text_config()
    if config._attn_implementation == "sdpa":
        branch_attention.register()
        config._attn_implementation = branch_attention.NAME
    if not getattr(model, "_crossomni_branches", False):
        model._crossomni_branches = True
        model.register_forward_pre_hook(_read_branches, with_kwargs=True)


def _read_branches(model: Any, args: tuple[Any, ...], given: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    branches = given.get(BRANCHES)
    if branches is None:
        return None
    passed = {name: value for name, value in given.items() if name != BRANCHES}
    return args, passed | {"position_ids": _positions(model, branches, given), "attention_mask": _mask(model, branches)}


def _positions(model: Any, branches: Any, given: Mapping[str, Any]) -> Any:
    """(3, rows, tokens). The media stand in the trunk, so that behind it a branch simply counts on."""
    torch = need("torch", _PURPOSE)
    heard = given.get("feature_attention_mask")
    trunk = branches == _TRUNK
    # With the first branch a trunk is a whole sequence, as transformers counts them.
    positions, _ = model.get_rope_index(
        given["input_ids"],
        None,
        given.get("video_grid_thw"),
        (trunk | (branches == 1)).long(),
        bool(given.get("use_audio_in_video")),
        None if heard is None else heard.sum(-1),
        given.get("video_second_per_grid"),
    )
    places = torch.arange(branches.shape[1], device=branches.device).expand_as(branches)
    begins = torch.nn.functional.pad(branches[:, 1:] != branches[:, :-1], (1, 0))
    steps = places - places.masked_fill(~begins, 0).cummax(1).values
    after = positions.masked_fill(~trunk, -1).amax((0, 2)) + 1
    return torch.where(trunk, positions, after[:, None] + steps)


def _mask(model: Any, branches: Any) -> Any:
    """(rows, 1, tokens, tokens): which token attends to which. Those that fill a row attend to themselves, too."""
    torch = need("torch", _PURPOSE)
    own = branches[:, :, None] == branches[:, None, :]
    seen = ((own | (branches == _TRUNK)[:, None, :]).tril())[:, None]
    kind = model.config.get_text_config()._attn_implementation
    if kind == branch_attention.NAME:
        return branch_attention.with_layout(seen, branch_attention.layout_of(branches))
    if kind == "sdpa":
        return seen
    added = torch.zeros(seen.shape, dtype=model.dtype, device=seen.device)
    return added.masked_fill(~seen, torch.finfo(model.dtype).min)
