"""Weights that cannot be loaded as they are meant are refused in one line; nothing is made up in their place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.testing import tiny_omni
from crossomni.weights import check_base, from_pretrained, model_from_pretrained, model_type, weights_fingerprint

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")

THINKER = "Qwen2_5OmniThinkerForConditionalGeneration"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that a model needs."""
    return tiny_omni(tmp_path_factory.mktemp("weights") / "tiny")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(whole, tmp_path / "tiny")


def configure(folder: Path, **changes: Any) -> None:
    """Change its configuration."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_weights(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change its weights."""
    path = folder / "model.safetensors"
    weights = safetensors.load_file(path)
    change(weights)
    safetensors.save_file(weights, path, metadata={"format": "pt"})


def cut(path: Path) -> None:
    """Half of the file is gone."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def refusal(folder: Path) -> str:
    """The one line in which loading the model is refused."""

    def load() -> None:
        model_type(folder)
        model_from_pretrained(THINKER, folder)

    with pytest.raises(InputError) as caught:
        load()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"model {folder}: ")
    return str(caught.value).removeprefix(f"model {folder}: ")


def test_a_whole_folder_loads_without_a_word(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Weights and configuration are there; the library's own bars and notes are not."""
    capfd.readouterr()
    assert model_from_pretrained(THINKER, whole).num_parameters() > 200_000
    assert model_type(whole) == "qwen2_5_omni_thinker"
    assert capfd.readouterr() == ("", "")


def test_the_library_is_as_talkative_as_before(folder: Path) -> None:
    """Bars and levels are as they were, whether loading went well or not."""
    from huggingface_hub.utils import logging as hub

    def loudness() -> tuple[Any, ...]:
        own = transformers.utils.logging
        return own.is_progress_bar_enabled(), own.get_verbosity(), hub.get_verbosity()

    before = loudness()
    from_pretrained("AutoConfig", folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(InputError):
        from_pretrained("AutoConfig", folder)
    assert loudness() == before


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda folder: (folder / "config.json").unlink(), "Should have a `model_type` key"),
        (lambda folder: (folder / "config.json").write_text("{ no"), "is not a valid JSON file"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no file named model.safetensors"),
        (lambda folder: cut(folder / "model.safetensors"), "incomplete metadata"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"weights"), "header too small"),
    ],
)
def test_a_folder_that_lacks_something_is_refused(
    folder: Path, capfd: pytest.CaptureFixture[str], spoil: Callable[[Path], Any], named: str
) -> None:
    """Each fault has its reason in the line, and the library prints nothing of its own before it."""
    spoil(folder)
    capfd.readouterr()
    line = refusal(folder)

    assert named in line
    assert line.endswith("Give a folder or an id that loads.")
    assert capfd.readouterr() == ("", "")


def test_a_missing_weight_is_no_random_one(folder: Path) -> None:
    """The library would put random numbers in the place of a weight that is not in the file."""
    name = "model.layers.1.mlp.down_proj.weight"
    change_weights(folder, lambda weights: weights.pop(name))
    assert "missing or of another shape: model.language_model.layers.1.mlp.down_proj.weight and 0" in refusal(folder)


def test_a_weight_of_another_shape_is_refused(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Named too, and how many others there are; the library's own table of them is not shown."""
    transformers.logging.enable_propagation()
    change_weights(folder, lambda weights: weights.update({"lm_head.weight": weights["lm_head.weight"][:5].clone()}))
    line = refusal(folder)
    transformers.logging.disable_propagation()
    assert "missing or of another shape: lm_head.weight and 0 more" in line
    assert caplog.records == []


def test_a_folder_with_code_of_its_own_is_refused(folder: Path) -> None:
    """The line names the option, and nothing of the code has run."""
    configure(folder, model_type="own", auto_map={"AutoConfig": "own.Config"})
    (folder / "own.py").write_text("from pathlib import Path\n\nPath(__file__).with_name('it-ran').touch()\n")
    with pytest.raises(InputError, match=r"brings its own code, and that is not run unless --trust-remote-code"):
        model_type(folder)
    assert not list(folder.rglob("it-ran"))


def test_code_that_is_trusted_runs(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user says so, the folder's own configuration class is used."""
    modules = tmp_path / "modules"
    monkeypatch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(modules))  # not the user's own
    configure(folder, model_type="own", auto_map={"AutoConfig": "own.Config"})
    (folder / "own.py").write_text(
        'from transformers import PreTrainedConfig\n\n\nclass Config(PreTrainedConfig):\n    by_whom = "its own code"\n'
    )
    assert from_pretrained("AutoConfig", folder, trust=True).by_whom == "its own code"


def test_code_that_is_not_needed_does_not_run(folder: Path) -> None:
    """A model that the library knows is loaded by the library, whatever code lies beside it."""
    configure(folder, auto_map={"AutoConfig": "own.Config"})
    (folder / "own.py").write_text("raise SystemExit('it ran')\n")
    assert model_type(folder) == "qwen2_5_omni_thinker"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "chat_template.jinja", "config.json"])
def test_a_fingerprint_hangs_on_each_file(whole: Path, folder: Path, name: str) -> None:
    """Copies agree; a byte more in any file of the model makes another one."""
    assert weights_fingerprint(whole) == weights_fingerprint(folder)
    with (folder / name).open("ab") as file:
        file.write(b" ")
    assert weights_fingerprint(whole) != weights_fingerprint(folder)


@pytest.mark.parametrize("name", ["merges.txt", "modeling_own.py"])
def test_a_fingerprint_hangs_on_merges_and_code(whole: Path, folder: Path, name: str) -> None:
    """Files that some models have, and whose content changes what is said."""
    (folder / name).write_text("a b")
    assert weights_fingerprint(whole) != weights_fingerprint(folder)


def test_weights_that_are_not_there_have_no_fingerprint(tmp_path: Path) -> None:
    """The line names the folder."""
    with pytest.raises(InputError, match=r"weights .*nowhere: there is no such file or folder"):
        weights_fingerprint(tmp_path / "nowhere")


def test_an_adapter_of_another_base_is_refused(whole: Path, folder: Path, tmp_path: Path) -> None:
    """By the note that its training left; one without a note is taken."""
    adapter = tmp_path / "run" / "adapter"
    adapter.mkdir(parents=True)
    check_base(adapter, folder)
    base = {"name": str(whole), "fingerprint": weights_fingerprint(whole)}
    (adapter.parent / "training.json").write_text(json.dumps({"base": base}))
    check_base(adapter, folder)  # another folder with the same weights
    change_weights(folder, lambda weights: weights.update({name: one * 2 for name, one in weights.items()}))
    with pytest.raises(InputError, match="it was trained from"):
        check_base(adapter, folder)
