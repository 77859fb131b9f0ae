import json
from pathlib import Path

import pytest

from crossomni.construction.sources.tvqa_subtitles import Subtitles, SubtitleSource, read_subtitles
from crossomni.records import Line
from crossomni.testing.tvqa import srt_time

CLIP = "s01e01_seg01_clip_00"


def read(folder: Path, content: bytes | str) -> Subtitles:
    """What is read from an .srt of this content."""
    path = folder / f"{CLIP}.srt"
    path.write_bytes(content.encode("iso-8859-1") if isinstance(content, str) else content)
    return read_subtitles(CLIP, SubtitleSource(path=path))


def srt(*cues: tuple[float, float, str]) -> str:
    """An .srt of these cues."""
    parts = (f"{number}\n{srt_time(a)} --> {srt_time(b)}\n{text}\n" for number, (a, b, text) in enumerate(cues, 1))
    return "\n".join(parts)


def read_json(folder: Path, *texts: str) -> Subtitles:
    """What is read from a JSON line of these texts, a second each, behind another clip's line."""
    sub = [{"text": text, "start": number, "end": number + 0.9} for number, text in enumerate(texts)]
    first = json.dumps({"vid_name": "another", "sub": []}) + "\n"
    path = folder / "subtitles.jsonl"
    path.write_text(first + json.dumps({"vid_name": CLIP, "sub": sub}) + "\n", encoding="utf-8")
    return read_subtitles(CLIP, SubtitleSource(path=path, offset=len(first)))


def reasons(found: Subtitles) -> list[str]:
    """Why, of each fault."""
    return [fault.reason for fault in found.faults]


def test_a_cue_is_a_line_with_its_speaker(tmp_path: Path) -> None:
    """``(Name:)text`` is a line of that name, its words on one line and its times in seconds."""
    found = read(tmp_path, "1\r\n00:01:02,250 --> 00:01:04,500\r\n(Ann:)Where is\r\nthe café?\r\n")
    assert (
        Subtitles(
            lines=(Line(speaker="Ann", text="Where is the café?", start_seconds=62.25, end_seconds=64.5),), faults=()
        )
        == found
    )


@pytest.mark.parametrize(
    ("cue", "speaker", "text"),
    [
        ("Hello.", "", "Hello."),
        ("(<UNKNAME>:)Hello.", "", "Hello."),
        ("(Unknown:)Hello.", "", "Hello."),
        ("<i>(Ann:)<b>Hello</b>.</i>", "Ann", "Hello."),
        (r"{\an8}(Ann:) Hello.", "Ann", "Hello."),
        ('(Dr. House :)<font color="#fff">Hello.</font>', "Dr. House", "Hello."),
        ("(Ann:)Hello (sighs) you.", "Ann", "Hello (sighs) you."),
        ("(Ann:)- Hello.", "Ann", "Hello."),
        ("(Ann:)Well\n-- if you say so.", "Ann", "Well -- if you say so."),
        ("(Ann:)It has\n-5 degrees.", "Ann", "It has -5 degrees."),
        ("(Ann:)Hello.\n(Ann:)You.", "Ann", "Hello. You."),
        ("(Ann:)3 < 4, and 5 > 4.", "Ann", "3 < 4, and 5 > 4."),
    ],
)
def test_who_speaks_in_a_cue(cue: str, speaker: str, text: str, tmp_path: Path) -> None:
    """The speaker is the name in brackets, nobody where none is known; tags and dashes are no words."""
    (said,) = read(tmp_path, srt((1, 2, cue))).lines
    assert (speaker, text) == (said.speaker, said.text)


@pytest.mark.parametrize(
    "cue",
    [
        "(Ann:)Hello.\n(Bob:)You.",
        "(Ann:)Hello. (Bob:)You.",
        "- Hello.\n- You.",
        "(Ann:)Hello.\n- You.",
        "Hello. (Bob:)You.",
        "(Ann and Bob:)Hello. You.",
        "(All:)Hello. You.",
    ],
)
def test_two_speakers_in_a_cue_are_told(cue: str, tmp_path: Path) -> None:
    """Words that two people say have no speaker, and the fault names the cue."""
    found = read(tmp_path, srt((1, 2, "(Ann:)First."), (3, 4, cue)))
    assert [("two speakers at once", "cue 2: Hello. You.")] == [(fault.reason, fault.detail) for fault in found.faults]
    assert ("", "Hello. You.") == (found.lines[1].speaker, found.lines[1].text)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8", "Où est le café?"), ("utf-8-sig", "Où est le café?"), ("utf-16", "Où?"), ("cp1252", "It’s “here”.")],
)
def test_another_encoding_is_told_and_read(encoding: str, text: str, tmp_path: Path) -> None:
    """A file in another encoding is read as what it is, and told."""
    found = read(tmp_path, srt((1, 2, f"(Ann:){text}")).encode(encoding))
    assert [text] == [said.text for said in found.lines]
    assert ["subtitles are not in iso-8859-1"] == reasons(found)


def test_a_nameless_file_has_no_human_subtitles(tmp_path: Path) -> None:
    """Where no speaker is named the words were not written down by people."""
    assert ["no speaker is named"] == reasons(read(tmp_path, srt((1, 2, "Hello."), (3, 4, "(<UNKNAME>:)You."))))


@pytest.mark.parametrize("content", ["", "  \n\n"])
def test_an_empty_file_is_told(content: str, tmp_path: Path) -> None:
    """A file without a cue is empty, and not merely without names."""
    assert ["an empty subtitle file"] == reasons(read(tmp_path, content))


@pytest.mark.parametrize(
    "times",
    [
        [(1, 2), (1.5, 3)],  # overlaps
        [(3, 4), (1, 2)],  # goes back
        [(1, 2), (4, 3)],  # ends before it starts
        [(1, 2), (3, 3)],  # takes no time
        [(1, 1.05), (1, 2)],  # starts with the one before
    ],
)
def test_times_that_do_not_follow_are_discontinuous(times: list[tuple[float, float]], tmp_path: Path) -> None:
    """Lines that overlap, go back or take no time are a fault that names the cue."""
    found = read(tmp_path, srt(*((*span, "(Ann:)Hello.") for span in times)))
    assert ["times are discontinuous"] == reasons(found)
    assert found.faults[0].detail.startswith("cue 2 goes from")
    assert found.faults[0].is_fatal


def test_a_tiny_overlap_is_mended(tmp_path: Path) -> None:
    """A line that runs a tenth of a second into the next ends where the next begins."""
    found = read(tmp_path, srt((1, 2.1, "(Ann:)Hello."), (2, 3, "(Bob:)You.")))
    assert ([(1, 2), (2, 3)], ()) == ([(said.start_seconds, said.end_seconds) for said in found.lines], found.faults)


def test_a_cue_without_words_is_told(tmp_path: Path) -> None:
    """A name without words is no line, and is no reason to leave the clip out."""
    found = read(tmp_path, srt((1, 2, "(Ann:)"), (3, 4, "(Ann:)Hello.")))
    assert ["a cue without words"] == reasons(found)
    assert [(1, False)] == [(len(found.lines), fault.is_fatal) for fault in found.faults]


@pytest.mark.parametrize("content", [b"hello", b"\xff\xfe\x00", srt((1, 2, "x")).replace("01,0", "0x,0").encode()])
def test_what_is_no_subtitles_is_told(content: bytes, tmp_path: Path) -> None:
    """A file that is not made of cues cannot be read, and its fault is one line with the file's name."""
    (*_, fault) = read(tmp_path, content).faults
    assert "the subtitles cannot be read" == fault.reason
    assert fault.detail.startswith(f"{CLIP}.srt: ")
    assert "\n" not in fault.detail


def test_a_json_line_is_read(tmp_path: Path) -> None:
    """The release's JSON lines give the same lines: ``Name : text``, nobody where no name or UNKNAME stands."""
    found = read_json(tmp_path, "Ann : Where : here ?", "UNKNAME : You .", "<UNKNAME> : And you .", "Nobody 's .")
    wanted = [("Ann", "Where : here ?"), ("", "You ."), ("", "And you ."), ("", "Nobody 's .")]
    assert (wanted, ()) == ([(said.speaker, said.text) for said in found.lines], found.faults)
    assert (1, 1.9) == (found.lines[1].start_seconds, found.lines[1].end_seconds)


def test_two_speakers_in_a_json_line_are_told(tmp_path: Path) -> None:
    """A second name within the words, one that speaks elsewhere too, makes them two people's."""
    found = read_json(tmp_path, "Ann : Hello .", "Bob : Hi .", "Ann : Well . Bob : Well .")
    assert ["two speakers at once"] == reasons(found)
    assert "" == found.lines[2].speaker


@pytest.mark.parametrize(
    "entry", [{"text": "Ann : x", "start": "0", "end": 1}, {"text": "Ann : x", "start": 0, "end": float("nan")}, 7]
)
def test_a_wrong_json_line_is_told(entry: object, tmp_path: Path) -> None:
    """An entry without text and times makes the clip's subtitles unreadable."""
    path = tmp_path / "subtitles.jsonl"
    path.write_text(json.dumps({"vid_name": CLIP, "sub": [entry]}), encoding="utf-8")
    found = read_subtitles(CLIP, SubtitleSource(path=path, offset=0))
    assert ["the subtitles cannot be read"] == reasons(found)
