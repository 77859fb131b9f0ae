"""Whatever goes wrong with a clip is a drop with its reason, and ends nothing else."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from crossomni.construction.models.asking import Desk
from crossomni.construction.models.building import work_through
from crossomni.construction.models.clip_work import Work, work_on
from crossomni.construction.models.items import Worked
from crossomni.construction.models.verifying import verify
from crossomni.testing.chat_server import Behaviour, ChatServer
from tests.construction.models.conftest import Clips, asked_at
from tests.construction.models.replying import said
from tests.construction.models.scripted import Models, asked_for
from tests.construction.models.test_verifying import GOOD, ITEM, KNOWN

pytest.importorskip("torchaudio")
pytest.importorskip("sklearn")
REFUSED = Behaviour(status=400, body='{"error": {"message": "this picture cannot be read"}}')


def without_sound(path: Path) -> Path:
    """A film."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=8)
        stream.width = stream.height = 64
        for _ in range(160):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        film.mux(stream.encode())
    return path


def broken(folder: Path, whole: bytes) -> dict[str, Path]:
    """Files of which none can be decoded with its sound."""
    found = {"missing": folder / "missing.mp4", "mute": without_sound(folder / "mute.mp4")}
    for name, content in {"cut": whole[: len(whole) // 3], "empty": b"", "text": b"This is no film."}.items():
        found[name] = folder / f"{name}.mp4"
        found[name].write_bytes(content)
    return found


def test_bad_clips_never_stop_a_run(clips: Clips, works: list[Work], tmp_path: Path) -> None:
    """Files that cannot be decoded, and a clip whose pictures a server refuses, go by their reasons; the rest stays."""
    refused, good = works
    scripted = Models(clips)

    def reply(request: dict[str, Any]) -> str | Behaviour:
        told = scripted(request)
        pictures = [] if told == "ready" else [one for one in asked_for(request)[2] if one["type"] == "image_url"]
        return REFUSED if pictures and scripted.shown(pictures).clip.id == refused.clip.id else told

    bad = broken(tmp_path, good.file.read_bytes())
    run = [*(replace(good, clip=replace(good.clip, id=name), file=file) for name, file in bad.items()), refused, good]
    with ChatServer(reply) as server:
        done = work_through(asked_at(server, readers=()), run, tmp_path / "work")
    found = {one.clip.id: one for one in done.worked}
    assert [work.clip.id for work in run] == [*found]
    for name in bad:
        assert [drop.reason for drop in found[name].dropped] == ["the clip cannot be decoded"], name
    assert [drop.reason for drop in found[refused.clip.id].dropped] == ["description: no reply: refused"]
    assert found[good.clip.id].items
    assert not any(found[work.clip.id].items for work in run[:-1])


def worked_on(work: Work, reply: Callable[[dict[str, Any]], str | Behaviour], repeats: int) -> Worked:
    """What comes of a clip."""

    async def run(server: ChatServer) -> Worked:
        async with Desk(asked_at(server, repeats=repeats), None) as desk:
            return await work_on(desk, work)

    with ChatServer(reply) as server:
        return asyncio.run(run(server))


@pytest.mark.parametrize("repeats", [0, 2])
def test_what_is_in_no_form_is_asked_again_within_a_bound(works: list[Work], repeats: int) -> None:
    """And then the clip is dropped by name; nothing else is asked about it."""
    asked = Counter[str]()

    def reply(request: dict[str, Any]) -> str:
        asked[asked_for(request)[0]] += 1
        return ""

    found = worked_on(works[0], reply, repeats)
    assert [drop.reason for drop in found.dropped] == ["description: unparsed"]
    speakers = {line.speaker for line in works[0].clip.lines}
    each = {"describe": 1, "second": 1, "caption": 2, "roles": 1, "person": 3 * len(speakers), "voice": len(speakers)}
    assert asked == {name: count * (repeats + 1) for name, count in each.items()}


@pytest.mark.parametrize("name", ["unique", "answerable", "plausible", "blind"])
def test_an_item_that_gets_no_verdict_is_dropped_by_name(name: str) -> None:
    """After as many requests as there may be: each once more, here."""
    asked = Counter[str]()
    found = said({**GOOD, "blind": "unknown", name: "Hm."}, lambda talk: verify(talk, ITEM, KNOWN, 1), readers=True,
                 asked=asked)  # fmt: skip
    assert (found.item, found.reason) == (ITEM.id, f"{name}: unparsed")
    assert asked[name] == 2 * {"answerable": 4, "blind": 2}.get(name, 1)
