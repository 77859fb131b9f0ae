"""The datasets builder: importing this module makes ``load_dataset("crossomni")`` known.

    import crossomni_dataset
    from datasets import load_dataset

    rows = load_dataset("crossomni", "playhouse", split="test")
    rows = load_dataset("crossomni", "full", annotations_dir="annotations", media_dir="media", split="test")
    stream = load_dataset("crossomni", split="train", streaming=True)

Rows come clip by clip. ``video`` and ``audio`` hold the path of the clip's file and are decoded, by torchcodec,
when a row is taken with them. These calls open no media and need no torchcodec:

    rows.filter(lambda task: task == "au-vi", input_columns=["task"])     # without input_columns each clip is opened
    rows.select_columns(["id", "task", "question"])[0]
    rows["question"][0]
    rows.cast_column("video", Video(decode=False)).cast_column("audio", Audio(decode=False))[0]     # media by path
    stream.decode(False).filter(lambda row: row["task"] == "au-vi")       # decode(False) first, then filter
    stream.select_columns(["id", "task"]).filter(lambda row: row["task"] == "au-vi")

What is cached is named after a fingerprint of rows, media and this package's code, so that changed data are read anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import datasets
import datasets.load
import pyarrow as pa
from datasets.builder import Key
from datasets.data_files import DataFilesDict

import crossomni
from crossomni import corpus, records, tables
from crossomni.corpus import Corpus
from crossomni.errors import InputError, MissingPackageError
from crossomni.records import Row

NAME = "crossomni"
TESTED = "5.2.0"
_ROWS_PER_TABLE = 1_000


@dataclass
class CrossOmniConfig(datasets.BuilderConfig):  # type: ignore[misc]
    """``playhouse`` needs nothing; ``full`` the folder of annotations and the folder of the user's media."""

    annotations_dir: str | None = None
    media_dir: str | None = None

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: Any = None) -> str:
        """The name of the cached data: the configuration, and a fingerprint of everything that the rows come from."""
        if self.data_dir or config_kwargs.get("data_files") or custom_features is not None:
            raise InputError(
                "crossomni: data_dir, data_files or features came; wanted 'playhouse' alone, or 'full' with "
                "annotations_dir and media_dir. For another folder of data: load_dataset(FOLDER)."
            )
        if self.name != "full" and (self.annotations_dir or self.media_dir):
            raise InputError(f"crossomni: {self.name!r} takes no annotations_dir and no media_dir; 'full' does.")
        stamp = Corpus.stamp(self.name, *self.folders)
        return f"{self.name}-{hashlib.sha256((stamp + _code_stamp()).encode()).hexdigest()[:32]}"

    @property
    def folders(self) -> tuple[Path | None, Path | None]:
        """The folder of annotations and the folder of media."""
        return _path(self.annotations_dir), _path(self.media_dir)


class CrossOmni(datasets.ArrowBasedBuilder):  # type: ignore[misc]
    """Rows with the columns of the contract, clip by clip, media by path."""

    # Arrow tables, because encoding examples one by one would import torchcodec even where nothing is decoded.
    BUILDER_CONFIG_CLASS = CrossOmniConfig
    BUILDER_CONFIGS: ClassVar[list[CrossOmniConfig]] = [
        # `datasets` wants data files of a packaged builder; none at all is enough.
        CrossOmniConfig(name=name, version=crossomni.__version__, data_files=DataFilesDict())
        for name in ("playhouse", "full")
    ]
    DEFAULT_CONFIG_NAME = "playhouse"

    def _info(self) -> Any:
        return datasets.DatasetInfo(features=datasets.Features.from_arrow_schema(tables.schema()))

    def _split_generators(self, _: Any) -> list[Any]:
        opened = Corpus.open(self.config.name, *self.config.folders)
        return [
            datasets.SplitGenerator(name, {"rows": opened.rows(name), "folder": opened.folder})
            for name in opened.splits
        ]

    def _generate_tables(self, rows: tuple[Row, ...], folder: Path) -> Iterator[tuple[Any, pa.Table]]:
        for number, start in enumerate(range(0, len(rows), _ROWS_PER_TABLE)):
            part = rows[start : start + _ROWS_PER_TABLE]
            files = [{"bytes": None, "path": str(folder / row.video)} for row in part]
            yield Key(0, number), tables.table(part, {"video": files, "audio": files})


def _path(folder: str | None) -> Path | None:
    return None if folder is None else Path(folder)


def _code_stamp() -> str:
    """A digest of the code that makes the rows, so that a newer version never serves an older one's cache."""
    files = (__file__, corpus.__file__, records.__file__, tables.__file__)
    return "".join(corpus.file_sha256(Path(file)) for file in files)


def register(load: Any = datasets.load) -> None:
    """Teach ``datasets`` our name.

    Loading scripts are gone from ``datasets``, and its list of packaged builders is private: a builder listed there is
    found, but its data files are then sought in the working folder. So we answer for our name, and for nothing else.

    Raises:
        MissingPackageError: when this version of ``datasets`` is built otherwise.
    """
    private = (
        "_PACKAGED_DATASETS_MODULES",
        "PackagedDatasetModuleFactory",
        "DatasetModule",
        "BuilderConfigsParameters",
    )
    absent = [name for name in private if not hasattr(load, name)]
    if absent:
        raise MissingPackageError(
            f"crossomni_dataset: datasets {datasets.__version__} has no {', '.join(absent)}, on which load_dataset"
            f"({NAME!r}) stands. Install the version it was tested with: pip install datasets=={TESTED}"
        )
    others = load.PackagedDatasetModuleFactory

    def factory(name: str, *args: Any, **kwargs: Any) -> Any:
        return SimpleNamespace(get_module=lambda: _module(load)) if name == NAME else others(name, *args, **kwargs)

    load._PACKAGED_DATASETS_MODULES[NAME] = (CrossOmni.__module__, crossomni.__version__)
    load.PackagedDatasetModuleFactory = factory


def _module(load: Any) -> Any:
    configs = {"builder_configs": CrossOmni.BUILDER_CONFIGS, "default_config_name": CrossOmni.DEFAULT_CONFIG_NAME}
    return load.DatasetModule(
        CrossOmni.__module__, crossomni.__version__, {"dataset_name": NAME}, load.BuilderConfigsParameters(**configs)
    )


register()
