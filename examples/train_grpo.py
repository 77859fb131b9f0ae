"""Train an Omni-LLM further by GRPO with a judge of its thinking, in the way of TRL's own scripts.

From the weights of examples/train_sft.py, on the CPU, in a minute; playhouse's own truth is the judge:

    python examples/train_grpo.py --model_name_or_path runs/sft --output_dir runs/grpo \\
        --rows 9 --frames 4 --pixels 12544 --max_steps 2 --max_completion_length 16 --num_generations 4 \\
        --per_device_train_batch_size 4 --gradient_accumulation_steps 2 --use_cpu --bf16 False --report_to none

With the paper's settings (B.2), 16 prompts of 4 completions a step on 8 devices, from a fine-tuned adapter:

    accelerate launch --config_file examples/fsdp2.yaml examples/train_grpo.py \\
        --model_name_or_path Qwen/Qwen2.5-Omni-7B --adapter runs/sft --data full --annotations annotations \\
        --media videos --rows 982 --judge openai:Qwen/Qwen3-Next-80B-A3B-Instruct@http://localhost:8000/v1 \\
        --output_dir runs/grpo --learning_rate 5e-6 --beta 0.04 --num_generations 4 --max_completion_length 512 \\
        --per_device_train_batch_size 1 --gradient_accumulation_steps 8

All arguments of ``trl.GRPOConfig`` are taken. ``crossomni train grpo`` is the same with tests of the judge on the way,
held-out rows, curves and a plan.
"""

from dataclasses import dataclass, field
from pathlib import Path

import trl

from crossomni.corpus import Corpus
from crossomni.omni.presentation import FRAMES, PIXELS, Presentation
from crossomni.omni.towers import TowerStore
from crossomni.training.config import WEIGHTS
from crossomni.training.examples import dataset, examples
from crossomni.training.grpo import OmniGRPOTrainer
from crossomni.training.judges.canaries import check_judge
from crossomni.training.judges.opening import open_judge
from crossomni.training.judging import judged_reward, prejudged
from crossomni.training.sample import balanced
from crossomni.training.thinkers import load_processor, load_thinker
from crossomni.weights import check_base, with_adapter


@dataclass
class ScriptArguments:
    """What is trained on what, beside TRL's own arguments."""

    model_name_or_path: str = field(metadata={"help": "The thinker: a folder, or an id of the Hub."})
    adapter: Path | None = field(
        default=None, metadata={"help": "The fine-tuned adapter; without one, all is trained."}
    )
    judge: str = field(default="offline", metadata={"help": "openai:NAME@URL, or offline (playhouse's own truth)."})
    data: str = field(default="playhouse", metadata={"help": "playhouse, a data folder, or full."})
    annotations: Path | None = field(default=None, metadata={"help": "Of full: the folder of annotations."})
    media: Path | None = field(default=None, metadata={"help": "Of full: the folder of your media files."})
    rows: int | None = field(default=None, metadata={"help": "So many rows, balanced over modalities."})
    frames: int = field(default=FRAMES, metadata={"help": "Frames of a clip, evenly spaced."})
    pixels: int = field(default=PIXELS, metadata={"help": "Of one frame, at most."})


def main() -> None:
    """Train, and keep the weights in the output folder."""
    given, training = trl.TrlParser((ScriptArguments, trl.GRPOConfig)).parse_args_and_config()
    corpus = Corpus.open(given.data, given.annotations, given.media)
    rows = corpus.rows("train")
    if given.rows is not None:
        rows = balanced(rows, given.rows, training.seed)
    said = examples(corpus, rows)
    thinker, processor = load_thinker(given.model_name_or_path), load_processor(given.model_name_or_path)
    if given.adapter is not None:
        check_base(given.adapter, given.model_name_or_path)
        thinker = with_adapter(thinker, given.adapter, trainable=True)
    # A judge's replies are kept beside the weights: the same thought is judged once, also when training goes on.
    kept = Path(training.output_dir) / "judge.sqlite"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with open_judge(given.judge, corpus, kept) as judge:
        check_judge(judge, rows, seed=training.seed)  # one that is silent, or can be fooled, is refused here
        trainer = OmniGRPOTrainer(
            thinker,
            [judged_reward(judge, WEIGHTS)],
            training,
            train_dataset=dataset(one.for_grpo() for one in said),
            processing_class=processor,
            shown=Presentation(frames=given.frames, pixels=given.pixels),
            store=TowerStore.shared(),
            most_unscored=0.5,
            on_completed=prejudged(judge, WEIGHTS),
        )
        trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
        trainer.save_model()  # with the processor
    for row, why in trainer.encoder.failed.items():
        print(f"{row}: nothing was learned of it: {why}")


if __name__ == "__main__":
    main()
