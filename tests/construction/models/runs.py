"""The build of two clips in a process that may be killed: ``python -m tests.construction.models.runs FOLDER URL``."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from crossomni.chat.config import ChatConfig
from crossomni.construction.models.building import work_through
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.settings import BuildModels, Endpoint
from crossomni.corpus import Corpus


def main(folder: Path, url: str) -> None:
    """As the fixtures do."""
    os.environ["NO_PROXY"] = "127.0.0.1"
    os.environ.pop("HF_HUB_OFFLINE", None)
    corpus = Corpus.open("playhouse")
    rows = {row.clip_id: row for split in corpus.splits for row in corpus.rows(split)}
    works = []
    for name, split in zip(list(rows)[:2], ("train", "test"), strict=True):
        annotation = corpus.annotation(name)
        assert annotation is not None
        works.append(Work(clip=annotation.clip, file=corpus.media(rows[name]), split=split, seed=1))
    chat = ChatConfig(url=url, model="scripted", tries=1, at_once=8)
    one = Endpoint(chat=chat)
    readers = tuple(Endpoint(chat=replace(chat, model=f"reader {number}")) for number in (1, 2))
    models = BuildModels(vision=one, language=one, audio=one, readers=readers, frames=2, pixels=96 * 54, repeats=1)
    work_through(models, works, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
