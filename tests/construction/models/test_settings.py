"""The file that says which models build."""

from pathlib import Path

import pytest

from crossomni.construction.models.prompting import ROLES, BuildPrompts
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import InputError

EXAMPLE = Path(__file__).parents[3] / "examples" / "build_tvqa.yaml"
ONE = "{url: 'http://localhost:1/v1', model: m}"
ALL = f"vision: {ONE}\nlanguage: {ONE}\naudio: {ONE}\n"


def read(tmp_path: Path, text: str) -> BuildModels:
    """A file with this text."""
    path = tmp_path / "models.yaml"
    path.write_text(text)
    return BuildModels.read(path)


def test_the_example_names_the_papers_models() -> None:
    """Section 2.2.2."""
    models = BuildModels.read(EXAMPLE)
    assert [models.endpoints[role].chat.model for role in ("vision", "language", "audio")] == [
        "Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen3-8B", "Qwen/Qwen3-Omni-30B-A3B-Instruct",
    ]  # fmt: skip
    assert len(models.readers) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds NoneType; wanted settings"),
        (f"vision: {ONE}\n", "language is missing"),
        (f"{ALL}color: blue\n", "color is no setting"),
        (ALL.replace("model: m", "modell: m", 1), "modell is no setting"),
        (ALL.replace("http://localhost:1/v1", "localhost", 1), "wanted http://HOST:PORT/v1"),
        (f"{ALL}readers: 2\n", "readers is 2"),
        (f"{ALL}frames: 1\n", "frames is 1; wanted a whole number from 2 on"),
        (f"{ALL}prompts: /nowhere\n", "is no folder"),
        (ALL.replace("model: m", "model: m, prompt_price: -1", 1), "wanted 0 or more"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    """In one line, with the file."""
    with pytest.raises(InputError, match=said) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert "models.yaml" in str(caught.value)


def test_what_decides_nothing_leaves_the_fingerprint(tmp_path: Path) -> None:
    """Another server with the same model says the same; another model does not."""
    same = read(tmp_path, ALL).fingerprint
    assert same == read(tmp_path, ALL.replace("localhost:1", "elsewhere:2")).fingerprint
    assert same != read(tmp_path, ALL.replace("model: m", "model: n", 1)).fingerprint


def test_a_file_of_the_users_stands_in(tmp_path: Path) -> None:
    """For the shipped one of its name, and its hash is another; a file that stands in for none is refused."""
    (tmp_path / "blind.txt").write_text("Guess: $question $options")
    own, shipped = BuildPrompts(tmp_path), BuildPrompts()
    assert own.text("blind", {"question": "Q?", "options": "A. x"}) == "Guess: Q? A. x"
    assert {name for name in ROLES if own.sha256(name) != shipped.sha256(name)} == {"blind"}
    (tmp_path / "blnd.txt").write_text("")
    with pytest.raises(InputError, match="stands in for no prompt"):
        BuildPrompts(tmp_path)


def test_a_field_that_nobody_fills_is_refused(tmp_path: Path) -> None:
    """By the file's name."""
    (tmp_path / "blind.txt").write_text("$biography")
    with pytest.raises(InputError, match=r"blind\.txt: 'biography' cannot be filled in"):
        BuildPrompts(tmp_path).text("blind", {"question": "", "options": ""})
