"""Make torchvision, torchaudio and torchcodec usable beside a torch without CUDA.

    .venv/bin/python tools/cpu_only.py

The wheels that a plain ``pip install`` brings for the first two are linked against CUDA and do not import on a machine
that has a CPU build of torch; of the third, newer versions are. Where torch has CUDA, nothing is done. The step may be
run as often as one likes, prints a line for each package, and exits with 1 when one of them cannot be made to work.
"""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))
HOOK = Path(__file__).with_name("torchvision_on_cpu.py")
PTH = SITE / "torchvision_on_cpu.pth"
ASIDE = ".needs-cuda"

TORCHAUDIO_WORKS = """
import torch, torchaudio
sound = torch.zeros(1, 8000)
assert torchaudio.functional.resample(sound, 8000, 16000).shape == (1, 16000)
assert torchaudio.transforms.MelSpectrogram(16000, n_mels=40)(sound).shape[:2] == (1, 40)
"""


class NotUsableError(Exception):
    """A package does not work, and this step cannot mend it; the text says what to do."""


def folder_of(package: str) -> Path:
    """Where a package is installed, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise NotUsableError(f"not installed. Install it: pip install -c constraints.txt {package}")
    return Path(spec.origin).parent


def needs_cuda(compiled: Path) -> bool:
    """Whether a compiled file names CUDA's library among those it loads."""
    return compiled.is_file() and b"libcudart" in compiled.read_bytes()


def check(code: str) -> None:
    """Run ``code`` in a fresh Python, because what this one has imported would hide a fault."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotUsableError(f"does not work: {done.stderr.strip().splitlines()[-1]}")


def torchvision() -> str:
    """Install the import hook where torchvision's compiled file cannot load, else take it away."""
    if not needs_cuda(folder_of("torchvision") / "_C.so"):
        for file in (PTH, SITE / HOOK.name):
            file.unlink(missing_ok=True)
        check("import torchvision")
        return "works as it is"
    shutil.copyfile(HOOK, SITE / HOOK.name)  # before the line that imports it
    PTH.write_text(f"import {HOOK.stem}\n", encoding="utf-8")
    check("import torchvision.transforms.v2")
    return f"its operators are named by {PTH.name}"


def torchaudio() -> str:
    """Move the compiled file aside: torchaudio does without a file that is not there, but not without CUDA."""
    compiled = folder_of("torchaudio") / "lib" / "_torchaudio.abi3.so"
    if needs_cuda(compiled):
        compiled.rename(compiled.with_name(compiled.name + ASIDE))
    check(TORCHAUDIO_WORKS)
    return "resamples and makes mel spectrograms" + ("" if compiled.exists() else " without its compiled file")


def torchcodec() -> str:
    """Check the version; nothing is changed."""
    folder_of("torchcodec")
    version = importlib.metadata.version("torchcodec")
    if not version.startswith("0.13."):
        raise NotUsableError(
            f"version {version} is linked against CUDA. Install the last one that is not: "
            "pip install torchcodec==0.13.0"
        )
    if shutil.which("ffmpeg") is None:
        return f"{version}; it decodes once FFmpeg is installed (apt-get install ffmpeg), PyAV reads clips until then"
    check("import torchcodec.decoders")
    return version


def main() -> int:
    """Do the three, say what was done, and count what failed."""
    import torch

    if torch.version.cuda is not None:
        print(f"torch {torch.__version__} has CUDA: nothing to do")
        return 0
    failures = 0
    for make_usable in (torchvision, torchaudio, torchcodec):
        try:
            said = make_usable()
        except NotUsableError as error:
            failures += 1
            said = str(error)
        print(f"{make_usable.__name__}: {said}")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
