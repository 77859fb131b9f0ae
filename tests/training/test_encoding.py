"""Conversations as the trainers take them: loss on replies alone, failures named and never replaced."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import DeafOrBlindError, InputError
from crossomni.omni.branches import IGNORED
from crossomni.omni.inputs import NOTHING, Inputs
from crossomni.omni.towers import Clips
from crossomni.training.encoding import Encoder, Talk, collate
from crossomni.training.thinkers import load_processor, made_ready
from tests.training.conftest import SHOWN, Studio, talk, user

torch = pytest.importorskip("torch")

REPLY = "<think>\nThe red hat.\n</think>\nA"
NEAR = 1e-6


def test_a_talk_is_read_from_messages(tmp_path: Path) -> None:
    """One clip, the texts in their order, and the reply where there is one."""
    parts = [{"type": "text", "text": "One"}, {"type": "video", "path": "a.mp4"}, {"type": "text", "text": "two"}]
    messages = [{"role": "user", "content": parts}, {"role": "assistant", "content": "B"}]
    assert Talk(clip=Path("a.mp4"), prompt="One\ntwo", reply="B") == Talk.of(messages)
    assert Talk(clip=Path("a.mp4"), prompt="One\ntwo") == Talk.of(messages[:1])
    assert Talk(clip=None, prompt="Who?") == Talk.of([{"role": "user", "content": "Who?"}])


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "its turns are none"),
        ([{"role": "assistant", "content": "A"}], "its turns are assistant"),
        ([{"role": "system", "content": "S"}, *user(None, "Who?")], "its turns are system, user; wanted a user's"),
        ([*talk(None, "Who?", "A"), *user(None, "Who?")], "its turns are user, assistant, user"),
        ([{"role": "user", "content": user(Path("a"), "")[0]["content"] * 2}], "2 videos; wanted one"),
        ([{"role": "user", "content": [{"type": "image", "path": "a.png"}]}], "a part of type 'image'"),
        ([{"role": "user", "content": [{"type": "video", "path": None}]}], "a video is None; wanted its file's path"),
    ],
)
def test_other_forms_are_refused(messages: list[dict[str, Any]], words: str) -> None:
    """In one line that says where."""
    with pytest.raises(InputError, match=rf"^row 7: {words}") as caught:
        Talk.of(messages, "row 7")
    assert "\n" not in str(caught.value)


def test_loss_is_taken_of_the_reply_alone(studio: Studio) -> None:
    """The labels spell the reply and the token that ends it; prompt, media and filling have none."""
    encoder = studio.encoder()
    replies = [REPLY, "B"]
    rows = [encoder.encode(talk(studio.long, "Who sings?", reply), "a") for reply in replies]
    batch = collate(rows, encoder.pad)
    for place, reply in enumerate(replies):
        labels = batch["labels"][place]
        counted = labels != IGNORED
        assert reply + encoder.tokenizer.eos_token == encoder.tokenizer.decode(labels[counted])
        assert torch.equal(batch["input_ids"][place][counted], labels[counted])
        assert len(rows[place].prompt) == int(counted.nonzero()[0])
        assert len(rows[place].prompt + rows[place].reply) == int(batch["attention_mask"][place].sum())
    assert batch["labels"].shape == batch["input_ids"].shape


def test_the_prompt_is_what_evaluation_asks(studio: Studio) -> None:
    """Training and evaluation put the same tokens before a model."""
    encoder = studio.encoder()
    made = encoder.encode(user(studio.short, "Who sings?"), "a")
    assert tuple(encoder.clips.inputs.ids("Who sings?", made.clip)) == made.prompt
    assert made.clip.block == encoder.encode(talk(studio.short, "Who?", "A"), "b").clip.block
    assert made.reply == ()


def test_a_prompts_reply_follows_it_as_the_template_writes_it(studio: Studio) -> None:
    """The whole conversation by the model's own template begins with what is learned."""
    encoder = studio.encoder()
    made = encoder.encode(talk(None, "Who sings?", REPLY), "a")
    chat = [{"role": m["role"], "content": m["content"][0]["text"]} for m in talk(None, "Who sings?", REPLY)]
    text = studio.processor.apply_chat_template(chat, tokenize=False)
    whole = encoder.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert list(made.prompt + made.reply) == whole[: len(made.prompt + made.reply)]


def test_a_row_without_a_clip_is_no_failure(studio: Studio) -> None:
    """A question on text alone has no clip."""
    made = studio.encoder().encode(talk(None, "Who?", "A"), "a")
    assert (made.clip, made.failure) == (NOTHING, "")


def failing(studio: Studio) -> dict[str, list[dict[str, Any]]]:
    """Conversations that cannot be encoded."""
    return {
        "a clip that is gone": talk(studio.gone, "Who?", REPLY),
        "a mark of media in the text": talk(studio.short, f"Who {studio.processor.audio_token}?", REPLY),
    }


def test_what_fails_is_named_once(studio: Studio, tmp_path: Path) -> None:
    """In the file and in the counts, however often the row comes by."""
    encoder = studio.encoder(tmp_path / "out" / "failures.jsonl")
    for _ in range(3):
        for where, messages in failing(studio).items():
            made = encoder.encode(messages, where)
            assert made.failure == encoder.failed[where]
            assert (made.clip, made.reply) == (NOTHING, ())
    lines = [json.loads(line) for line in (tmp_path / "out" / "failures.jsonl").read_text().splitlines()]
    assert [{"where": where, "error": why} for where, why in encoder.failed.items()] == lines
    assert [*failing(studio)] == [line["where"] for line in lines]
    assert lines[0]["error"].startswith("MediaError: clip ")
    assert "gone.mp4" in lines[0]["error"]
    assert lines[1]["error"].startswith("ModelError: ")


def test_nothing_is_learned_of_a_row_that_fails(studio: Studio, tmp_path: Path) -> None:
    """Loss and gradient are those of the batch without it."""
    thinker = made_ready(studio.thinker()).train()
    encoder = studio.encoder(thinker=thinker)
    good = [
        encoder.encode(talk(studio.short, "Who sings?", REPLY), "1"),
        encoder.encode(talk(studio.long, "What does she wear when the music starts?", "B"), "2"),
    ]
    found = []
    for rows in (good, [good[0], *(encoder.encode(bad, where) for where, bad in failing(studio).items()), good[1]]):
        thinker.zero_grad()
        loss = thinker(**collate(rows, encoder.pad)).loss
        loss.backward()
        gradients = {name: w.grad.clone() for name, w in thinker.named_parameters() if w.grad is not None}
        found.append((loss.item(), gradients))
    assert found[0][0] == pytest.approx(found[1][0], abs=NEAR)
    assert max(float((found[0][1][name] - gradient).abs().max()) for name, gradient in found[1][1].items()) < NEAR


def test_a_deaf_template_stops_the_training(studio: Studio, tmp_path: Path) -> None:
    """All rows would fail so; it is no failure of one row."""
    studio.processor.save_pretrained(tmp_path)
    template = tmp_path / "chat_template.jinja"
    template.write_text(template.read_text().replace(studio.processor.video_token, ""))
    encoder = studio.encoder()
    deaf = Encoder(
        type(encoder.clips)(type(encoder.clips.inputs)(load_processor(tmp_path), encoder.clips.inputs.shown))
    )
    with pytest.raises(DeafOrBlindError, match="Mend the template"):
        deaf.encode(talk(studio.short, "Who?", "A"), "a")
    assert deaf.failed == {}


def test_rows_about_one_clip_share_its_tokens(studio: Studio) -> None:
    """Loss and gradients are those of plain rows, whatever else stands in the batch; a mixture's balance too."""
    thinker = made_ready(studio.thinker()).train()
    encoder = studio.encoder(thinker=thinker)
    about = [(studio.short, "Who sings?"), (studio.long, "Who?"), (studio.short, "What does she wear?"), (None, "Who?")]
    rows = [encoder.encode(talk(clip, text, REPLY * (n + 1)), str(n)) for n, (clip, text) in enumerate(about)]
    routed = {"output_router_logits": True} if studio.kind == "qwen3_omni_moe" else {}
    found = []
    for marks in (None, encoder.clips.inputs.marks):
        thinker.zero_grad()
        batch = collate(rows, encoder.pad, marks)
        loss = thinker(**batch, **routed).loss
        loss.backward()
        gradients = {name: w.grad.clone() for name, w in thinker.named_parameters() if w.grad is not None}
        found.append((len(batch["input_ids"]), int(batch["attention_mask"].sum()), loss.item(), gradients))
    (plain, shared) = found
    assert (4, 3) == (plain[0], shared[0])
    assert plain[1] == shared[1]
    assert plain[2] == pytest.approx(shared[2], abs=NEAR)
    largest = max(float(gradient.abs().max()) for gradient in plain[3].values())
    assert max(float((plain[3][name] - gradient).abs().max()) for name, gradient in shared[3].items()) < NEAR * largest


def test_where_the_text_stands_first_no_clip_is_shared(studio: Studio) -> None:
    """Its tokens stand behind what differs."""
    inputs = Inputs(studio.processor, replace(SHOWN, order="text-first"))
    encoder = Encoder(Clips(inputs))
    rows = [encoder.encode(talk(studio.short, text, REPLY), text) for text in ("Who sings?", "What?")]
    assert collate(rows, encoder.pad, inputs.marks)["input_ids"].shape[0] == 2
