"""The rule of tests/conftest.py, tried in a folder of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest

def test_that_passes():
    pass

def test_that_skips():
    pytest.skip("no reason")

@pytest.mark.skipif(True, reason="no reason")
def test_with_a_mark():
    pass

@pytest.mark.xfail
def test_that_is_expected_to_fail():
    raise ValueError
"""
SKIPPED_MODULE = "import pytest\npytest.importorskip('a_package_that_is_not_there')\n"


def _closing_line(folder: Path, require_all: str) -> str:
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_functions.py").write_text(TESTS, encoding="utf-8")
    (folder / "test_module.py").write_text(SKIPPED_MODULE, encoding="utf-8")
    own = {**os.environ, "CROSSOMNI_REQUIRE_ALL": require_all}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    done = subprocess.run([*command, folder], cwd=folder, env=own, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1].partition(" in ")[0]


def test_a_skip_fails_where_all_is_required(tmp_path: Path) -> None:
    """Where all is required a skipped test fails, and a skipping mark and module are errors."""
    assert _closing_line(tmp_path, "1") == "1 failed, 1 passed, 1 xfailed, 2 errors"


def test_a_skip_is_a_skip_otherwise(tmp_path: Path) -> None:
    """Without the variable nothing fails."""
    assert _closing_line(tmp_path, "") == "1 passed, 3 skipped, 1 xfailed"
