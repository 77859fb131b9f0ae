"""Fine-tuning on video and sound: TRL's ``SFTTrainer`` over conversations about clips (section 4.2.2).

Rows about one clip stand side by side, and in one batch they share its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crossomni.errors import InputError
from crossomni.omni.branches import can_branch
from crossomni.omni.inputs import Inputs
from crossomni.omni.presentation import Presentation
from crossomni.omni.towers import Clips, TowerStore
from crossomni.optional import need
from crossomni.training.encoding import Encoder, Talk, collate
from crossomni.training.order import ByClip
from crossomni.training.resuming import Resuming
from crossomni.training.thinkers import load_processor, load_thinker, made_ready

_PURPOSE = "training"
trl = need("trl", _PURPOSE)
torch = need("torch", _PURPOSE)

FAILURES = "failures.jsonl"  # in the training's folder


def encoder_for(
    thinker: Any, processor: Any, args: Any, shown: Presentation | None, store: TowerStore | None
) -> Encoder:
    """What encodes a trainer's conversations; its failures are written beside the weights.

    Raises:
        InputError: when TRL's ``args`` want workers to load rows: what fails there, the trainer would never know.
    """
    if args.dataloader_num_workers:
        raise InputError(
            f"dataloader_num_workers is {args.dataloader_num_workers}; a row that fails in a worker stays unknown to "
            "the trainer. Leave it at 0: a clip is decoded once, and its towers' outputs are kept."
        )
    inputs = Inputs(processor, shown or Presentation())
    inputs.check(thinker)
    return Encoder(Clips(inputs, thinker, store), Path(args.output_dir) / FAILURES)


class OmniSFTTrainer(Resuming, trl.SFTTrainer):  # type: ignore[misc, name-defined]
    """Learns replies about clips, seeing and hearing them. Loss is taken of the replies alone.

    Args:
        model: a thinker, a folder, or an id of the Hub. Its towers are frozen.
        args: TRL's; what would cut prompts or drop columns is set as it has to be.
        train_dataset: rows with ``messages``: a user's turn of one video (``{"type": "video", "path": …}``) and text,
            then an assistant's. ``crossomni.training.examples`` makes them.
        processing_class: the model's processor; by default that of the model's folder.
        shown: how clips are shown.
        store: where the towers' outputs are kept; without one, decoder and towers run for every row.

    A row whose clip cannot be taken is named in ``failures.jsonl`` beside the weights, and nothing is learned of it.
    A training goes on at a checkpoint as if it had never been stopped.

    Raises:
        InputError: for a model that is no thinker, or conversations of another form.
    """

    def __init__(
        self,
        model: Any,
        args: Any = None,
        *,
        processing_class: Any = None,
        shown: Presentation | None = None,
        store: TowerStore | None = None,
        **given: Any,
    ) -> None:
        if isinstance(model, str | Path):
            processing_class = processing_class or load_processor(model)
            model = load_thinker(model)
        processing_class = processing_class or load_processor(model.config._name_or_path)
        args = args or trl.SFTConfig("sft")
        self.encoder = encoder_for(model, processing_class, args, shown, store)
        args.remove_unused_columns = False  # the messages are no argument of the model's
        args.max_length = None  # a prompt that is cut loses a part of its clip's tokens
        args.dataset_kwargs = {**(args.dataset_kwargs or {}), "skip_prepare_dataset": True}
        super().__init__(
            model=made_ready(model),
            args=args,
            processing_class=processing_class,
            data_collator=self._collate,
            **given,
        )
        made_ready(self.model)  # also where LoRA has wrapped it

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """Random order, in which rows about one clip stand in one batch; an order that is asked for stays."""
        rows = self.train_dataset if train_dataset is None else train_dataset
        usual = super()._get_train_sampler(train_dataset)
        if not isinstance(usual, torch.utils.data.RandomSampler) or not can_branch(self.model):
            return usual
        clips = [Talk.of(_messages(row), _name(row)).clip for row in rows]
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return ByClip(clips, self.args.train_batch_size, seed)

    def _collate(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        examples = [self.encoder.encode(_messages(row), _name(row)) for row in rows]
        marks = self.encoder.clips.inputs.marks if can_branch(self.model) else None
        return collate(examples, self.encoder.pad, marks)


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("id", "a row"))


def _messages(row: Mapping[str, Any]) -> Any:
    if "messages" not in row:
        raise InputError(
            f"training rows have the columns {', '.join(row)}; wanted messages. "
            "Make them with crossomni.training.examples."
        )
    return row["messages"]
