"""What a Space of the Hub needs."""

import ast
from pathlib import Path

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard import space
from crossomni.leaderboard.space import FILES, run, write_space


def test_a_spaces_files_are_written(tmp_path: Path) -> None:
    """All of them, and again into the same folder."""
    for _ in range(2):
        assert tmp_path == write_space(tmp_path)
    assert sorted(FILES) == sorted(path.name for path in tmp_path.iterdir())


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    """And nothing else is written then."""
    (tmp_path / "app.py").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"app\.py: is there already"):
        write_space(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_the_hub_can_read_what_the_space_is() -> None:
    """Front matter by huggingface_hub's own reader: a Gradio Space that begins with a file that is there."""
    from huggingface_hub import metadata_load

    here = Path(space.__file__).parent
    told = metadata_load(here / "README.md")
    assert told is not None
    assert (told["sdk"], (here / told["app_file"]).is_file()) == ("gradio", True)
    ast.parse((here / told["app_file"]).read_text(encoding="utf-8"))
    assert "crossomni[leaderboard]" in (here / "requirements.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("variables", "said"),
    [({}, "the variable BOARD is empty"),
     ({"BOARD": "x", "LABELS": "hf://datasets/me/play"}, "LABELS: hf://datasets/me/play"),
     ({"BOARD": "x", "LABELS": "hf://models/me/play/labels"}, "LABELS: hf://models")],
)  # fmt: skip
def test_settings_that_name_no_board_or_no_labels_are_refused(variables: dict[str, str], said: str) -> None:
    """Before anything is fetched."""
    with pytest.raises(InputError, match=said):
        run(variables)
