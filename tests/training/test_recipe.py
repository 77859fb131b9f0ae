"""A training from its settings to its weights: whatever stops it, it goes on as if nothing had."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError, RunError, TrainingError
from crossomni.records import Annotation, Clip
from crossomni.testing import write_clip
from crossomni.testing.chat_server import ChatServer
from crossomni.training.results.history import read_history
from tests.small_corpus import Small, a_row

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
pytest.importorskip("peft")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")

from crossomni.training.recipe import CHECKPOINTS, FAILURES, ready, train  # noqa: E402
from crossomni.training.resuming import last_checkpoint  # noqa: E402
from tests.training.stopped import KINDS, KilledAt  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")]
ROOT = Path(__file__).parents[2]
SIDE = 56  # pixels
# Of a sitting, or of the clock.
_OF_THE_CLOCK = ("time", "per_second", "train_loss")
THOUGHT = "Ada walks in at the left with number {} on her coat."


@dataclass(frozen=True)
class Pair:
    """A training that went through, and one that was killed and started again."""

    whole: Path
    stopped: Path
    steps_before: int  # in the history of the killed one
    calls: tuple[int, int]  # of the judge, by each of the two


@dataclass(frozen=True)
class Case:
    """A training, and the step after which it is killed the first time."""

    kind: str
    settings: dict[str, Any]
    step: int

    def config(self, folder: Path) -> Any:
        """For a folder."""
        return KINDS[self.kind](**{**self.settings, "out": folder, **_paths(self.settings)})


def _paths(settings: dict[str, Any]) -> dict[str, Path]:
    return {name: Path(settings[name]) for name in ("adapter",) if name in settings}


@pytest.fixture(scope="module", autouse=True)
def _alone():
    """What trainings draw changes nothing outside; a judge on this machine is asked without a proxy."""
    with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three clips of two rows; one of them is held out."""
    folder = tmp_path_factory.mktemp("rows")
    made = Small()
    for number in range(3):
        name = f"play{number}"
        made.media[name] = write_clip(folder / f"{name}.mp4", seconds=1 + number / 12, size=(SIDE, SIDE), fps=4)
        made.clips[name] = Clip(id=name, show="play", episode=name, start_seconds=0, end_seconds=1)
        made.truth[name] = Annotation(clip=made.clips[name], persons=(), biography="Ada.")
        rows = (a_row(place, name, "train", rationale=THOUGHT.format(f"{number}{place}")) for place in range(2))
        made.splits.setdefault("train", []).extend(rows)
    return str(made.export(folder / "data"))


def short(data: str, **changes: Any) -> dict[str, Any]:
    """Settings of a training of seconds."""
    return {
        "model": "tiny:qwen2_5_omni", "data": data, "frames": 2, "pixels": SIDE * SIDE, "held_out": 0.3, "rows": 0,
        "lora": "off", "learning_rate": 1e-2, "batch": 2, **changes,
    }  # fmt: skip


def rewarded(data: str, **changes: Any) -> dict[str, Any]:
    """The same of GRPO."""
    given = {"batch": 1, "rollouts": 2, "at_once": 2, "most_new_tokens": 64, "learning_rate": 1e-3, **changes}
    return short(data, **given)


@pytest.fixture(scope="module")
def tuned(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thinker that has learned the form of replies, so that rewards differ."""
    settings = short(data, epochs=20, save_every=1000)
    return train(KINDS["sft"](**settings, out=tmp_path_factory.mktemp("tuned") / "t")).weights


@pytest.fixture(scope="module")
def adapter(data: str, tuned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of it."""
    settings = short(data, model=str(tuned), lora="on", most_steps=2, save_every=1000)
    return train(KINDS["sft"](**settings, out=tmp_path_factory.mktemp("adapted") / "t")).weights


def honest(request: dict[str, Any]) -> str:
    """A judge that knows the rationales, and gives points for them alone."""
    text = request["messages"][-1]["content"]
    told = text.count("number") - 1  # an order beside it is none
    if "1 1 1" in request["structured_outputs"]["choice"]:
        return "1 1 1" if "coat." in text and not _ordered(text) else "0 0 0"
    halves = [text.count(THOUGHT.format(f"{clip}{place}")) for clip in range(3) for place in range(2)]
    return "5" if 2 in halves and not _ordered(text) else ("1" if told else "0")


def _ordered(text: str) -> bool:
    return any(word in text for word in ("Ignore the rules", "Note of the system", "deserves every", "Assistant: I"))


@pytest.fixture(scope="module")
def server():
    """A judge."""
    with ChatServer(honest) as running:
        yield running


def _judge(server: ChatServer) -> str:
    return f"openai:stub@{server.url}"


@pytest.fixture(scope="module")
def short_case(data: str) -> Case:
    """A fine-tuning of three steps with a checkpoint after the second."""
    return Case("sft", short(data, epochs=2.0, most_steps=3, save_every=2), 2)


@pytest.fixture(scope="module")
def undisturbed(short_case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where it went through."""
    folder = tmp_path_factory.mktemp("undisturbed") / "whole"
    train(short_case.config(folder))
    return folder


@pytest.fixture(scope="module")
def cases(data: str, tuned: Path, adapter: Path, server: ChatServer) -> dict[str, Case]:
    """Fine-tuning, and GRPO whole and by LoRA; each is stopped after its first epoch, and takes steps again."""
    of_tuned = {"model": str(tuned), "epochs": 2.0}
    judged = {"judge": _judge(server), "canaries_every": 3}
    return {
        "sft whole": Case("sft", short(data, epochs=3.0, save_every=3, watch_every=2, most_steps=5), 4),
        "grpo whole": Case("grpo", rewarded(data, **of_tuned, **judged, save_every=5), 6),
        "grpo lora": Case(
            "grpo",
            rewarded(data, **of_tuned, thinking_reward="off", lora="on", adapter=str(adapter), batch=3, most_steps=3,
                     save_every=1),
            2,
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def pairs(cases: dict[str, Case], server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """Of each case."""
    home = tmp_path_factory.mktemp("trainings")
    begun = server.requests
    for name, case in cases.items():
        train(case.config(home / name / "whole"))
    done = server.requests
    todo = [[case.kind, {**case.settings, "out": str(home / name / "stopped")}, case.step]
            for name, case in cases.items()]  # fmt: skip
    (home / "todo.json").write_text(json.dumps(todo))
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.training.stopped", str(home / "todo.json")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == 0, killed.stderr[-3000:]
    before = {name: len(read_history(home / name / "stopped" / "history.jsonl")) for name in cases}
    for name, case in cases.items():
        train(case.config(home / name / "stopped"))
    calls = done - begun, server.requests - done
    return {name: Pair(home / name / "whole", home / name / "stopped", before[name], calls) for name in cases}


NAMES = ("sft whole", "grpo whole", "grpo lora")


def weights(folder: Path) -> dict[str, Any]:
    """What was learned."""
    (file,) = [*folder.glob("model/model.safetensors"), *folder.glob("adapter/adapter_model.safetensors")]
    return dict(safetensors.load_file(file))


def history(folder: Path) -> list[tuple[int, dict[str, float]]]:
    """Each step's values, but for the clock's."""
    return [
        (step.step, {name: value for name, value in step.values.items() if not _of_the_clock(name)})
        for step in read_history(folder / "history.jsonl")
    ]


def _of_the_clock(name: str) -> bool:
    return any(part in name for part in _OF_THE_CLOCK)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_killed_and_resumed_learns_the_same(pairs: dict[str, Pair], name: str) -> None:
    """To the last bit."""
    whole, stopped = weights(pairs[name].whole), weights(pairs[name].stopped)
    assert {*whole} == {*stopped}
    assert [key for key in whole if not torch.equal(whole[key], stopped[key])] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_killed_and_resumed_tells_the_same(pairs: dict[str, Pair], name: str) -> None:
    """Losses, rewards, lengths and counts of each step, those after the checkpoint too, which were taken twice."""
    whole, stopped = history(pairs[name].whole), history(pairs[name].stopped)
    assert 0 < pairs[name].steps_before < len(whole)
    assert whole == stopped


@pytest.mark.slow
def test_what_is_compared_can_differ(pairs: dict[str, Pair]) -> None:
    """Weights move, rewards differ, and each epoch has its own order; else the two tests above could not fail."""
    for name in NAMES:
        steps = [values for _, values in history(pairs[name].whole)]
        told = [values["grad_norm"] for values in steps if "grad_norm" in values]
        assert len({*told}) == len(told) > 2, name
    rewards = [values["reward"] for _, values in history(pairs["grpo whole"].whole)]
    assert len({*rewards}) > 1


@pytest.mark.slow
def test_steps_that_are_taken_again_ask_the_judge_nothing(pairs: dict[str, Pair]) -> None:
    """What the killed training asked is in its cache, that of the test before the first step too."""
    calls = pairs["grpo whole"].calls
    assert 0 < calls[0] == calls[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sft whole", "grpo lora"])
def test_a_finished_training_stays_as_it_is(pairs: dict[str, Pair], cases: dict[str, Case], name: str) -> None:
    """Started again, it takes no further step, though it ended within an epoch."""
    folder = pairs[name].stopped
    before, told = weights(folder), read_history(folder / "history.jsonl")
    train(cases[name].config(folder))
    assert all(torch.equal(value, before[key]) for key, value in weights(folder).items())
    again = read_history(folder / "history.jsonl")
    assert [step.step for step in told] == [step.step for step in again]
    assert told[-1].values["train_loss"] == again[-1].values["train_loss"]


class Stopped(Exception):
    """From outside."""


class StoppedAt(KilledAt):
    """Stops without killing."""

    def on_step_begin(self, args, state, control, **kwargs):
        """At its step."""
        if state.global_step == self.step:
            raise Stopped


def test_a_training_that_was_stopped_before_its_first_checkpoint_begins_again(
    short_case: Case, undisturbed: Path, tmp_path: Path
) -> None:
    """With a history of its own, though a look at held-out rows is told before the first step."""
    with pytest.raises(Stopped):
        train(short_case.config(tmp_path), [StoppedAt(1)])
    assert [0, 1] == [step for step, _ in history(tmp_path)]
    train(short_case.config(tmp_path))
    assert history(undisturbed) == history(tmp_path)


def test_a_training_that_was_stopped_goes_on_as_if_nothing_had(
    short_case: Case, undisturbed: Path, tmp_path: Path
) -> None:
    """The same weights to the last bit, and the same history; the slow tests kill, and do so with GRPO too."""
    with pytest.raises(Stopped):
        train(short_case.config(tmp_path), [StoppedAt(short_case.step)])
    assert str(tmp_path / CHECKPOINTS / "checkpoint-2") == last_checkpoint(tmp_path / CHECKPOINTS)
    train(short_case.config(tmp_path))
    whole, stopped = weights(undisturbed), weights(tmp_path)
    assert {*whole} == {*stopped}
    assert [key for key in whole if not torch.equal(whole[key], stopped[key])] == []
    assert history(undisturbed) == history(tmp_path)
    # Weights move at every step, else the above could not fail.
    told = [values["grad_norm"] for _, values in history(undisturbed) if "grad_norm" in values]
    assert len({*told}) == len(told) == 3


@pytest.mark.parametrize("wrong", [{"optim": "nosuch"}, {"warmup_steps": "many"}])
def test_a_start_that_trl_refuses_leaves_the_folder_free(data: str, wrong: dict[str, Any], tmp_path: Path) -> None:
    """In one line; a tiny base that lies there is made again by the next start."""
    settings = short(data, trl=wrong)
    with pytest.raises(InputError, match=r"^SFTConfig refuses a setting"):
        train(KINDS["sft"](**settings, out=tmp_path))
    assert not (tmp_path / "training.json").exists()
    ready(KINDS["sft"](**{**settings, "trl": {}, "tiny": {"hidden": 32, "heads": 2}}, out=tmp_path))
    config = json.loads((tmp_path / "base" / "config.json").read_text())
    assert config["text_config"]["hidden_size"] == 32


def test_an_adapter_keeps_its_own_rank(data: str, tuned: Path, adapter: Path, tmp_path: Path) -> None:
    """And it is noted, whatever the settings say."""
    settings = rewarded(data, model=str(tuned), lora="on", adapter=adapter, thinking_reward="off", lora_rank=3)
    assert ready(KINDS["grpo"](**settings, out=tmp_path)).training.configuration["lora_rank"] == 16


def test_a_checkpoint_that_a_kill_cut_short_is_passed_over(tmp_path: Path) -> None:
    """Its last file is missing, or breaks off."""
    assert last_checkpoint(tmp_path) is None
    for name, state in (("9", '{"global_step": 9}'), ("10", '{"global_st'), ("11", None), ("x", "{}")):
        (tmp_path / f"checkpoint-{name}").mkdir()
        if state is not None:
            (tmp_path / f"checkpoint-{name}" / "trainer_state.json").write_text(state)
    assert str(tmp_path / "checkpoint-9") == last_checkpoint(tmp_path)


class Unplugged(transformers.TrainerCallback):
    """Takes a clip away while the training runs."""

    def __init__(self, clip: Path) -> None:
        self.clip = clip

    def on_train_begin(self, args, state, control, **kwargs):
        """At its beginning."""
        self.clip.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["sft", "grpo"])
def test_a_row_that_fails_is_named_skipped_and_counted(
    kind: str, data: str, tuned: Path, server: ChatServer, tmp_path: Path
) -> None:
    """Never replaced: the step is taken without it; started again, the file still names it once."""
    copied = str(shutil.copytree(data, tmp_path / "data"))
    given = {"towers": "off", "model": str(tuned), "held_out": 0.0}
    settings = short(copied, **given) if kind == "sft" else rewarded(copied, **given, judge=_judge(server))
    steps = 3 if kind == "sft" else 6  # an epoch
    config = Case(kind, {**settings, "save_every": steps - 2}, 0).config(tmp_path / "out")
    rows = [row for row in ready(config).selection.trained if row.clip_id == "play1"]
    clip = ready(config).corpus.media(rows[0])
    kept = clip.read_bytes()
    with pytest.raises(Stopped):
        train(config, [Unplugged(clip), StoppedAt(steps - 1)])
    clip.write_bytes(kept)  # else it is refused at start
    done = train(config, [Unplugged(clip)])
    lines = [json.loads(line) for line in (tmp_path / "out" / FAILURES).read_text().splitlines()]
    assert sorted(row.id for row in rows) == sorted(line["where"] for line in lines) == sorted(done.failed)
    assert all(clip.name in line["error"] for line in lines)
    assert steps == history(tmp_path / "out")[-1][0]
    if kind == "grpo":
        shares = [values["failed_rows"] for _, values in history(tmp_path / "out")]
        assert {0.0, 1.0} == {*shares}


def test_too_many_unscored_completions_stop_the_training(data: str, tuned: Path, tmp_path: Path) -> None:
    """A judge that breaks after its test: the message says the share, and where to look; checkpoints are kept."""
    asked: list[Any] = []

    def broken(request: dict[str, Any]) -> str:
        asked.append(request)
        return honest(request) if len(asked) <= 30 else "I would rather not say."

    with ChatServer(broken) as running:
        settings = rewarded(data, model=str(tuned), judge=_judge(running), epochs=2.0, save_every=1)
        with pytest.raises(TrainingError, match=r"^step \d: \d+% of 2 completions got no score, and at most 20% may"):
            train(KINDS["grpo"](**settings, most_unscored=0.2, out=tmp_path))
    assert not (tmp_path / "model").exists()


def test_refusals_come_before_weights_are_read(data: str, tuned: Path, tmp_path: Path) -> None:
    """A model whose weights cannot be read is not found out by ready; what is wrong with the rest is."""
    shutil.copytree(tuned, tmp_path / "model")
    weights_file = tmp_path / "model" / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-100])
    good = {**short(data), "model": str(tmp_path / "model")}
    assert ready(KINDS["sft"](**good, out=tmp_path / "good")).selection.trained
    with pytest.raises(InputError, match="do not divide"):
        train(KINDS["sft"](**{**good, "batch": 3, "at_once": 2}, out=tmp_path / "bad"))
    assert not (tmp_path / "bad").exists()


def test_a_judge_that_fails_its_test_is_refused_before_weights_are_read(data: str, tuned: Path, tmp_path: Path) -> None:
    """One that gives nobody points."""
    shutil.copytree(tuned, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"no weights")
    with ChatServer(lambda request: request["structured_outputs"]["choice"][0]) as running:
        settings = rewarded(data, model=str(tmp_path / "model"), judge=_judge(running))
        with pytest.raises(InputError, match="thoughts of known worth are misjudged"):
            train(KINDS["grpo"](**settings, out=tmp_path / "out"))


def test_another_trainings_folder_is_refused(short_case: Case, undisturbed: Path) -> None:
    """Nothing of it is touched."""
    before = history(undisturbed)
    with pytest.raises(RunError, match="belongs to another training"):
        train(replace(short_case.config(undisturbed), seed=1))
    assert before == history(undisturbed)


def test_checkpoints_between_uses_of_the_same_completions_are_refused(data: str, tuned: Path, tmp_path: Path) -> None:
    """They are not in a checkpoint, so that what goes on there would draw others."""
    given = rewarded(data, model=str(tuned), thinking_reward="off", trl={"num_iterations": 2})
    with pytest.raises(InputError, match=r"^--save-every is 3; completions are used for 2 steps .* multiple of 2\."):
        ready(KINDS["grpo"](**given, save_every=3, out=tmp_path / "out"))
    assert ready(KINDS["grpo"](**given, save_every=4, out=tmp_path / "out"))


LEFT = {"training.json", "history.jsonl", "report.html", CHECKPOINTS}


def test_a_training_leaves_what_it_says(undisturbed: Path) -> None:
    """Weights, history, curves, a report, and checkpoints beside them."""
    assert {path.name for path in undisturbed.iterdir()} >= LEFT


@pytest.mark.slow
def test_every_kind_of_training_leaves_what_it_says(pairs: dict[str, Pair]) -> None:
    """The same of GRPO, whole and by LoRA."""
    assert all({path.name for path in pair.whole.iterdir()} >= LEFT for pair in pairs.values())
