"""What the frozen towers made of a clip takes their place: same loss, same gradients, no second computing."""

import hashlib
import multiprocessing
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossomni.media import ClipFile
from crossomni.omni.batches import merged, padded
from crossomni.omni.inputs import ClipInputs, Inputs
from crossomni.omni.prefix import next_logits, read
from crossomni.omni.presentation import Presentation
from crossomni.omni.towers import GIVEN, TOWERS, Clips, TowerStore, fingerprint, freeze, open_door, outputs
from crossomni.tasks import Modality
from crossomni.testing import write_clip
from tests.omni.conftest import Tiny

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SIDE = 112
SHOWN = Presentation(frames=4, pixels=SIDE * SIDE)
QUESTIONS = ("Who sings?", "What does she wear when the music starts? A. a red hat B. a blue scarf")
NEAR = 1e-6
ROOMY = 10**9


class Sealed(ClipFile):
    """A clip that nobody may decode."""

    def frames(self, times: Any, size: Any = None) -> Any:
        """Never."""
        pytest.fail("frames were decoded")

    def sound(self, rate_hz: int = 16_000) -> Any:
        """Never."""
        pytest.fail("sound was decoded")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two clips of different length, and one as long as the first that shows something else."""
    folder = tmp_path_factory.mktemp("clips")
    small = {"size": (SIDE, SIDE), "fps": 4}
    return [
        write_clip(folder / "short.mp4", seconds=3.0, **small),
        write_clip(folder / "long.mp4", seconds=5.0, **small),
        write_clip(folder / "other.mp4", seconds=3.0, **small, picture=_stripes),
    ]


def _stripes(number: int) -> Any:
    return np.full((SIDE, SIDE, 3), 20 + number, np.uint8) * np.arange(SIDE, dtype=np.uint8)[:, None, None]


def loaded(tiny: Tiny) -> Any:
    """A thinker of one's own, with a door for the towers' outputs."""
    thinker = type(tiny.thinker).from_pretrained(tiny.folder)
    freeze(thinker)
    open_door(thinker)
    return thinker


@pytest.fixture(scope="module")
def thinker(tiny: Tiny) -> Any:
    """A thinker that no test changes."""
    return loaded(tiny).eval()


def clips(tiny: Tiny, thinker: Any, folder: Path | None, shown: Presentation = SHOWN) -> Clips:
    """Clips with a store in the folder, or plain."""
    return Clips(Inputs(tiny.processor, shown), thinker, None if folder is None else TowerStore(folder, ROOMY))


def batch(source: Clips, files: list[Path]) -> dict[str, Any]:
    """Both clips with a question each, all of whose tokens are learned."""
    made = [source.of(ClipFile(file)) for file in files]
    rows = [source.inputs.ids(text, clip) for text, clip in zip(QUESTIONS, made, strict=False)]
    ids, mask = padded(rows, 0), padded([[1] * len(row) for row in rows], 0)
    return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100), **merged(made)}


def learned(thinker: Any, given: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
    """The loss of a pass, and the gradient of each weight that is trained."""
    thinker.zero_grad()
    loss = thinker.train()(**given).loss
    loss.backward()
    return loss.item(), {name: w.grad.clone() for name, w in thinker.named_parameters() if w.grad is not None}


@pytest.mark.parametrize("packing", ["interleaved", "apart"])
@pytest.mark.parametrize("way", ["whole", "lora"])
def test_loss_and_gradients_are_those_of_the_plain_path(
    tiny: Tiny, files: list[Path], tmp_path: Path, way: str, packing: str
) -> None:
    """Two clips of different length in one batch: nothing moves, neither when outputs are made nor when read."""
    own = loaded(tiny)
    shown = replace(SHOWN, packing=packing)
    if way == "lora":
        peft = pytest.importorskip("peft")
        torch.manual_seed(0)
        own = peft.get_peft_model(
            own,
            peft.LoraConfig(
                r=4, target_modules=r".*language_model\..*\.(q_proj|v_proj)", init_lora_weights=False,
                exclude_modules=r".*(audio_tower|visual)\..*",
            ),
        )  # fmt: skip
    loss, gradients = learned(own, batch(clips(tiny, own, None, shown), files[:2]))
    assert gradients
    for _ in ("made", "read"):
        stored = batch(clips(tiny, own, tmp_path, shown), files[:2])
        assert {"input_features", "pixel_values_videos"}.isdisjoint(stored)
        again, same = learned(own, stored)
        assert loss == pytest.approx(again, abs=NEAR)
        assert gradients.keys() == same.keys()
        assert max(float((gradients[name] - same[name]).abs().max()) for name in same) < NEAR


@pytest.mark.parametrize("senses", [{Modality.AUDIO}, {Modality.VISION}, set()])
def test_one_sense_alone_is_stored_as_well(
    tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path, senses: set[Modality]
) -> None:
    """Sound or sight alone, or neither, gives the logits of the plain path."""
    given = []
    for source in (clips(tiny, thinker, None), clips(tiny, thinker, tmp_path), clips(tiny, thinker, tmp_path)):
        clip = source.of(ClipFile(files[0]), frozenset(senses))
        ids = torch.tensor([source.inputs.ids("Who?", clip)])
        given.append({"input_ids": ids, "attention_mask": torch.ones_like(ids), **merged([clip])})
    with torch.no_grad():
        plain, made, opened = (thinker.eval()(**one).logits for one in given)
    assert torch.equal(plain, made)
    assert torch.equal(plain, opened)


def test_somebody_elses_outputs_change_the_loss(tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path) -> None:
    """Each of the stored outputs counts: with another one in its place, the loss is another one."""
    given = batch(clips(tiny, thinker, tmp_path), [files[0]])
    loss, _ = learned(thinker, given)
    deep = {"deepstack.0"} if tiny.kind == "qwen3_omni_moe" else set()
    assert {"audio", "video", *deep} == given[GIVEN].keys()
    for name, tensor in given[GIVEN].items():
        wrong, _ = learned(thinker, {**given, GIVEN: {**given[GIVEN], name: tensor.flip(0)}})
        assert abs(loss - wrong) > 1000 * NEAR, name
    other = batch(clips(tiny, thinker, tmp_path), [files[2]])
    wrong, _ = learned(thinker, {**given, GIVEN: other[GIVEN]})
    assert abs(loss - wrong) > 1000 * NEAR


def test_outputs_of_another_length_are_refused(tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path) -> None:
    """Sound of a longer clip is not spread over the places of a shorter one."""
    short, long = (batch(clips(tiny, thinker, tmp_path), [file]) for file in files[:2])
    with pytest.raises(ValueError, match=r"\d+ outputs of the audio tower for \d+ tokens of sound"):
        thinker(**{**short, GIVEN: {**short[GIVEN], "audio": long[GIVEN]["audio"]}})


def test_outputs_of_several_clips_are_those_of_each(tiny: Tiny, thinker: Any, files: list[Path]) -> None:
    """The towers make the same of a clip alone and beside another."""
    plain = [clips(tiny, thinker, None).of(ClipFile(file)) for file in files[:2]]
    both = outputs(thinker, merged(plain))
    for name, value in both.items():
        alone = torch.cat([outputs(thinker, clip.tensors)[name] for clip in plain])
        assert torch.allclose(alone, value, atol=NEAR), name


def same(left: ClipInputs, right: ClipInputs) -> bool:
    """Whether a thinker would get the same of both."""
    left_given, right_given = left.tensors.get(GIVEN, {}), right.tensors.get(GIVEN, {})
    return (
        replace(left, tensors={}) == replace(right, tensors={})
        and left.tensors.keys() == right.tensors.keys()
        and left_given.keys() == right_given.keys()
        and all(torch.equal(left_given[name], right_given[name]) for name in left_given)
        and all(torch.equal(left.tensors[name], right.tensors[name]) for name in left.tensors.keys() - {GIVEN})
    )


def test_nothing_is_decoded_or_computed_twice(tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path) -> None:
    """What is stored is what was made, and comes without decoder, processor and towers, and under another name."""
    made = clips(tiny, thinker, tmp_path).of(ClipFile(files[0]))
    renamed = shutil.copy(files[0], tmp_path / "renamed.mp4")
    ran: list[str] = []
    hooks = [
        getattr(thinker.model, tower).register_forward_pre_hook(lambda *_, tower=tower: ran.append(tower))
        for tower in TOWERS
    ]
    try:
        assert same(made, clips(tiny, thinker, tmp_path).of(Sealed(files[0])))
        assert same(made, clips(tiny, thinker, tmp_path).of(Sealed(renamed)))
        assert ran == []
        clips(tiny, thinker, tmp_path / "empty").of(ClipFile(files[0]))
        assert set(TOWERS) == set(ran)
    finally:
        for hook in hooks:
            hook.remove()
    assert len(entries(tmp_path)) == 1


def entries(folder: Path) -> set[str]:
    """The names of what is stored."""
    return {entry.name for entry in folder.glob(f"*{TowerStore.suffix}")}


@pytest.mark.parametrize(
    "change",
    [{"frames": 6}, {"fps": 1.0}, {"pixels": 56 * 56}, {"packing": "apart"}],
    ids=lambda change: next(iter(change)),
)
def test_another_sampling_is_another_entry(
    tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path, change: dict[str, Any]
) -> None:
    """What decides on frames, pixels or tokens is in the key."""
    clips(tiny, thinker, tmp_path).of(ClipFile(files[0]))
    before = entries(tmp_path)
    shown = replace(SHOWN, **change)
    changed = clips(tiny, thinker, tmp_path, shown).of(ClipFile(files[0]))

    assert before < entries(tmp_path)
    assert changed.block == Inputs(tiny.processor, shown).of_clip(ClipFile(files[0])).block


def test_another_content_is_another_entry(tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path) -> None:
    """Another clip under the same name is read anew, and so is another sense of the same clip."""
    source, path = clips(tiny, thinker, tmp_path / "store"), tmp_path / "clip.mp4"
    shutil.copy(files[0], path)
    first = source.of(ClipFile(path))
    shutil.copy(files[2], path)
    second = source.of(ClipFile(path))
    source.of(ClipFile(path), frozenset({Modality.AUDIO}))

    assert not same(first, second)
    assert len(entries(tmp_path / "store")) == 3


@pytest.mark.parametrize("tower", TOWERS)
def test_other_towers_are_another_entry(tiny: Tiny, files: list[Path], tmp_path: Path, tower: str) -> None:
    """One weight of a tower makes another entry, and the language model's weights do not."""
    own = loaded(tiny)
    first = clips(tiny, own, tmp_path).of(ClipFile(files[0]))
    with torch.no_grad():
        next(own.model.language_model.parameters()).add_(1)
    assert same(first, clips(tiny, own, tmp_path).of(Sealed(files[0])))
    with torch.no_grad():
        list(getattr(own.model, tower).parameters())[-1].view(-1)[0].add_(1)
    second = clips(tiny, own, tmp_path).of(ClipFile(files[0]))

    assert not same(first, second)
    assert len(entries(tmp_path)) == 2


def test_another_precision_is_another_entry(tiny: Tiny, files: list[Path], tmp_path: Path) -> None:
    """Outputs are kept in the model's own precision and never served to one of another."""
    own = loaded(tiny)
    assert clips(tiny, own, tmp_path).of(ClipFile(files[0])).tensors[GIVEN]["audio"].dtype == torch.float32
    own.to(torch.bfloat16)
    half = clips(tiny, own, tmp_path).of(ClipFile(files[0]))
    again = clips(tiny, own, tmp_path).of(Sealed(files[0]))

    assert half.tensors[GIVEN]["audio"].dtype == torch.bfloat16
    assert same(half, again)
    assert len(entries(tmp_path)) == 2


def test_a_fingerprint_tells_towers_apart_and_no_adapter(tiny: Tiny, thinker: Any) -> None:
    """It is that of the same weights loaded again; an adapter on the language model is no part of it."""
    peft = pytest.importorskip("peft")
    own = loaded(tiny)
    assert fingerprint(thinker) == fingerprint(own)
    adapted = peft.get_peft_model(
        own,
        peft.LoraConfig(target_modules=r".*language_model\..*\.q_proj", exclude_modules=r".*(audio_tower|visual)\..*"),
    )
    assert fingerprint(thinker) == fingerprint(adapted)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b[:200] + b"\7" + b[201:], lambda b: b""])
def test_a_damaged_entry_is_made_again(
    tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path, damage: Any
) -> None:
    """It is never served, and afterwards the store is whole."""
    made = clips(tiny, thinker, tmp_path).of(ClipFile(files[0]))
    [entry] = tmp_path.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))

    assert same(made, clips(tiny, thinker, tmp_path).of(ClipFile(files[0])))
    assert whole == entry.read_bytes()


def _digest(queue: Any, folder: Path, kind: type, processor: Any, path: Path, store: Path) -> None:
    thinker = kind.from_pretrained(folder)  # type: ignore[attr-defined]
    clip = Clips(Inputs(processor, SHOWN), thinker, TowerStore(store, ROOMY)).of(ClipFile(path))
    queue.put(_sum(clip))


def _sum(clip: ClipInputs) -> str:
    parts = [tensor.numpy().tobytes() for _, tensor in sorted(clip.tensors[GIVEN].items())]
    return hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("tiny", ["qwen2_5_omni"], indirect=True)  # to a store all kinds are alike
def test_two_processes_share_a_store(tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path) -> None:
    """Both get what one alone would make; there is one entry, which a third one reads."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    store = tmp_path / "store"
    arguments = (queue, tiny.folder, type(tiny.thinker), tiny.processor, files[0], store)
    other = context.Process(target=_digest, args=arguments)
    other.start()
    mine = _sum(clips(tiny, thinker, store).of(ClipFile(files[0])))
    theirs = queue.get(timeout=300)
    other.join()

    assert mine == theirs
    assert mine == _sum(clips(tiny, thinker, store).of(Sealed(files[0])))
    assert len(list(store.iterdir())) == 1


def test_generation_goes_through_the_door(tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path) -> None:
    """Replies of clips of different length, padded on the left, are token for token those of the plain path."""
    said = []
    settings = transformers.GenerationConfig(do_sample=False, max_new_tokens=6, pad_token_id=0)
    for folder in (None, tmp_path):
        source = clips(tiny, thinker, folder)
        made = [source.of(ClipFile(file)) for file in files[:2]]
        rows = [source.inputs.ids(text, clip) for text, clip in zip(QUESTIONS, made, strict=True)]
        ids, mask = padded(rows, 0, "left"), padded([[1] * len(row) for row in rows], 0, "left")
        said.append(
            thinker.eval().generate(input_ids=ids, attention_mask=mask, **merged(made), generation_config=settings)
        )
    assert torch.equal(*said)


@pytest.mark.parametrize("packing", ["interleaved", "apart"])
def test_a_prefix_takes_a_stored_clip(
    tiny: Tiny, thinker: Any, files: list[Path], tmp_path: Path, packing: str
) -> None:
    """Evaluation reads a stored clip as it reads a plain one: the same log-probabilities."""
    logs = []
    for folder in (None, tmp_path, tmp_path):
        source = clips(tiny, thinker.eval(), folder, replace(SHOWN, packing=packing))
        clip = source.of(ClipFile(files[0]))
        ids = source.inputs.ids(QUESTIONS[0], clip)
        logs.append(next_logits(thinker, read(thinker, ids[:-3], clip), [ids[-3:]]).log_softmax(-1))
    assert torch.equal(logs[0], logs[1])
    assert torch.equal(logs[0], logs[2])


def test_nothing_is_stored_of_no_clip(tiny: Tiny, thinker: Any, tmp_path: Path) -> None:
    """A question about no clip has no entry."""
    assert clips(tiny, thinker, tmp_path).of(None).block == ()
    assert entries(tmp_path) == set()
