"""From a configuration to weights: the whole way of a training, and what it leaves behind."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossomni.chat.spending import Spent
from crossomni.corpus import Corpus
from crossomni.errors import InputError, RunError
from crossomni.ledger import Ledger, read_records, write_json
from crossomni.omni.towers import TowerStore
from crossomni.optional import need
from crossomni.training.config import GRPOTraining, SFTTraining, TrainConfig
from crossomni.training.examples import Example, dataset, examples, words
from crossomni.training.held_out import HeldOut, held_out, weighed
from crossomni.training.planning.architecture import TINY, tiny_thinker
from crossomni.training.planning.schedule import Schedule, processes, schedule
from crossomni.training.refusals import check, trl_arguments
from crossomni.training.results.history import History
from crossomni.training.results.progress import watch
from crossomni.training.results.record import (
    ADAPTER,
    BASE,
    TRAINING,
    WHOLE,
    Training,
    TrainingFolder,
    settings,
    versions,
)
from crossomni.training.results.report import write_report
from crossomni.training.resuming import last_checkpoint
from crossomni.training.selection import Selection
from crossomni.training.thinkers import load_processor, load_thinker, lora, trained
from crossomni.training.whitening import whiten_folder
from crossomni.weights import weights_fingerprint, with_adapter

_log = logging.getLogger(__name__)
CHECKPOINTS = "checkpoints"
HELD_OUT, FAILURES = "held_out.json", "failures.jsonl"
MOST_WATCHED = 120  # held-out rows that are looked at; more of them cost time at every look
MOST_MEASURED = 480  # held-out rows by which it is told at the end what the right clip is worth


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished training."""

    folder: Path
    weights: Path  # of the adapter, or of the whole thinker
    base: str  # what an adapter stands on; the same as ``weights`` for a whole thinker
    held_out: HeldOut | None  # None where nothing was held out
    failed: Mapping[str, str]  # rows that nothing was learned of, and why
    spent: Spent = field(default_factory=Spent)  # on a judge that is a chat model, since this command began


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What both trainings begin with: everything that can be refused has been."""

    config: TrainConfig
    corpus: Corpus
    selection: Selection
    schedule: Schedule
    base: Path | str
    folder: TrainingFolder
    training: Training  # what the folder will say

    @property
    def store(self) -> TowerStore | None:
        """Where the towers' outputs are kept."""
        return TowerStore.shared() if self.config.towers == "on" else None

    @property
    def weights(self) -> Path:
        """Where the weights come to lie."""
        return self.folder.path / (ADAPTER if self.config.lora == "on" else WHOLE)

    @property
    def is_main(self) -> bool:
        """Whether this process writes what is written once."""
        return int(os.environ.get("RANK", "0")) == 0

    def conversations(self, rows: Sequence[Any], rationale: str = "on") -> tuple[Example, ...]:
        """Rows in the form of ``examples``."""
        own = self.config
        return examples(self.corpus, rows, prompt=own.prompt, prompts=own.prompts, rationale=rationale)  # type: ignore[arg-type]

    def thinker(self) -> Any:
        """The thinker that is trained, its adapter on it where one is trained on."""
        _log.info("Loading %s", self.base)
        thinker = load_thinker(self.base, trust=self.config.trust_remote_code)
        adapter = getattr(self.config, "adapter", None)
        return thinker if adapter is None else with_adapter(thinker, adapter, trainable=True)

    def lora(self, thinker: Any) -> Any:
        """A new adapter, where one is wanted and none is there."""
        if self.config.lora == "off" or hasattr(thinker, "peft_config"):
            return None
        return lora(thinker, self.config.lora_rank, self.config.lora_alpha)

    def for_trl(self) -> dict[str, Any]:
        """Settings that both of TRL's configurations share."""
        gpu = need("torch", "training").cuda.is_available()
        own = self.config
        return {
            "output_dir": str(self.folder.path / CHECKPOINTS),
            "learning_rate": own.learning_rate,
            "per_device_train_batch_size": own.at_once,
            "per_device_eval_batch_size": own.at_once,
            "gradient_accumulation_steps": self.schedule.accumulation,
            "num_train_epochs": own.epochs,
            # TRL goes on past the epochs for as many as it is told; here they are the most.
            "max_steps": self.schedule.steps if own.most_steps else -1,
            "save_steps": own.save_every,
            "eval_strategy": "steps" if own.watch_every and self.selection.held_out else "no",
            "eval_steps": own.watch_every or None,
            "logging_steps": 1,
            "logging_nan_inf_filter": False,  # a loss that is no number is told as such, not as 0
            "report_to": own.report_to,
            "seed": own.seed,
            "data_seed": own.seed,
            "bf16": gpu,
            "use_cpu": not gpu,
            # TRL's own name of it, which warns, is left off; transformers has this one.
            "gradient_checkpointing": False,
            "activation_checkpointing": gpu,
        }


def ready(config: SFTTraining | GRPOTraining) -> Ready:
    """Refuse what can be refused before a model loads. The folder becomes this training's when it begins, not before:
    a start that is refused leaves it free.

    Raises:
        InputError: in one line, for the first thing that is wrong.
    """
    config = _with_own_rank(config)
    corpus = Corpus.open(config.data, config.annotations, config.media)
    selection = check(config, corpus)
    _check_checkpoints(config)
    folder = TrainingFolder(config.out)
    base = _base(config, corpus, selection)
    adapter = getattr(config, "adapter", None)
    training = Training(
        kind="sft" if isinstance(config, SFTTraining) else "grpo",
        configuration=settings(config),
        versions=versions(),
        data={"source": dict(corpus.source) or config.data, "fingerprint": corpus.fingerprint},
        base={"name": str(base), "fingerprint": weights_fingerprint(base, trust=config.trust_remote_code)},
        train_ids=tuple(row.id for row in selection.trained),
        held_out_ids=tuple(row.id for row in selection.held_out),
        seeds={"rows, order, draws": config.seed},
        adapter=weights_fingerprint(adapter) if adapter else "",
    )
    folder.check(training)
    return Ready(
        config=config,
        corpus=corpus,
        selection=selection,
        schedule=schedule(config, len(selection.trained), processes()),
        base=base,
        folder=folder,
        training=training,
    )


def _with_own_rank(config: SFTTraining | GRPOTraining) -> SFTTraining | GRPOTraining:
    """An adapter that goes on being trained keeps its rank and alpha, and these are noted."""
    adapter = getattr(config, "adapter", None)
    try:
        told = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")) if adapter else {}
        own: dict[str, Any] = {"lora_rank": int(told["r"]), "lora_alpha": int(told["lora_alpha"])} if adapter else {}
    except (OSError, ValueError, KeyError, TypeError):
        return config  # it is no adapter, as the refusals will say
    return replace(config, **own)


def _check_checkpoints(config: TrainConfig) -> None:
    """Find out whether a training could go on at each of its checkpoints.

    Raises:
        InputError: when completions are used for several steps, and a checkpoint would come between these.
    """
    uses = config.trl.get("num_iterations", 1) if isinstance(config, GRPOTraining) else 1
    if isinstance(uses, int) and uses > 1 and config.save_every % uses:
        raise InputError(
            f"--save-every is {config.save_every}; completions are used for {uses} steps (trl: num_iterations), and "
            f"are not kept in a checkpoint between these. Take a multiple of {uses}."
        )


def _base(config: TrainConfig, corpus: Corpus, selection: Selection) -> Path | str:
    """What the training begins with; a tiny thinker is written beside its weights, and stays."""
    if config.model.startswith(TINY):
        folder = config.out / BASE
        state = need("accelerate", "training").PartialState()
        with state.main_process_first():  # the others find it there
            if state.is_main_process and not (config.out / TRAINING).exists():
                _make_tiny(folder, config, corpus, selection)
        return folder
    return Path(config.model) if Path(config.model).is_dir() else config.model


def _make_tiny(folder: Path, config: TrainConfig, corpus: Corpus, selection: Selection) -> None:
    """All of it or nothing: a kill leaves no base that is half made, and what a refused start has left is replaced."""
    thinks = "on" if selection.trained[0].rationale else "off"
    said = examples(corpus, selection.trained, prompt=config.prompt, prompts=config.prompts, rationale=thinks)  # type: ignore[arg-type]
    made = folder.with_name(f".{folder.name}")
    shutil.rmtree(made, ignore_errors=True)
    tiny_thinker(made, config.model, config.tiny, words(said))
    whiten_folder(made, list(dict.fromkeys(one.clip for one in said)), config.shown)
    shutil.rmtree(folder, ignore_errors=True)
    made.replace(folder)


def train(config: SFTTraining | GRPOTraining, callbacks: Sequence[Any] = ()) -> Trained:
    """Train, or go on with, what a configuration says, and leave weights, history, curves and a report.

    Args:
        callbacks: further ones of transformers (``TrainerCallback``), beside history and bar.

    Raises:
        InputError: for what cannot be trained, before a model loads.
        TrainingError: when a training cannot go on.
    """
    begun = ready(config)
    for note in begun.selection.notes:
        _log.warning("%s", note)
    if isinstance(config, SFTTraining):
        return _sft(begun, config, callbacks)
    return _grpo(begun, config, callbacks)


def _sft(begun: Ready, config: SFTTraining, callbacks: Sequence[Any]) -> Trained:
    from crossomni.training.sft import OmniSFTTrainer

    arguments = trl_arguments("SFTConfig", begun.for_trl() | dict(config.trl))
    said = begun.conversations(begun.selection.trained, config.rationale)
    held = tuple(weighed(begun.conversations(begun.selection.held_out, config.rationale), MOST_MEASURED))
    watched = tuple(weighed(held, MOST_WATCHED))
    thinker = begun.thinker()
    trainer = OmniSFTTrainer(
        thinker,
        arguments,
        train_dataset=dataset(one.for_sft() for one in said),
        eval_dataset=dataset(one.for_sft() for one in watched) if watched else None,
        processing_class=load_processor(begun.base, trust=config.trust_remote_code),
        peft_config=begun.lora(thinker),
        shown=config.shown,
        store=begun.store,
        callbacks=[*callbacks],
    )
    return _run(begun, trainer, held)


def _grpo(begun: Ready, config: GRPOTraining, callbacks: Sequence[Any]) -> Trained:
    from crossomni.training.grpo import OmniGRPOTrainer
    from crossomni.training.judges.canaries import check_judge
    from crossomni.training.judges.opening import open_judge
    from crossomni.training.judging import Canaries, judged_reward, prejudged

    arguments = trl_arguments(
        "GRPOConfig",
        begun.for_trl()
        | {
            "num_generations": config.rollouts,
            "max_completion_length": config.most_new_tokens,
            "temperature": config.temperature,
            "beta": config.beta,
        }
        | dict(config.trl),
    )
    thinking = "on" if "context" in config.rewarded else "off"
    said = begun.conversations(begun.selection.trained, thinking)
    held = tuple(weighed(begun.conversations(begun.selection.held_out, thinking), MOST_MEASURED))
    watched = tuple(weighed(held, MOST_WATCHED))
    rows = begun.selection.rows
    with ExitStack() as open_things:
        judge = None
        if config.asks_judge:
            judge = open_things.enter_context(
                open_judge(config.judge, begun.corpus, begun.folder.path / "judge.sqlite", price=config.price)
            )
            check_judge(judge, rows, seed=config.seed)
        thinker = begun.thinker()
        trainer = OmniGRPOTrainer(
            thinker,
            [judged_reward(judge, config.rewarded)],
            arguments,
            train_dataset=dataset(one.for_grpo() for one in said),
            eval_dataset=dataset(one.for_grpo() for one in watched) if watched else None,
            processing_class=load_processor(begun.base, trust=config.trust_remote_code),
            peft_config=begun.lora(thinker),
            shown=config.shown,
            store=begun.store,
            most_unscored=config.most_unscored,
            on_completed=None if judge is None else prejudged(judge, config.rewarded),
            callbacks=[*callbacks],
        )
        if judge is not None:
            trainer.add_callback(Canaries(judge, rows, config.canaries_every, trainer))
        done = _run(begun, trainer, held)
        return done if judge is None else replace(done, spent=_by_all(judge.spent))


def _by_all(spent: Spent) -> Spent:
    """The sum over all processes: each has its completions judged."""
    parts: list[Spent] = need("accelerate.utils", "training").gather_object([spent])
    return sum(parts, Spent())


def _run(begun: Ready, trainer: Any, held: Sequence[Example]) -> Trained:
    path = begun.folder.path
    if begun.is_main:
        begun.folder.claim(begun.training)
    count, of = trained(trainer.model)
    _log.info("%s of %s parameters are trained; %s", f"{count:,}", f"{of:,}", begun.schedule.told)
    start = last_checkpoint(path / CHECKPOINTS)
    if start is None and begun.is_main:
        _forget(begun.folder)
    trainer.encoder.failures_file = path / FAILURES
    if begun.is_main:
        trainer.encoder.failed.update(_failed(path / FAILURES))
    history = watch(trainer, begun.folder.history_path, path.name)
    # A look at held-out rows costs GRPO as much as a training step on them: there, only --watch-every looks.
    looks = bool(held) and isinstance(begun.config, SFTTraining)
    try:
        if looks and start is None:
            trainer.evaluate()
        trainer.train(resume_from_checkpoint=start)
        if looks:
            trainer.evaluate()
    except RuntimeError as error:
        if "inline_container" not in str(error):
            raise
        # So torch says that a checkpoint could not be written.
        raise RunError(
            f"{path}: a checkpoint was not written whole. Make room, and run the same command again."
        ) from error
    finally:
        history.close()
    if broken := [name for name, weight in trainer.model.named_parameters() if not bool(weight.isfinite().all())]:
        _log.warning("%d weights are no numbers any more, %s first. Take a smaller learning rate.",
                     len(broken), broken[0])  # fmt: skip
    trainer.save_model(str(begun.weights))
    found = held_out(trainer.accelerator.unwrap_model(trainer.model), trainer.encoder, held) if held else None
    if begun.is_main:
        if found is not None:
            write_json(path / HELD_OUT, found.to_json())
        write_report(path)
    whole = begun.config.lora == "off"
    return Trained(
        folder=path,
        weights=begun.weights,
        base=str(begun.weights if whole else begun.base),
        held_out=found,
        failed=trainer.encoder.failed,
    )


def _forget(folder: TrainingFolder) -> None:
    """Take away what a training that was stopped before its first checkpoint has told: it begins again."""
    if folder.history_path.exists():
        with History(folder.history_path) as history:
            history.go_back(-1)
    (folder.path / FAILURES).unlink(missing_ok=True)


def _failed(file: Path) -> dict[str, str]:
    """The rows that earlier sittings could not take, and why."""
    if not file.exists():
        return {}
    Ledger(file).close()  # drops a line that a kill cut short, so that the next one stands alone
    return {told["where"]: told["error"] for told in read_records(file)}
