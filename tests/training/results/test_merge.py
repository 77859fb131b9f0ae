"""An adapter becomes a part of its base, and nothing else changes."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.media import ClipFile
from crossomni.omni.inputs import Inputs
from crossomni.testing import tiny_omni
from crossomni.training.results.merge import merge, merged_from
from crossomni.training.thinkers import load_processor, load_thinker
from crossomni.weights import weights_fingerprint, with_adapter
from tests.training.conftest import SHOWN, Studio
from tests.training.results.trained import training, write


def run_of(folder: Path, base: Path, tuned: Path, **changes: Any) -> Path:
    """The folder of a finished training of this base and this adapter."""
    known = {"name": str(base), "fingerprint": weights_fingerprint(base)}
    write(folder, steps=1, model=str(base), base=known, **changes)
    shutil.copytree(tuned, folder / "adapter")
    return folder


@pytest.fixture(scope="module")
def run(studio: Studio, tuned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that was merged."""
    folder = run_of(tmp_path_factory.mktemp("run"), studio.folder, tuned)
    merge(folder)
    return folder


def logits(thinker: Any, processor: Any, studio: Studio) -> Any:
    """Of a prompt with a clip that is seen and heard."""
    torch = pytest.importorskip("torch")
    clip = Inputs(processor, SHOWN).of_clip(ClipFile(studio.short))
    ids = torch.tensor([Inputs(processor, SHOWN).ids("Who sings?", clip)])
    with torch.no_grad():
        return thinker.eval()(input_ids=ids, attention_mask=torch.ones_like(ids), **clip.tensors).logits


def test_a_merged_thinker_says_what_base_and_adapter_say(studio: Studio, tuned: Path, run: Path) -> None:
    """Loaded by the class of its configuration, with its own processor; the base alone says something else."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    merged = run / "merged"
    (named,) = transformers.AutoConfig.from_pretrained(merged).architectures
    alone = logits(getattr(transformers, named).from_pretrained(merged), load_processor(merged), studio)
    together = logits(with_adapter(studio.thinker(), tuned), studio.processor, studio)
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-4)
    assert (alone - logits(studio.thinker(), studio.processor, studio)).abs().max() > 0.01


def test_what_ends_a_reply_travels_along(studio: Studio, run: Path) -> None:
    """So that transformers' own generate stops where it should."""
    told = load_thinker(run / "merged").generation_config
    assert studio.processor.tokenizer.eos_token_id == told.eos_token_id


def test_a_merged_thinker_knows_of_what_it_was_made(studio: Studio, tuned: Path, run: Path) -> None:
    """In the words of an evaluation of base and adapter; other weights know of nothing."""
    assert f"{weights_fingerprint(studio.folder)}+{weights_fingerprint(tuned)}" == merged_from(run / "merged")
    assert "" == merged_from(studio.folder)


def test_what_is_merged_already_is_kept(run: Path) -> None:
    """A second time nothing is written."""
    before = (run / "merged/model.safetensors").stat().st_mtime_ns
    assert run / "merged" == merge(run)
    assert before == (run / "merged/model.safetensors").stat().st_mtime_ns


def test_another_adapter_is_no_longer_the_merged_one(studio: Studio, run: Path, tmp_path: Path) -> None:
    """A training that went on since does not find its old weights taken for the new ones."""
    moved = shutil.copytree(run, tmp_path / "run")
    (moved / "adapter/adapter_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"merged: holds something else.*--to"):
        merge(moved)


def test_a_whole_checkpoint_is_merged_as_its_thinker(studio: Studio, tuned: Path, run: Path, tmp_path: Path) -> None:
    """As published ones are: with a talker beside it, which stays behind."""
    whole = tiny_omni(tmp_path / "whole", studio.kind, full=True)
    merged = merge(run_of(tmp_path / "run", whole, tuned), tmp_path / "out")
    torch = pytest.importorskip("torch")
    one, other = (load_thinker(folder).state_dict() for folder in (merged, run / "merged"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_base_keeps_its_precision(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Half as many bytes stay half as many."""
    torch = pytest.importorskip("torch")
    half = shutil.copytree(studio.folder, tmp_path / "half")
    studio.thinker().to(torch.bfloat16).save_pretrained(half)
    merged = merge(run_of(tmp_path / "run", half, tuned))
    assert pytest.approx((half / "model.safetensors").stat().st_size, rel=0.01) == (
        (merged / "model.safetensors").stat().st_size
    )


def test_a_base_that_changed_or_is_gone_is_refused(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """Until it is said where the right one is now."""
    base = shutil.copytree(studio.folder, tmp_path / "base")
    run = run_of(tmp_path / "run", base, tuned)
    (base / "generation_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"not the base that was trained from, or has changed since.*--base"):
        merge(run)
    shutil.rmtree(base)
    with pytest.raises(InputError, match=r"the base is not there.*--base"):
        merge(run)
    assert run / "merged" == merge(run, base=studio.folder)


def test_whole_weights_and_unfinished_trainings_are_refused(tmp_path: Path) -> None:
    """Without an adapter there is nothing to merge."""
    whole = training()
    write(tmp_path / "whole", configuration={**whole.configuration, "lora": "off"})
    (tmp_path / "whole/model").mkdir()
    (tmp_path / "whole/model/model.safetensors").write_bytes(b"weights")
    with pytest.raises(InputError, match="has no adapter to merge"):
        merge(tmp_path / "whole")
    write(tmp_path / "begun")
    with pytest.raises(InputError, match=r"adapter: holds no weights; wanted those of a finished training"):
        merge(tmp_path / "begun")


def test_a_damaged_adapter_is_refused_and_leaves_nothing(studio: Studio, tuned: Path, tmp_path: Path) -> None:
    """No half of a thinker lies where a whole one should."""
    run = run_of(tmp_path / "run", studio.folder, tuned)
    (run / "adapter/adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be merged"):
        merge(run)
    assert not (run / "merged").exists()
