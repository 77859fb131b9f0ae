"""What it saves to read a clip once for all questions on it, beside one whole prompt for each question.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/prefix.py [--kind qwen3_omni_moe] [--repeats 5]

On a tiny omni model, a clip of the shipped playhouse with its ten questions: 32 frames of 448x252 and their sound,
interleaved, as a run shows them by default. Both ways get the same prepared inputs, and take turns; each figure is the
median over the repeats. Ours is what a run does: the clip is read once, what else the questions of a prompt share once,
and the rest side by side in batches of 8. The other way reads a whole prompt for each question: one forward pass for
scores, the library's own ``generate`` for replies of 8 tokens.

Also as the paper asks: 1.73 questions a clip, each under three prompts (default, cot, icl with one example).

The tiny tokenizer splits text 2.4 times as finely as a large vocabulary does (SmolLM2's: 465 tokens for the first
question with its biography), so every other token of the text is left out, for both ways. A model of two narrow layers
spends its time on attention, whose cost grows with the square of a prompt; a large one spends it token by token, so the
tokens that pass through the model are counted too.

Wanted: at least 4x with ten questions, log-probabilities equal to 1e-5, replies equal.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch

from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models.omni_model import OmniModel
from crossomni.evaluation.models.protocol import Ask
from crossomni.evaluation.runs.shots import Shots
from crossomni.media import ClipFile
from crossomni.omni.inputs import ClipInputs, Inputs
from crossomni.omni.prefix import Sampling, next_logits, replies
from crossomni.opening import open_corpus
from crossomni.prompts import compose
from crossomni.tasks import Modality
from crossomni.testing import tiny_omni
from crossomni.testing.omni import Kind

BATCH = 8
NEW_TOKENS = 8
QUESTIONS_A_CLIP = 1.73  # the paper's
PROMPTS = {"default": 0, "cot": 0, "icl": 1}  # with so many examples


@dataclass(frozen=True)
class Clip:
    """A clip and questions on it, prepared for a model."""

    model: OmniModel
    asks: list[Ask]
    prompts: list[list[int]]
    inputs: ClipInputs
    sampling: Sampling

    @property
    def thinker(self) -> Any:
        """The model itself."""
        return self.model._thinker

    def branches(self) -> Any:
        """As a run reads them: prefix, questions, what is left of each."""
        return self.model._branches(self.asks, self.prompts, self.inputs)

    def in_order(self, found: dict[int, Any]) -> list[Any]:
        """What was found, as the questions stand."""
        return [found[id(ask)] for ask in self.asks]


def our_scores(clip: Clip) -> list[torch.Tensor]:
    """Log-probabilities of the next token, from prefixes."""
    found = {}
    for prefix, asks, tails in clip.branches():
        for start in range(0, len(asks), BATCH):
            logs = next_logits(clip.thinker, prefix, tails[start : start + BATCH]).log_softmax(-1)
            found |= {id(ask): row for ask, row in zip(asks[start : start + BATCH], logs, strict=True)}
    return clip.in_order(found)


def our_replies(clip: Clip) -> list[list[int]]:
    """Replies, from prefixes."""
    found = {}
    for prefix, asks, tails in clip.branches():
        for start in range(0, len(asks), BATCH):
            some = tails[start : start + BATCH]
            said = replies(clip.thinker, prefix, some, clip.sampling, [0] * len(some))
            found |= {id(ask): reply for ask, reply in zip(asks[start : start + BATCH], said, strict=True)}
    return clip.in_order(found)


def whole(clip: Clip, prompt: Sequence[int]) -> dict[str, Any]:
    """One question with its clip, as the library's own calls take it."""
    ids = torch.tensor([prompt])
    packed = {"use_audio_in_video": clip.inputs.interleaved, "attention_mask": torch.ones_like(ids)}
    return {"input_ids": ids, **clip.inputs.tensors, **packed}


@torch.inference_mode()
def whole_scores(clip: Clip) -> list[torch.Tensor]:
    """Log-probabilities of the next token, a whole prompt at a time."""
    found = []
    for prompt in clip.prompts:
        hidden = clip.thinker.model(**whole(clip, prompt), use_cache=False).last_hidden_state
        found.append(clip.thinker.lm_head(hidden[:, -1]).log_softmax(-1)[0])
    return found


def whole_replies(clip: Clip) -> list[list[int]]:
    """Replies, a whole prompt at a time."""
    said = []
    for prompt in clip.prompts:
        made = clip.thinker.generate(
            **whole(clip, prompt), do_sample=False, max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS,
            suppress_tokens=list(clip.sampling.never),
        )  # fmt: skip
        said.append(made[0, len(prompt) :].tolist())
    return said


def turns(ways: Sequence[Callable[[Clip], Any]], clip: Clip, repeats: int) -> list[float]:
    """Wall seconds of each way, the median; the ways take turns, after one run of each that is not counted."""
    seconds: list[list[float]] = [[] for _ in ways]
    for turn in range(repeats + 1):
        for way, kept in zip(ways, seconds, strict=True):
            start = time.perf_counter()
            way(clip)
            if turn:
                kept.append(time.perf_counter() - start)
    return [statistics.median(kept) for kept in seconds]


def tokens(way: Callable[[Clip], Any], clip: Clip) -> int:
    """How many tokens pass through the model."""
    passed = []
    hook = clip.thinker.model.register_forward_pre_hook(
        lambda _, __, given: passed.append(given["input_ids"].numel()), with_kwargs=True
    )
    way(clip)
    hook.remove()
    return sum(passed)


def compare(title: str, clip: Clip, repeats: int) -> dict[str, tuple[float, float]]:
    """Both ways, scores and replies: printed, and the seconds of each (ours, whole)."""
    gap = max(float((a - b).abs().max()) for a, b in zip(our_scores(clip), whole_scores(clip), strict=True))
    same = our_replies(clip) == whole_replies(clip)
    lengths = [len(prompt) for prompt in clip.prompts]
    print(f"{title}: {len(clip.asks)} prompts of {min(lengths):,} to {max(lengths):,} tokens")
    print(f"  log-probabilities differ by {gap:.1e}; replies {'equal' if same else 'DIFFER'}")
    found = {}
    for name, ways in (("scores", (our_scores, whole_scores)), ("replies", (our_replies, whole_replies))):
        ours, theirs = found[name] = tuple(turns(ways, clip, repeats))
        mine, whole_ones = (tokens(way, clip) for way in ways)
        print(
            f"  {name:8} ours {ours:6.3f} s   whole {theirs:6.3f} s   {theirs / ours:5.2f}x"
            f"   tokens {mine:,} and {whole_ones:,}: {whole_ones / mine:5.2f}x"
        )
    return found


def asked(rows: int, prompts: dict[str, int], clip: ClipFile | None = None) -> list[Ask]:
    """The first questions on the shipped playhouse's first clip, under each prompt."""
    corpus = open_corpus("playhouse", None, None)
    first = corpus.rows("test")[:rows]
    clip = clip or ClipFile(corpus.media(first[0]))
    shots = {name: Shots(count, corpus, 0) for name, count in prompts.items()}
    return [
        Ask(
            question=row,
            prompt=compose(name, row, None, shots[name].of(row)),
            clip=clip,
            senses=frozenset(Modality),
            origin=origin,
        )
        for name, origin in {name: object() for name in prompts}.items()
        for row in first
    ]


def thinned(prompt: list[int], marks: set[int]) -> list[int]:
    """The prompt with every other token of the text after the clip."""
    last = max(place for place, token in enumerate(prompt) if token in marks)
    rest = prompt[last + 3 :]  # the marks that close sound and sight stay where they are
    return [*prompt[: last + 3], *rest[:-8:2], *rest[-8:]]


def main() -> None:
    """Ten questions under one prompt; then one and two under three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=get_args(Kind), default="qwen2_5_omni")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = tiny_omni(Path(folder) / arguments.kind, arguments.kind)
        config = EvalConfig(model=str(source), out=Path(folder) / "run", most_new_tokens=NEW_TOKENS)
        model = OmniModel("tiny", source, arguments.kind, config)
        model.load()
        inputs: Inputs = model._inputs
        sampling = replace(model._sampling, ends=frozenset())
        first = asked(1, {"default": 0})[0]
        clip = inputs.of_clip(first.clip, first.senses)

        def prepared(asks: list[Ask]) -> Clip:
            prompts = [thinned(inputs.ids(ask.prompt, clip), set(inputs.marks)) for ask in asks]
            return Clip(model, asks, prompts, clip, sampling)

        compare("ten questions", prepared(asked(10, {"default": 0})), arguments.repeats)
        one, two = (
            compare(f"{count} under three prompts", prepared(asked(count, PROMPTS)), arguments.repeats)
            for count in (1, 2)
        )
        share = QUESTIONS_A_CLIP - 1  # of clips with two questions, where the others have one
        for name in one:
            ours, theirs = ((1 - share) * a + share * b for a, b in zip(one[name], two[name], strict=True))
            print(f"{QUESTIONS_A_CLIP} questions a clip under three prompts, {name}: {theirs / ours:.2f}x")


if __name__ == "__main__":
    main()
