"""What is gone on with from a prefix is what the whole prompt gives: log-probabilities, replies, drawn tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crossomni.evaluation.models.protocol import Ask
from crossomni.media import ClipFile
from crossomni.omni.inputs import ClipInputs
from crossomni.omni.prefix import Prefix, Sampling, go_on, next_logits, read, replies
from crossomni.tasks import Modality
from tests.evaluation.conftest import make_rows
from tests.omni.conftest import ALL, Tiny, asked

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

NEAR = 1e-5  # rounding moves a log-probability by 2e-6 here, a position that is off by one by more than 1e-3
SPEAKS_ON = transformers.GenerationConfig(pad_token_id=0)  # no token ends what it says
GREEDY = Sampling(temperature=0.0, most_new_tokens=12, ends=frozenset(), never=())


@dataclass(frozen=True)
class Reading:
    """A clip, read once, and what is left of each question about it."""

    tiny: Tiny
    asks: list[Ask]
    prompts: list[list[int]]
    clip: ClipInputs
    prefix: Prefix
    tails: list[list[int]]
    changes: dict[str, Any]

    def whole_logs(self) -> Any:
        """From a plain forward pass for each whole prompt: (asks, vocabulary)."""
        return torch.stack([self.tiny.next_logs(ask, self.tiny.config(**self.changes)) for ask in self.asks])

    def logs(self, prefix: Prefix | None = None, tails: Sequence[list[int]] | None = None) -> Any:
        """From the prefix: (tails, vocabulary)."""
        return next_logits(self.tiny.thinker, prefix or self.prefix, tails or self.tails).log_softmax(-1)


def reading(tiny: Tiny, asks: list[Ask], **changes: Any) -> Reading:
    """Of three questions whose rests differ in length."""
    inputs = tiny.inputs(**changes)
    clip = inputs.of_clip(asks[0].clip, asks[0].senses)
    prompts = [inputs.ids(ask.prompt, clip) for ask in asks]
    common = next(n for n in range(len(prompts[0])) if len({tuple(prompt[: n + 1]) for prompt in prompts}) > 1)
    assert len({len(prompt) for prompt in prompts}) > 1
    prefix = read(tiny.thinker, prompts[0][:common], clip)
    return Reading(tiny, asks, prompts, clip, prefix, [prompt[common:] for prompt in prompts], changes)


@pytest.fixture(scope="module")
def half(tiny: Tiny, asks: list[Ask]) -> Reading:
    """Sound between the frames, three questions."""
    return reading(tiny, [asks[0], asks[4], asks[8]])


def gap(one: Any, other: Any) -> float:
    """The largest difference."""
    return float((one - other).abs().max())


@pytest.mark.parametrize("packing", ["interleaved", "apart"])
@pytest.mark.parametrize("senses", [ALL, ALL - {Modality.AUDIO}, ALL - {Modality.VISION}, frozenset({Modality.TEXT})])
def test_log_probabilities_are_those_of_whole_prompts(tiny: Tiny, asks: list[Ask], senses: Any, packing: str) -> None:
    """Three questions side by side after one reading score as each does in a forward pass of its own."""
    some = [replace(ask, senses=senses) for ask in (asks[0], asks[4], asks[8])]
    found = reading(tiny, some, packing=packing)
    assert gap(found.whole_logs(), found.logs()) < NEAR


def test_a_position_that_is_off_by_one_is_seen(half: Reading) -> None:
    """The comparison above would find a mistake in the positions."""
    for step in (-1, 1):
        moved = replace(half.prefix, position=half.prefix.position + step)
        assert gap(half.whole_logs(), half.logs(moved)) > 1e-3


def test_a_prefix_can_be_gone_on_with(half: Reading) -> None:
    """More text read after the prefix changes no log-probability, and leaves the prefix as it was."""
    before = half.logs()
    shared = half.tails[1][:5]
    longer = go_on(half.tiny.thinker, half.prefix, shared)

    assert gap(half.whole_logs()[1], half.logs(longer, [half.tails[1][5:]])[0]) < NEAR
    assert (longer.length, longer.position) == (half.prefix.length + 5, half.prefix.position + 5)
    assert torch.equal(before, half.logs())


def test_another_clips_positions_change_nothing(half: Reading) -> None:
    """A thinker remembers how far the last prompt's positions were from its tokens; nothing here depends on it."""
    told, model = half.logs(), half.tiny.thinker.model
    said = replies(half.tiny.thinker, half.prefix, half.tails, GREEDY, [0, 0, 0])
    for stale in (None, torch.tensor([[-1000]]), torch.tensor([[7]])):
        model.rope_deltas = stale
        assert torch.equal(told, half.logs())
        assert said == replies(half.tiny.thinker, half.prefix, half.tails, GREEDY, [0, 0, 0])


def test_a_reading_depends_on_no_other_one(half: Reading, tiny: Tiny, asks: list[Ask]) -> None:
    """A clip that is read after another one, with other tokens, is read as if it were the first."""
    silent = [replace(ask, senses=ALL - {Modality.AUDIO}) for ask in half.asks]
    tiny.next_logs(silent[0], tiny.config())
    again = read(tiny.thinker, half.prompts[0][: half.prefix.length], half.clip)

    assert again.position == half.prefix.position
    assert torch.equal(half.logs(), half.logs(again))


@pytest.mark.parametrize("packing", ["interleaved", "apart"])
def test_greedy_replies_are_those_of_generate(tiny: Tiny, asks: list[Ask], packing: str) -> None:
    """Token for token, each beside the others; and each token's log-probabilities are those that generate has."""
    found = reading(tiny, [asks[0], asks[4], asks[8]], packing=packing)
    said = replies(tiny.thinker, found.prefix, found.tails, GREEDY, [0, 0, 0])
    for ask, tail, reply in zip(found.asks, found.tails, said, strict=True):
        whole = tiny.whole(ask, tiny.config(packing=packing))
        made = tiny.thinker.generate(
            **whole, do_sample=False, max_new_tokens=12, generation_config=SPEAKS_ON,
            return_dict_in_generate=True, output_logits=True,
        )  # fmt: skip
        assert made.sequences[0, whole["input_ids"].shape[1] :].tolist() == reply
        theirs = torch.cat(made.logits).log_softmax(-1)
        assert gap(theirs, found.logs(tails=[[*tail, *reply[:step]] for step in range(12)])) < NEAR


@torch.inference_mode()
def drawn(tiny: Tiny, whole: dict[str, Any], sampling: Sampling, seed: int) -> list[int]:
    """A sampled reply the slow way: the whole text through the model for each token, and nothing kept."""
    draw, said = torch.Generator().manual_seed(seed), []
    while len(said) < sampling.most_new_tokens:
        logits = tiny.thinker(**whole).logits[0, -1]
        said.append(int(torch.multinomial((logits / sampling.temperature).softmax(-1), 1, generator=draw)))
        whole["input_ids"] = torch.cat([whole["input_ids"], torch.tensor([said[-1:]])], 1)
        whole["attention_mask"] = torch.ones_like(whole["input_ids"])
    return said


def test_sampled_replies_are_drawn_from_the_whole_prompts_probabilities(half: Reading) -> None:
    """With its seed, each reply is the one that is drawn without any prefix, cache or neighbour."""
    sampling = replace(GREEDY, temperature=1.5, most_new_tokens=8)
    said = replies(half.tiny.thinker, half.prefix, half.tails, sampling, [5, 6, 7])
    config = half.tiny.config()
    wanted = [
        drawn(half.tiny, half.tiny.whole(ask, config), sampling, seed)
        for ask, seed in zip(half.asks, (5, 6, 7), strict=True)
    ]
    assert wanted == said


def test_a_sampled_reply_hangs_on_its_own_seed_alone(half: Reading) -> None:
    """Alone, among eight, in any order: the same reply; another seed, another one."""
    thinker, sampling = half.tiny.thinker, replace(GREEDY, temperature=1.0)
    tails, seeds = (half.tails * 3)[:8], list(range(8))
    together = replies(thinker, half.prefix, tails, sampling, seeds)

    assert together == [
        replies(thinker, half.prefix, [tail], sampling, [seed])[0] for tail, seed in zip(tails, seeds, strict=True)
    ]
    assert together[::-1] == replies(thinker, half.prefix, tails[::-1], sampling, seeds[::-1])
    assert together[0] != together[3] != together[6]  # the same question


def test_a_reply_has_no_forbidden_token(half: Reading) -> None:
    """What is never to be said is not said, greedily or not; the likeliest other token takes its place."""
    thinker = half.tiny.thinker
    first = int(half.logs()[0].argmax())
    some = replace(GREEDY, never=(first,))
    [said] = replies(thinker, half.prefix, half.tails[:1], some, [0])
    [sampled] = replies(thinker, half.prefix, half.tails[:1], replace(some, temperature=1.0), [0])

    assert first not in {*said, *sampled}
    assert said[0] == int(half.logs()[0].topk(2).indices[1])


def test_a_reply_ends_where_it_says_so(half: Reading) -> None:
    """The token that ends a reply is not in it, and those beside it go on as they would have done."""
    thinker = half.tiny.thinker
    sampling = replace(GREEDY, temperature=2.0)
    free = replies(thinker, half.prefix, half.tails, sampling, [0, 1, 2])
    end = next(token for token in free[0][1:] if token not in {*free[0][:1], *free[2]})
    ended = replies(thinker, half.prefix, half.tails, replace(sampling, ends=frozenset({end})), [0, 1, 2])

    assert 0 < len(ended[0]) < 12
    assert free[0][: free[0].index(end)] == ended[0]
    assert free[2] == ended[2]


def test_no_reply_is_longer_than_allowed(half: Reading) -> None:
    """One token where one is allowed, and the same one."""
    one = replies(half.tiny.thinker, half.prefix, half.tails, replace(GREEDY, most_new_tokens=1), [0, 0, 0])
    assert one == [[int(token)] for token in half.logs().argmax(-1)]


def test_a_text_alone_is_read_too(tiny: Tiny) -> None:
    """Without a clip there is a prefix as well."""
    found = reading(tiny, asked(make_rows("clip", 0), None, senses=frozenset({Modality.TEXT}))[3:6])
    assert gap(found.whole_logs(), found.logs()) < NEAR


def test_a_clip_without_sound_is_no_other_prefix(tiny: Tiny, asks: list[Ask], clip: ClipFile) -> None:
    """The tolerance of these tests is far below what a missing sense moves."""
    some = [asks[0], asks[4], asks[8]]
    seen = [replace(ask, senses=ALL - {Modality.AUDIO}) for ask in some]
    assert gap(reading(tiny, some).logs(), reading(tiny, seen).logs()) > 1000 * NEAR
