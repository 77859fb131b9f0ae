"""The Python that pages show runs as it stands, from top to bottom."""

import os
import subprocess
import sys

import pytest

from tests.docs.pages import PAGES, python_of

WITH_PYTHON = [page for page in PAGES if python_of(page)]


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.stem)
def test_the_python_of_a_page_runs(page, tmp_path):
    """The blocks of one page are one program, in an empty folder and in a process of their own."""
    program = "\n".join(python_of(page)).replace("/tmp/", f"{tmp_path}/")
    # The Hub of the examples is one on this machine; the real one is not reached.
    quiet = {
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "0",
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
        "HF_HOME": str(tmp_path / "hub"),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr[-3000:]


def test_pages_with_python_are_found():
    """README, the quick start and the page of prompts are among them."""
    assert {"README", "quick_start", "prompts", "published"} <= {page.stem for page in WITH_PYTHON}
