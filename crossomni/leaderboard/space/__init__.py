"""The board as a Space of the Hub: the same page as ``crossomni leaderboard serve``, told by variables."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from crossomni.errors import InputError
from crossomni.optional import need

FILES = ("README.md", "requirements.txt", "app.py")
_PORT = 7860  # where the Hub looks for a Space
_MEDIA = ("*.mp4", "*.mkv", "*.webm", "*.wav", "*.flac")  # labels are read without any


def write_space(out: Path) -> Path:
    """Write what a Space needs into a folder, which may be a clone of the Space; returns it.

    Raises:
        InputError: when one of the files is there already, with something else in it.
    """
    here = Path(__file__).parent
    for name in FILES:
        there = out / name
        if there.exists() and there.read_bytes() != (here / name).read_bytes():
            raise InputError(f"{there}: is there already, and is not ours. Give another folder, or take it away.")
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(here / name, out / name)
    return out


def run(variables: Mapping[str, str]) -> None:
    """Serve the board that the Space's variables name.

    Args:
        variables: ``BOARD`` is the store; ``LABELS`` folders of the board's own labels, parted by commas, here or on
            the Hub (``hf://datasets/OWNER/NAME/play-labels``, private); ``HF_TOKEN``, a secret, may read and write.

    Raises:
        InputError: when no board is named, or labels are named in a way that is none.
    """
    from crossomni.leaderboard.labels import read_all
    from crossomni.leaderboard.page.app import serve

    store = variables.get("BOARD", "").strip()
    if not store:
        raise InputError(
            "the variable BOARD is empty; wanted hf://datasets/OWNER/NAME. Set it in the Space's settings."
        )
    folders = [_folder(place.strip()) for place in variables.get("LABELS", "").split(",") if place.strip()]
    serve(store, read_all(folders), "0.0.0.0", _PORT, lambda at: print(f"The board is at {at}", flush=True))


def _folder(place: str) -> Path:
    """A folder of labels on this machine: as it is, or brought here from the Hub."""
    if not place.startswith("hf://"):
        return Path(place)
    kind, *rest = place.removeprefix("hf://").split("/")
    if kind != "datasets" or len(rest) < 3 or not all(rest):
        raise InputError(
            f"LABELS: {place} came; wanted hf://datasets/OWNER/NAME/FOLDER, with the data and their labels side by "
            "side (play and play-labels) in the repository. Set it in the Space's settings."
        )
    owner, name, *inside = rest
    hub = need("huggingface_hub", "labels on the Hub")
    path = hub.snapshot_download(repo_id=f"{owner}/{name}", repo_type="dataset", ignore_patterns=list(_MEDIA))
    return Path(path).joinpath(*inside)
