"""The rule of tests/conftest.py, tried in a folder of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = {
    "test": "import pytest\ndef test_it():\n    pytest.skip('no reason')\n",
    "module": "import pytest\npytest.importorskip('a_package_that_is_not_there')\n",
    "mark": "import pytest\n@pytest.mark.skipif(True, reason='no reason')\ndef test_it():\n    pass\n",
}


def _exit_code(folder: Path, code: str, require_all: str) -> int:
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_it.py").write_text("def test_that_passes():\n    pass\n" + code, encoding="utf-8")
    own = {**os.environ, "CROSSOMNI_REQUIRE_ALL": require_all}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, check=False).returncode


@pytest.mark.parametrize("kind", SKIPPING)
def test_a_skip_fails_where_all_is_required(kind: str, tmp_path: Path) -> None:
    """A skipped test, a skipped module and a skipping mark each make the run fail when all is required."""
    assert _exit_code(tmp_path, SKIPPING[kind], "1") != 0


def test_a_skip_passes_otherwise(tmp_path: Path) -> None:
    """Without the variable a skip is a skip."""
    assert _exit_code(tmp_path, SKIPPING["test"], "") == 0


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    """A test that is marked to fail, and fails, passes even when all is required."""
    code = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    raise ValueError\n"
    assert _exit_code(tmp_path, code, "1") == 0
