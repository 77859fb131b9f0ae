"""What the right clip is worth: its sign, its zero, and which other clip stands in its place."""

import json
import math
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.records import Row
from crossomni.statistics import Estimate
from crossomni.testing import write_clip
from crossomni.training.examples import Example
from crossomni.training.held_out import HeldOut, _others, held_out, weighed
from tests.small_corpus import a_row
from tests.training.conftest import SHOWN, Studio

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

from crossomni.training.sft import OmniSFTTrainer  # noqa: E402

pytestmark = [
    pytest.mark.usefixtures("seeded"),
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning"),
]
COLOURS = (10, 60, 110, 160, 210, 250)


def example(number: int, clip: Path, episode: str | None = None, place: int = 0) -> Example:
    """A row of a clip whose reply only the clip tells."""
    row = a_row(place, f"clip{number}", "train", show="play", episode=f"e{number}" if episode is None else episode)
    return Example(row=row, clip=clip, prompt="Which?", reply="ABCDEF"[number % 6] * 4)


@dataclass(frozen=True)
class Learned:
    """A thinker that has learned which reply belongs to which clip."""

    thinker: Any
    trainer: Any
    clips: tuple[Path, ...]

    @property
    def encoder(self) -> Any:
        """Its trainer's."""
        return self.trainer.encoder

    def examples(self) -> list[Example]:
        """Two rows of each clip."""
        return [example(number, clip, place=place) for number, clip in enumerate(self.clips) for place in range(2)]


@pytest.fixture(scope="module")
def learned(studios: dict[str, Studio], tmp_path_factory: pytest.TempPathFactory) -> Learned:
    """Trained whole on six clips of one colour each."""
    folder, studio = tmp_path_factory.mktemp("colours"), studios["qwen2_5_omni"]
    clips = tuple(
        write_clip(folder / f"{shade}.mp4", seconds=1.0, size=(56, 56), fps=4,
                   picture=lambda number, shade=shade: _plain(shade))
        for shade in COLOURS
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        rows = [example(number, clip).for_sft() for number, clip in enumerate(clips)]
        settings = trl.SFTConfig(
            str(folder / "out"), per_device_train_batch_size=6, max_steps=25, learning_rate=1e-2, logging_steps=100,
            report_to="none", use_cpu=True, bf16=False, save_strategy="no", activation_checkpointing=False,
            disable_tqdm=True,
        )  # fmt: skip
        trainer = OmniSFTTrainer(
            studio.thinker(), settings, processing_class=studio.processor, shown=replace(SHOWN, pixels=56 * 56),
            train_dataset=datasets.Dataset.from_list(rows), store=studio.store,
        )  # fmt: skip
        trainer.train()
    return Learned(trainer.accelerator.unwrap_model(trainer.model), trainer, clips)


def _plain(shade: int) -> Any:
    import numpy as np

    return np.full((56, 56, 3), shade, np.uint8)


def measured(learned: Learned, examples: list[Example], **options: Any) -> HeldOut:
    """What must be there."""
    found = held_out(learned.thinker, learned.encoder, examples, **options)
    assert found is not None
    return found


def test_who_sees_has_a_gain_above_zero(learned: Learned) -> None:
    """The other clip's loss less the right one's, with an interval that leaves zero out."""
    found = measured(learned, learned.examples())
    assert (12, 6) == (found.rows, found.clips)
    assert found.gain is not None
    assert found.other > found.right > 0
    assert found.gain.value == pytest.approx(found.other - found.right)
    assert 0 < found.gain.low <= found.gain.value <= found.gain.high
    assert found.sees


def test_who_learned_other_clips_replies_has_a_gain_below_zero(learned: Learned) -> None:
    """Each reply is that of the clip which is shown in the place of its own."""
    swapped = [replace(one, reply="ABCDEF"[(number // 2 + 1) % 6] * 4) for number, one in enumerate(learned.examples())]
    found = measured(learned, swapped)
    assert found.gain is not None
    assert found.gain.high < 0
    assert not found.sees


def test_a_clip_against_itself_differs_by_exactly_nothing(learned: Learned, tmp_path: Path) -> None:
    """The same film in another file and another episode: the same loss, and no interval, since nothing varies."""
    copies = [Path(shutil.copy(learned.clips[0], tmp_path / f"{number}.mp4")) for number in range(6)]
    found = measured(learned, [example(0, clip, episode=clip.stem) for clip in copies])
    assert 0.0 == found.other - found.right
    assert found.gain is None


def test_the_loss_is_the_trainers(learned: Learned) -> None:
    """That of TRL's own look at held-out rows."""
    found = measured(learned, learned.examples())
    rows = datasets.Dataset.from_list([one.for_sft() for one in learned.examples()])
    assert learned.trainer.evaluate(rows)["eval_loss"] == pytest.approx(found.right, rel=1e-4)


@pytest.mark.parametrize("at_once", [1, 5])
def test_batches_change_nothing(learned: Learned, at_once: int) -> None:
    """However many rows are computed at once."""
    one, other = measured(learned, learned.examples()), measured(learned, learned.examples(), at_once=at_once)
    assert one.right == pytest.approx(other.right, rel=1e-4)
    assert one.other == pytest.approx(other.other, rel=1e-4)


def test_the_thinker_stays_in_training(learned: Learned) -> None:
    """Or out of it, as it was."""
    for mode in (True, False):
        learned.thinker.train(mode)
        measured(learned, learned.examples()[:4])
        assert mode == learned.thinker.training


def test_what_cannot_be_taken_is_left_out_and_named(learned: Learned, tmp_path: Path) -> None:
    """Its own rows, and the pairs in which it is the other clip, which are called so."""
    learned.encoder.failed.clear()
    gone = [*learned.examples(), example(7, tmp_path / "gone.mp4")]
    found = measured(learned, gone)
    own = gone[-1].row.id
    assert own in learned.encoder.failed
    paired = {name for name in learned.encoder.failed if name.endswith(", with another clip")}
    assert paired
    assert {own, *paired} == {*learned.encoder.failed}
    assert len(gone) - 1 - len(paired) == found.rows
    assert all(map(math.isfinite, (found.right, found.other)))


def test_where_nothing_can_be_taken_nothing_is_said(learned: Learned, tmp_path: Path) -> None:
    """No number stands for it."""
    gone = [example(number, tmp_path / f"{number}.mp4") for number in range(6)]
    assert held_out(learned.thinker, learned.encoder, gone) is None


def test_broken_weights_say_nothing(learned: Learned, caplog: pytest.LogCaptureFixture) -> None:
    """A loss that is no number does not become one."""
    head = learned.thinker.lm_head.weight
    with torch.no_grad():
        kept = head.clone()
        head.fill_(math.nan)
        try:
            assert held_out(learned.thinker, learned.encoder, learned.examples()) is None
        finally:
            head.copy_(kept)
    assert "no numbers" in caplog.text


def test_one_clip_has_no_other(learned: Learned) -> None:
    """Nor has none."""
    assert held_out(learned.thinker, learned.encoder, learned.examples()[:2]) is None
    assert held_out(learned.thinker, learned.encoder, []) is None


@pytest.mark.parametrize("count", [2, 3, 7, 10])
def test_each_clip_is_another_ones_other_once(count: int) -> None:
    """So that rows stay independent; none is its own."""
    others = _others([example(number, Path(f"{number}.mp4")) for number in range(count)])
    assert count == len({*others.values()}) == len(others)
    assert all(clip != other for clip, other in others.items())


def test_the_other_clip_is_the_next_longer_one() -> None:
    """Whatever the order of rows; the longest one meets the shortest."""
    seconds = (9.0, 5.0, 7.0, 6.0)
    made = [example(number, Path(str(number))) for number in range(4)]
    others = _others(
        [replace(one, row=replace(one.row, end_seconds=end)) for one, end in zip(made, seconds, strict=True)]
    )
    assert {"1": "3", "3": "2", "2": "0", "0": "1"} == {str(clip): str(other) for clip, other in others.items()}


def test_the_other_clip_is_of_another_episode() -> None:
    """Where there is one; else of the same."""
    two = [example(number, Path(f"{number}.mp4"), episode=f"e{number // 4}") for number in range(8)]
    episodes = {one.clip: one.row.episode for one in two}
    assert all(episodes[clip] != episodes[other] for clip, other in _others(two).items())
    assert 4 == len(_others(two[:4]))


def test_clips_without_an_episode_are_strangers() -> None:
    """None is known to belong to another."""
    rows = [example(0, Path("a"), episode="e"), *(example(n, Path(str(n)), episode="") for n in range(1, 5))]
    assert 5 == len({*_others(rows).values()})


def test_few_clips_have_no_interval(learned: Learned) -> None:
    """Figures, but nothing that claims to be sure."""
    found = measured(learned, learned.examples()[:6])
    assert found.gain is None
    assert found.told.endswith("too few clips for an interval")


def test_it_is_written_as_plain_values() -> None:
    """And told in a line."""
    found = HeldOut(rows=4, clips=2, right=1.0, other=1.5, gain=Estimate(0.5, 0.25, 0.75))
    told = json.loads(json.dumps(found.to_json()))
    assert {"rows": 4, "clips": 2, "right": 1.0, "other": 1.5, "sees": True} == {
        k: v for k, v in told.items() if k != "gain"
    }
    assert "worth 0.5000 [0.2500, 0.7500]" in found.told


@pytest.mark.parametrize(("count", "most"), [(0, 3), (2, 3), (3, 3), (10, 3), (121, 120)])
def test_a_part_is_spread_over_all(count: int, most: int) -> None:
    """Each at most once, in their order, from the first third to the last."""
    rows: list[Row] = [a_row(number, "c", "train") for number in range(count)]
    every = [Example(row=row, clip=Path("c"), prompt="", reply="") for row in rows]
    places = [every.index(one) for one in weighed(every, most)]
    assert min(count, most) == len({*places}) == len(places)
    assert sorted(places) == places
    if count > most:
        assert places[-1] >= count * (most - 1) // most
