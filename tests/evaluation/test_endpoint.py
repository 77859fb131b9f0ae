"""Models behind a server: what is sent, what is told of it, and what becomes of a server that misbehaves."""

import base64
import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import av
import numpy as np
import pytest

from crossomni.cli import main
from crossomni.errors import ChatError, DeafOrBlindError, InputError, ModelError
from crossomni.evaluation.config import KnockOut
from crossomni.evaluation.endpoint import Endpoint
from crossomni.evaluation.models import Ask, Said
from crossomni.evaluation.runner import EvalConfig, RunSummary, evaluate, evaluate_all
from crossomni.evaluation.study import StudyConfig
from crossomni.export import export
from crossomni.media import ClipFile
from crossomni.records import Clip
from crossomni.testing import write_clip
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
from tests.evaluation.conftest import LETTERS, VALUES, make_annotation, make_rows

Request = dict[str, Any]
SECONDS = {"clip_00": 1.0, "clip_01": 0.25, "clip_02": 0.5}  # so that they sound and look different
REFUSED = Behaviour(status=400, body='{"error": {"message": "the prompt is too long"}}')


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The server is on this machine: no proxy, nobody's key, no certificates (reading them takes 35 ms a client)."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


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


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of three clips. Labels are held back: runs are not scored, which takes most of their time."""
    return make_data(tmp_path_factory.mktemp("three") / "data", hide_answers=True)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its labels."""
    return make_data(tmp_path_factory.mktemp("labelled") / "data", hide_answers=False)


@pytest.fixture(scope="module")
def clip(three: Path) -> Path:
    """The clip of the first rows."""
    return three / "test/videos/clip_00.mp4"


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
    text = words(request)
    asked = re.search(r"What is (.+) & <who>\?", text)
    return "yes" if asked is None else next(LETTERS[v.index(asked[1])] for v in VALUES.values() if asked[1] in v)


def words(request: Request) -> str:
    """The text of a request's last message."""
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def sent(data: Path, out: Path, **changes: Any) -> Request:
    """The request of one row."""
    requests: list[Request] = []

    def reply(request: Request) -> str:
        requests.append(request)
        return "A"

    run(reply, data, out, limit=1, **changes)
    return requests[-1]


def kinds(request: Request) -> list[str]:
    """The types of the last message's parts, in their order."""
    return [part["type"] for part in request["messages"][-1]["content"]]


def part(request: Request, kind: str) -> Any:
    """What the only part of a type holds."""
    (found,) = (part[kind] for part in request["messages"][-1]["content"] if part["type"] == kind)
    return found


def streams(url: str) -> list[str]:
    """The types of the streams in a video that is sent as data."""
    head, _, content = url.partition(",")
    assert head == "data:video/mp4;base64"
    with av.open(io.BytesIO(base64.b64decode(content))) as video:
        frames = sum(1 for _ in video.decode(video=0))
        assert frames == 12
        return [stream.type for stream in video.streams]


def samples(request: Request) -> np.ndarray:
    """The sound that is sent, float32 (samples,), 16 kHz."""
    assert part(request, "input_audio")["format"] == "wav"
    content = base64.b64decode(part(request, "input_audio")["data"])
    with av.open(io.BytesIO(content)) as file:
        assert (file.streams.audio[0].rate, file.streams.audio[0].channels) == (16_000, 1)
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)]) / 32_768


class TestWhatIsSent:
    """The body of a request."""

    def test_apart(self, three: Path, clip: Path, tmp_path: Path) -> None:
        """The pictures as an MP4 without sound, the sound as WAV, then the prompt, and the run's settings."""
        request = sent(three, tmp_path / "run", most_new_tokens=77)

        assert ["video_url", "input_audio", "text"] == kinds(request)
        assert ["video"] == streams(part(request, "video_url")["url"])
        assert np.allclose(samples(request), ClipFile(clip).sound(16_000), atol=1e-4)
        assert "What is high & <who>?" in part(request, "text")
        assert {"model": "stub", "max_tokens": 77, "temperature": 0.0, "stream": False} == {
            name: value for name, value in request.items() if name != "messages"
        }

    def test_text_first(self, three: Path, tmp_path: Path) -> None:
        """The prompt before the clip, and the system's message before all."""
        request = sent(three, tmp_path / "run", order="text-first", system="You watch plays.")

        assert ["text", "video_url", "input_audio"] == kinds(request)
        assert {"role": "system", "content": "You watch plays."} == request["messages"][0]

    def test_as_a_file(self, three: Path, clip: Path, tmp_path: Path) -> None:
        """Where the server shares this disk it is told the path of the clip, and the sound goes as data."""
        request = sent(three, tmp_path / "run", media_as="file")

        assert ["video_url", "input_audio", "text"] == kinds(request)
        assert clip.as_uri() == part(request, "video_url")["url"]

    @pytest.mark.parametrize("media_as", ["data", "file"])
    def test_interleaved(self, three: Path, tmp_path: Path, media_as: str) -> None:
        """The clip with its sound as one part, and the server is told to take the sound from it."""
        request = sent(three, tmp_path / "run", packing="interleaved", media_as=media_as)

        assert ["video_url", "text"] == kinds(request)
        assert {"use_audio_in_video": True} == request["mm_processor_kwargs"]
        url = part(request, "video_url")["url"]
        assert url.startswith("file://") if media_as == "file" else ["video", "audio"] == streams(url)

    @pytest.mark.parametrize("packing", ["apart", "interleaved"])
    @pytest.mark.parametrize("media_as", ["data", "file"])
    def test_a_sound_that_is_knocked_out(self, three: Path, tmp_path: Path, packing: str, media_as: str) -> None:
        """However the clip is packed, nothing of its sound is sent, and the server is not told to look for it."""
        request = sent(three, tmp_path / "run", packing=packing, media_as=media_as, knock_out=("sound",))

        assert ["video_url", "text"] == kinds(request)
        assert ["video"] == streams(part(request, "video_url")["url"])
        assert "mm_processor_kwargs" not in request

    @pytest.mark.parametrize("packing", ["apart", "interleaved"])
    def test_a_sight_that_is_knocked_out(self, three: Path, tmp_path: Path, packing: str) -> None:
        """The sound goes alone."""
        request = sent(three, tmp_path / "run", packing=packing, knock_out=("sight",))

        assert ["input_audio", "text"] == kinds(request)
        assert "mm_processor_kwargs" not in request

    def test_text_alone(self, three: Path, tmp_path: Path) -> None:
        """Without sound and sight no media are sent, and the receipts say so."""
        request = sent(three, tmp_path / "run", packing="interleaved", knock_out=("sound", "sight"))

        assert ["text"] == kinds(request)
        assert "mm_processor_kwargs" not in request
        receipt = {"frames": 0, "audio_seconds": 0.0, "video_tokens": 0, "audio_tokens": 0, "prompt_tokens": 10}
        assert receipt == lines(tmp_path / "run")[0]["receipt"]

    @pytest.mark.parametrize("media_as", ["data", "file"])
    def test_a_sound_that_is_shifted(self, three: Path, clip: Path, tmp_path: Path, media_as: str) -> None:
        """The changed sound is sent, and nothing of the clip's own."""
        request = sent(three, tmp_path / "run", media_as=media_as, knock_out=("sound-shifted",))

        own = ClipFile(clip).sound(16_000)
        assert np.allclose(samples(request), np.roll(own, len(own) // 2), atol=1e-4)
        assert ["video"] == streams(part(request, "video_url")["url"])

    def test_runs_that_are_packed_in_two_ways_at_once(self, three: Path, tmp_path: Path) -> None:
        """Of runs that go through the clips together each has its own packing."""
        asked: list[tuple[str, bool]] = []

        def reply(request: Request) -> str:
            if isinstance(request["messages"][-1]["content"], list):
                asked.append((" ".join(kinds(request)), "mm_processor_kwargs" in request))
            return "A"

        with ChatServer(reply) as server:
            plain = config(server, three, tmp_path / "plain", packing="interleaved")
            outs: tuple[KnockOut, ...] = ("sound", "sight", "biography")
            evaluate_all([plain, *(replace(plain, knock_out=(out,), out=tmp_path / out) for out in outs)])
        assert {("video_url text", True): 54, ("video_url text", False): 27, ("input_audio text", False): 27} == (
            Counter(asked)
        )
        assert all(27 == len(lines(tmp_path / name)) for name in ("plain", *outs))

    def test_a_changed_sound_cannot_be_interleaved(self, three: Path, tmp_path: Path) -> None:
        """Such rows fail with the reason and what to do; the server is not asked."""
        with ChatServer() as server:
            evaluate(
                config(server, three, tmp_path / "run", packing="interleaved", knock_out=("sound-muted",), limit=2)
            )
        assert 1 == server.requests  # whether it is there
        assert all("Give --packing apart" in line["error"] for line in lines(tmp_path / "run"))


BY_KIND = {"prompt_tokens": 90, "prompt_tokens_details": {"multimodal_tokens": {"video": 40, "audio": 25}}}
BY_FIELD = {"prompt_tokens": 90, "prompt_tokens_details": {"video_tokens": 40, "audio_tokens": 25}}
NOTHING_HEARD = (
    {"prompt_tokens": 90, "prompt_tokens_details": {"multimodal_tokens": {"video": 40}}},
    {"prompt_tokens": 90, "prompt_tokens_details": {"video_tokens": 40, "audio_tokens": 0}},
)


def telling(usage: Mapping[str, Any] | None) -> Callable[[Request], Behaviour]:
    """A reply with this usage."""
    return lambda request: Behaviour(text="A", usage=usage)


class TestReceipts:
    """What reached the model, as the server tells it."""

    @pytest.mark.parametrize(
        ("usage", "told"),
        [
            (BY_KIND, (40, 25, 90)),
            (BY_FIELD, (40, 25, 90)),
            ({"prompt_tokens": 90}, (None, None, 90)),
            (None, (None, None, None)),
        ],
    )
    def test_usage(self, three: Path, tmp_path: Path, usage: Any, told: tuple[int | None, ...]) -> None:
        """Counts are the server's, in both of their forms; where it tells none they are not reported."""
        run(telling(usage), three, tmp_path / "run", limit=1)

        receipt = lines(tmp_path / "run")[0]["receipt"]
        assert told == tuple(receipt[name] for name in ("video_tokens", "audio_tokens", "prompt_tokens"))
        assert (None, None) == (receipt["frames"], receipt["audio_seconds"])

    @pytest.mark.parametrize("usage", NOTHING_HEARD)
    def test_a_deaf_model_stops_the_run(self, three: Path, tmp_path: Path, usage: Any) -> None:
        """At the first row whose sound left no token, with a word on how to declare it; nothing is scored."""
        with pytest.raises(DeafOrBlindError, match=r"clip_0\d\.mp4 has sound, but none reached.*--knock-out sound\."):
            run(telling(usage), three, tmp_path / "run")
        assert not lines(tmp_path / "run")
        assert not (tmp_path / "run/scores.json").exists()

    def test_a_blind_model_stops_the_run(self, three: Path, tmp_path: Path) -> None:
        """So does one that was sent pictures and saw none."""
        usage = {"prompt_tokens": 90, "prompt_tokens_details": {"multimodal_tokens": {"audio": 25}}}
        with pytest.raises(DeafOrBlindError, match=r"no frame of clip_0\d\.mp4.*--knock-out sight\."):
            run(telling(usage), three, tmp_path / "run")

    def test_a_declared_knock_out_is_no_fault(self, three: Path, tmp_path: Path) -> None:
        """A sound that was not sent and left no token is as it should be."""
        run(telling(NOTHING_HEARD[0]), three, tmp_path / "run", limit=1, knock_out=("sound",))

        receipt = lines(tmp_path / "run")[0]["receipt"]
        assert (40, 0, 0.0) == (receipt["video_tokens"], receipt["audio_tokens"], receipt["audio_seconds"])

    def test_a_sound_that_reached_the_model_all_the_same(self, three: Path, tmp_path: Path) -> None:
        """The receipt has the server's word, whatever was meant to be knocked out."""
        run(telling(BY_KIND), three, tmp_path / "run", limit=1, knock_out=("sound",))
        assert 25 == lines(tmp_path / "run")[0]["receipt"]["audio_tokens"]


class TestReplies:
    """What a server says, and to which row it belongs."""

    def test_thinking_that_is_kept_apart(self, three: Path, tmp_path: Path) -> None:
        """It is a think block of the reply, and no letter is read in it."""
        run(lambda _: Behaviour(text="B", thinking="It is C."), three, tmp_path / "run", limit=1)

        (line,) = lines(tmp_path / "run")
        assert ("<think>It is C.</think>B", "B") == (line["reply"], line["letter"])

    def test_replies_in_any_order_come_to_their_rows(self, labelled: Path, tmp_path: Path) -> None:
        """The answers of a server that is quick with some and slow with others are all right, each row's once."""
        turns = itertools.count()

        def reply(request: Request) -> Behaviour:
            return Behaviour(text=oracle(request), delay_seconds=0.05 * (next(turns) * 7 % 5))

        scores = run(reply, labelled, tmp_path / "run").scores

        assert scores is not None
        assert (100.0, True, "none") == (scores["overall"], scores["complete"], scores["receipts"])
        ids = [line["id"] for line in lines(tmp_path / "run")]
        assert ids != sorted(ids)
        assert len(set(ids)) == len(ids) == 27

    @pytest.mark.parametrize("at_once", [1, 5])
    def test_no_more_at_once_than_allowed(self, three: Path, tmp_path: Path, at_once: int) -> None:
        """The limit is used and kept, and every row is asked once."""
        with ChatServer(delay_seconds=0.01) as server:
            evaluate(config(server, three, tmp_path / "run", at_once=at_once))
        assert (at_once, 1 + 27) == (server.most_at_once, server.requests)

    def test_answers_of_one_clip(self) -> None:
        """Asked without a run, it answers in the questions' order; a failure comes in its place."""
        asks = [Ask(question=row, prompt=row.id, clip=None, senses=frozenset()) for row in make_rows("clip_00", 0)[:3]]
        with ChatServer(lambda r: REFUSED if words(r) == asks[2].prompt else f"to {words(r)}") as server:
            answers = Endpoint(f"stub@{server.url}", config(server, Path("x"), Path("x"))).answer(asks)
            said: list[Said] = [next(answers), next(answers)]
            with pytest.raises(ChatError, match="refused: "):
                next(answers)
        assert [f"to {asks[0].prompt}", f"to {asks[1].prompt}"] == [one.reply for one in said]


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
        """A reply without one letter of the options is a state of its own, too, and is not asked again."""
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

    def test_a_server_that_goes_down_ends_the_run(self, labelled: Path, tmp_path: Path) -> None:
        """Twenty failures in a row end the run; when the server is there again the same command finishes it."""
        replies = itertools.chain(["yes"], ["A"] * 5, [CLOSED] * 20, itertools.repeat("A"))
        with ChatServer(lambda _: next(replies)) as server:
            asked = config(server, labelled, tmp_path / "run", at_once=1)
            with pytest.raises(ModelError, match=r"20 questions in a row failed.*unreachable.*goes on from here"):
                evaluate(asked)
            there = lines(tmp_path / "run")
            scores = evaluate(asked).scores

        assert ["read"] * 5 + ["failed"] * 20 == [line["state"] for line in there]
        assert there[:5] == lines(tmp_path / "run")[:5]
        assert scores is not None
        assert (True, 27) == (scores["complete"], scores["states"]["read"])

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

    def test_ctrl_c(self, labelled: Path, tmp_path: Path) -> None:
        """Exit code 130, what was answered is kept, and the same command asks the rest."""
        out = tmp_path / "run"
        with ChatServer(oracle, delay_seconds=0.05) as server:
            asked = config(server, labelled, out, at_once=3)
            with running(command(asked)) as process:
                while process.poll() is None and len(lines(out)) < 4:
                    time.sleep(0.005)
                process.send_signal(signal.SIGINT)
                assert 130 == process.wait(timeout=60)
            kept, before = lines(out), server.requests
            scores = evaluate(asked).scores

        assert 4 <= len(kept) < 27
        assert kept == lines(out)[: len(kept)]
        assert 1 + 27 - len(kept) == server.requests - before
        assert scores is not None
        assert (True, 100.0) == (scores["complete"], scores["overall"])

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


def first_token(logs: Iterable[tuple[str, float]]) -> Behaviour:
    """A reply whose first token had these log-probabilities."""
    likeliest = [{"token": token, "logprob": log, "bytes": None} for token, log in logs]
    choice = {
        "message": {"role": "assistant", "content": "A"},
        "logprobs": {"content": [{"token": "A", "logprob": 0.0, "top_logprobs": likeliest}]},
    }
    return Behaviour(body=json.dumps({"choices": [choice]}))


def moved(request: Request, *by: str) -> Behaviour:
    """Log-probabilities that hang on these parts of the request."""
    content = request["messages"][-1]["content"]
    moves = json.dumps([one for one in content if isinstance(one, dict) and one["type"] in by])
    return first_token([("A", -1.0), ("B", -2.0 - crc32(moves.encode()) / 2**32)])


class TestLogProbabilities:
    """Letters' log-probabilities, and the preflight that rests on them."""

    def scores(self, behaviour: Behaviour) -> list[float]:
        """The letters' scores for a question without a clip."""
        ask = Ask(question=make_rows("clip_00", 0)[0], prompt="?", clip=None, senses=frozenset())
        with ChatServer(lambda _: behaviour) as server:
            (found,) = Endpoint(f"stub@{server.url}", config(server, Path("x"), Path("x"))).letter_scores([ask])
        assert (True, 20, 16) == tuple(server.last_request[name] for name in ("logprobs", "top_logprobs", "max_tokens"))
        return list(found)

    def test_letters_by_their_tokens(self) -> None:
        """Tokens that differ in white space are one letter; a letter that was not told lies below all that were."""
        behaviour = first_token([("A", np.log(0.5)), (" A", np.log(0.25)), ("B", -3.0), ("The", -4.0)])
        assert self.scores(behaviour) == pytest.approx([np.log(0.75), -3.0, -5.0, -5.0])

    def test_letters_that_are_all_but_impossible(self) -> None:
        """A server's own way to write that a token cannot come is a number as any other."""
        behaviour = first_token([("A", -9999.0), ("B", 0.0)])
        assert self.scores(behaviour) == pytest.approx([-9999.0, 0.0, -10_000.0, -10_000.0])

    def test_preflight(self, three: Path, tmp_path: Path) -> None:
        """Where other sound and other pictures move the letters, the run goes on and says how far."""
        run(lambda r: moved(r, "video_url", "input_audio"), three, tmp_path / "run", preflight=1)

        found = json.loads((tmp_path / "run/preflight.json").read_text())
        assert {"audio", "vision"} == set(found)
        assert all(0 < step for steps in found.values() for step in steps.values())
        assert 27 == len(lines(tmp_path / "run"))

    @pytest.mark.parametrize(("moves", "lacking"), [("video_url", "sound"), ("input_audio", "sight")])
    def test_preflight_of_a_model_that_lacks_a_sense(
        self, three: Path, tmp_path: Path, moves: str, lacking: str
    ) -> None:
        """What moves nothing is named, before any folder is made."""
        with pytest.raises(DeafOrBlindError, match=f"another clip's {lacking} .* moved no .*--knock-out {lacking}"):
            run(lambda r: moved(r, moves), three, tmp_path / "run", preflight=1)
        assert not (tmp_path / "run").exists()

    def test_preflight_of_a_server_that_tells_none(self, three: Path, tmp_path: Path) -> None:
        """It is refused in one line, before any folder is made."""
        with pytest.raises(ModelError, match=r"the server tells no log-probabilities\. Leave --preflight away\."):
            run(lambda _: "A", three, tmp_path / "run", preflight=1)
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": "openai:stub"}, "wanted openai:NAME@http"),
        ({"model": "openai:@http://localhost/v1"}, "wanted openai:NAME@http"),
        ({"model": "openai:stub@localhost"}, "url is 'localhost'"),
        ({"answer_by": "letters"}, "answer_by is letters; stub is behind a server"),
        ({"adapter": Path("lora")}, "adapter lora: stub is behind a server"),
    ],
)
def test_what_a_server_cannot_do_is_refused(three: Path, tmp_path: Path, changes: Any, named: str) -> None:
    """A configuration that would be passed over in silence is an error, before anybody is asked."""
    with ChatServer() as server, pytest.raises(InputError, match=named):
        evaluate(config(server, three, tmp_path / "run", **changes))
    assert 0 == server.connections
    assert not (tmp_path / "run").exists()
