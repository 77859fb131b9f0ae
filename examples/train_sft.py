"""Fine-tune an Omni-LLM on clips, their sound and their rationales, in the way of TRL's own scripts.

With random weights on the CPU, in a minute:

    python examples/train_sft.py --model_name_or_path tiny:qwen2_5_omni --output_dir runs/sft --use_peft False \\
        --rows 18 --frames 4 --pixels 12544 --max_steps 4 --learning_rate 1e-3 --use_cpu --bf16 False --report_to none

With the paper's settings (B.2), batches of 8 x 4 = 32:

    accelerate launch --config_file examples/fsdp2.yaml examples/train_sft.py \\
        --model_name_or_path Qwen/Qwen2.5-Omni-7B --data full --annotations annotations --media videos \\
        --output_dir runs/sft --learning_rate 1e-5 --per_device_train_batch_size 1 --gradient_accumulation_steps 4

All arguments of ``trl.SFTConfig`` are taken. ``crossomni train sft`` is the same with held-out rows, curves and a plan.
Two processes without a GPU: ``torchrun --nproc_per_node 2 examples/train_sft.py … --use_cpu`` (of ``accelerate launch
--cpu --num_processes 2`` accelerate makes one process, without a word).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import trl

from crossomni.corpus import Corpus
from crossomni.omni.presentation import FRAMES, PIXELS, Presentation
from crossomni.omni.towers import TowerStore
from crossomni.testing import tiny_omni
from crossomni.training.examples import dataset, examples
from crossomni.training.sample import balanced
from crossomni.training.sft import OmniSFTTrainer
from crossomni.training.thinkers import load_processor, load_thinker, lora


@dataclass
class ScriptArguments:
    """What is trained on what, beside TRL's own arguments."""

    model_name_or_path: str = field(metadata={"help": "A folder, an id of the Hub, or tiny:KIND (random weights)."})
    data: str = field(default="playhouse", metadata={"help": "playhouse, a data folder, or full."})
    annotations: Path | None = field(default=None, metadata={"help": "Of full: the folder of annotations."})
    media: Path | None = field(default=None, metadata={"help": "Of full: the folder of your media files."})
    rows: int | None = field(default=None, metadata={"help": "So many rows, balanced over modalities."})
    rationale: Literal["on", "off"] = field(default="on", metadata={"help": "off: the answer alone (Table 8)."})
    frames: int = field(default=FRAMES, metadata={"help": "Frames of a clip, evenly spaced."})
    pixels: int = field(default=PIXELS, metadata={"help": "Of one frame, at most."})
    use_peft: bool = field(default=True, metadata={"help": "False trains the whole language model."})
    lora_r: int = field(default=16, metadata={"help": "The rank of LoRA."})
    lora_alpha: int = field(default=32, metadata={"help": "LoRA's alpha."})


def source_of(model: str, training: trl.SFTConfig) -> Path | str:
    """What can be loaded; random weights are written below the output folder, by one process for all."""
    if not model.startswith("tiny:"):
        return model
    folder = Path(training.output_dir) / "base"
    with training.main_process_first(local=False):
        if not folder.exists():
            tiny_omni(folder, model.removeprefix("tiny:"))
    return folder


def main() -> None:
    """Train, and keep the weights in the output folder."""
    given, training = trl.TrlParser((ScriptArguments, trl.SFTConfig)).parse_args_and_config()
    corpus = Corpus.open(given.data, given.annotations, given.media)
    rows = corpus.rows("train")
    if given.rows is not None:
        rows = balanced(rows, given.rows, training.seed)
    said = examples(corpus, rows, rationale=given.rationale)
    source = source_of(given.model_name_or_path, training)
    thinker, processor = load_thinker(source), load_processor(source)
    trainer = OmniSFTTrainer(
        thinker,
        training,
        train_dataset=dataset(one.for_sft() for one in said),
        processing_class=processor,
        peft_config=lora(thinker, given.lora_r, given.lora_alpha) if given.use_peft else None,
        shown=Presentation(frames=given.frames, pixels=given.pixels),
        store=TowerStore.shared(),
    )
    trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
    trainer.save_model()  # with the processor: the folder can be evaluated, and trained on
    for row, why in trainer.encoder.failed.items():
        print(f"{row}: nothing was learned of it: {why}")


if __name__ == "__main__":
    main()
