"""The notebooks of examples/ run from top to bottom, and are kept without what they print."""

import json

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from docs.making.notebooks import execute
from tests.docs.pages import NOTEBOOKS


def test_there_are_six():
    """They are numbered in the order in which they are to be read."""
    assert ["01", "02", "03", "04", "05", "06"] == [notebook.name[:2] for notebook in NOTEBOOKS]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_is_kept_without_outputs(notebook):
    """What it prints is seen on the site, and would only be old here."""
    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [(None, [])] * len(cells) == [(cell["execution_count"], cell["outputs"]) for cell in cells]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of jupyter_client and zmq, which are not ours
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_runs(notebook, monkeypatch):
    """In an empty folder and without a network; it draws or tables something, and prints no colours of a terminal."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    outputs = [output for cell in execute(notebook).cells for output in cell.get("outputs", ())]
    assert any({"image/png", "text/html"} & output.get("data", {}).keys() for output in outputs)
    assert not any("\x1b" in output.get("text", "") for output in outputs)


def test_a_cell_that_fails_is_told(tmp_path):
    """No failure of a command is passed over."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%%bash\ncrossomni audit nowhere")])
    nbformat.write(notebook, tmp_path / "fails.ipynb")
    with pytest.raises(CellExecutionError, match="nowhere"):
        execute(tmp_path / "fails.ipynb")
