"""What importing costs: nothing heavy before it is needed."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "datasets", "evaluate", "numpy", "pandas", "pyarrow", "scipy", "av", "PIL")


def _loaded_after(code: str) -> list[str]:
    """Which of the heavy packages a fresh Python has loaded after ``code``."""
    ask = f"{code}\nimport sys\nprint(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return done.stderr.split()


def test_the_package_is_light() -> None:
    """``import crossomni`` loads none of the heavy packages."""
    assert _loaded_after("import crossomni") == []


def test_the_words_and_nouns_are_light() -> None:
    """Floors 0 and 1 are the standard library alone."""
    assert _loaded_after("import crossomni.records, crossomni.optional") == []


def test_help_is_light() -> None:
    """``crossomni --help`` loads none of the heavy packages."""
    code = "import sys\nfrom crossomni.cli import main\nsys.argv = ['crossomni', '--help']\n"
    assert _loaded_after(f"{code}try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code in (0, None)") == []
