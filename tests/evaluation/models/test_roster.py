"""The paper's thirteen systems as data."""

import re
import shlex
from typing import Any

import pytest

from crossomni.errors import DataError, InputError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.models.roster import FACTS, NOT_KNOWN, System, system, systems
from crossomni.published import AVERAGE, table

ALL = [pytest.param(one, id=one.name) for one in systems()]
WITH_FILES = [pytest.param(one, id=one.name) for one in systems() if one.requirements]
PIN = re.compile(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[0-9][0-9A-Za-z.]*")


def made(**changed: Any) -> System:
    """A native system, with some fields changed."""
    fields = {
        "name": "Ola",
        "base": "Qwen2.5-7B",
        "procedure": "P+SFT",
        "checkpoint": "somebody/weights",
        "way": "native",
        "source": {"checkpoint": "its card", "way": "its card"},
    }
    return System(**(fields | changed))


def test_the_thirteen_are_those_of_table_5_in_its_order() -> None:
    """Thirteen systems, named as Table 5 names them."""
    assert [one.name for one in systems()] == [row.model for row in table(5).rows if row.model != AVERAGE]
    assert len(systems()) == 13


def test_published_accuracies_come_from_table_5() -> None:
    """A system knows what the paper measured."""
    assert system("Qwen2.5-Omni-7B").published_scores["au-vi"] == 40.26


def test_a_run_has_evidence() -> None:
    """None of the thirteen was run, as far as the file knows; evidence turns the word."""
    assert {one.run_by_us for one in systems()} == {"described"}
    assert made(runs=("runs/ola",)).run_by_us == "run"


@pytest.mark.parametrize("one", ALL)
def test_every_known_fact_has_a_source_with_a_place(one: System) -> None:
    """A source names an address, a repository, a paper, a package, or a card of the Hub."""
    assert set(one.source) == {fact for fact in FACTS if getattr(one, fact) not in ("", NOT_KNOWN)}
    for where in one.source.values():
        assert re.search(r"https://|github\.com/|arXiv|transformers \d|vllm-project/|the Hub's|model card", where), (
            where
        )


@pytest.mark.parametrize("one", ALL)
def test_a_system_that_has_weights_has_commands(one: System) -> None:
    """Whatever can be had can be run; M2-Omni, of which no weights were found, has no command."""
    assert bool(one.commands) == (one.checkpoint != NOT_KNOWN) == (one.name != "M2-Omni")
    assert one.way == NOT_KNOWN or one.way in one.commands


@pytest.mark.parametrize("one", WITH_FILES)
def test_every_requirements_file_is_there_and_pins(one: System) -> None:
    """Each line is a comment or one exact version, the first comment says where the pins come from."""
    lines = one.requirements_path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert [line for line in pins if not PIN.fullmatch(line)] == []
    names = [line.partition("==")[0].lower() for line in pins]
    assert len(names) == len(set(names))


def test_no_requirements_file_is_left_over() -> None:
    """Each file of the folder is some system's."""
    folder = system("Ola").requirements_path.parent
    assert {path.name for path in folder.glob("*.txt")} == {one.requirements for one in systems()} - {""}


@pytest.mark.parametrize("one", ALL)
def test_a_server_gets_video_and_sound(one: System) -> None:
    """Every endpoint has a command line, with the weights' id, room for both media, and trust only where declared."""
    if one.way != "endpoint" and not one.server:
        return
    words = shlex.split(one.server)
    assert words[:3] == ["vllm", "serve", one.checkpoint]
    assert '{"video": 1, "audio": 1}' in words
    assert ("--trust-remote-code" in words) == (one.remote_code == "yes")
    assert "--packing apart" in one.commands["endpoint"][-1]


@pytest.mark.parametrize("one", ALL)
def test_evaluate_takes_the_options_of_the_commands(one: System) -> None:
    """Every option after ``crossomni evaluate`` is a field of a run's configuration, every checkpoint an id."""
    assert one.checkpoint == NOT_KNOWN or one.checkpoint.count("/") == 1
    for command in (line for lines in one.commands.values() for line in lines):
        words = shlex.split(command, comments=True)
        if words[:2] == ["crossomni", "evaluate"]:
            options = {word.removeprefix("--").replace("-", "_") for word in words if word.startswith("--")}
            assert options <= set(EvalConfig.__dataclass_fields__)


def test_packing_and_trust_reach_the_command() -> None:
    """A native system that is asked apart, or runs code of its own, says so in its command."""
    assert system("HumanomniV2").commands["native"] == (
        "crossomni evaluate --model PhilipC/HumanOmniV2 --packing apart --out runs/humanomniv2",
    )
    trusting = made(remote_code="yes", source=dict.fromkeys(("checkpoint", "way", "remote_code"), "x"))
    assert "--trust-remote-code" in trusting.commands["native"][0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"way": "by magic"}, "way is 'by magic'"),
        ({"packing": "together"}, "packing is 'together'"),
        ({"remote_code": "perhaps"}, "remote_code is 'perhaps'"),
        ({"licence": "mit"}, "licence wants a source"),
        ({"source": {"checkpoint": "a", "way": "a", "frames": "a"}}, "frames wants a source where it is known"),
        ({"way": "endpoint"}, "endpoint wants server, requirements"),
        ({"way": "own class"}, "own class wants code, commit, requirements"),
    ],
)
def test_a_wrong_entry_is_refused(changed: dict[str, Any], said: str) -> None:
    """An unknown word, a fact without source, a source without fact, a way without its means."""
    with pytest.raises(DataError, match=re.escape(said)):
        made(**changed)


def test_a_system_is_found_by_name_or_checkpoint() -> None:
    """In upper or lower case."""
    assert system("ola").name == system("thudyh/ola-7B").name == "Ola"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Qwen2.5-Omni-72B", "Did you mean Qwen2.5-Omni-7B"),
        ("zzz", "`crossomni models` lists them"),
        (NOT_KNOWN, "none"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, said: str) -> None:
    """One line, which names those that look alike; "not known" is no checkpoint."""
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        system(name)
    assert "\n" not in str(caught.value)


def test_a_native_system_has_no_environment_of_its_own() -> None:
    """It runs where the package runs."""
    with pytest.raises(InputError, match="Install crossomni\\[models\\]"):
        _ = system("HumanomniV2").requirements_path


def test_plain_values_hold_what_was_run_and_the_commands() -> None:
    """``to_json`` has only plain values."""
    found = system("Minicpm").to_json()
    assert found["run_by_us"] == "described"
    assert found["published_scores"]["overall"] == 37.48
    assert found["commands"]["endpoint"] == list(system("Minicpm").commands["endpoint"])
