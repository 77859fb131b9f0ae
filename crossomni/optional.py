"""The one door to optional packages."""

import importlib
from types import ModuleType

from crossomni.errors import MissingPackageError

# Module -> the extra of setup.cfg that brings it.
_EXTRA = {
    "accelerate": "train",
    "espeakng_loader": "playhouse",
    "faster_whisper": "benchmarks",
    "gguf": "models",
    "peft": "train",
    "trl": "train",
    "yaml": "train",
    "sklearn": "audit",
    "torch": "models",
    "torchaudio": "models",
    "torchcodec": "video",
    "torchvision": "models",
    "transformers": "models",
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
