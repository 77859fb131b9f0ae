"""What a training will take, said before anything is loaded."""

import io
import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.media import ClipFile
from crossomni.omni.inputs import Inputs
from crossomni.omni.presentation import Presentation
from crossomni.testing import tiny_omni, write_clip
from crossomni.training.config import GRPOTraining, SFTTraining
from crossomni.training.examples import examples
from crossomni.training.planning.architecture import Thinker, thinker_of
from crossomni.training.planning.lengths import audio_tokens, lengths
from crossomni.training.planning.machine import known_machine, this_machine
from crossomni.training.planning.memory import _activations, recomputes
from crossomni.training.planning.plan import Plan, plan
from crossomni.training.thinkers import load_processor, load_thinker, lora

JUDGE = "openai:judge@http://localhost:1"
PRICE = {"prompt": 1.0, "completion": 4.0}


@pytest.fixture(scope="module", params=["qwen2_5_omni", "qwen3_omni_moe"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of each kind."""
    return tiny_omni(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def thinker(folder: Path) -> Thinker:
    """Its sizes."""
    return thinker_of(str(folder), folder)


def sft(**changes: Any) -> Plan:
    """A fine-tuning on playhouse, planned for a GPU that is known."""
    return _planned(SFTTraining, **changes) if changes else _plain(SFTTraining)


def grpo(**changes: Any) -> Plan:
    """A GRPO on playhouse, planned for a GPU that is known."""
    return _planned(GRPOTraining, **changes) if changes else _plain(GRPOTraining)


def _planned(kind: type[SFTTraining] | type[GRPOTraining], **changes: Any) -> Plan:
    given: dict[str, Any] = {"model": "Qwen/Qwen2.5-Omni-7B", "out": Path("o")}
    if kind is GRPOTraining:
        given |= {"rows": 100, "judge": JUDGE, "judge_price": PRICE}
    return plan(kind(**{**given, **changes}), machine=known_machine("H100"))


_plain = cache(_planned)  # a plan does not change, and takes a while


def parts(made: Plan) -> dict[str, float]:
    """Bytes by the part's name."""
    return {part.name: part.bytes for part in made.memory}


@pytest.mark.parametrize("pixels", [448 * 252, 9_000])
@pytest.mark.parametrize(("seconds", "size"), [(1.0, (64, 48)), (3.4, (320, 240)), (2.13, (100, 300))])
def test_a_clips_tokens_are_those_of_the_processor(
    folder: Path, thinker: Thinker, seconds: float, size: tuple[int, int], pixels: int, tmp_path: Path
) -> None:
    """Frames and sound, for both kinds, long and short, wide and high."""
    clip = ClipFile(write_clip(tmp_path / "clip.mp4", seconds=seconds, size=size))
    shown = Presentation(frames=7, fps=2.0, pixels=pixels)
    made = Inputs(load_processor(folder), shown).of_clip(clip)
    side = thinker.patch * thinker.merge
    width, height = shown.frame_size(clip.size, side)
    steps = math.ceil(shown.frame_count(clip.seconds) / thinker.frames_a_step)
    assert made.video_tokens == steps * (width // side) * (height // side)
    assert made.audio_tokens == audio_tokens(clip.seconds, thinker.family)


def test_a_rows_tokens_are_those_of_its_prompt(folder: Path, thinker: Thinker) -> None:
    """To a few in a thousand: the conversation's frame is taken to be 30 tokens."""
    corpus, shown = Corpus.open("playhouse"), Presentation(frames=4)
    (one,) = examples(corpus, corpus.rows("train")[:1])
    inputs = Inputs(load_processor(folder), shown)
    ids = inputs.ids(one.prompt, inputs.of_clip(ClipFile(one.clip)))
    planned = lengths([one], corpus, shown, thinker, folder)
    assert planned.prompt == pytest.approx(len(ids), abs=25)
    assert planned.longest == planned.longest_prompt + planned.reply


@pytest.mark.parametrize("seconds", [0.3, 1, 7.77, 30, 75])
def test_sound_is_counted_as_transformers_counts_it(seconds: float) -> None:
    """By its own functions for spectrograms of any length."""
    from transformers.models.qwen2_5_omni import processing_qwen2_5_omni as two
    from transformers.models.qwen3_omni_moe import processing_qwen3_omni_moe as three

    columns = round(seconds * 16_000) // 160
    assert two._get_feat_extract_output_lengths(columns) == audio_tokens(seconds, "qwen2_5_omni")
    assert three._get_feat_extract_output_lengths(columns) == audio_tokens(seconds, "qwen3_omni_moe")


def test_fine_tuning_a_7b_model_takes_what_it_takes() -> None:
    """Weights in bfloat16, LoRA, gradients and AdamW's two states in float32."""
    made = parts(sft())
    assert 8_931_813_888 * 2 == made["weights"]
    assert [40_370_176 * 4] * 2 == [made["LoRA"], made["gradients"]]
    assert 2 * 40_370_176 * 4 == made["AdamW's states"]
    assert "reference" not in made


def test_whole_training_keeps_states_of_the_whole_language_model() -> None:
    """And GRPO the start weights once more."""
    whole, language = 8_931_813_888, 7_615_616_512
    made = parts(grpo(lora="off"))
    assert (language * 2, 2 * language * 2, whole * 2) == (made["gradients"], made["AdamW's states"], made["reference"])
    assert "reference" not in parts(grpo(beta=0.0))


def test_layers_that_are_kept_take_more_room() -> None:
    """On a GPU they are computed again, unless TRL's own setting says else; on a processor they are kept."""
    assert recomputes(sft().config, is_gpu=True)
    assert not recomputes(sft().config, is_gpu=False)
    assert not recomputes(sft(trl={"activation_checkpointing": False}).config, is_gpu=True)
    again, kept = sft(), sft(trl={"gradient_checkpointing": False})
    assert parts(again) == parts(kept)
    assert kept.memory_bytes - again.memory_bytes == (
        parts(kept)["activations, kept"] - parts(kept)["activations, recomputed"]
    )
    assert kept.memory_bytes > again.memory_bytes


def test_the_estimate_of_activations_is_near_what_autograd_keeps(folder: Path, thinker: Thinker) -> None:
    """Within a factor of two, for both kinds with LoRA on a row of text."""
    import peft
    import torch

    model, tokens, kept = load_thinker(folder), 512, {}
    peft.inject_adapter_in_model(lora(model), model)

    def keep(tensor: Any) -> Any:
        if not isinstance(tensor, torch.nn.Parameter):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    embedded = model.get_input_embeddings()(torch.ones(1, tokens, dtype=torch.long)).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.model.language_model(inputs_embeds=embedded, use_cache=False)
    made = sft(model=str(folder))
    one = replace(made.lengths, longest=tokens)
    planned = {
        part.name: part.bytes
        for part in _activations(made.config, thinker, one, made.schedule, made.sharing, again=False)
    }
    assert 0.5 < planned["activations, kept"] / sum(kept.values()) < 2


def test_a_processor_computes_in_float32() -> None:
    """There weights are loaded so, whatever precision they are kept in."""
    machine = replace(known_machine("H100"), is_gpu=False)
    made = plan(SFTTraining(model="Qwen/Qwen2.5-Omni-3B", out=Path("o")), machine=machine)
    assert 4_703_464_448 * 4 == parts(made)["weights"]


def test_rollouts_take_room_for_their_cache_and_their_prompts_logits() -> None:
    """Completions of half the prompts at a time; a prompt is read once for its four."""
    numbers = 2 * 28 * 4 * 128  # keys and values × layers × heads × their width
    for batch, together in ((1, 4), (16, 32)):
        made = grpo(batch=batch, at_once=4)
        prompt = made.lengths.longest_prompt
        assert together * (prompt + 512) * numbers * 2 == parts(made)["cache of rollouts"]
        assert together / 4 * prompt * 152_064 * 2 == parts(made)["logits of whole prompts"]


@pytest.mark.parametrize(
    ("at_once", "trunks", "longest"), [(1, 4, (1, 1)), (2, 2, (1, 2)), (4, 1, (1, 4)), (8, 1, (2, 4))]
)
def test_completions_of_a_prompt_share_its_tokens(at_once: int, trunks: int, longest: tuple[int, int]) -> None:
    """In learning as many as stand in one batch; rollouts read a prompt once in any case."""
    made = grpo(at_once=at_once)
    prompts = made.schedule.seen
    assert (trunks * prompts, 4 * prompts) == (made.sharing.trunks, made.sharing.branches)
    assert prompts == made.sharing.rollouts
    row = made.lengths.longest_prompt + longest[1] * 512
    how = next(part.how for part in made.memory if part.name == "activations, recomputed")
    assert how.startswith(f"{longest[0]} × {row:,} tokens at once (a prompt and {longest[1]} completions)")


def test_rows_about_a_clip_share_its_tokens() -> None:
    """Those of one batch; alone, each reads its clip."""
    alone, shared = sft(), sft(at_once=8)
    assert (alone.schedule.seen, "160 rows") == (alone.sharing.trunks, alone.sharing.told)
    assert shared.sharing.trunks < 0.3 * alone.sharing.trunks
    learning, less = (next(part.seconds for part in one.time if part.name == "learning") for one in (alone, shared))
    assert less < learning


def test_more_devices_take_less_time() -> None:
    """Each generates and learns its share."""
    one, many = grpo(), plan(grpo().config, machine=grpo().machine, devices=8)
    assert 6 < one.seconds / many.seconds < 10


def test_judge_calls_are_counted_with_their_cost() -> None:
    """Prompts × rollouts × rubrics, at most; nothing without rewards that ask, or with the offline judge."""
    made = grpo().asking
    assert 7 * 16 * 4 * 2 == made.calls
    assert made.how.endswith("12 prompts twice in an epoch")
    assert (made.read * 1.0 + made.written * 4.0) / 1e6 == pytest.approx(made.cost)
    assert [0, 0] == [grpo(judge="offline").asking.calls, grpo(thinking_reward="off").asking.calls]
    assert 7 * 16 * 4 == grpo(weights={"context": 1.0}).asking.calls


def test_the_store_holds_each_clip_once() -> None:
    """Held-out ones too; none is kept where the store is off, and the towers take longer then."""
    made, off = sft(), sft(towers="off")
    assert 18 * made.lengths.media * 3584 * 2 == pytest.approx(made.store.bytes)
    assert 0 == off.store.bytes
    with_it, without = (next(part.seconds for part in one.time if part.name == "towers") for one in (made, off))
    assert without / with_it == pytest.approx(160 / 18)


def test_a_faster_machine_takes_less_time() -> None:
    """The parts that compute; and a plan says whether there is room."""
    fast, slow = sft(), plan(sft().config, machine=known_machine("RTX-4090"))
    assert slow.seconds > fast.seconds
    assert fast.fits
    assert not plan(SFTTraining(model="Qwen/Qwen3-Omni-30B-A3B-Instruct", out=Path("o")), machine=slow.machine).fits


def test_this_machine_is_measured() -> None:
    """In less than a second or two; figures that a processor of this century has."""
    found = this_machine(4)
    assert found.operations_a_second > 1e8
    assert found.bytes_a_second > 1e8
    assert 0 < found.seconds_a_call < 1e-2


def test_a_machine_that_is_not_known_is_refused() -> None:
    """The line says which are."""
    with pytest.raises(InputError, match="wanted one of A100-80GB, H100"):
        known_machine("abacus")


def test_without_a_price_there_is_no_cost() -> None:
    """Nobody reads a 0 as what it will cost."""
    made = grpo(judge_price={})
    assert made.asking.cost is None
    assert "| cost | not known |" in made.to_markdown()


@pytest.mark.parametrize("made", [sft, grpo])
def test_a_plan_is_printed_in_every_form(made: Any) -> None:
    """Tables of 100 columns, Markdown, and JSON that has the same sums."""
    planned: Plan = made()
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(*planned.tables(), sep="\n")
    said = console.export_text()
    assert max(map(len, said.splitlines())) <= 100
    assert "DOES NOT FIT" not in said
    assert "| weights | 16.6 GiB |" in planned.to_markdown()
    assert json.loads(json.dumps(planned.to_json()))["memory"]["bytes"] == planned.memory_bytes


def test_a_plan_of_a_tiny_model_writes_nothing(tmp_path: Path) -> None:
    """On this machine, as it is measured."""
    made = plan(SFTTraining(model="tiny:qwen2_5_omni", out=tmp_path / "out"))
    assert "own tokenizer" == made.lengths.by
    assert 5 == made.schedule.steps
    assert [] == list(tmp_path.iterdir())
