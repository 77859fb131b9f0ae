"""Commands that train: ``crossomni train sft`` and ``crossomni train grpo``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from crossomni.cli.options import some_path
from crossomni.cli.printing import tell
from crossomni.training.config import GRPOTraining, SFTTraining, TrainConfig

_KNOWN_MACHINES = "A100-80GB, H100, H200, L40S, RTX-4090"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Train an Omni-LLM: fine-tuning with rationales, then GRPO with a judge.")
    group.command("sft")(
        _command(SFTTraining, "Learn the rationales and answers of rows, seeing and hearing their clips.")
    )
    group.command("grpo")(_command(GRPOTraining, "Learn from rewards: format, accuracy, and a judge of the thinking."))
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
    shared = [
        ("config", Path | None, None, "A YAML file of settings; examples/ has some.", some_path),
        ("plan", bool, False, "Say what it will take, and do nothing.", None),
        ("machine", str | None, None, f"Of --plan: a device that is not here, one of {_KNOWN_MACHINES}.", None),
        ("devices", int | None, None, "Of --plan: how many train at once.", None),
    ]
    parameters = [_parameter(*each) for each in shared]
    parameters += [_parameter(field.name, str | None, None, field.metadata["help"], None) for field in fields(kind)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _parameter(name: str, kind: Any, default: Any, said: str, parser: Any) -> inspect.Parameter:
    option = typer.Option(help=said, parser=parser)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


def _configured(kind: type[TrainConfig], path: Path | None, given: dict[str, str]) -> Any:
    from crossomni.training.settings_file import configured, read_option, read_settings

    settings = read_settings(path) if path is not None else {}
    where = "options" if path is None else f"--config {path} and options"
    return configured(kind, settings | {name: read_option(name, text) for name, text in given.items()}, where)


def _tell_plan(config: Any, machine: str | None, devices: int | None) -> None:
    from crossomni.training.planning.machine import known_machine
    from crossomni.training.planning.plan import plan

    tell(plan(config, devices=devices, machine=known_machine(machine) if machine else None), "table")


def _train(config: Any) -> None:
    import logging

    from crossomni.training.recipe import ADAPTER, train

    logging.getLogger("crossomni.training").setLevel(logging.INFO)
    trained = train(config)
    if trained.failed:
        print(f"{len(trained.failed)} rows could not be taken; failures.jsonl names them and why.")
    if trained.held_out is not None:
        print(trained.held_out.told)
    print(f"Weights: {trained.weights}\nReport: {trained.folder / 'report.html'}")
    adapter = f" --adapter {trained.weights}" if trained.weights.name == ADAPTER else ""
    print(f"Evaluate: crossomni evaluate --model {trained.base}{adapter} --out {trained.folder / 'run'}")
