"""The model as runs ask it: many questions on a clip at once, each answered as if it were the only one."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError, MediaError, ModelError
from crossomni.evaluation.models.omni_model import OmniModel
from crossomni.evaluation.models.protocol import Ask, Said
from crossomni.media import ClipFile
from crossomni.testing import tiny_omni
from crossomni.weights import weights_fingerprint
from tests.evaluation.conftest import make_rows
from tests.omni.conftest import KINDS, Tiny, asked

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

NEAR = 1e-5
ROWS = make_rows("clip", 0)


@pytest.fixture(scope="module")
def runs(clip: ClipFile) -> list[Ask]:
    """Seven questions of three runs, whose instructions differ, in turns."""
    one, other, third = (object() for _ in range(3))
    plain = asked(ROWS[:2], clip, origin=one)
    thought = asked(ROWS[1:3], clip, "cot", origin=other)
    rest = [
        replace(ask, prompt=f"Watch the clip and listen to it. {ask.prompt}")
        for ask in asked(ROWS[2:5], clip, origin=third)
    ]
    return [plain[0], rest[0], thought[0], *rest[1:], plain[1], thought[1]]


def replies(model: OmniModel, groups: Sequence[Sequence[Ask]]) -> dict[int, Said | Exception]:
    """What a model says, by the question's identity; each once."""
    found = list(model.answer_all(groups))
    assert len(found) == sum(map(len, groups)) == len({id(ask) for ask, _ in found})
    return {id(ask): outcome for ask, outcome in found}


@pytest.mark.parametrize("order", ["video-first", "text-first"])
@pytest.mark.parametrize("packing", ["interleaved", "apart"])
def test_letter_scores_are_those_of_whole_prompts(tiny: Tiny, runs: list[Ask], packing: str, order: str) -> None:
    """Several runs' questions in one group score as each does in a plain forward pass over its whole prompt."""
    changes = {"packing": packing, "order": order, "system": "Answer."}
    found = list(tiny.model(**changes).letter_scores(runs))
    letters = tiny.processor.tokenizer.convert_tokens_to_ids(list("ABCD"))
    for ask, scores in zip(runs, found, strict=True):
        wanted = tiny.next_logs(ask, tiny.config(**changes))[letters]
        assert scores == pytest.approx(wanted.tolist(), abs=NEAR)


@pytest.mark.parametrize(("order", "temperature"), [("video-first", 1.0), ("text-first", 0.0)])
def test_replies_are_those_of_each_question_alone(
    tiny: Tiny, runs: list[Ask], clip: ClipFile, order: str, temperature: float
) -> None:
    """Two groups, in batches of three; alone, in one batch, in any order: the same replies and receipts."""
    told = tiny.model(order=order, temperature=temperature, batch=3)
    together = replies(told, [runs[:4], runs[4:]])
    turned = replies(tiny.model(order=order, temperature=temperature), [runs[::-1]])

    assert together == turned
    assert [together[id(ask)] for ask in runs[:3]] == [next(told.answer([ask])) for ask in runs[:3]]
    assert list(told.answer(runs)) == [together[id(ask)] for ask in runs]
    for ask in runs[:3]:
        said = together[id(ask)]
        assert isinstance(said, Said)
        whole = tiny.whole(ask, tiny.config(order=order))["input_ids"][0].tolist()
        assert said.receipt.prompt_tokens == len(whole)
        assert said.receipt.audio_tokens == whole.count(tiny.thinker.config.audio_token_id)
    assert len({str(said) for said in together.values()}) > 2


def test_a_greedy_reply_is_that_of_generate(tiny: Tiny, runs: list[Ask]) -> None:
    """Its text is what the library's own generation decodes to."""
    for ask, said in zip(runs[:3], tiny.model().answer(runs[:3]), strict=True):
        whole = tiny.whole(ask, tiny.config())
        made = tiny.thinker.generate(
            **whole, do_sample=False, max_new_tokens=8, suppress_tokens=list(tiny.inputs().marks)
        )
        text = tiny.processor.decode(made[0, whole["input_ids"].shape[1] :], skip_special_tokens=True)
        assert said.reply == text.strip()


def test_letters_give_letters(tiny: Tiny, runs: list[Ask]) -> None:
    """Answering by letters says the likeliest letter, and nothing else."""
    model = tiny.model(answer_by="letters")
    scores = list(model.letter_scores(runs))
    assert [said.reply for said in model.answer(runs)] == ["ABCD"[row.index(max(row))] for row in scores]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_checkpoint_is_its_thinker(
    folders: dict[Any, Path], runs: list[Ask], tmp_path: Path, kind: Any
) -> None:
    """The layout of published checkpoints, with a talker beside the thinker, gives the same replies and scores."""
    whole = Tiny(tiny_omni(tmp_path, kind, full=True), kind, None, None)
    alone = Tiny(folders[kind], kind, None, None)
    assert list(whole.model().letter_scores(runs)) == list(alone.model().letter_scores(runs))
    assert list(whole.model().answer(runs)) == list(alone.model().answer(runs))


def test_a_text_with_a_mark_of_media_fails_alone(tiny: Tiny, runs: list[Ask]) -> None:
    """Its row gets the error, and the others on the clip are answered as they would have been."""
    broken = replace(runs[4], prompt=f"{runs[4].prompt} {tiny.processor.video_token}")
    found = replies(tiny.model(), [[*runs[:4], broken, *runs[5:]]])

    assert isinstance(found[id(broken)], ModelError)
    assert "a token that stands for media" in str(found[id(broken)])
    others = [ask for ask in runs if ask is not runs[4]]
    assert [found[id(ask)] for ask in others] == list(tiny.model().answer(others))


def test_a_clip_that_cannot_be_decoded_fails_its_own_questions(tiny: Tiny, runs: list[Ask], tmp_path: Path) -> None:
    """The clips before and after it are answered."""
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    broken = [replace(ask, clip=ClipFile(tmp_path / "broken.mp4")) for ask in runs[:2]]
    found = replies(tiny.model(), [runs[:2], broken, runs[2:4]])

    assert all(isinstance(found[id(ask)], MediaError) for ask in broken)
    assert all(isinstance(found[id(ask)], Said) for ask in runs[:4])
    with pytest.raises(MediaError, match=r"broken\.mp4"):
        next(tiny.model().answer(broken))


def crowded(tiny: Tiny, rows: int, length: int = 10_000, **changes: Any) -> tuple[OmniModel, list[int]]:
    """The model on a device whose memory holds so many rows, so long, in one pass; and the rows that were tried."""
    model, tried = tiny.model(**changes), []

    def measure(_: Any, __: Any, given: dict[str, Any]) -> None:
        tried.append(given["input_ids"].shape[0])
        if given["input_ids"].shape[0] > rows or given["input_ids"].shape[1] > length:
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB")

    model._thinker.model.register_forward_pre_hook(measure, with_kwargs=True)
    return model, tried


def test_a_batch_that_does_not_fit_is_halved(tiny: Tiny, asks: list[Ask]) -> None:
    """The replies are those of a model that has room, and each question is answered once."""
    model, tried = crowded(tiny, rows=3)
    found = replies(model, [asks])

    assert [found[id(ask)] for ask in asks] == list(tiny.model().answer(asks))
    assert list(dict.fromkeys(tried)) == [1, 8, 4, 2]


def test_a_question_that_never_fits_fails_alone(tiny: Tiny, asks: list[Ask]) -> None:
    """Its error is one line, and says what to do."""
    long = replace(asks[4], prompt=f"{asks[4].prompt}{' Where?' * 400}")
    model, _ = crowded(tiny, rows=8, length=600)
    found = replies(model, [[*asks[:4], long, *asks[5:]]])

    assert isinstance(found[id(long)], ModelError)
    assert str(found[id(long)]).startswith("out of memory (CUDA out of memory. Tried to allocate 2 GiB). Give fewer")
    assert sum(isinstance(outcome, Said) for outcome in found.values()) == 8


@pytest.mark.parametrize("order", ["video-first", "text-first"])
def test_a_clip_that_never_fits_fails_its_questions(tiny: Tiny, asks: list[Ask], order: str) -> None:
    """The clip is named as what needs the memory; the next one is answered."""
    model, _ = crowded(tiny, rows=8, length=200, order=order)
    short = [replace(asked(ROWS[:1], None, senses=frozenset())[0], prompt="Who?")]
    found = replies(model, [asks, short])

    assert isinstance(found[id(short[0])], Said)
    for ask in asks:
        assert isinstance(found[id(ask)], ModelError)
        assert "out of memory on the clip" in str(found[id(ask)])
        assert "\n" not in str(found[id(ask)])


@pytest.mark.parametrize("kind", KINDS)
def test_no_reply_has_a_mark_of_media(folders: dict[Any, Path], runs: list[Ask], tmp_path: Path, kind: Any) -> None:
    """A thinker whose likeliest word is a mark of media says what it would have said without that word."""
    folder, plain = shutil.copytree(folders[kind], tmp_path / "tiny"), Tiny(folders[kind], kind, None, None)
    marks = plain.model()._inputs.marks
    favour(folder, marks, plain, runs[0])
    assert list(Tiny(folder, kind, None, None).model().answer(runs[:3])) == list(plain.model().answer(runs[:3]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_turns_end_ends_a_reply(folders: dict[Any, Path], runs: list[Ask], tmp_path: Path, kind: Any) -> None:
    """Also where the weights come without a word on it: then the tokenizer knows."""
    folder, plain = shutil.copytree(folders[kind], tmp_path / "tiny"), Tiny(folders[kind], kind, None, None)
    end = plain.model()._inputs.processor.tokenizer.eos_token_id
    favour(folder, [end], plain, runs[0])
    for name in ("generation_config.json", "config.json"):
        path = folder / name
        told = json.loads(path.read_text())
        for place in (told, told.get("text_config", {})):
            place.pop("eos_token_id", None)
        path.write_text(json.dumps(told))
    model = Tiny(folder, kind, None, None).model(most_new_tokens=30)

    assert model._thinker.generation_config.eos_token_id is None
    assert next(model.answer([runs[0]])).reply == ""
    assert next(plain.model(most_new_tokens=30).answer([runs[0]])).reply != ""


def favour(folder: Path, tokens: Sequence[int], plain: Tiny, ask: Ask) -> None:
    """Make tokens a hundred times as likely, in logits, as the first one of the reply that a thinker gives."""
    model = plain.model()
    logs = torch.tensor(next(model.letter_scores([ask])))
    assert logs.isfinite().all()
    whole = model._inputs.processor, model._thinker
    first = int(Tiny(plain.folder, plain.kind, *whole).next_logs(ask, plain.config()).argmax())
    weights = safetensors.load_file(folder / "model.safetensors")
    for token in tokens:
        weights["lm_head.weight"][token] = 100 * weights["lm_head.weight"][first]
    safetensors.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


# peft still uses a name of transformers that goes in its version 6.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_changes_what_is_said(folders: dict[Any, Path], runs: list[Ask], tmp_path: Path, kind: Any) -> None:
    """A LoRA adapter of the thinker moves the scores, and belongs to the model's fingerprint."""
    peft = pytest.importorskip("peft")
    plain = Tiny(folders[kind], kind, None, None)
    lora = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    torch.manual_seed(0)
    peft.get_peft_model(plain.model()._thinker, lora).save_pretrained(tmp_path / "adapter")
    adapted = plain.model(adapter=tmp_path / "adapter")
    before, after = (torch.tensor(list(model.letter_scores(runs[:2]))) for model in (plain.model(), adapted))

    assert (before - after).abs().max() > 0.01
    assert adapted.fingerprint == f"{plain.model().fingerprint}+{weights_fingerprint(tmp_path / 'adapter')}"


def test_an_adapter_that_is_none_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    """One line names the folder: where there is none, for the fingerprint; and where it holds no adapter."""
    pytest.importorskip("peft")
    with pytest.raises(InputError, match=r"weights .*nowhere: there is no such file or folder"):
        _ = tiny.model(adapter=tmp_path / "nowhere").fingerprint
    with pytest.raises(
        InputError, match=r"adapter .*cannot be put on the model \(Can't find 'adapter_config.json'"
    ) as e:
        tiny.model(adapter=tmp_path).load()
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        ("tokenizer.json", "its tokenizer writes media as tokens"),
        ("tokenizer_config.json", "cannot be loaded"),
        ("processor_config.json", "Can't load image processor"),
        ("chat_template.jinja", "it has no chat template"),
    ],
)
def test_a_folder_that_lacks_a_file_of_its_processor_is_refused(
    tiny: Tiny, tmp_path: Path, lacking: str, named: str
) -> None:
    """Each at loading, in one line; two of them the library would have passed over in silence."""
    folder = shutil.copytree(tiny.folder, tmp_path / "tiny")
    (folder / lacking).unlink()
    with pytest.raises(InputError, match=named) as caught:
        Tiny(folder, tiny.kind, None, None).model().load()
    assert "\n" not in str(caught.value)
