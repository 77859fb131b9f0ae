"""The file that says which models build."""

import shutil
from pathlib import Path

import pytest

from crossomni.construction.models.prompting import ROLES, SHIPPED, BuildPrompts
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
        (f"{ALL}prompts: ''\n", "prompts is ''; wanted a folder"),
        (f"{ALL}prompts: 5\n", "prompts is 5; wanted a folder"),
        (f"{ALL}prompts:\n", "prompts is None; wanted a folder"),
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


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("blind", "Guess: $question $options $biography", r"\$biography is no field of it; its fields are "),
        ("blind", "Guess: $question", r"\$options is missing"),
        ("blind", "Guess: $question $options for 5 $ or so", r"Write \$\$ for a dollar sign"),
        ("describe", "  \n", "is empty"),
        ("_source_text", "", "is empty"),
        ("describe", b"\xff", "cannot be read as UTF-8"),
    ],
)
def test_a_prompt_that_cannot_be_filled_in_is_refused_at_once(
    name: str, text: str | bytes, said: str, tmp_path: Path
) -> None:
    """Before anything is cut or asked: by the models' file, in one line with the prompt's file."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / f"{name}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=said) as caught:
        read(tmp_path, f"{ALL}prompts: {mine}\n")
    assert f"{name}.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_shipped_prompt_may_be_copied(tmp_path: Path) -> None:
    """To be changed in the user's folder."""
    shutil.copytree(SHIPPED, tmp_path / "mine")
    assert read(tmp_path, f"{ALL}prompts: {tmp_path / 'mine'}\n").fingerprint == read(tmp_path, ALL).fingerprint


def test_all_that_decides_is_told(tmp_path: Path) -> None:
    """For the dataset's own record: settings of each model, what clips look like, prompts by their hash; no address."""
    told = read(tmp_path, f"{ALL}readers: [{ONE}]\nframes: 4\n").to_json()
    assert told["reader1"] == {"model": "m", "most_new_tokens": 1024, "temperature": 0.0, "seed": None}
    assert told["frames"] == 4
    assert {*told["prompts"]} == {*ROLES}
    assert "localhost" not in str(told)
