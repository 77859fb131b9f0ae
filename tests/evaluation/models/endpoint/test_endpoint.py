"""Models behind a server: what is sent, and what is told of it."""

import base64
import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import av
import numpy as np
import pytest

from crossomni.corpus import Corpus
from crossomni.errors import ChatError, DeafOrBlindError, InputError, KnockOutError, ModelError
from crossomni.evaluation.config import KnockOut
from crossomni.evaluation.models.endpoint import Endpoint
from crossomni.evaluation.models.protocol import Ask, Said
from crossomni.evaluation.runs.runner import evaluate, evaluate_all
from crossomni.media import ClipFile
from crossomni.tasks import Modality
from crossomni.testing import write_clip
from crossomni.testing.chat_server import (
    Behaviour,
    ChatServer,
)
from tests.evaluation.conftest import make_rows
from tests.evaluation.models.endpoint.served import REFUSED, Request, config, lines, oracle, run, words


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
        request = sent(three, tmp_path / "run", most_new_tokens=77, temperature=0.5)

        assert ["video_url", "input_audio", "text"] == kinds(request)
        assert ["video"] == streams(part(request, "video_url")["url"])
        assert np.allclose(samples(request), ClipFile(clip).sound(16_000), atol=1e-4)
        (row,) = (row for row in Corpus.open(str(three)).rows("test") if row.id == lines(tmp_path / "run")[0]["id"])
        assert f"Question: {row.question}" in part(request, "text")
        assert {"model": "stub", "max_tokens": 77, "temperature": 0.5, "stream": False} == {
            name: value for name, value in request.items() if name != "messages"
        }

    def test_text_first(self, three: Path, tmp_path: Path) -> None:
        """The prompt before the clip, and the system's message before all."""
        request = sent(three, tmp_path / "run", order="text-first", system="You watch plays.")

        assert ["text", "video_url", "input_audio"] == kinds(request)
        assert {"role": "system", "content": "You watch plays."} == request["messages"][0]

    def test_what_mp4_cannot_hold(self, tmp_path: Path) -> None:
        """Pictures that are copied into a Matroska file are sent as one."""
        webm = ClipFile(write_clip(tmp_path / "clip.webm", seconds=0.25, size=(64, 48)))
        ask = Ask(question=make_rows("clip", 0)[0], prompt="?", clip=webm, senses=frozenset({Modality.VISION}))
        with ChatServer() as server:
            list(Endpoint(f"stub@{server.url}", config(server, tmp_path, tmp_path)).answer([ask]))
        assert part(server.last_request, "video_url")["url"].startswith("data:video/x-matroska;base64,")

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
        """Such a run is refused with the reason and what to do; the server is not asked."""
        with ChatServer() as server, pytest.raises(KnockOutError, match="Give --packing apart"):
            evaluate(
                config(server, three, tmp_path / "run", packing="interleaved", knock_out=("sound-muted",), limit=2)
            )
        assert 0 == server.requests
        assert not (tmp_path / "run").exists()


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
        """The server's word shows it, and the run stops: what was left out was not."""
        with pytest.raises(DeafOrBlindError, match="25 audio tokens reached the model, though this sense is left out"):
            run(telling(BY_KIND), three, tmp_path / "run", limit=1, knock_out=("sound",))


class TestReplies:
    """What a server says, and to which row it belongs."""

    def test_thinking_that_is_kept_apart(self, three: Path, tmp_path: Path) -> None:
        """It is a think block of the reply, and no letter is read in it."""
        run(lambda _: Behaviour(text="B", thinking="It is C."), three, tmp_path / "run", limit=1)

        (line,) = lines(tmp_path / "run")
        assert ("<think>It is C.</think>B", "B") == (line["reply"], line["letter"])

    def test_replies_in_any_order_come_to_their_rows(self, three: Path, tmp_path: Path) -> None:
        """The answers of a server that is quick with some and slow with others are all right, each row's once."""
        turns = itertools.count()

        def reply(request: Request) -> Behaviour:
            return Behaviour(text=oracle(request), delay_seconds=0.05 * (next(turns) * 7 % 5))

        run(reply, three, tmp_path / "run")

        labels = [json.loads(line) for line in (three.parent / "data-labels" / "labels.jsonl").read_text().splitlines()]
        asked, came = [row.id for row in Corpus.open(str(three)).rows("test")], lines(tmp_path / "run")
        assert {label["id"]: label["answer"] for label in labels} == {line["id"]: line["letter"] for line in came}
        assert len(came) == 27
        assert asked != [line["id"] for line in came]

    def test_no_more_at_once_than_allowed(self, three: Path, tmp_path: Path) -> None:
        """The limit is used and kept, and every row is asked once."""
        with ChatServer(delay_seconds=0.01) as server:
            evaluate(config(server, three, tmp_path / "run", at_once=5))
        assert (5, 1 + 27) == (server.most_at_once, server.requests)

    def test_answers_of_one_clip(self) -> None:
        """Asked without a run, it answers in the questions' order; a failure comes in its place."""
        asks = [Ask(question=row, prompt=row.id, clip=None, senses=frozenset()) for row in make_rows("clip_00", 0)[:3]]
        with ChatServer(lambda r: REFUSED if words(r) == asks[2].prompt else f"to {words(r)}") as server:
            answers = Endpoint(f"stub@{server.url}", config(server, Path("x"), Path("x"))).answer(asks)
            said: list[Said] = [next(answers), next(answers)]
            with pytest.raises(ChatError, match="refused: "):
                next(answers)
        assert [f"to {asks[0].prompt}", f"to {asks[1].prompt}"] == [one.reply for one in said]


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

    def test_preflight_of_a_deaf_model(self, three: Path, tmp_path: Path) -> None:
        """Sound that moves nothing is named, before any folder is made."""
        with pytest.raises(DeafOrBlindError, match=r"another clip's sound .* moved no .*--knock-out sound\."):
            run(lambda r: moved(r, "video_url"), three, tmp_path / "run", preflight=1)
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
