"""Fine-tuning: what is learned, what stays, what is saved."""

import json
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.omni.towers import TOWERS, bare
from crossomni.training.encoding import collate
from crossomni.training.thinkers import load_processor, load_thinker, lora
from crossomni.weights import with_adapter
from tests.training.conftest import SHOWN, Studio, talk, user

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

from crossomni.training.sft import FAILURES, OmniSFTTrainer  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")
REPLY = "The red hat."
NEAR = 1e-5


def settings(folder: Path, **changes: Any) -> Any:
    """A short training without reports, checkpoints and savings of memory."""
    given = {
        "per_device_train_batch_size": 2,
        "max_steps": 6,
        "learning_rate": 1e-2,
        "logging_steps": 1,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "save_strategy": "no",
        "activation_checkpointing": False,
        "disable_tqdm": True,
    }
    return trl.SFTConfig(str(folder), **{**given, **changes})


def rows(studio: Studio) -> Any:
    """Four conversations about two clips, in one of which a clip is gone."""
    clips = [studio.short, studio.long, studio.gone, studio.short]
    return datasets.Dataset.from_list(
        [{"id": f"row-{n}", "messages": talk(clip, "Who? " * (n + 1), REPLY)} for n, clip in enumerate(clips)]
    )


def trainer(studio: Studio, folder: Path, *, whole: bool = False, given: Any = None, **changes: Any) -> Any:
    """A trainer of the whole language model or of an adapter."""
    thinker = studio.thinker()
    return OmniSFTTrainer(
        thinker,
        settings(folder, **changes),
        processing_class=studio.processor,
        train_dataset=rows(studio) if given is None else given,
        eval_dataset=rows(studio),
        shown=SHOWN,
        store=studio.store,
        **({} if whole else {"peft_config": lora(thinker)}),
    )


def logits(studio: Studio, thinker: Any) -> Any:
    """What a thinker says about a clip."""
    encoder = studio.encoder()
    batch = collate([encoder.encode(talk(studio.short, "Who?", REPLY), "a")], encoder.pad)
    with torch.no_grad():
        return thinker.eval()(**batch).logits


@pytest.fixture(scope="module", params=[False, True], ids=["lora", "whole"])
def trained(request: pytest.FixtureRequest, studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A trainer that has trained, and its folder."""
    torch.manual_seed(0)
    made = trainer(studio, tmp_path_factory.mktemp("sft"), whole=request.param)
    made.train()
    return made


def losses(made: Any) -> list[float]:
    """Of each step."""
    return [entry["loss"] for entry in made.state.log_history if "loss" in entry]


def test_the_loss_falls(trained: Any) -> None:
    """By half in six steps, learning the same reply over and over."""
    told = losses(trained)
    assert len(told) == 6
    assert told[-1] < told[0] / 2


def test_the_towers_stay_and_the_language_model_moves(studio: Studio, trained: Any) -> None:
    """To the last bit; with LoRA, its own weights stay too and the adapter's move."""
    before = dict(studio.thinker().named_parameters())
    after = {
        name.removeprefix("base_model.model.").replace(".base_layer", ""): weight
        for name, weight in trained.accelerator.unwrap_model(trained.model).named_parameters()
    }
    adapter = {name for name in after if ".lora_" in name}
    moved = {name for name in after if name in adapter or not torch.equal(before[name], after[name])}
    assert not any(f".{tower}." in name for tower in TOWERS for name in moved)
    if adapter:
        assert adapter == moved
        assert all(bool(after[name].any()) for name in adapter)  # lora_B began as 0
    else:
        assert len([name for name in moved if name.startswith("model.language_model.")]) > 10


def test_a_bad_row_is_named_beside_the_weights(studio: Studio, trained: Any) -> None:
    """Once, though it came by several times."""
    lines = (Path(trained.args.output_dir) / FAILURES).read_text().splitlines()
    assert ["row-2"] == [json.loads(line)["where"] for line in lines]
    assert "gone.mp4" in json.loads(lines[0])["error"]


def test_evaluation_tells_the_loss(studio: Studio, trained: Any) -> None:
    """That of the replies, which are learned by now."""
    found = trained.evaluate()
    assert 0 < found["eval_loss"] < losses(trained)[0] / 2


def test_what_is_saved_alone_says_the_same(studio: Studio, trained: Any, tmp_path: Path) -> None:
    """An adapter without the model it was trained from, or a whole thinker, loads back to equal logits."""
    trained.save_model(str(tmp_path))
    thinker = trained.accelerator.unwrap_model(trained.model)
    if (tmp_path / "adapter_config.json").exists():
        assert not (tmp_path / "model.safetensors").exists()
        loaded = with_adapter(studio.thinker(), tmp_path, trainable=True)
    else:
        loaded = load_thinker(tmp_path)
    wanted = logits(studio, thinker)
    assert torch.equal(wanted, logits(studio, loaded))
    assert float((wanted - logits(studio, studio.thinker())).abs().max()) > 100 * NEAR
    assert type(load_processor(tmp_path)) is type(studio.processor)


def test_a_merged_thinker_says_the_same(studio: Studio, tmp_path: Path) -> None:
    """The adapter's weights in the model's own, saved and loaded as any thinker."""
    made = trainer(studio, tmp_path / "out", max_steps=2)
    made.train()
    wanted = logits(studio, made.model)
    made.model.merge_and_unload().save_pretrained(tmp_path / "merged")
    assert torch.allclose(wanted, logits(studio, load_thinker(tmp_path / "merged")), atol=NEAR)
    assert not torch.allclose(wanted, logits(studio, studio.thinker()), atol=100 * NEAR)


def test_an_adapter_is_trained_on(studio: Studio, tmp_path: Path) -> None:
    """What is loaded by with_adapter goes on from where it was."""
    first = trainer(studio, tmp_path / "first", max_steps=3)
    first.train()
    first.save_model(str(tmp_path / "adapter"))
    second = OmniSFTTrainer(
        with_adapter(studio.thinker(), tmp_path / "adapter", trainable=True),
        settings(tmp_path / "second", max_steps=3),
        processing_class=studio.processor,
        train_dataset=rows(studio),
        shown=SHOWN,
        store=studio.store,
    )
    second.train()
    assert losses(second)[0] < losses(first)[0] / 1.2
    assert losses(second)[-1] < losses(second)[0]


@pytest.mark.parametrize("batch", [1, 2])
def test_a_step_of_bad_rows_alone_changes_nothing(studio: Studio, tmp_path: Path, batch: int) -> None:
    """No weight moves, and none becomes a number that is none."""
    bad = datasets.Dataset.from_list(
        [{"id": f"bad-{n}", "messages": talk(studio.gone, "Who?", REPLY)} for n in range(2)]
    )
    # A mixture's router would be balanced over any token, those of no reply too.
    routed = {"router_aux_loss_coef": 0.0} if studio.kind == "qwen3_omni_moe" else {}
    made = trainer(studio, tmp_path, whole=True, given=bad, max_steps=1, per_device_train_batch_size=batch, **routed)
    made.train()
    before = studio.thinker().state_dict()
    after = bare(made.accelerator.unwrap_model(made.model)).state_dict()
    assert [name for name in before if not torch.equal(before[name], after[name])] == []


def test_a_folder_is_enough(studio: Studio, tmp_path: Path) -> None:
    """The model and its processor are loaded from it; without a store the towers run for every row."""
    made = OmniSFTTrainer(str(studio.folder), settings(tmp_path, max_steps=1), train_dataset=rows(studio), shown=SHOWN)
    made.train()
    assert len(losses(made)) == 1


def test_stored_and_plain_rows_teach_the_same(studio: Studio, tmp_path: Path) -> None:
    """Two steps with a store and without one: the same losses."""
    told = []
    for store in (None, studio.store):
        torch.manual_seed(0)
        made = OmniSFTTrainer(
            studio.thinker(), settings(tmp_path, max_steps=2), processing_class=studio.processor,
            train_dataset=rows(studio), shown=SHOWN, store=store,
        )  # fmt: skip
        made.train()
        told.append(losses(made))
    assert told[0] == pytest.approx(told[1], abs=1e-6)


def test_saving_memory_changes_nothing(studio: Studio, tmp_path: Path) -> None:
    """Where activations are computed again in the backward pass, the clips are there again."""
    told = []
    for saving in (False, True):
        torch.manual_seed(0)
        made = trainer(studio, tmp_path, max_steps=3, activation_checkpointing=saving)
        made.train()
        told.append(losses(made))
    assert told[0] == pytest.approx(told[1], abs=1e-5)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "a", "prompt": user(None, "Who?")}, "training rows have the columns id, prompt; wanted messages"),
        ({"id": "a", "messages": [{"role": "system", "content": "S"}]}, "^a: its turns are system"),
    ],
)
def test_rows_of_another_form_stop_the_training(
    studio: Studio, tmp_path: Path, row: dict[str, Any], words: str
) -> None:
    """They are no failure of a clip."""
    made = trainer(studio, tmp_path, given=datasets.Dataset.from_list([row, row]))
    with pytest.raises(InputError, match=words):
        made.train()


def test_workers_that_load_rows_are_refused(studio: Studio, tmp_path: Path) -> None:
    """The trainer would not know what fails there."""
    with pytest.raises(InputError, match="dataloader_num_workers is 2; a row that fails in a worker stays unknown"):
        trainer(studio, tmp_path, dataloader_num_workers=2)


def test_a_batch_is_of_one_clip_and_reads_it_once(studio: Studio, tmp_path: Path) -> None:
    """Six rows about two clips, in batches of three: a row of tokens each."""
    about = [studio.short, studio.long] * 3
    given = datasets.Dataset.from_list(
        [{"id": str(n), "messages": talk(clip, "Who? " * (n + 1), REPLY)} for n, clip in enumerate(about)]
    )
    made = trainer(studio, tmp_path, given=given, per_device_train_batch_size=3)
    batches = list(made.get_train_dataloader())
    assert [1, 1] == [len(batch["input_ids"]) for batch in batches]
    assert [3, 3] == [int(batch["branches"].max()) for batch in batches]
    made = trainer(studio, tmp_path, given=given, per_device_train_batch_size=3, train_sampling_strategy="sequential")
    assert [2, 2] == [len(batch["input_ids"]) for batch in made.get_train_dataloader()]
