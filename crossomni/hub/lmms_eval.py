"""A task folder for lmms-eval: our rows, prompts and reading of replies in its form (tested with 0.7.3).

    crossomni export lmms-eval playhouse --prompt icl --out tasks
    python -m lmms_eval --include_path tasks --tasks crossomni --model qwen2_5_omni …

Nine tasks (``crossomni_au_vi``), in two groups, in one: a run of ``crossomni`` shows tasks, Single, Cross and Overall.
lmms-eval makes the model's input itself, so that its scores come without receipts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub.utils import yaml_dump  # type: ignore[attr-defined]

from crossomni import __version__
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.export import staged
from crossomni.prompts import compose
from crossomni.records import Row
from crossomni.tasks import TASKS, Task

GROUP = "crossomni"
MOST_NEW_TOKENS = 1024  # of a reply, with its reasoning: what `crossomni evaluate` allows
_TEMPLATE = "_crossomni"  # without .yaml, so that it is not taken for a task
_UTILS = '''"""What the YAML files beside it call. It needs: pip install crossomni"""

from crossomni.hub.lmms_task import doc_to_text
from crossomni.hub.lmms_task import doc_to_visual
from crossomni.hub.lmms_task import mean_score
from crossomni.hub.lmms_task import process_results
'''
# lmms-eval reads functions by a tag of its own, which a plain dump would put in quotes.
_FUNCTIONS = """\
doc_to_visual: !function utils.doc_to_visual
doc_to_text: !function utils.doc_to_text
process_results: !function utils.process_results
metric_list:
- metric: accuracy
  aggregation: !function utils.mean_score
  higher_is_better: true
- metric: unread
  aggregation: !function utils.mean_score
  higher_is_better: false
"""


def export_lmms_eval(
    corpus: Corpus,
    folder: Path,
    *,
    split: str = "test",
    prompt: str = "default",
    prompts: Path | None = None,
    most_new_tokens: int = MOST_NEW_TOKENS,
) -> Path:
    """Write the task folder: YAML for each task and group, ``utils.py``, and the rows with their prompts.

    Clips stay where they are: the folder above them is told in ``_crossomni``, to be changed where they move.

    Args:
        prompt: one of ``crossomni.prompts.prompt_names``.
        prompts: a folder of your own prompts.
        most_new_tokens: of a reply, with its reasoning.

    Raises:
        InputError: for an unknown split or prompt, rows without answers, or a folder that is there and not empty.
    """
    rows = corpus.rows(split)
    if unlabelled := [row.id for row in rows if not row.answer]:
        raise InputError(
            f"{corpus.folder}: {len(unlabelled)} rows of {split} have no answer (row {unlabelled[0]!r} is the first); "
            "lmms-eval scores by the rows' own. Give data whose labels are not held back."
        )
    by_task = {task: [row for row in rows if row.task is task] for task in TASKS}
    asked = {task: found for task, found in by_task.items() if found}
    with staged(folder) as stage:
        (stage / "rows").mkdir()
        for task, found in asked.items():
            lines = [_line(row, compose(prompt, row, prompts)) for row in found]
            (stage / f"rows/{task.id}.jsonl").write_text("".join(lines), encoding="utf-8")
            (stage / f"{_name(task)}.yaml").write_text(_dump(_task(task)), encoding="utf-8")
        template = _template(corpus.folder, prompt, most_new_tokens)
        (stage / _TEMPLATE).write_text(_dump(template) + _FUNCTIONS, encoding="utf-8")
        (stage / "utils.py").write_text(_UTILS, encoding="utf-8")
        for name, told in _groups(list(asked)).items():
            (stage / f"{name}.yaml").write_text(_dump(told), encoding="utf-8")
    return folder


def _name(task: Task) -> str:
    return f"{GROUP}_{task.id.replace('-', '_')}"


def _line(row: Row, prompt: str) -> str:
    told = row.to_columns()
    kept = {name: told[name] for name in ("id", "task", "clip_id", "options", "answer")}
    return json.dumps(kept | {"video": row.video, "prompt": prompt}, ensure_ascii=False) + "\n"


def _task(task: Task) -> dict[str, Any]:
    return {
        "include": _TEMPLATE,
        "task": _name(task),
        "task_alias": task.label,
        "dataset_kwargs": {"data_files": {"test": f"rows/{task.id}.jsonl"}},
    }


def _template(media: Path, prompt: str, most_new_tokens: int) -> dict[str, Any]:
    return {
        "dataset_path": "json",
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_target": "answer",
        # Without "until" lmms-eval would cut a reply at its first blank line, which reasoning has.
        "generation_kwargs": {"max_new_tokens": most_new_tokens, "temperature": 0, "do_sample": False, "until": []},
        "cluster_key": "clip_id",
        "lmms_eval_specific_kwargs": {"default": {"media": str(media)}},
        "metadata": {"version": __version__, "prompt": prompt},
    }


def _groups(tasks: Sequence[Task]) -> dict[str, dict[str, Any]]:
    """Single, Cross, and both, by their names; what no row asks is left out."""
    parts = {
        f"{GROUP}_single": [_name(task) for task in tasks if not task.is_cross],
        f"{GROUP}_cross": [_name(task) for task in tasks if task.is_cross],
    }
    named = {name: members for name, members in parts.items() if members}
    return {
        name: {
            "group": name,
            "task": members,
            "aggregate_metric_list": [
                {"metric": metric, "aggregation": "mean", "weight_by_size": True} for metric in ("accuracy", "unread")
            ],
            "metadata": {"version": __version__},
        }
        for name, members in {**named, GROUP: list(named)}.items()
    }


def _dump(told: dict[str, Any]) -> str:
    return str(yaml_dump(told, sort_keys=False, width=1_000))
