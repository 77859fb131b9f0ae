"""The passes of GRPO: rollouts and log-probabilities, for which a prompt is read once for all of its completions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from crossomni.omni.batches import merged, padded
from crossomni.omni.branches import Branched, Said, branched, can_branch, grouped
from crossomni.omni.inputs import ClipInputs
from crossomni.omni.towers import bare
from crossomni.optional import need
from crossomni.training.encoding import Encoded

_PURPOSE = "training"
torch = need("torch", _PURPOSE)
send_to_device = need("accelerate.utils", _PURPOSE).send_to_device

Batch = Mapping[str, Any]


def begun(thinker: Any, samples: Sequence[Encoded], pad: int) -> dict[str, Any]:
    """Prompts read up to their last token, each different one once: what ``generate`` goes on from.

    Positions are given explicitly: from a cache, transformers counts on from those of the last prompt that it saw.

    Returns:
        ``input_ids`` and ``attention_mask``: (samples, tokens), filled up on the left; ``position_ids`` of the last
        token: (3, samples, 1); ``past_key_values`` of all tokens before it.
    """
    groups = grouped(_key(sample.prompt, sample.clip) for sample in samples)
    firsts = [samples[group[0]] for group in groups]
    ids = padded([one.prompt for one in firsts], pad, "left").to(thinker.device)
    mask = padded([[1] * len(one.prompt) for one in firsts], 0, "left").to(thinker.device)
    media = send_to_device(merged([one.clip for one in firsts]), thinker.device)
    heard = media.get("feature_attention_mask")
    positions, _ = bare(thinker).model.get_rope_index(
        ids,
        None,
        media.get("video_grid_thw"),
        mask,
        media.get("use_audio_in_video", False),
        None if heard is None else heard.sum(-1),
        media.get("video_second_per_grid"),
    )
    cache = need("transformers", _PURPOSE).DynamicCache(config=bare(thinker).config.get_text_config())
    thinker(
        input_ids=ids[:, :-1],
        attention_mask=mask[:, :-1],
        position_ids=positions[:, :, :-1],
        past_key_values=cache,
        use_cache=True,
        **media,
    )
    owner = {place: number for number, group in enumerate(groups) for place in group}
    which = torch.tensor([owner[place] for place in range(len(samples))], device=thinker.device)
    cache.batch_select_indices(which)
    return {
        "input_ids": ids[which],
        "attention_mask": mask[which],
        "position_ids": positions[:, which, -1:],
        "past_key_values": cache,
    }


def seeing(model: Any, thinker: Any, clips: Sequence[ClipInputs], device: Any) -> Callable[..., Any]:
    """The model with its clips, in TRL's place for a model that it gives plain rows to.

    Rows with one prompt and one clip are read as branches of it, where the thinker's attention can.
    """
    if can_branch(thinker):
        return functools.partial(_shared, model, clips, device)
    return functools.partial(model, **send_to_device(merged(clips), device))


def _shared(
    model: Any,
    clips: Sequence[ClipInputs],
    device: Any,
    *,
    input_ids: Any,
    attention_mask: Any,
    labels: Any,
    **given: Any,
) -> Any:
    """What TRL takes of a pass: ``log_probs``, ``entropy``: (rows, tokens - 1), 0 without a label; ``aux_loss``."""
    real = attention_mask.bool()
    scored = [labelled.nonzero().flatten().tolist() for labelled in labels >= 0]
    whole = [ids[here].tolist() for ids, here in zip(input_ids, real, strict=True)]
    said = [
        Said(prompt=ids[: len(ids) - len(places)], reply=ids[len(ids) - len(places) :])
        for ids, places in zip(whole, scored, strict=True)
    ]
    groups = grouped(_key(one.prompt, clip) for one, clip in zip(said, clips, strict=True))
    made = branched(said, groups, pad=0)
    media = merged([clips[group[0]] for group in groups])
    found = model(**send_to_device({**made.tensors, **media}, device), **given)
    places = _places(made, scored, input_ids.shape[1] - 1, found.log_probs.shape[1]).to(device)
    return SimpleNamespace(
        log_probs=_spread(found.log_probs, places),
        entropy=None if found.entropy is None else _spread(found.entropy, places),
        aux_loss=found.aux_loss,
    )


def _key(prompt: Sequence[int], clip: ClipInputs) -> tuple[int, tuple[int, ...]]:
    """Equal for what may share a reading. A clip that was loaded twice is two of them: that costs time, no more."""
    return id(clip), tuple(prompt)


def _places(made: Branched, scored: Sequence[Sequence[int]], width: int, wide: int) -> Any:
    """Where in the branched rows, laid end to end, each token of the plain rows is foretold; -1 where none is."""
    places = torch.full((len(scored), width), -1)
    for plain, labelled, (row, start, length) in zip(places, scored, made.replies, strict=True):
        if length:
            plain[torch.tensor(labelled) - 1] = torch.arange(length) + row * wide + start - 1
    return places


def _spread(values: Any, places: Any) -> Any:
    return values.flatten()[places.clamp(min=0)].masked_fill(places < 0, 0)


def together(batches: Sequence[Batch], at_once: int) -> list[dict[str, Any]]:
    """The same samples in the same number of batches, those of one prompt side by side.

    TRL has shuffled them over all the batches of a rollout. They stay among the ``at_once`` batches of one step of the
    optimizer, which takes them all before it moves.
    """
    made = []
    for start in range(0, len(batches), at_once):
        some = batches[start : start + at_once]
        whole = {name: _joined([batch[name] for batch in some]) for name in some[0]}
        keys = zip(whole["prompt_ids"].tolist(), whole["clips"], strict=True)
        order = [place for group in grouped(_key(ids, clip) for ids, clip in keys) for place in group]
        size = len(order) // len(some)
        made += [
            {name: _chosen(values, order[first : first + size]) for name, values in whole.items()}
            for first in range(0, len(order), size)
        ]
    return made


def _joined(values: Sequence[Any]) -> Any:
    """A column of several batches; what is said of a whole batch is the same in all of them."""
    if isinstance(values[0], list):
        return [value for some in values for value in some]
    return torch.cat(list(values)) if torch.is_tensor(values[0]) and values[0].ndim else values[0]


def _chosen(values: Any, places: list[int]) -> Any:
    if isinstance(values, list):
        return [values[place] for place in places]
    return values[places] if torch.is_tensor(values) and values.ndim else values
