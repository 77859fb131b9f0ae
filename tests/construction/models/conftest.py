"""Two clips of the shipped plays, and models that answer from their truth."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.chat.config import ChatConfig
from crossomni.construction.models.clip_work import Work
from crossomni.construction.models.settings import BuildModels, Endpoint
from crossomni.corpus import Corpus
from crossomni.records import Annotation
from crossomni.testing.chat_server import ChatServer
from tests.construction.models.scripted import Faults, Models

Clips = Mapping[str, tuple[Annotation, Path]]


@pytest.fixture(autouse=True, scope="session")
def _near() -> Iterator[None]:
    """A server on this machine is asked without a proxy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        yield


@pytest.fixture(scope="session")
def clips() -> Clips:
    """Truth and media file, by clip id."""
    corpus = Corpus.open("playhouse")
    rows = {row.clip_id: row for split in corpus.splits for row in corpus.rows(split)}
    found = {}
    for name in list(rows)[:2]:
        annotation = corpus.annotation(name)
        assert annotation is not None
        found[name] = (annotation, corpus.media(rows[name]))
    return found


@pytest.fixture(scope="session")
def works(clips: Clips) -> list[Work]:
    """One clip to train on, one to test with."""
    splits = ("train", "test")
    return [
        Work(clip=annotation.clip, file=file, split=split, seed=1)
        for (annotation, file), split in zip(clips.values(), splits, strict=True)
    ]


def asked_at(server: ChatServer, **changes: object) -> BuildModels:
    """All roles at one server."""
    chat = ChatConfig(url=server.url, model="scripted", tries=1, at_once=8)
    one = Endpoint(chat=chat)
    readers = tuple(Endpoint(chat=replace(chat, model=f"reader {number}")) for number in (1, 2))
    given = {"frames": 2, "pixels": 96 * 54, "repeats": 1, "readers": readers, **changes}
    return BuildModels(vision=one, language=one, audio=one, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def serve(clips: Clips) -> Callable[[Faults], ChatServer]:
    """A server of models with faults, to be used as a context manager."""
    return lambda faults: ChatServer(Models(clips, faults))
