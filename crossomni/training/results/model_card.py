"""The card of trained weights: front matter that the Hub reads, results in its two forms, and the text.

Everything in it stands in the training's folder or in an evaluation's; what is not known is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import EvalResult, EvalResultEntry, ModelCard, ModelCardData

from crossomni.card import PAPER
from crossomni.errors import InputError
from crossomni.hub.results import Scored, entries_of
from crossomni.training.planning.architecture import TINY
from crossomni.training.results.history import read_history
from crossomni.training.results.merge import merged_from
from crossomni.training.results.record import CALLED, Training, TrainingFolder
from crossomni.training.results.report import compared, looks, span, told
from crossomni.weights import weights_fingerprint

if TYPE_CHECKING:
    from crossomni.training.results.publish import About

_TEMPLATE = Path(__file__).parent / "templates" / "model_card.md.j2"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
# Text, pictures and sound in, by the class that transformers' pipeline of this name loads.
_PIPELINE = "any-to-any"
_OFFLINE = "offline: rules over playhouse's own truth, no language model"
# Settings that tell of a machine or of nothing that was learnt.
_LEFT_OUT = ("model", "out", "data", "annotations", "media", "prompts", "adapter", "report_to", "towers", "ids",
             "judge_price", "at_once", "save_every", "watch_every", "trust_remote_code")  # fmt: skip


def evaluation_of(folder: Path, weights: Path, base: str) -> Scored:
    """What a run of these weights scored; ``base`` is the fingerprint of what an adapter stands on.

    Raises:
        InputError: when the folder holds no scored run, is not complete, or is of other weights.
    """
    run = Scored.read(folder)
    asked = str(run.about["fingerprints"]["model"])
    # An adapter's stands after its base's; with its base it is what is merged.
    stood_on, _, own = asked.rpartition("+")
    is_own = weights_fingerprint(weights) == own and stood_on in ("", base)
    if not is_own and asked != merged_from(weights):
        raise InputError(
            f"{folder}: is a run of other weights than {weights}; wanted one of these. Evaluate them: crossomni "
            "evaluate."
        )
    return run


def model_card(
    training: Training, folder: Path, *, adapter: bool, about: About, name: str, evaluation: Scored | None
) -> tuple[ModelCard, list[EvalResultEntry]]:
    """The card, and the entries of ``.eval_results``: none where nothing was scored, or the data have no id on the Hub.

    Args:
        training: what was trained.
        folder: the training's folder, for its history.
        adapter: whether the weights are a LoRA adapter; else they are a whole model.
        about: what only the owner can say.
        name: the model's.
        evaluation: what a run of the weights scored.
    """
    history = read_history(TrainingFolder(folder).history_path)
    base = base_id(training)
    # Whoever gives the data's id means those that were trained on; a run may be on others.
    same = evaluation is not None and evaluation.about["fingerprints"]["data"] == training.data["fingerprint"]
    scored_on = about.dataset if same else ""
    results: dict[str, Any] = {}
    if evaluation is not None:
        found = list(_results(evaluation, scored_on))
        results = {"model_name": name, "eval_results": found, "metrics": ["accuracy"]}
    card = ModelCard.from_template(
        _front_matter(training, base, adapter=adapter, about=about, results=results),
        template_path=str(_TEMPLATE),
        training=training,
        name=name,
        base=base,
        random=training.asked_for.startswith(TINY),
        adapter=adapter,
        called=CALLED[training.kind],
        paper=PAPER,
        source=_source(training),
        held_out=TrainingFolder(folder).held_out(),
        told=told,
        span=span,
        settings=dict(_settings(training)),
        steps=history[-1].step if history else 0,
        compared=[
            (called, f"{told(x.first.value)} {span(x.first)}", f"{told(x.last.value)} {span(x.last)}")
            for called, x in compared(history)
            if called != "gradient's norm"
        ],
        looks=[
            (x.called, f"{told(x.first)} (step {x.first_step})", f"{told(x.last)} (step {x.last_step})")
            for x in looks(history)
        ],
        curves=(folder / "curves.png").exists(),
        evaluation=evaluation,
    )
    return card, entries_of(evaluation, scored_on) if evaluation is not None and scored_on else []


def base_id(training: Training) -> str:
    """The base's id on the Hub; empty where it is a folder or has random weights."""
    return training.asked_for if _HUB_ID.fullmatch(training.asked_for) else ""


def _front_matter(
    training: Training, base: str, *, adapter: bool, about: About, results: Mapping[str, Any]
) -> ModelCardData:
    return ModelCardData(
        language=about.language or None,
        license=about.licence or None,
        license_name=about.licence_name or None,
        license_link=about.licence_link or None,
        base_model=base or None,
        base_model_relation=("adapter" if adapter else "finetune") if base else None,
        library_name="peft" if adapter else "transformers",
        pipeline_tag=_PIPELINE,
        tags=[
            "crossomni",
            "coreference",
            "video",
            "audio",
            "trl",
            training.kind,
            *(["lora"] if training.adapts else []),
        ],
        datasets=[about.dataset] if about.dataset else None,
        **results,
    )


def _results(evaluation: Scored, dataset: str) -> Iterator[EvalResult]:
    """Every accuracy in the card's own form, ``model-index``."""
    for key, label, value, _ in evaluation.known:
        yield EvalResult(
            task_type=_PIPELINE,
            task_name="Cross-modal coreference, four options",
            dataset_type=dataset or "crossomni",  # the name by which load_dataset knows it
            dataset_name=f"CrossOmni ({evaluation.data})",
            dataset_split=evaluation.split,
            metric_type="accuracy",
            metric_name=f"{label}, percent",
            metric_value=round(value, 2),
            metric_args={"group": key},
        )


def _source(training: Training) -> Mapping[str, Any]:
    """What is known of the data's source; of a folder of this machine its name alone."""
    source = training.data.get("source", {})
    return source if isinstance(source, Mapping) else {"source": Path(str(source)).name}


def _settings(training: Training) -> Iterator[tuple[str, str]]:
    """What was set, without what tells of a machine."""
    for key, value in training.configuration.items():
        if key in _LEFT_OUT or value in (None, "", {}) or (key.startswith("lora_") and not training.adapts):
            continue
        if isinstance(value, Mapping):  # of TRL's settings, texts may be folders or tokens
            shown = ", ".join(f"{name} {part}" for name, part in value.items() if isinstance(part, bool | int | float))
        else:
            shown = " ".join(str(value).split()).replace("|", "\\|")
            if key == "judge":  # its name, not its server's address
                shown = _OFFLINE if shown == "offline" else shown.partition("@")[0]
        if shown:
            yield key.replace("_", " "), shown
