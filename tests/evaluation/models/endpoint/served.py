"""Runs against a stub server, for the tests of endpoints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossomni.evaluation.runs.runner import EvalConfig, RunSummary, evaluate
from crossomni.evaluation.runs.study import StudyConfig
from crossomni.export import export
from crossomni.records import Clip
from crossomni.testing import write_clip
from crossomni.testing.chat_server import (
    Behaviour,
    ChatServer,
)
from tests.evaluation.conftest import LETTERS, VALUES, make_annotation, make_rows
from tests.evaluation.fakes import ASKED

Request = dict[str, Any]
SECONDS = {"clip_00": 1.0, "clip_01": 0.25, "clip_02": 0.5}  # so that they sound and look different
REFUSED = Behaviour(status=400, body='{"error": {"message": "the prompt is too long"}}')


def make_data(folder: Path, *, hide_answers: bool) -> Path:
    """Nine test rows on each of three clips that differ."""
    media = folder.with_name("media")
    media.mkdir()
    files = {name: write_clip(media / f"{name}.mp4", seconds, size=(64, 48)) for name, seconds in SECONDS.items()}
    records = {i: Clip(id=i, show="tiny", episode=i, start_seconds=0.0, end_seconds=1.0) for i in files}
    return export(
        folder,
        {"test": [row for number, i in enumerate(files) for row in make_rows(i, number)]},
        records,
        files,
        truth={i: make_annotation(record) for i, record in records.items()},
        hide_answers=hide_answers,
        source={"source": "tiny", "seed": 0, "version": "0", "clips": len(files), "licence": "apache-2.0"},
    )


def config(server: ChatServer, data: Path, out: Path, **changes: Any) -> EvalConfig:
    """A run that asks once, with the sound as a part of its own."""
    fields = {
        "model": f"openai:stub@{server.url}", "data": str(data), "out": out,
        "packing": "apart", "tries": 1, "at_once": 8,
    }  # fmt: skip
    return StudyConfig(**(fields | changes))


def run(reply: Callable[[Request], str | Behaviour], data: Path, out: Path, **changes: Any) -> RunSummary:
    """A whole run against a stub that answers so."""
    with ChatServer(reply) as server:
        return evaluate(config(server, data, out, **changes))


def lines(out: Path) -> list[dict[str, Any]]:
    """The predictions of a run."""
    path = out / "predictions.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def oracle(request: Request) -> str:
    """The right letter, by the question's own words."""
    asked = ASKED.search(words(request))
    return "yes" if asked is None else next(LETTERS[v.index(asked[1])] for v in VALUES.values() if asked[1] in v)


def words(request: Request) -> str:
    """The text of a request's last message."""
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
