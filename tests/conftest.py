"""With CROSSOMNI_REQUIRE_ALL=1 a skipped test fails: what should run must not pass by not running."""

import os
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
# Each process has a core of its own: threads of tiny computations would only wait for each other, several times longer
# than they compute. Set before anything loads OpenMP; what tests start inherits it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell that starts the tests in the background has them ignore Ctrl-C, and their children too; some test it.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["CROSSOMNI_CACHE"] = mkdtemp(prefix="crossomni-tests-")  # nothing is written into the user's own cache
REQUIRE_ALL = os.environ.get("CROSSOMNI_REQUIRE_ALL") == "1"


def _refuse_skip(report: Report) -> Report:
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}. CROSSOMNI_REQUIRE_ALL=1 allows no skipped test."
    return report


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For clients of a server on this machine: no proxy, nobody's key, no certificates (35 ms a client to read)."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    for name in ("SSL_CERT_FILE", "OPENAI_API_KEY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders' modules, which take longest, come before those beside this file."""
    items.sort(key=lambda item: item.path.parent == Path(__file__).parent)


def pytest_unconfigure() -> None:
    """Remove what the tests cached."""
    shutil.rmtree(os.environ["CROSSOMNI_CACHE"], ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips, for instance by ``pytest.importorskip``."""
    return _refuse_skip((yield))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by playwright."""
    playwright = pytest.importorskip("playwright.sync_api")
    pytest.importorskip("gradio")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium; apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Without its sandbox, which a container's root cannot have.
        launched = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()
