"""Messages for a chat model: content parts of text, pictures, video and sound, in the forms that vLLM takes.

The forms: https://docs.vllm.ai/en/latest/features/multimodal_inputs.html, "Online Serving".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from crossomni.errors import InputError, MediaError

Part = dict[str, Any]
Messages = Sequence[Mapping[str, Any]]  # each {"role": "user", "content": text, or a list of parts}

# Endings that are not the name of the type.
_TYPES = {"jpg": "jpeg", "mkv": "x-matroska", "mov": "quicktime", "mp3": "mpeg"}


def text_part(text: str) -> Part:
    """Text in a message's content."""
    return {"type": "text", "text": text}


def image_part(source: Path | bytes, *, form: str = "", as_file: bool = False) -> Part:
    """A picture in a message's content.

    Args:
        source: a file, or the bytes of one.
        form: the ending that such a file has ("png"); a path's own by default.
        as_file: tell the server the file's path instead of its bytes. Wants a server on this disk that may read there
            (vLLM's ``--allowed-local-media-path``). A cache of replies then knows the path, not what is in the file.

    Raises:
        MediaError: when the file cannot be read.
        InputError: when bytes come without ``form``, or ``as_file`` without a path.
    """
    return _by_url("image", source, form, as_file)


def video_part(source: Path | bytes, *, form: str = "", as_file: bool = False) -> Part:
    """A video in a message's content; arguments as of ``image_part``. Its sound is a part of its own."""
    return _by_url("video", source, form, as_file)


def audio_part(source: Path | bytes, *, form: str = "", as_file: bool = False) -> Part:
    """Sound in a message's content: bytes in OpenAI's form, a file in vLLM's. Arguments as of ``image_part``."""
    if as_file:
        return _by_url("audio", source, form, as_file)
    return {"type": "input_audio", "input_audio": {"data": _base64(source), "format": _form("audio", source, form)}}


def _by_url(kind: Literal["image", "video", "audio"], source: Path | bytes, form: str, as_file: bool) -> Part:
    if as_file and isinstance(source, bytes):
        raise InputError(f"{kind}: bytes came, and as_file wants a path. Write them to a file, or leave as_file out.")
    if isinstance(source, Path) and as_file:
        url = source.resolve().as_uri()
    else:
        form = _form(kind, source, form)
        url = f"data:{kind}/{_TYPES.get(form, form)};base64,{_base64(source)}"
    return {"type": f"{kind}_url", f"{kind}_url": {"url": url}}


def _form(kind: str, source: Path | bytes, form: str) -> str:
    form = form or (source.suffix[1:].lower() if isinstance(source, Path) else "")
    if not form:
        name = str(source) if isinstance(source, Path) else "bytes"
        raise InputError(f"{kind}: {name} came without an ending; wanted one as mp4, wav or png. Give it as form.")
    return form


def _base64(source: Path | bytes) -> str:
    return base64.b64encode(source if isinstance(source, bytes) else _content(source)).decode("ascii")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}). See that the file is there.") from error
