"""The dataset card: front matter that the Hub and ``datasets`` read, and the text that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huggingface_hub import DatasetCardData

from crossomni.errors import InputError
from crossomni.records import COLUMNS, TEXT_COLUMNS
from crossomni.tables import features
from crossomni.tasks import TASKS

PAPER = "https://arxiv.org/abs/2604.05522"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
MEANING = {
    "id": "the row's name, unique in the dataset",
    "task": "one of " + ", ".join(f"`{task.id}`" for task in TASKS),
    "source": "the modality in which the referent is found",
    "target": "the modality from which the question is answered",
    "video": "the clip",
    "audio": "the clip's sound, at 16 kHz",
    "biography": "what a text tells of everybody and everything in the clip",
    "question": "the question",
    "options": "four options, lettered A to D in this order",
    "answer": "the letter of the right option; empty where labels are held back",
    "rationale": "in training, the reasoning in four steps; empty in test",
    "clip_id": "the clip's name; rows of one clip follow each other",
    "show": "the show",
    "episode": "the episode; no episode is in two splits",
    "start_seconds": "where in the episode the clip starts",
    "end_seconds": "where in the episode the clip ends",
    "pair_id": "the minimal pair that the row belongs to; empty where it is in none",
}
_LOADING = """\
`load_dataset` takes this folder by its path, absolute or relative as in `data/plays` or `../plays`, but not as `.` from
inside the folder. It needs `torchcodec`. The calls below open no media:

```python
from datasets import load_dataset

rows = load_dataset(FOLDER, split="{split}")
rows.filter(lambda task: task == "au-vi", input_columns=["task"])
rows.select_columns(["id", "task", "question"])
stream = load_dataset(FOLDER, split="{split}", streaming=True)
stream.decode(False).filter(lambda row: row["task"] == "au-vi")
```
"""
_JOINING = """\
The clips are not in here. Each is known by its name and by the SHA-256 of its file, in `clips.jsonl`. Put yours in a
folder, named `<clip_id>.mp4`, and join them:

```python
import crossomni_dataset
from datasets import load_dataset

rows = load_dataset("crossomni", "full", annotations_dir=FOLDER, media_dir=MEDIA, split="{split}")
```

What is missing or differs is said by name.
"""


def config_name(source: Mapping[str, Any]) -> str:
    """The configuration that data of this source belong to."""
    return "playhouse" if source["source"] == "playhouse" else "full"


def licence_of(source: Mapping[str, Any]) -> str:
    """The licence's id on the Hub; ``other`` where the media have one of their own."""
    return str(source.get("licence", "apache-2.0" if config_name(source) == "playhouse" else "other"))


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What the card tells of one split."""

    rows: int
    bytes: int  # of its files, media included
    files: str  # the pattern of its files, relative to the card


def card(
    source: Mapping[str, Any], splits: Mapping[str, Listed], hidden: bool, audit: str = "", *, media: bool = True
) -> str:
    """The text of README.md.

    Args:
        source: what data.json says: ``source``, ``seed``, ``version``, and where they matter ``licence`` (an id of
            the Hub), ``licence_name`` and ``licence_link`` (both demanded by the licence ``other``) and ``gated``.
        splits: by the split's name, in the order in which they are shown.
        hidden: whether the answers are held back.
        audit: the audit's tables in Markdown, where one was made.
        media: whether clips lie beside the rows; else users join their own.
    """
    names = COLUMNS if media else TEXT_COLUMNS
    front = _front_matter(source, splits, names)
    columns = "\n".join(f"| `{name}` | {MEANING[name]} |" for name in names)
    listed = "\n".join(f"| `{name}` | {split.rows:,} | {split.bytes / 1e6:,.1f} |" for name, split in splits.items())
    loading = (_LOADING if media else _JOINING).format(split=list(splits)[-1])
    held = (
        "\nThe answers are held back: `answer` and `rationale` are empty, the audit, made from them, is left out, `id` "
        "and `pair_id` are drawn and tell nothing, and who says a line is not noted.\n"
        if hidden
        else ""
    )
    audited = f"\n## Shortcuts and leaks\n\n{audit.strip()}\n" if audit else ""
    return f"""---
{front.strip()}
---

# CrossOmni: {config_name(source)}

Questions that ask to find somebody or something in one modality (sound, picture, text) and to answer from another:
nine tasks, one for each pair of source and target ([the paper]({PAPER}), section 2).
Source of the clips: {source["source"]}, version {source.get("version", "unknown")}.
{held}
| split | rows | MB |
|---|---|---|
{listed}

| column | what it is |
|---|---|
{columns}
{audited}
## Loading

{loading}"""


def _front_matter(source: Mapping[str, Any], splits: Mapping[str, Listed], columns: Sequence[str]) -> str:
    name, found = config_name(source), features()
    total = sum(split.rows for split in splits.values())
    size = sum(split.bytes for split in splits.values())
    data = DatasetCardData(
        language="en",
        pretty_name=f"CrossOmni ({name})",
        task_categories=["multiple-choice", "video-text-to-text"],
        task_ids=["multiple-choice-qa", "multiple-choice-coreference-resolution"],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated" if name == "playhouse" else "found"],
        multilinguality=["monolingual"],
        source_datasets=["original" if name == "playhouse" else str(source["source"])],
        tags=["video", "audio", "text", "coreference", "cross-modal", "crossomni", "benchmark"],
        size_categories=next((label for bound, label in _SIZES if total < bound), "n>1M"),
        configs=[
            {
                "config_name": name,
                "default": True,
                "data_files": [{"split": key, "path": split.files} for key, split in splits.items()],
            }
        ],
        dataset_info={
            "config_name": name,
            "features": [{"name": column, **_in_yaml(found[column])} for column in columns],
            "splits": [
                {"name": key, "num_bytes": split.bytes, "num_examples": split.rows} for key, split in splits.items()
            ],
            "download_size": size,
            "dataset_size": size,
        },
        **_licence(source),
    )
    return str(data.to_yaml())


def _in_yaml(feature: Mapping[str, Any]) -> dict[str, Any]:
    """A feature as a card writes it, which is not how JSON does."""
    kind = feature["_type"]
    if kind == "Value":
        return {"dtype": feature["dtype"]}
    if kind == "List":
        return {"list": feature["feature"]["dtype"]}
    settings = {key: value for key, value in feature.items() if key != "_type"}
    return {"dtype": {kind.lower(): settings} if settings else kind.lower()}


def _licence(source: Mapping[str, Any]) -> dict[str, Any]:
    """Licence and, where media may not be shared freely, the fields that ask users to agree first."""
    licence = licence_of(source)
    fields: dict[str, Any] = {"license": licence}
    if licence == "other":
        for name in ("name", "link"):
            if not source.get(f"licence_{name}"):
                raise InputError(
                    f"source {source['source']!r}: licence 'other' came without licence_{name}; "
                    "wanted the name and the link of the media's licence. Add them to the source."
                )
            fields[f"license_{name}"] = source[f"licence_{name}"]
    if source.get("gated", licence == "other"):
        fields |= {
            "extra_gated_heading": "These annotations are of media under a licence of their own",
            "extra_gated_prompt": "The media are under a licence of their own. Say who you are and agree to it first.",
            "extra_gated_button_content": "Agree and go on",
            "extra_gated_fields": {
                "Name": "text",
                "Affiliation": "text",
                "I hold a licence for the media and use them for research only": "checkbox",
            },
        }
    return fields
