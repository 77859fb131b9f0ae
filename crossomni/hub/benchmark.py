"""``eval.yaml``: what makes a dataset on the Hub a benchmark, with a leaderboard for each of its tasks.

Its tasks are the names that the metric reports, since ``.eval_results`` of models (``crossomni.hub.results``) are filed
under them: nine tasks, Single, Cross and Overall, and the averages of tasks alike. All are of the same rows.

The Hub knows ``evaluation_framework`` by a list of its own (``packages/tasks/src/eval.ts`` of huggingface.js), and
refuses a name that is not in it; it takes a file without. CrossOmni is not in the list, so none is written unless it is
named. ``inspect-ai`` would be wrong: it shows a model texts and pictures, and this asks about sound and video too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huggingface_hub.utils import yaml_dump  # type: ignore[attr-defined]

from crossomni.card import config_name
from crossomni.scoring import GROUPS

BENCHMARK = "eval.yaml"
_DESCRIPTION = (
    "Cross-modal coreference of Omni-LLMs: a question tells of somebody or something by what is heard, seen or read, "
    "and asks for what is heard, seen or read of it. Nine tasks, one for each pair of source and target modality; four "
    "options, chance is 25 percent. Values are accuracy in percent."
)


def benchmark(source: Mapping[str, Any], split: str = "test", framework: str = "") -> str:
    """The text of ``eval.yaml``.

    Args:
        source: what data.json says.
        split: the rows that are asked.
        framework: a name of the Hub's list; left out where it is empty.
    """
    name = config_name(source)
    told: dict[str, Any] = {"name": f"CrossOmni ({name})", "description": _DESCRIPTION}
    if framework:
        told["evaluation_framework"] = framework
    told["tasks"] = [{"id": group.name, "config": name, "split": split} for group in GROUPS]
    return str(yaml_dump(told, sort_keys=False))
