"""Sizes of thinkers, from their configurations alone."""

from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.testing import tiny_omni
from crossomni.training.planning.architecture import PUBLISHED, Thinker, found, thinker_of
from crossomni.training.thinkers import load_thinker, lora

KINDS = ("qwen2_5_omni", "qwen3_omni_moe")


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of each kind."""
    return tiny_omni(tmp_path_factory.mktemp(request.param), request.param)


def test_parameters_are_those_of_the_loaded_model(folder: Path) -> None:
    """Of the whole, of its parts, and of LoRA as peft puts it on."""
    import peft

    made, model = thinker_of(str(folder), folder), load_thinker(folder)

    def count(module: Any) -> int:
        return sum(weight.numel() for weight in module.parameters())

    assert count(model) == made.parameters
    assert count(model.model.audio_tower) == made.hearing
    assert count(model.model.visual) == made.looking
    assert made.parameters == made.language + made.hearing + made.looking
    adapted = peft.inject_adapter_in_model(lora(model, rank=8), model)
    assert sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad) == made.lora(8)


def test_a_published_layout_gives_the_same(folder: Path, tmp_path: Path) -> None:
    """The thinker's configuration may stand inside a whole checkpoint's."""
    plain = thinker_of(str(folder), folder)
    kind = plain.family
    nested = thinker_of("m", tiny_omni(tmp_path, kind, full=True))
    differing = {name for name in Thinker.__dataclass_fields__ if getattr(plain, name) != getattr(nested, name)}
    assert {"known_from"} == differing


@pytest.mark.parametrize("kind", KINDS)
def test_a_tiny_model_needs_no_folder(kind: str) -> None:
    """``tiny:KIND`` is made for the plan, and gone after it."""
    with found(f"tiny:{kind}") as source:
        made = thinker_of(f"tiny:{kind}", source)
        assert Path(source).is_dir()
    assert not Path(source).exists()
    assert (kind, 4, 2) == (made.family, made.bytes_each, made.layers)


def test_the_published_models_are_as_large_as_they_are() -> None:
    """Thinkers without their talkers; LoRA of rank 16 on the language model alone."""
    sizes = {name: (made.parameters, made.lora(16)) for name in PUBLISHED if (made := thinker_of(name, name))}
    assert {
        "Qwen/Qwen2.5-Omni-3B": (4_703_464_448, 29_933_568),
        "Qwen/Qwen2.5-Omni-7B": (8_931_813_888, 40_370_176),
        "Qwen/Qwen3-Omni-30B-A3B-Instruct": (31_719_205_488, 13_369_344),
        "Qwen/Qwen3-Omni-30B-A3B-Thinking": (31_719_205_488, 13_369_344),
    } == sizes


def test_of_a_mixture_a_token_goes_through_a_few_experts() -> None:
    """About 3 of 30 billion weights (the A3B of its name); of a dense model through all but the looked-up words."""
    mixed, dense = (thinker_of(name, name) for name in ("Qwen/Qwen3-Omni-30B-A3B-Instruct", "Qwen/Qwen2.5-Omni-7B"))
    assert 2.5e9 < mixed.working < 3.5e9
    assert dense.language - dense.vocabulary * dense.hidden == dense.working


def test_other_models_are_refused(tmp_path: Path) -> None:
    """A kind that is not there, and a model that is no Omni-LLM."""
    with pytest.raises(InputError, match="wanted tiny:qwen2_5_omni or tiny:qwen3_omni_moe"), found("tiny:none"):
        pass
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(InputError, match="its type is 'gpt2'"):
        thinker_of("mine", tmp_path)
