"""SPECs and what they name."""

import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import DeafOrBlindError, InputError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models.baselines import Baseline
from crossomni.evaluation.models.loading import load_model, own_model
from crossomni.evaluation.models.protocol import Ask, Said, check_receipt
from crossomni.media import ClipFile
from crossomni.records import Receipt, Row
from crossomni.tasks import Modality
from crossomni.testing import write_clip
from tests.evaluation.conftest import make_rows

FAKES = Path(__file__).parents[1] / "fakes.py"
EXAMPLE = Path(__file__).parents[3] / "examples/own_model.py"
ROW: Row = make_rows("clip", 0)[0]


@pytest.fixture
def corpus(data: Path) -> Corpus:
    """The tiny data."""
    return Corpus.open(str(data))


def test_a_baseline_is_named_by_itself(corpus: Corpus) -> None:
    """A baseline's name makes that baseline, which takes text alone."""
    model = load_model(EvalConfig(model="uniform", out=Path("x")), corpus)

    assert isinstance(model, Baseline)
    assert model.senses == {Modality.TEXT}


@pytest.mark.parametrize("reference", [f"{FAKES}:Oracle", "tests.evaluation.fakes:Oracle"])
def test_a_users_class_comes_from_a_file_or_a_module(reference: str) -> None:
    """python:file.py:Class and python:module:Class make the same model."""
    assert own_model(reference).name == "oracle"


def test_the_example_is_a_model_in_thirty_lines() -> None:
    """The example of the documentation answers, and it is short."""
    model = own_model(f"{EXAMPLE}:FirstOption")
    ask = Ask(question=ROW, prompt="two words", clip=None, senses=frozenset())

    assert [said.reply for said in model.answer([ask])] == ["The answer is A."]
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 30
    assert runpy.run_path(str(EXAMPLE))["FirstOption"].name == "first option"


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("python:Oracle", "wanted python:module:Class"),
        ("python:no_such_module_here:Oracle", "No module named 'no_such_module_here'"),
        ("python:nowhere.py:Oracle", "nowhere.py:…': no such file"),
        (f"python:{FAKES}:Missing", "has no 'Missing'"),
        (f"python:{FAKES}:Speechless", "lacks senses, answer"),
        (f"python:{FAKES}:Stillborn", r"Stillborn\(\) raised ZeroDivisionError: .*fakes\.py, line \d+"),
        (f"python:{FAKES}:Nameless", "its name is None"),
        (f"python:{FAKES}:Sixth", "its senses are 'hunch'"),
        (f"python:{FAKES}:TEXT", "TEXT is a frozenset"),
        ("package:no-such-package-here", "is not installed"),
        ("package:pytest", r"0 files \*.gguf"),
        ("./nowhere", "no such folder"),
        ("uniformly:x", "no such folder"),
        ("a/b/c", "no such folder"),
        ("unifrom", "Did you mean uniform"),
    ],
)
def test_a_spec_that_names_nothing_is_refused(corpus: Corpus, spec: str, named: str) -> None:
    """The error says what of the SPEC could not be found."""
    with pytest.raises(InputError, match=named):
        load_model(EvalConfig(model=spec, out=Path("x")), corpus)


@pytest.mark.parametrize("spec", ["uniform", f"python:{FAKES}:Oracle"])
def test_an_adapter_is_not_ignored(corpus: Corpus, tmp_path: Path, spec: str) -> None:
    """What cannot take an adapter refuses it."""
    with pytest.raises(InputError, match="takes none"):
        load_model(EvalConfig(model=spec, out=Path("x"), adapter=tmp_path), corpus)


def test_a_file_with_a_fault_is_named_with_its_line(tmp_path: Path) -> None:
    """What the user's own file raises while it is read comes in one line."""
    (tmp_path / "mine.py").write_text("import json\nclass Mine(:\n")
    with pytest.raises(InputError, match=r"reading it raised SyntaxError: .*mine\.py, line 2"):
        own_model(f"{tmp_path}/mine.py:Mine")


def heard(**changes: float | None) -> Said:
    """A reply whose receipt is full, but for the changes."""
    full: dict[str, float | None] = {
        "frames": 2, "audio_seconds": 1.0, "video_tokens": 9, "audio_tokens": 9, "prompt_tokens": 60,
    }  # fmt: skip
    return Said(reply="A", receipt=Receipt(**(full | changes)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Ask]:
    """A question on a clip with or without sound, put to a model that takes all."""
    folder = tmp_path_factory.mktemp("clips")
    clips = {sound: ClipFile(write_clip(folder / f"{sound}.mp4", seconds=1.0, sound=sound)) for sound in (True, False)}
    return lambda sound: Ask(question=ROW, prompt="", clip=clips[sound], senses=frozenset(Modality))


@pytest.mark.parametrize("changes", [{"audio_tokens": 0}, {"audio_seconds": 0.0}, {"video_tokens": 0}, {"frames": 0}])
def test_a_receipt_with_a_zero_for_a_promised_sense_is_refused(
    ask: Callable[[bool], Ask], changes: dict[str, float]
) -> None:
    """Nothing of a sense that was promised: the row and the way to declare it are named."""
    with pytest.raises(DeafOrBlindError, match=r"row 'clip-au'.*--knock-out s"):
        check_receipt(ask(True), heard(**changes))


def test_a_sense_that_is_left_out_leaves_no_token(ask: Callable[[bool], Ask]) -> None:
    """What was knocked out and reached the model all the same stops the run."""
    mute = replace(ask(True), senses=frozenset({Modality.VISION, Modality.TEXT}))
    with pytest.raises(DeafOrBlindError, match="9 audio tokens reached the model, though this sense is left out"):
        check_receipt(mute, heard())
    check_receipt(mute, heard(audio_tokens=0))


def test_silence_cannot_be_heard(ask: Callable[[bool], Ask]) -> None:
    """No audio token is no fault where the clip has no sound."""
    check_receipt(ask(False), heard(audio_tokens=0, audio_seconds=0.0))


def test_an_unreported_count_proves_nothing(ask: Callable[[bool], Ask]) -> None:
    """Counts that are None are allowed: the model's side does not tell."""
    check_receipt(ask(True), heard(frames=None, audio_seconds=None, video_tokens=None, audio_tokens=None))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"audio_seconds": 2.5}, r"2\.5 s of sound are in the receipt, and True\.mp4 is 1 s long"),
        ({"frames": 5}, r"5 frames are in the receipt, and the run asks for 4 at most\. Give --frames 5"),
        ({"prompt_tokens": 17}, "9 video and 9 audio tokens are in the receipt, but 17 in the whole prompt"),
    ],
)
def test_a_receipt_that_cannot_be_true_is_refused(
    ask: Callable[[bool], Ask], changes: dict[str, float], named: str
) -> None:
    """More than the clip has, than the run asks for, or than the prompt holds: the row and both figures are named."""
    with pytest.raises(DeafOrBlindError, match=rf"row 'clip-au': {named}"):
        check_receipt(replace(ask(True), frames=4), heard(**changes))


@pytest.mark.parametrize(
    "changes",
    [{"audio_seconds": 2.0}, {"frames": 4}, {"prompt_tokens": 18}, {"video_tokens": None, "prompt_tokens": 1}],
)
def test_a_receipt_at_its_bounds_is_taken(ask: Callable[[bool], Ask], changes: dict[str, float]) -> None:
    """Another decoder may keep a second more, and what is not reported bounds nothing."""
    check_receipt(replace(ask(True), frames=4), heard(**changes))
