"""GRPO steps a minute and peak memory, beside the smallest change that lets TRL's own trainer see and hear.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/grpo.py [--folder FOLDER] [--repeats 3]

The plain way overrides four of TRL's hooks so that decoder and processor run for every prompt of a step, and each
completion carries the clip's pixels and spectrogram through all passes, which read its whole prompt; all completions of
a step are generated at once. Ours is ``OmniGRPOTrainer`` with a store of the towers' outputs that is empty at first; a
prompt is read once in each pass for all of its completions. Clips and rows are those of benchmarks/towers.py (share its
--folder: making clips takes minutes), of 25 s each, the model is tiny, with LoRA, and both have the same settings: 6
steps of 2 prompts, 4 completions of 32 tokens each, those of a prompt in one batch, a KL term, the length of a
completion as its reward.

Each training runs alone in a process of its own, on one thread, and they take turns. Time is CPU time of the whole
process, so that others on the machine do not count. Peak memory is that of the whole process; beside it stands what it
had before the first step. Steps a minute are counted from the third step on, when each clip has been seen; the first
step's seconds stand apart.
"""

import functools
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
import trl
from decode import command_line, in_a_process
from towers import cpu_seconds, grpo_settings, length_reward, make_clips, make_rows, quiet

from crossomni.media import ClipFile
from crossomni.omni.inputs import Inputs
from crossomni.omni.presentation import Presentation
from crossomni.omni.towers import TowerStore, freeze
from crossomni.testing import tiny_omni
from crossomni.training.encoding import Talk
from crossomni.training.examples import dataset
from crossomni.training.grpo import OmniGRPOTrainer, media_tokens
from crossomni.training.thinkers import load_processor, load_thinker, lora

SECONDS, STEPS, STORE_BYTES = 25, 6, 10**9
WARM = 2  # steps, after which each clip has been seen

Media = Mapping[str, Any]  # what the processor makes of one prompt's clip


class PlainTrainer(trl.GRPOTrainer):  # type: ignore[misc]
    """TRL's trainer, its clips carried from hook to hook."""

    def __init__(self, model: Any, *given: Any, **named: Any) -> None:
        super().__init__(model, *given, **named)
        self._inputs = Inputs(self.processing_class, Presentation())
        self._media: list[Media] = []  # of each sample that is being computed

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
        made: dict[str, tuple[list[int], Media]] = {}  # a prompt comes once for each of its completions
        for prompt in prompts:
            if repr(prompt) not in made:
                talk = Talk.of(prompt)
                assert talk.clip is not None
                clip = self._inputs.of_clip(ClipFile(talk.clip))
                made[repr(prompt)] = self._inputs.ids(talk.prompt, clip), clip.tensors
        found = [made[repr(prompt)] for prompt in prompts]
        self._media = [media for _, media in found]
        return [ids for ids, _ in found], None, joined(self._media)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        batch["media"] = self._media
        return batch

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        self._media = inputs["media"]
        return super()._compute_loss(model, inputs)

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Any, attention_mask: Any, logits_to_keep: int, batch_size: Any = None, **given: Any
    ) -> tuple[Any, Any, Any]:
        size = batch_size or len(input_ids)
        logs, entropies = [], []
        for start in range(0, len(input_ids), size):
            some = slice(start, start + size)
            seeing = functools.partial(model, **joined(self._media[some]))
            log, entropy, _ = super()._get_per_token_logps_and_entropies(
                seeing, input_ids[some], attention_mask[some], logits_to_keep, **given
            )
            logs.append(log)
            entropies.append(entropy)
        return torch.cat(logs), None if entropies[0] is None else torch.cat(entropies), None


def joined(media: Sequence[Media]) -> dict[str, Any]:
    """Clips of the same length, one behind the other."""
    whole = {name: torch.cat([torch.as_tensor(one[name]) for one in media]) for name in media[0]}
    return whole | {"use_audio_in_video": torch.tensor(True)}


class Clock(transformers.TrainerCallback):  # type: ignore[misc]
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """The first step's batch is made before TRL calls it begun."""
        self._start = cpu_seconds()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """A step is over, and the next begins."""
        now = cpu_seconds()
        self.seconds.append(now - self._start)
        self._start = now


def ours(thinker: Any, folder: Path, **given: Any) -> Any:
    """This package's trainer, from an empty store."""
    return OmniGRPOTrainer(thinker, store=TowerStore(folder / "towers", STORE_BYTES), **given)


def plain(thinker: Any, folder: Path, **given: Any) -> Any:
    """TRL's, with the smallest change."""
    freeze(thinker)
    settings = given["args"]
    settings.remove_unused_columns = False
    settings.generation_kwargs = {**settings.generation_kwargs, "suppress_tokens": media_tokens(thinker.config)}
    return PlainTrainer(thinker, **given)


WAYS: dict[str, Callable[..., Any]] = {way.__name__: way for way in (ours, plain)}


def measure(name: str, folder: Path) -> None:
    """Train in one way in this process, and print what it took as JSON."""
    quiet()
    rows = make_rows(make_clips(folder, SECONDS))
    source = folder / "tiny"
    with tempfile.TemporaryDirectory() as other:
        os.environ["CROSSOMNI_CACHE"] = other
        thinker = load_thinker(source)
        settings = grpo_settings(Path(other), STEPS)
        settings.beta = 0.04
        trainer = WAYS[name](
            thinker, Path(other), args=settings, reward_funcs=length_reward, peft_config=lora(thinker),
            train_dataset=dataset(row.for_grpo() for row in rows), processing_class=load_processor(source),
        )  # fmt: skip
        clock = Clock()
        trainer.add_callback(clock)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        trainer.train()
        peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = [line for line in trainer.state.log_history if "reward" in line]
        print(
            json.dumps(
                {
                    "seconds": clock.seconds, "peak": peak_kb / 1024, "before": before_kb / 1024,
                    "reward": found[0]["reward"], "tokens": found[-1]["num_tokens"] / STEPS,
                }
            )
        )  # fmt: skip


def compare(folder: Path, repeats: int) -> None:
    """Both in turns; medians and ratios."""
    make_clips(folder, SECONDS)
    tiny_omni(folder / "tiny")
    time.sleep(3)  # a file changed this lately has no stored hash
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
    for _ in range(repeats):
        for name, found in runs.items():
            found.append(in_a_process(__file__, name, folder=folder))
    minutes = {name: [60 / statistics.median(one["seconds"][WARM:]) for one in found] for name, found in runs.items()}
    for name, found in runs.items():
        first, peak, before, tokens = (
            statistics.median(values)
            for values in (
                [one["seconds"][0] for one in found],
                *([one[key] for one in found] for key in ("peak", "before", "tokens")),
            )
        )
        print(
            f"{name:6} {statistics.median(minutes[name]):6.2f} steps a minute"
            f" ({min(minutes[name]):.2f} to {max(minutes[name]):.2f})   first step {first:5.1f} s"
            f"   peak {peak:5.0f} MB, {peak - before:5.0f} of it in training   {tokens:,.0f} tokens a step"
            f"   first reward {found[0]['reward']:.1f}"
        )
    speed = statistics.median(minutes["ours"]) / statistics.median(minutes["plain"])
    memory = {name: statistics.median(one["peak"] - one["before"] for one in found) for name, found in runs.items()}
    print(f"ours: {speed:.2f}x the steps, {memory['ours'] / memory['plain']:.2f}x the memory that training adds")


if __name__ == "__main__":
    command_line(__doc__, WAYS, 3, lambda given: measure(given.measure, given.folder), compare)
