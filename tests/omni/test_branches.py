"""Sequences that branch off what they share say what they say alone, each for itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from crossomni.evaluation.models.protocol import Ask
from crossomni.omni.batches import merged, padded
from crossomni.omni.branches import BRANCHES, Said, branched, can_branch, common, grouped, let_branch
from tests.omni.conftest import Tiny

torch = pytest.importorskip("torch")

NEAR = 1e-5  # of log-probabilities; a position that is off by one moves them by more than 1e-3


def test_a_row_is_a_trunk_and_its_branches() -> None:
    """What prompts share up to their last token, then each one's own; labels are the replies'."""
    made = branched(
        [Said(prompt=[7, 8, 1], reply=[2, 3]), Said(prompt=[9, 9], reply=[4]), Said(prompt=[7, 8, 5], reply=[6])],
        [[0, 2], [1]],
        pad=0,
    )
    assert {name: values.tolist() for name, values in made.tensors.items()} == {
        "input_ids": [[7, 8, 1, 2, 3, 5, 6], [9, 9, 4, 0, 0, 0, 0]],
        "attention_mask": [[2, 2, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0]],
        "labels": [[-100, -100, -100, 2, 3, -100, 6], [-100, -100, 4, -100, -100, -100, -100]],
        BRANCHES: [[0, 0, 1, 1, 1, 2, 2], [0, 1, 1, -1, -1, -1, -1]],
    }
    assert [(0, 3, 2), (1, 2, 1), (0, 6, 1)] == made.replies


def test_a_trunk_ends_before_the_last_token_of_a_prompt() -> None:
    """That one foretells the reply's first token, another one on each branch."""
    made = branched([Said(prompt=[7, 8], reply=[1]), Said(prompt=[7, 8], reply=[2])], [[0, 1]], pad=0)
    assert [[7, 8, 1, 8, 2]] == made.tensors["input_ids"].tolist()
    assert [[0, 1, 1, 2, 2]] == made.tensors[BRANCHES].tolist()


@pytest.mark.parametrize(
    ("sequences", "length"),
    [([[1, 2, 3]], 3), ([[1, 2], [1, 2, 3]], 2), ([[1, 2], [1, 3]], 1), ([[1], [2]], 0), ([[], [1]], 0), ([[]], 0)],
)
def test_what_sequences_have_in_common(sequences: list[list[int]], length: int) -> None:
    """As many tokens as all of them begin with."""
    assert length == common(sequences)


def test_groups_come_as_their_keys_do() -> None:
    """By the first of each."""
    assert [[0, 2], [1], [3]] == grouped(["b", "a", "b", "c"])


@contextmanager
def attending(thinker: Any, kind: str) -> Iterator[None]:
    """The language model's attention by another implementation."""
    config = thinker.config.get_text_config()
    own, config._attn_implementation = config._attn_implementation, kind
    try:
        yield
    finally:
        config._attn_implementation = own


class Reading:
    """Three questions on a clip, two with replies of their own, and one on no clip, as plain rows and as branches."""

    def __init__(self, tiny: Tiny, asks: list[Ask], **changes: Any) -> None:
        inputs = tiny.inputs(**changes)
        self.clip = inputs.of_clip(asks[0].clip, asks[0].senses)
        said = [([5, 6, 7, 8], 0), ([9], 1), ([], 2), ([10, 11], 0)]
        self.sequences = [Said(prompt=inputs.ids(asks[place].prompt, self.clip), reply=r) for r, place in said]
        self.thinker = tiny.thinker
        let_branch(self.thinker)

    def plain(self) -> list[Any]:
        """The replies' log-probabilities, each sequence read alone."""
        found = []
        for one in self.sequences:
            ids = torch.tensor([[*one.prompt, *one.reply]])
            out = self.thinker(input_ids=ids, attention_mask=torch.ones_like(ids), **merged([self.clip]))
            logs = out.logits[0, :-1].log_softmax(-1).gather(-1, ids[0, 1:, None])[:, 0]
            found.append(logs[len(one.prompt) - 1 :])
        return found

    def shared(self, **changes: Any) -> list[Any]:
        """The same in one row."""
        made = branched(self.sequences, [range(len(self.sequences))], pad=0)
        given = {**made.tensors, **changes}
        given.pop("labels")
        out = self.thinker(**given, **merged([self.clip]))
        ids = given["input_ids"]
        logs = out.logits[:, :-1].log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        return [logs[row, start - 1 : start - 1 + length] for row, start, length in made.replies]


WAYS = [{}, {"packing": "apart"}]


@pytest.fixture(scope="module", params=WAYS, ids=["interleaved", "apart"])
def reading(request: pytest.FixtureRequest, tiny: Tiny, asks: list[Ask]) -> Reading:
    """Of questions that differ in length."""
    return Reading(tiny, asks, **request.param)


def gap(left: list[Any], right: list[Any]) -> float:
    """The largest difference."""
    return float((torch.cat(left) - torch.cat(right)).abs().max())


@pytest.mark.parametrize("kind", ["sdpa", "eager"])
def test_branches_say_what_whole_sequences_say(reading: Reading, kind: str) -> None:
    """Log-probabilities of each token of the replies, by either kind of attention."""
    with attending(reading.thinker, kind), torch.no_grad():
        assert gap(reading.plain(), reading.shared()) < NEAR


def test_branches_teach_what_whole_sequences_teach(reading: Reading) -> None:
    """The same gradients of all weights of the language model."""
    found = []
    for way in (reading.plain, reading.shared):
        reading.thinker.zero_grad()
        sum(logs.sum() for logs in way()).backward()
        named = reading.thinker.model.language_model.named_parameters()
        found.append({name: weight.grad.clone() for name, weight in named if weight.grad is not None})
    reading.thinker.zero_grad()
    plain, shared = found
    assert plain.keys() == shared.keys()
    largest = max(float(gradient.abs().max()) for gradient in plain.values())
    assert largest > 0
    assert max(float((plain[name] - shared[name]).abs().max()) for name in plain) < 1e-5 * largest


def test_a_branch_does_not_see_another(reading: Reading) -> None:
    """Other tokens on the first move nothing on those behind it; as one long sequence they would."""
    made = branched(reading.sequences, [range(len(reading.sequences))], pad=0)
    ids, branches = made.tensors["input_ids"].clone(), made.tensors[BRANCHES]
    ids[branches == 1] = 42
    with torch.no_grad():
        assert torch.equal(torch.cat(reading.shared()[1:]), torch.cat(reading.shared(input_ids=ids)[1:]))
        line = branches.clamp(max=1)
        assert gap(reading.shared(branches=line)[1:], reading.shared(input_ids=ids, branches=line)[1:]) > 100 * NEAR


def test_rows_may_differ_in_length(tiny: Tiny, asks: list[Ask]) -> None:
    """What fills a row up moves nothing."""
    half = Reading(tiny, asks)
    rows = branched(half.sequences, [[0, 3], [1, 2]], pad=0)
    assert int((rows.tensors[BRANCHES] == -1).sum()) > 0
    given = {name: value for name, value in rows.tensors.items() if name != "labels"}
    with torch.no_grad():
        out = half.thinker(**given, **merged([half.clip, half.clip]))
        logs = out.logits[:, :-1].log_softmax(-1).gather(-1, given["input_ids"][:, 1:, None])[..., 0]
        found = [logs[row, start - 1 : start - 1 + length] for row, start, length in rows.replies]
        assert gap(half.plain(), found) < NEAR


def test_without_branches_nothing_changes(tiny: Tiny) -> None:
    """A plain row goes through the same door."""
    let_branch(tiny.thinker)
    ids = padded([[5, 6, 7]], 0)
    with torch.no_grad():
        plain = tiny.thinker(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        made = branched([Said(prompt=[5, 6], reply=[7])], [[0]], pad=0)
        given = {name: value for name, value in made.tensors.items() if name != "labels"}
        assert torch.allclose(plain, tiny.thinker(**given).logits, atol=NEAR)


@pytest.mark.parametrize(
    ("kind", "layers", "can"),
    [
        ("sdpa", None, True),
        ("eager", ["full_attention"], True),
        ("flash_attention_2", None, False),
        ("sdpa", ["full_attention", "sliding_attention"], False),
    ],
)
def test_whose_attention_takes_a_mask_can_branch(kind: str, layers: list[str] | None, can: bool) -> None:
    """Flash attention and sliding windows cannot."""
    text = SimpleNamespace(_attn_implementation=kind, layer_types=layers)
    assert can is can_branch(SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: text)))
