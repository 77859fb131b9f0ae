"""What the frozen towers make of a clip: computed once, kept on disk, and handed to the model in their place.

Training of the language model leaves the audio and the vision tower as they are, so that what they make of a clip
never changes. transformers has a door for the vision tower's outputs (``mm_encoder_outputs``) and none for the audio
tower's; ``open_door`` makes one, so that every forward pass takes both: loss and gradients are those of the plain path
(tested for both kinds of thinkers).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from crossomni.media import ClipFile
from crossomni.media.disk import DiskCache, cache_home
from crossomni.omni.inputs import ALL_SENSES, ClipInputs, Inputs
from crossomni.optional import need
from crossomni.tasks import Modality

TOWERS = ("audio_tower", "visual")  # of a thinker's ``model``
GIVEN = "mm_encoder_outputs"  # transformers' word for outputs that are handed in
_PURPOSE = "an Omni-LLM"
_RAW = ("input_features", "pixel_values_videos")  # what the towers take
_SHARED_BYTES = 200 * 2**30
_FORM = 1  # of the entries; another number makes them all again


def bare(thinker: Any) -> Any:
    """The thinker itself, without a LoRA adapter's wrapping."""
    return thinker.get_base_model() if hasattr(thinker, "get_base_model") else thinker


def freeze(thinker: Any) -> None:
    """Keep training from the towers."""
    for tower in TOWERS:
        getattr(bare(thinker).model, tower).requires_grad_(False)


def outputs(thinker: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """What the towers make of the tensors of one clip or several.

    Returns:
        ``audio``: (audio tokens, hidden); ``video``: (video tokens, hidden); ``deepstack.0`` and on, of Qwen3-Omni:
        (video tokens, hidden) each. Only of what is given.
    """
    torch = need("torch", _PURPOSE)
    model = bare(thinker).model
    made: dict[str, Any] = {}
    with torch.no_grad():
        if "input_features" in tensors:
            sound = tensors["input_features"].to(thinker.device, thinker.dtype)
            mask = tensors["feature_attention_mask"].to(thinker.device)
            made["audio"] = model.get_audio_features(sound, mask, return_dict=True).last_hidden_state
        if "pixel_values_videos" in tensors:
            pixels = tensors["pixel_values_videos"].to(thinker.device, thinker.dtype)
            grid = tensors["video_grid_thw"].to(thinker.device)
            seen = model.get_video_features(pixels, grid, return_dict=True)
            made["video"] = torch.cat(seen.pooler_output)
            for place, layer in enumerate(getattr(seen, "deepstack_features", None) or ()):
                made[f"deepstack.{place}"] = torch.cat(layer)
    return made


def open_door(thinker: Any) -> None:
    """Let every forward pass of the thinker take the towers' outputs, sound's too, as ``mm_encoder_outputs``."""
    model = bare(thinker).model
    if not getattr(model, "_crossomni_door", False):
        model._crossomni_door = True
        model.register_forward_pre_hook(_through_the_door, with_kwargs=True)


def _through_the_door(model: Any, args: tuple[Any, ...], given: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    """Put the sound's outputs in its tokens' places, and the picture's in the form that transformers knows."""
    made = given.get(GIVEN)
    # In generation transformers runs the towers ahead and hands in its own outputs, which are no tensors.
    if not made or not all(map(need("torch", _PURPOSE).is_tensor, made.values())):
        return None
    ids = given["input_ids"]
    passed = {name: value for name, value in given.items() if name != GIVEN}
    # In generation, the steps after the first hold no media token any more.
    if bool(((ids == model.config.audio_token_id) | (ids == model.config.video_token_id)).any()):
        passed["inputs_embeds"] = _with_sound(model, ids, given.get("inputs_embeds"), made)
        if "video" in made:
            passed[GIVEN] = {"video": _seen(made)}
    return args, passed


def _with_sound(model: Any, ids: Any, embedded: Any, made: Mapping[str, Any]) -> Any:
    embedded = model.get_input_embeddings()(ids) if embedded is None else embedded
    if "audio" not in made:
        return embedded
    places = (ids == model.config.audio_token_id).unsqueeze(-1)
    sound = made["audio"].to(embedded.device, embedded.dtype)
    if int(places.sum()) != len(sound):
        raise ValueError(f"{len(sound)} outputs of the audio tower for {int(places.sum())} tokens of sound")
    return embedded.masked_scatter(places, sound)


def _seen(made: Mapping[str, Any]) -> Any:
    layers = [made[name] for name in sorted(made) if name.startswith("deepstack.")]
    kinds = need("transformers.models.qwen3_omni_moe.modeling_qwen3_omni_moe", _PURPOSE)
    known = need("transformers.modeling_outputs", _PURPOSE)
    if layers:
        return kinds.BaseModelOutputWithDeepstackFeatures(
            pooler_output=(made["video"],), deepstack_features=[(layer,) for layer in layers]
        )
    return known.BaseModelOutputWithPooling(pooler_output=(made["video"],))


@dataclass(frozen=True)
class Clips:
    """Clips as a thinker takes them. With a store, decoder, processor and towers run once a clip, for everybody.

    The tensors of a stored clip hold ``mm_encoder_outputs`` in place of what the towers take.
    """

    inputs: Inputs
    thinker: Any = None  # whose towers compute; only with a store
    store: TowerStore | None = None

    def of(self, clip: ClipFile | None, senses: frozenset[Modality] = ALL_SENSES) -> ClipInputs:
        """What ``senses`` take of the clip.

        Raises:
            MediaError: when the clip cannot be decoded.
            DeafOrBlindError: when the model's own template leaves media out of a conversation.
        """
        if self.store is None or clip is None:
            return self.inputs.of_clip(clip, senses)
        heard = sorted(sense.value for sense in senses)
        key = json.dumps([_FORM, clip.key, heard, asdict(self.inputs.shown), self._marks, self._towers])
        return _opened(self.store.content(key, lambda: _closed(self._computed(clip, senses))))

    def _computed(self, clip: ClipFile, senses: frozenset[Modality]) -> ClipInputs:
        plain = self.inputs.of_clip(clip, senses)
        made = {name: value.cpu() for name, value in outputs(self.thinker, plain.tensors).items()}
        left = {name: value for name, value in plain.tensors.items() if name not in _RAW}
        return replace(plain, tensors={**left, GIVEN: made} if made else left)

    @cached_property
    def _towers(self) -> str:
        return fingerprint(self.thinker)

    @cached_property
    def _marks(self) -> list[Any]:
        """What of the processor decides on token ids and tensors beside ``Presentation``."""
        own = self.inputs.processor
        parts = [own.video_processor.to_dict(), own.feature_extractor.to_dict()]
        return [*self.inputs.marks, own.chat_template, hashlib.sha256(repr(parts).encode()).hexdigest()]


class TowerStore(DiskCache):
    """Towers' outputs on disk, a ``.safetensors`` file a clip; several processes may share the folder."""

    suffix = ".safetensors"
    name = "store of towers' outputs"

    @classmethod
    def shared(cls) -> TowerStore:
        """The store that all trainings and runs of a user share, at most 200 GiB (``cache_home``)."""
        return cls(cache_home() / "towers", _SHARED_BYTES)


def fingerprint(thinker: Any) -> str:
    """64 hex digits that change with the towers' weights, precision and kind."""
    torch = need("torch", _PURPOSE)
    digest = hashlib.sha256(f"{type(bare(thinker)).__name__} {thinker.dtype}".encode())
    for tower in TOWERS:
        for name, weight in getattr(bare(thinker).model, tower).state_dict().items():
            digest.update(f"{tower}.{name} {tuple(weight.shape)}".encode())
            digest.update(weight.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


_COUNTS = ("frames", "audio_seconds", "video_tokens", "audio_tokens", "interleaved")


def _closed(clip: ClipInputs) -> bytes:
    torch, safetensors = need("torch", _PURPOSE), need("safetensors.torch", _PURPOSE)
    tensors = {"block": torch.tensor(clip.block, dtype=torch.int32), **dict(_flat(clip.tensors))}
    notes = {name: getattr(clip, name) for name in _COUNTS} | {"senses": sorted(sense.value for sense in clip.senses)}
    content: bytes = safetensors.save(
        {name: torch.as_tensor(value).contiguous() for name, value in tensors.items()},
        metadata={"clip": json.dumps(notes)},
    )
    return content


def _opened(content: bytes | memoryview) -> ClipInputs:
    safetensors = need("safetensors.torch", _PURPOSE)
    whole = bytes(content)
    tensors = safetensors.load(whole)
    notes = json.loads(json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])["__metadata__"]["clip"])
    block = tuple(tensors.pop("block").tolist())
    made = {name: tensors.pop(f"{GIVEN}.{name}") for name in _names(tensors)}
    senses = frozenset(map(Modality, notes.pop("senses")))
    return ClipInputs(block=block, tensors=tensors | ({GIVEN: made} if made else {}), senses=senses, **notes)


def _flat(tensors: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in tensors.items():
        if name == GIVEN:
            yield from ((f"{GIVEN}.{part}", tensor) for part, tensor in value.items())
        else:
            yield name, value


def _names(tensors: Mapping[str, Any]) -> list[str]:
    return [name.removeprefix(f"{GIVEN}.") for name in tensors if name.startswith(f"{GIVEN}.")]
