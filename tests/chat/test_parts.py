"""Content has the forms of vLLM's documentation."""

import base64

import pytest

from crossomni.chat import audio_part, image_part, text_part, video_part
from crossomni.errors import InputError, MediaError


def test_bytes(tmp_path):
    """A file's bytes become a data URL, sound OpenAI's own form."""
    for name in ("a.mp4", "a.mkv", "a.jpg", "a.wav"):
        (tmp_path / name).write_bytes(b"bytes")
    data = base64.b64encode(b"bytes").decode()
    assert {"type": "text", "text": "Who?"} == text_part("Who?")
    video = {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{data}"}}
    assert video == video_part(tmp_path / "a.mp4") == video_part(b"bytes", form="mp4")
    assert f"data:video/x-matroska;base64,{data}" == video_part(tmp_path / "a.mkv")["video_url"]["url"]
    assert f"data:image/jpeg;base64,{data}" == image_part(tmp_path / "a.jpg")["image_url"]["url"]
    assert {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}} == audio_part(tmp_path / "a.wav")


@pytest.mark.parametrize("kind", ["image", "video", "audio"])
def test_files(kind, tmp_path):
    """As a file, the server gets an absolute address with the odd signs escaped."""
    part = {"image": image_part, "video": video_part, "audio": audio_part}[kind]
    url = f"{tmp_path.as_uri()}/a%20clip.mp4"
    assert {"type": f"{kind}_url", f"{kind}_url": {"url": url}} == part(tmp_path / "a clip.mp4", as_file=True)


def test_what_does_not_go_together(tmp_path):
    """Bytes have no address and no ending; a file that is not there cannot be read."""
    with pytest.raises(InputError, match="as_file wants a path"):
        video_part(b"bytes", as_file=True)
    with pytest.raises(InputError, match="bytes came without an ending"):
        audio_part(b"bytes")
    with pytest.raises(MediaError, match=r"gone\.mp4: cannot be read \(No such file"):
        video_part(tmp_path / "gone.mp4")
