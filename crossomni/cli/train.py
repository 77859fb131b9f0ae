"""Commands that train: ``crossomni train sft`` and ``crossomni train grpo``; ``cli.trained`` has what comes after."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer

from crossomni.cli import trained
from crossomni.cli.options import some_path
from crossomni.cli.printing import tell
from crossomni.cli.telling import is_main, telling
from crossomni.training.config import GRPOTraining, SFTTraining, TrainConfig

if TYPE_CHECKING:
    from crossomni.training.recipe import Trained

_KNOWN_MACHINES = "A100-80GB, H100, H200, L40S, RTX-4090"
# Headings of --help, with the settings under each; what is named nowhere comes first.
_PANELS: Mapping[str, tuple[str, ...]] = {
    "Rows": (
        "data",
        "split",
        "annotations",
        "media",
        "rows",
        "tasks",
        "only",
        "ids",
        "held_out",
        "prompt",
        "prompts",
        "rationale",
    ),
    "Weights": ("tiny", "adapter", "lora", "lora_rank", "lora_alpha", "trust_remote_code"),
    "Steps": ("learning_rate", "batch", "at_once", "epochs", "most_steps", "save_every", "watch_every", "seed"),
    "Rollouts": ("rollouts", "most_new_tokens", "temperature", "beta"),
    "Rewards": ("judge", "judge_price", "thinking_reward", "weights", "most_unscored", "canaries_every"),
    "Clips": ("frames", "fps", "pixels", "packing", "order", "system", "towers"),
    "TRL": ("report_to", "trl"),
}
# Settings that an evaluation has too, and should have alike.
_ASKED_ALIKE = ("data", "annotations", "media", "prompt", "prompts", "frames", "fps", "pixels", "packing", "order",
                "system", "trust_remote_code")  # fmt: skip
_VALUES: Mapping[Any, str] = {int: "N", float: "NUMBER", Path: "PATH", str: "TEXT"}


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(
        help="Train an Omni-LLM: fine-tuning with rationales, then GRPO with a judge. docs/training.md tells how."
    )
    group.command("sft")(
        _command(
            SFTTraining,
            "Fine-tune: learn the rationales and answers of rows, seeing and hearing their clips.\n\n"
            "--model and --out are needed, here or in --config. The same command goes on where it was stopped.",
        )
    )
    group.command("grpo")(
        _command(
            GRPOTraining,
            "Learn from rewards: format, accuracy, and a judge of the thinking; from a fine-tuned --adapter.\n\n"
            "--model and --out are needed, here or in --config. The same command goes on where it was stopped.",
        )
    )
    trained.register(group)
    app.add_typer(group, name="train")


def _command(kind: type[TrainConfig], said: str) -> Callable[..., None]:
    """A command with an option for each setting; what is given there stands over what the file says."""

    def command(config: Path | None, plan: bool, machine: str | None, devices: int | None, **given: Any) -> None:
        made = _configured(kind, config, {name: value for name, value in given.items() if value is not None})
        if plan:
            _tell_plan(made, machine, devices)
        else:
            _train(made)

    command.__doc__ = said
    hints = get_type_hints(kind)
    known = f"Of --plan: a device that is not here, one of {_KNOWN_MACHINES}."
    parameters = [
        _parameter("config", Path, help="A YAML file of settings; options stand over it.", parser=some_path),
        _parameter("plan", bool, False, help="Say what it will take, and do nothing."),
        _parameter("machine", str, help=known, metavar="NAME"),
        _parameter("devices", int, help="Of --plan: how many train at once.", metavar="N"),
        *(_setting(field, hints[field.name]) for field in sorted(fields(kind), key=_in_order)),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _setting(field: Field[Any], hint: Any) -> inspect.Parameter:
    """The option of a setting. Not given it is None, so that the file's value or the setting's own default stands."""
    shown = field.metadata.get("default") or _shown(field)
    said = field.metadata["help"] + (rf" \[default: {shown}]" if shown else "")  # typer would put it into brackets
    options = {"help": said, "rich_help_panel": _panel(field.name)}
    if hint is bool:
        return _parameter(field.name, bool, **options)
    return _parameter(field.name, str, metavar=_values(hint), **options)


def _panel(name: str) -> str | None:
    return next((heading for heading, settings in _PANELS.items() if name in settings), None)


def _in_order(field: Field[Any]) -> int:
    return [None, *_PANELS].index(_panel(field.name))


def _parameter(name: str, kind: Any, default: Any = None, **options: Any) -> inspect.Parameter:
    kind = kind | None if default is None else kind
    flag = [f"--{name.replace('_', '-')}"] if kind in (bool, bool | None) else []  # without a --no-…
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, typer.Option(*flag, **options)],
    )


def _shown(field: Field[Any]) -> str:
    """A default as --help shows it; nothing for none."""
    value = field.default_factory() if field.default_factory is not MISSING else field.default
    if isinstance(value, Mapping):
        return ",".join(f"{name}={part:g}" for name, part in value.items())
    if value is MISSING or value is None or value is False:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _values(hint: Any) -> str:
    """What an option takes, in a word."""
    if get_origin(hint) is Mapping:
        return "NAME=VALUE,…"
    words = [value for value in get_args(hint) if isinstance(value, str)]
    if words:
        return "|".join(words)
    return next(_VALUES[kind] for kind in (hint, *get_args(hint)) if kind in _VALUES)


def _configured(kind: type[TrainConfig], path: Path | None, given: Mapping[str, Any]) -> Any:
    from crossomni.settings_file import configured, read_settings
    from crossomni.training.settings_file import read_option

    settings = read_settings(path) if path is not None else {}
    where = "options" if path is None else f"--config {path} and options"
    read = {name: read_option(name, value) if isinstance(value, str) else value for name, value in given.items()}
    return configured(kind, settings | read, where)


def _tell_plan(config: Any, machine: str | None, devices: int | None) -> None:
    from crossomni.training.planning.machine import known_machine
    from crossomni.training.planning.plan import plan

    with telling():
        tell(plan(config, devices=devices, machine=known_machine(machine) if machine else None), "table")


def _train(config: Any) -> None:
    with telling():
        from crossomni.training.recipe import train

        done = train(config)
    if is_main():
        print("\n".join(_told(config, done)))


def _told(config: Any, done: Trained) -> list[str]:
    """What became of it, a line each."""
    from crossomni.training.recipe import FAILURES

    lines = []
    if done.failed:
        lines.append(f"{len(done.failed)} rows could not be taken; {done.folder / FAILURES} names them and why.")
    if done.held_out is not None:
        lines.append(done.held_out.told)
    if done.spent.requests:
        lines.append(f"Judge: {_told_spent(config, done)}")
    return [
        *lines,
        f"Weights: {done.weights}",
        f"Report: {done.folder / 'report.html'}",
        f"Evaluate: {shlex.join(_evaluating(config, done))}",
        f"Share: crossomni train push --out {shlex.quote(str(done.folder))} --repo OWNER/NAME --dry-run",
    ]


def _evaluating(config: TrainConfig, done: Trained) -> list[str]:
    """The command that asks the trained model as it was trained: on the same data, in the same presentation."""
    from crossomni.training.results.record import ADAPTER

    words = ["crossomni", "evaluate", "--model", done.base]
    if done.weights.name == ADAPTER:
        words += ["--adapter", str(done.weights)]
    defaults = {field.name: field.default for field in fields(config)}
    for name in _ASKED_ALIKE:
        value = getattr(config, name)
        if value != defaults[name]:
            words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    return [*words, "--out", str(done.folder / "run")]


def _told_spent(config: GRPOTraining, done: Trained) -> str:
    spent = done.spent
    told = (
        f"{spent.replies:,} replies, {spent.cached:,} more from the cache, {spent.failed:,} failed; "
        f"{spent.prompt_tokens:,} tokens read, {spent.completion_tokens:,} written"
    )
    if spent.uncounted:
        told += f", not counting {spent.uncounted:,} replies of which the server told no tokens"
    if config.judge_price:
        told += f"; cost {spent.cost(config.price):,.4g}" + (" at least" if spent.uncounted else "")
    return f"{told}. A training that went on counts from there."
