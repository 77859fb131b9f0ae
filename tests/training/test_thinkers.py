"""Who is trained and who is not: the language model alone, adapters that go on, towers that stay."""

from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.omni.towers import TOWERS, bare
from crossomni.testing import tiny_omni
from crossomni.training.encoding import collate
from crossomni.training.thinkers import ATTENTION, FEED_FORWARD, load_thinker, lora, made_ready, trained
from crossomni.weights import with_adapter
from tests.training.conftest import Studio, talk

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")
pytestmark = pytest.mark.usefixtures("seeded")


def leaves(module: Any) -> set[str]:
    """The last part of each module's name."""
    return {name.rpartition(".")[2] for name, _ in module.named_modules()}


def adapted(thinker: Any) -> set[str]:
    """The full names of the layers that have an adapter."""
    return {name.partition(".lora_")[0].removeprefix("base_model.model.") for name, _ in thinker.named_parameters()
            if ".lora_" in name}  # fmt: skip


def test_the_towers_layers_bear_the_same_names(studio: Studio) -> None:
    """Which is why names alone do not tell the language model from the towers."""
    model = studio.thinker().model
    assert {"q_proj", "k_proj", "v_proj"} <= leaves(model.audio_tower)
    if studio.kind == "qwen2_5_omni":
        assert {"gate_proj", "up_proj", "down_proj"} <= leaves(model.visual)


def test_lora_touches_all_of_the_language_model_and_nothing_else(studio: Studio) -> None:
    """Each projection of each layer, and none of a tower; of a mixture of experts, those of attention."""
    thinker = studio.thinker()
    dense = studio.kind == "qwen2_5_omni"
    names = (*ATTENTION, *FEED_FORWARD) if dense else ATTENTION
    wanted = {
        name
        for name, module in thinker.named_modules()
        if name.startswith("model.language_model.") and name.rpartition(".")[2] in names
        and isinstance(module, torch.nn.Linear)
    }  # fmt: skip
    assert len(wanted) == 2 * len(names)  # of two layers
    found = peft.get_peft_model(thinker, lora(thinker))
    assert wanted == adapted(found)
    assert 0 < trained(found)[0] < trained(found)[1]


def test_rank_and_alpha_are_those_that_are_given(studio: Studio) -> None:
    """By default those of B.2."""
    thinker = studio.thinker()
    assert (16, 32) == (lora(thinker).r, lora(thinker).lora_alpha)
    assert (4, 8) == (lora(thinker, 4, 8).r, lora(thinker, 4, 8).lora_alpha)


def test_without_the_exclusion_the_towers_would_be_reached(studios: dict[str, Studio]) -> None:
    """For a mixture of experts peft makes bare names of the pattern, and such an adapter is refused."""
    thinker = studios["qwen3_omni_moe"].thinker()
    open_config = lora(thinker)
    open_config.exclude_modules = None
    found = peft.get_peft_model(thinker, open_config)
    assert any("audio_tower" in name for name in adapted(found))
    with pytest.raises(InputError, match=r"^adapter: it reaches into a tower \(.*audio_tower.*\); wanted"):
        made_ready(found)


def test_an_adapter_in_a_tower_is_refused(studio: Studio) -> None:
    """What everybody writes reaches the towers, whose stored outputs would be those of another model."""
    everybodys = "all-linear" if studio.kind == "qwen2_5_omni" else ["q_proj", "v_proj"]
    found = peft.get_peft_model(studio.thinker(), peft.LoraConfig(r=2, target_modules=everybodys))
    with pytest.raises(InputError, match="it reaches into a tower"):
        made_ready(found)


def test_the_towers_are_frozen(studio: Studio) -> None:
    """And the rest is not."""
    thinker = made_ready(studio.thinker())
    still = {name for name, weight in thinker.named_parameters() if not weight.requires_grad}
    assert {name for name, _ in thinker.named_parameters() if any(f".{tower}." in name for tower in TOWERS)} == still
    assert trained(thinker) == (
        sum(w.numel() for n, w in thinker.named_parameters() if n not in still),
        sum(w.numel() for w in thinker.parameters()),
    )


def step(studio: Studio, thinker: Any) -> set[str]:
    """One step of training; the names of the weights that moved."""
    encoder = studio.encoder(thinker=bare(thinker))
    batch = collate([encoder.encode(talk(studio.short, "Who?", "The red hat."), "a")], encoder.pad)
    before = {name: weight.detach().clone() for name, weight in thinker.named_parameters()}
    loss = thinker(**batch).loss
    if not loss.requires_grad:
        return set()
    loss.backward()
    torch.optim.SGD([w for w in thinker.parameters() if w.requires_grad], lr=0.1).step()
    return {name for name, weight in thinker.named_parameters() if not torch.equal(before[name], weight)}


def test_a_loaded_adapter_goes_on_being_trained(studio: Studio, tuned: Path) -> None:
    """All of its weights move, and no other ones."""
    thinker = made_ready(with_adapter(studio.thinker(), tuned, trainable=True))
    assert {name for name, _ in thinker.named_parameters() if ".lora_" in name} == step(studio, thinker)


def test_an_adapter_loaded_plainly_is_refused(studio: Studio, tuned: Path) -> None:
    """It is frozen, so that training it would change nothing: the trap that with_adapter is there for."""
    with pytest.raises(InputError, match="all of its weights are frozen, so that nothing would be learned"):
        made_ready(peft.PeftModel.from_pretrained(studio.thinker(), tuned))


def test_a_folder_without_an_adapter_is_refused(studio: Studio, tmp_path: Path) -> None:
    """In one line that names it."""
    with pytest.raises(InputError, match=rf"^adapter {tmp_path}: cannot be put on the model") as caught:
        with_adapter(studio.thinker(), tmp_path, trainable=True)
    assert "\n" not in str(caught.value)


def test_an_adapter_that_breaks_off_is_refused(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """As any other that cannot be put on."""
    for file in tuned.iterdir():
        half = file.stat().st_size // 2 if file.suffix == ".safetensors" else None
        (tmp_path / file.name).write_bytes(file.read_bytes()[:half])
    with pytest.raises(InputError, match="cannot be put on the model"):
        with_adapter(studio.thinker(), tmp_path)


def test_another_models_adapter_is_refused(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Its weights have another form."""
    other = peft.PeftConfig.from_pretrained(tuned)
    other.r = 8
    for file in tuned.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    other.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="cannot be put on the model"):
        with_adapter(studio.thinker(), tmp_path, trainable=True)


def test_a_full_checkpoint_is_loaded_as_its_thinker(studio: Studio, tmp_path: Path) -> None:
    """A published folder holds a talker besides."""
    whole = load_thinker(tiny_omni(tmp_path, studio.kind, full=True))
    own = dict(studio.thinker().named_parameters())
    assert type(studio.thinker()) is type(whole)
    assert all(torch.equal(own[name], weight) for name, weight in whole.named_parameters())


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    """The line names the kinds that can be trained."""
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match=r"of the kind 'bert'; wanted one of qwen2_5_omni, "):
        load_thinker(tmp_path)
