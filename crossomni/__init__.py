"""CrossOmni: measure and train cross-modal coreference in Omni-LLMs.

Importing the package loads neither torch nor datasets; each part is imported from its own module.
"""

from pathlib import Path

__version__ = "0.1.0"
__all__ = ["__version__", "metric_path"]


def metric_path() -> str:
    """Return the folder that ``evaluate.load`` takes, inside a checkout and in an installed wheel alike."""
    package = Path(__file__).resolve().parent
    for folder in (package / "metrics" / "crossomni", package.parent / "metrics" / "crossomni"):
        if (folder / "crossomni.py").is_file():
            return str(folder)
    raise FileNotFoundError(f"no metric beside {package}. Install crossomni again.")
