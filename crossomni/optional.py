"""The one door to optional packages, and which versions of them are there."""

import importlib
import platform
from types import ModuleType

from crossomni import __version__
from crossomni.errors import MissingPackageError

# Module -> the extra of setup.cfg that brings it.
_EXTRA = {
    "accelerate": "train",
    "datatrove": "construction",
    "espeakng_loader": "playhouse",
    "faster_whisper": "benchmarks",
    "fastapi": "leaderboard",
    "gguf": "models",
    "gradio": "leaderboard",
    "peft": "train",
    "trl": "train",
    "yaml": "train",
    "sklearn": "audit",
    "srt": "construction",
    "torch": "models",
    "torchaudio": "models",
    "torchcodec": "video",
    "torchvision": "models",
    "transformers": "models",
    "uvicorn": "leaderboard",
}


def need(module: str, purpose: str) -> ModuleType:
    """Import ``module``, or say what it was needed for and how to install it.

    Raises:
        MissingPackageError: when the module, or something it imports, is not installed.

    >>> need("json", "reading a record").loads("1")
    1
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        what = f"'crossomni[{_EXTRA[top]}]'" if top in _EXTRA else top
        raise MissingPackageError(
            f"{purpose} needs the package {top}, which does not import here ({error}). Install it: pip install {what}"
        ) from error


def installed_versions(*packages: str) -> dict[str, str]:
    """The versions of this package, of Python and of these packages; those that are not installed are left out.

    >>> list(installed_versions("numpy", "not-installed"))
    ['crossomni', 'python', 'numpy']
    """
    from importlib.metadata import PackageNotFoundError, version  # it takes longer to import than all of this module

    found = {"crossomni": __version__, "python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
