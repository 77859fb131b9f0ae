"""What becomes of a run whose server misbehaves, or is not there."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crossomni.cli import main
from crossomni.errors import ChatError, ModelError
from crossomni.evaluation.runs.runner import EvalConfig, evaluate
from crossomni.testing.chat_server import (
    CLOSED,
    CUT,
    DRIPPING,
    HALF_JSON,
    HANGING,
    HTML,
    SERVER_ERROR,
    Behaviour,
    ChatServer,
    in_turn,
    rate_limited,
)
from tests.evaluation.models.endpoint.served import REFUSED, SECONDS, Request, config, lines, oracle, run, words

MISBEHAVIOURS: tuple[tuple[str, Behaviour], ...] = (
    ("not-a-reply", HTML),
    ("not-a-reply", HALF_JSON),
    ("not-a-reply", Behaviour(body='{"choices": []}')),
    ("server-error", SERVER_ERROR),
    ("rate-limited", rate_limited()),
    ("refused", REFUSED),
    ("unreachable", CLOSED),
    ("unreachable", CUT),
    ("timeout", HANGING),
    ("timeout", DRIPPING),
)


class TestFailures:
    """A server that misbehaves: each way has its name, none is an answer, and the run goes on later."""

    def test_each_has_its_state_and_is_asked_again(self, labelled: Path, tmp_path: Path) -> None:
        """Ten ways to fail, ten named rows; the same command asks these alone, and then the scores are complete."""
        behaviours: Iterator[Behaviour] = iter([behaviour for _, behaviour in MISBEHAVIOURS])

        def reply(request: Request) -> str | Behaviour:
            is_row = "What is" in words(request)
            return (next(behaviours, None) if is_row else None) or oracle(request)

        out = tmp_path / "run"
        with ChatServer(reply) as server:
            asked = config(server, labelled, out, at_once=1, deadline_seconds=0.2, limit=12)
            first = evaluate(asked).scores
            failed = lines(out)[:10]
            before = server.requests
            second = evaluate(asked).scores

        assert [f"ChatError: {state}: " for state, _ in MISBEHAVIOURS] == [
            re.match(r"ChatError: [\w-]+: |.*", line["error"])[0] for line in failed
        ]
        assert all((line["state"], line["letter"], line["reply"]) == ("failed", None, "") for line in failed)
        assert first is not None
        assert (False, 10, 2) == (first["complete"], first["states"]["failed"], first["states"]["read"])
        assert 1 + 10 == server.requests - before
        assert second is not None
        assert (True, 100.0) == (second["complete"], second["overall"])
        assert 12 == len({line["id"] for line in lines(out)}) == len(lines(out))
        assert 10 == len((out / "failures.jsonl").read_text().splitlines())

    @pytest.mark.parametrize(("text", "state"), [("E", "unread"), ("", "empty"), ("A or B", "ambiguous")])
    def test_words_that_choose_nothing_are_no_answer(self, three: Path, tmp_path: Path, text: str, state: str) -> None:
        """A reply without one letter of the options is a state of its own, too, and no letter is made of it."""
        run(lambda _: text, three, tmp_path / "run", limit=1)
        assert [(state, None)] == [(line["state"], line["letter"]) for line in lines(tmp_path / "run")]

    def test_what_passes_is_tried_again_and_bounded(self, three: Path, tmp_path: Path) -> None:
        """An error that passes costs a row nothing; one that stays is tried as often as allowed."""
        with ChatServer(in_turn("yes", SERVER_ERROR, "A", SERVER_ERROR)) as server:
            evaluate(config(server, three, tmp_path / "run", at_once=1, tries=2, limit=2))

        assert 1 + 2 + 2 == server.requests
        first, second = lines(tmp_path / "run")
        assert "A" == first["letter"]
        assert "the engine is dead (2 tries)" in second["error"]

    def test_a_server_that_goes_down_ends_the_run(self, three: Path, tmp_path: Path) -> None:
        """Twenty failures in a row end the run; when the server is there again the same command finishes it."""
        replies = itertools.chain(["yes"], ["A"] * 5, [CLOSED] * 20, itertools.repeat("A"))
        with ChatServer(lambda _: next(replies)) as server:
            asked = config(server, three, tmp_path / "run", at_once=1)
            with pytest.raises(ModelError, match=r"20 questions in a row failed.*unreachable.*goes on from here"):
                evaluate(asked)
            there = lines(tmp_path / "run")
            evaluate(asked)

        assert ["read"] * 5 + ["failed"] * 20 == [line["state"] for line in there]
        assert there[:5] == lines(tmp_path / "run")[:5]
        assert ["read"] * 27 == [line["state"] for line in lines(tmp_path / "run")]

    def test_a_server_that_is_not_there(
        self,
        three: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """One line on standard error, exit code 1, and no folder."""
        with ChatServer() as server:
            pass
        monkeypatch.setattr(sys, "argv", command(config(server, three, tmp_path / "run"))[2:])
        with pytest.raises(SystemExit) as left:
            main()

        assert 1 == left.value.code
        (line,) = capsys.readouterr().err.splitlines()
        assert re.match(r"crossomni: http://\S+, model stub: no connection.*Start the server, or correct the ur", line)
        assert not (tmp_path / "run").exists()

    def test_a_name_that_the_server_does_not_know(self, three: Path, tmp_path: Path) -> None:
        """The server's own words come through, before any folder is made."""
        unknown = Behaviour(status=404, body='{"error": {"message": "The model `stub` does not exist."}}')
        with pytest.raises(ChatError, match=r"404, The model `stub` does not exist\..*Correct .*the model's name"):
            run(lambda _: unknown, three, tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_ctrl_c(self, three: Path, tmp_path: Path) -> None:
        """Exit code 130, what was answered is kept, and the same command asks the rest."""
        out = tmp_path / "run"
        with ChatServer(oracle, delay_seconds=0.05) as server:
            asked = config(server, three, out, at_once=3)
            with running(command(asked)) as process:
                while process.poll() is None and len(lines(out)) < 4:
                    time.sleep(0.005)
                process.send_signal(signal.SIGINT)
                assert 130 == process.wait(timeout=60)
            kept, before = lines(out), server.requests
            evaluate(asked)

        assert 4 <= len(kept) < 27
        assert kept == lines(out)[: len(kept)]
        assert 1 + 27 - len(kept) == server.requests - before
        assert 27 == len({line["id"] for line in lines(out)}) == len(lines(out))

    @pytest.mark.parametrize("place", [0, 2])
    def test_a_clip_that_cannot_be_read(self, three: Path, tmp_path: Path, place: int) -> None:
        """It fails its own rows, by name, wherever it stands; those of the other clips are answered."""
        data = shutil.copytree(three, tmp_path / "data")
        name = f"clip_0{place}"

        def reply(request: Request) -> str:
            if "Say yes." in words(request):  # all clips have been looked through by then
                (data / f"test/videos/{name}.mp4").write_bytes(b"no video")
            return "A"

        run(reply, data, tmp_path / "run", at_once=2)
        came = lines(tmp_path / "run")
        assert {i: "failed" if i == name else "read" for i in SECONDS} == {one["clip_id"]: one["state"] for one in came}
        assert 27 == len({line["id"] for line in came}) == len(came)
        if place == 0:  # told when it is found, not at the end
            assert name != came[-1]["clip_id"]
        assert all(re.match(rf"MediaError: \S+{name}\.mp4: ", one["error"]) for one in came if one["clip_id"] == name)


def command(asked: EvalConfig) -> list[str]:
    """The command line of a run."""
    names = ("model", "data", "out", "packing", "tries", "at_once")
    options = [f"--{name.replace('_', '-')}={getattr(asked, name)}" for name in names]
    return [sys.executable, "-m", "crossomni", "evaluate", *options]


@contextmanager
def running(arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block at the latest."""
    with subprocess.Popen(arguments, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        try:
            yield process
        finally:
            process.kill()
