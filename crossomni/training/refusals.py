"""What is refused at start, before a model loads: in an order from cheap to dear, each in one line.

Not here: a judge that does not answer or fails its canaries, and a folder that belongs to another training
(``record.TrainingFolder.check``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.optional import need
from crossomni.prompts import compose
from crossomni.records import Row
from crossomni.training.config import GRPOTraining, SFTTraining, Switch
from crossomni.training.examples import check_rationales, reply_to
from crossomni.training.planning.architecture import Thinker, found, thinker_of
from crossomni.training.planning.schedule import processes, schedule
from crossomni.training.selection import Selection, clips_of, select
from crossomni.weights import weights_fingerprint

_ADAPTER, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_BEFORE, _AFTER = "base_model.model.", ".lora_A.weight"  # of a projection's name in an adapter's file
# TRL's name of a setting -> ours, which says it already.
_OURS = {
    "output_dir": "out",
    "learning_rate": "learning_rate",
    "num_train_epochs": "epochs",
    "max_steps": "most_steps",
    "per_device_train_batch_size": "at_once",
    "gradient_accumulation_steps": "batch",
    "save_steps": "save_every",
    "eval_steps": "watch_every",
    "seed": "seed",
    "report_to": "report_to",
    "num_generations": "rollouts",
    "max_completion_length": "most_new_tokens",
    "temperature": "temperature",
    "beta": "beta",
    "reward_weights": "weights",
    "generation_batch_size": "batch",
    "steps_per_generation": "batch",
}
_MEDIA = "rows with video and sound are neither cut nor packed"
_NOT_HERE = {
    "packing": _MEDIA,
    "padding_free": _MEDIA,
    "max_length": _MEDIA,
    "use_vllm": "the model that is trained generates, since a server would not know its towers' outputs",
    "bf16": "the machine decides: with a GPU it is on",
    "fp16": "numbers of this form overflow here; with a GPU bf16 is on",
}
_LOSSES = ("grpo", "bnpo", "dr_grpo", "dapo", "luspo", "cispo", "sapo", "vespo")  # of TRL 1.16


def check(config: SFTTraining | GRPOTraining, corpus: Corpus, *, devices: int | None = None) -> Selection:
    """Refuse what could only fail later; what is left can be trained on.

    Args:
        devices: that train at once; by default as many as ``accelerate launch`` started.

    Returns:
        The rows that are trained on, and those that are held out.

    Raises:
        InputError: in one line, for the first thing that is wrong.
    """
    check_trl(config)
    chosen = select(config, corpus)
    devices = processes() if devices is None else devices
    schedule(config, len(chosen.trained), devices)
    check_labels(chosen.rows, config.split)
    if isinstance(config, GRPOTraining):
        check_rewards(config, corpus, chosen.rows)
        check_looks(config, devices)
    if isinstance(config, SFTTraining):
        check_replies(chosen.rows, config.rationale)
    for row in {row.task: row for row in chosen.rows}.values():  # a prompt's files are the same for all rows of a task
        compose(config.prompt, row, config.prompts)
    with found(config.model, config.tiny) as source:
        thinker = thinker_of(config.model, source, trust=config.trust_remote_code)
        if isinstance(config, GRPOTraining) and config.adapter is not None:
            check_adapter(config, config.adapter, thinker, source)
    corpus.check_media(chosen.rows)
    return chosen


def check_replies(rows: Sequence[Row], rationale: Switch) -> None:
    """Find out whether there is something to teach for every row.

    Raises:
        InputError: when rows have no rationale, or one that no reply can be made of.
    """
    if rationale == "on":
        check_rationales(rows)  # all of them, so that the message counts them
    for row in rows:
        reply_to(row, rationale)


def check_labels(rows: Sequence[Row], split: str) -> None:
    """Find out whether answers are there to learn from.

    Raises:
        InputError: naming the first row without one, and how many there are.
    """
    held_back = [row.id for row in rows if not row.answer]
    if held_back:
        raise InputError(
            f"row {held_back[0]!r}: its answer is held back, as are those of {len(held_back)} of {len(rows)} rows of "
            f"{split}; wanted letters. Train on a split with labels."
        )


def check_rewards(config: GRPOTraining, corpus: Corpus, rows: Sequence[Row]) -> None:
    """Find out whether the rewards can be given on these rows.

    Raises:
        InputError: when no reward counts, rows lack the rationale that context is measured by, or the offline judge
            lacks the truth.
    """
    if not config.rewarded:
        raise InputError("rewards: every weight is 0, so that nothing would be learnt. Give one more than 0.")
    if "context" in config.rewarded:
        check_rationales(rows)
    if config.judge == "offline" and {"context", "logic"} & {*config.rewarded}:
        unknown = [clip for clip in clips_of(rows) if not (corpus.truth / f"{clip}.json").is_file()]
        if unknown:
            raise InputError(
                f"--judge offline: the truth of {len(unknown)} clips is not there, of {unknown[0]} first "
                f"({corpus.truth}). It judges playhouse alone: take --judge openai:NAME@URL, or --thinking-reward off."
            )


def check_looks(config: GRPOTraining, devices: int) -> None:
    """Find out whether completions of held-out prompts can be drawn in whole groups.

    Raises:
        InputError: when what is computed at once is no number of groups.
    """
    if config.watch_every and config.at_once * devices % config.rollouts:
        raise InputError(
            f"--watch-every {config.watch_every} looks at groups of {config.rollouts} completions, and --at-once "
            f"{config.at_once} on {devices} processes makes no whole ones. Take a multiple, or --watch-every 0."
        )


def check_trl(config: SFTTraining | GRPOTraining) -> None:
    """Find out whether the settings under ``trl`` are TRL's, can be had, and are said by no other option already.

    Raises:
        InputError: naming the setting.
    """
    if not config.trl:
        return
    for name in config.trl:
        if name in _OURS:
            raise InputError(f"trl: {name} is said by {_OURS[name]} here. Take it out of trl, and set {_OURS[name]}.")
    kind = "GRPOConfig" if isinstance(config, GRPOTraining) else "SFTConfig"
    if config.trl.get("dataloader_num_workers"):
        raise InputError(
            f"trl: dataloader_num_workers is {config.trl['dataloader_num_workers']}; a row that fails in a worker "
            "stays unknown to the trainer. Take it out."
        )
    for name, why in _NOT_HERE.items():
        if config.trl.get(name):
            raise InputError(f"trl: {name} is {config.trl[name]!r}; {why}. Take it out.")
    if (loss := config.trl.get("loss_type", "dapo")) not in _LOSSES and isinstance(config, GRPOTraining):
        raise InputError(f"trl: loss_type is {loss!r}; wanted one of {', '.join(_LOSSES)}.")
    known = getattr(need("trl", "training"), kind)
    assert is_dataclass(known)
    if unknown := sorted({*config.trl} - {field.name for field in fields(known)}):
        raise InputError(f"trl: {unknown[0]} is no setting of TRL's {kind}. Look it up there, or take it out.")


def trl_arguments(kind: str, values: Mapping[str, Any]) -> Any:
    """TRL's configuration of these values, its trackers tried out.

    Raises:
        InputError: when TRL or transformers refuses a value, or a tracker is not installed.
    """
    trl, integrations = need("trl", "training"), need("transformers.integrations", "training")
    try:
        made = getattr(trl, kind)(**values)
        for tracker in integrations.get_reporting_integration_callbacks(made.report_to):
            tracker()
        made.get_warmup_steps(100)
        need("transformers.trainer", "training").Trainer.get_optimizer_cls_and_kwargs(made)
    except (ValueError, TypeError, KeyError, ImportError, RuntimeError, AssertionError) as error:
        told = " ".join(str(error).split())
        raise InputError(f"{kind} refuses a setting ({type(error).__name__}: {told[:300]}). Correct it.") from error
    return made


def check_adapter(config: GRPOTraining, adapter: Path, thinker: Thinker, source: Path | str) -> None:
    """Find out whether the adapter was trained from this model; no weight is loaded.

    An adapter that crossomni trained has its ``training.json`` beside it or above it, with the base's name and
    fingerprint. Of any adapter the base that it names and the shapes of its weights are compared.

    Raises:
        InputError: when the folder is no adapter, or it is another model's, or the whole model is trained.
    """
    if config.lora == "off":
        raise InputError(
            f"adapter {adapter}: --lora off trains the whole model. Give the fine-tuned model as --model, and no "
            "adapter."
        )
    told = _json(adapter / _ADAPTER, f"adapter {adapter}")
    named = str(told.get("base_model_name_or_path") or "")
    noted = next((place for place in (adapter, adapter.parent) if (place / "training.json").is_file()), None)
    if noted is not None:
        base = _json(noted / "training.json", f"adapter {adapter}").get("base", {})
        if not _same(str(base.get("name", "")), config.model):
            now = weights_fingerprint(source, trust=config.trust_remote_code)
            if base.get("fingerprint") != now:
                _refuse(adapter, f"it was trained from {base.get('name')}", config.model)
    elif _is_id(named) and _is_id(config.model) and named != config.model:
        _refuse(adapter, f"it was trained from {named}", config.model)
    for name, (inside, outside) in _projections(adapter).items():
        if name not in thinker.projections:
            _refuse(adapter, f"it changes {name}, which this model's language model has not", config.model)
        if (inside, outside) != thinker.projections[name]:
            own = "×".join(map(str, thinker.projections[name]))
            _refuse(adapter, f"its {name} is {inside}×{outside}, this model's {own}", config.model)


def _projections(adapter: Path) -> dict[str, tuple[int, int]]:
    """What the adapter's file changes: name -> (in, out), read from its header."""
    safetensors = need("safetensors", "an adapter")
    path = adapter / _WEIGHTS
    if not path.is_file():
        raise InputError(f"adapter {adapter}: no {_WEIGHTS} in it; wanted a folder that crossomni train sft wrote.")
    try:
        with safetensors.safe_open(path, "pt") as file:
            names = [name for name in file.keys() if name.endswith(_AFTER)]  # noqa: SIM118 - it is no dict
            if not names:
                raise InputError(f"adapter {adapter}: {_WEIGHTS} holds no LoRA. Give the adapter of a fine-tuning.")
            shapes = {
                name.removeprefix(_BEFORE).removesuffix(_AFTER): (
                    file.get_slice(name).get_shape()[1],
                    file.get_slice(name.replace("lora_A", "lora_B")).get_shape()[0],
                )
                for name in names
            }
    except safetensors.SafetensorError as error:
        raise InputError(f"adapter {adapter}: {_WEIGHTS} cannot be read ({error}). Train it again.") from error
    return shapes


def _json(path: Path, where: str) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{where}: no {path.name} in it that can be read ({error.strerror}). "
            "Give a folder that crossomni train sft wrote."
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: is no JSON ({error}). Train the adapter again.") from error
    if not isinstance(told, dict):
        raise InputError(f"{path}: is no JSON object. Train the adapter again.")
    return told


def _same(one: str, other: str) -> bool:
    """Whether two names are of the same folder, or the same id."""
    return one == other or (Path(one).is_dir() and Path(other).is_dir() and Path(one).samefile(other))


def _is_id(name: str) -> bool:
    """Whether it is an id of the Hub, ORGANISATION/NAME."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~")) and not Path(name).is_dir()


def _refuse(adapter: Path, why: str, model: str) -> None:
    raise InputError(f"adapter {adapter}: {why}; wanted one of {model}. Give the model that it was trained from.")
