"""The terminal's table and the page."""

import base64
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import av
import pytest
from PIL import Image
from rich.console import Console

from crossomni.errors import RunError
from crossomni.evaluation.reports.report import summary_table, write_report
from crossomni.evaluation.runs.runner import EvalConfig, evaluate
from tests.evaluation.conftest import make_data

FAKES = Path(__file__).parents[1] / "fakes.py"


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of an oracle, of one that fails at times, and of one that mumbles markup."""
    folder = tmp_path_factory.mktemp("runs")
    for fake in ("Oracle", "Stumbling", "Mumbling"):
        evaluate(EvalConfig(model=f"python:{FAKES}:{fake}", data=str(data), out=folder / fake))
    return {path.name: path for path in folder.iterdir()}


class Page(HTMLParser):
    """What a page refers to, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and what it refers to."""
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.words += data


def page(run: Path) -> Page:
    """The report of a run."""
    return Page((run / "report.html").read_text(encoding="utf-8"))


def test_the_page_needs_nothing_beside_it(runs: dict[str, Path]) -> None:
    """Every source is data or a place in the page itself, and there is no script."""
    found = page(runs["Oracle"])

    assert "script" not in found.tags
    assert "link" not in found.tags
    assert [source[:40] for source in found.sources if not source.startswith(("data:", "#"))] == []
    assert "url(http" not in (runs["Oracle"] / "report.html").read_text()


def test_what_a_model_said_is_text_and_not_markup(runs: dict[str, Path]) -> None:
    """Replies and questions are shown as they were written, and nothing in them runs."""
    found = page(runs["Mumbling"])

    assert "<script>alert(1)</script> B" in found.words
    assert "What is high & <who>?" in found.words
    assert "script" not in found.tags


def test_half_a_surrogate_pair_is_shown_escaped(data: Path, tmp_path: Path) -> None:
    """A reply that UTF-8 cannot hold is scored, and the page says what was said."""
    asked = EvalConfig(model=f"python:{FAKES}:HalfAnEmoji", data=str(data), out=tmp_path / "run")
    scores = evaluate(asked).scores

    assert scores is not None
    assert scores["overall"] == 100
    assert "\\ud83d\nA" in page(tmp_path / "run").words


def test_frames_and_sound_are_in_the_page(runs: dict[str, Path]) -> None:
    """A row of each task comes with four pictures and a sound of a second that can be played."""
    sources = page(runs["Oracle"]).sources
    pictures = [source for source in sources if source.startswith("data:image/jpeg;base64,")]
    sounds = [source for source in sources if source.startswith("data:audio/mp4;base64,")]

    assert (len(pictures), len(sounds)) == (36, 9)
    assert Image.open(io.BytesIO(base64.b64decode(pictures[0].partition(",")[2]))).size == (320, 240)
    with av.open(io.BytesIO(base64.b64decode(sounds[0].partition(",")[2]))) as sound:
        seconds = sum(frame.samples / frame.sample_rate for frame in sound.decode(audio=0))
    assert seconds == pytest.approx(1.0, abs=0.05)


def test_the_page_says_what_reached_the_model(runs: dict[str, Path]) -> None:
    """A text-only run is called one, and a run that is not complete is called that."""
    assert "Text only: saw nothing, heard nothing." in page(runs["Oracle"]).words
    assert "Not complete" not in page(runs["Oracle"]).words
    words = re.sub(r"\s+", " ", page(runs["Stumbling"]).words)
    assert "Not complete: 12 rows failed and 0 are missing" in words
    assert "ModelError: the server said no" in words


def test_a_clip_that_cannot_be_shown_says_why(tmp_path: Path) -> None:
    """A clip that broke after the run is named in place of its frames; the page is made all the same."""
    data = make_data(tmp_path / "data", clips=1)
    out = evaluate(EvalConfig(model="uniform", data=str(data), out=tmp_path / "run")).folder
    (data / "test/videos/clip_00.mp4").write_bytes(b"no video")
    write_report([out], out / "report.html")

    assert "clip_00.mp4" in page(out).words


def test_several_runs_share_a_page(runs: dict[str, Path], tmp_path: Path) -> None:
    """Runs on the same rows stand side by side, with each one's reply to every row that is shown."""
    write_report([runs["Oracle"], runs["Stumbling"]], tmp_path / "both.html")
    words = Page((tmp_path / "both.html").read_text()).words

    assert "2 runs side by side" in words
    assert words.count("oracle said:") == 9


def test_runs_on_other_rows_are_not_compared(runs: dict[str, Path], data: Path, tmp_path: Path) -> None:
    """A run on fewer rows has no place beside one on all of them."""
    evaluate(EvalConfig(model="uniform", data=str(data), out=tmp_path / "few", limit=9))
    with pytest.raises(RunError, match="is not on the same rows"):
        write_report([runs["Oracle"], tmp_path / "few"], tmp_path / "both.html")
    assert not (tmp_path / "both.html").exists()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    """A folder that holds no run is named."""
    with pytest.raises(RunError, match=r"run\.json: cannot be read"):
        write_report([tmp_path], tmp_path / "page.html")


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("scores.json", "{}", r"run/scores\.json: lacks au, au_low, au_high and \d+ more.*crossomni rescore"),
        ("scores.json", None, r"run/scores\.json: lacks au, or holds something else"),
        ("run.json", "{}", r"run\.json: lacks 'configuration'"),
        ("run.json", None, r"run\.json: lacks model, or holds something else"),
        ("run.json", "[" * 100_000, r"run\.json: is not JSON"),
    ],
)
def test_a_damaged_run_is_named(
    runs: dict[str, Path], tmp_path: Path, file: str, content: str | None, named: str
) -> None:
    """A file that lacks what the page tells says what, in one line; None: one value is of another kind."""
    run = Path(shutil.copytree(runs["Oracle"], tmp_path / "run"))
    if content is None:
        data = json.loads((run / file).read_text())
        content = json.dumps({**data, "au" if file == "scores.json" else "model": []})
    (run / file).write_text(content)
    with pytest.raises(RunError, match=named) as refused:
        write_report([run], tmp_path / "page.html")
    assert len(str(refused.value)) < 400
    with pytest.raises(RunError, match=re.escape(file)):
        write_report([runs["Oracle"], run], tmp_path / "page.html")
    with pytest.raises(RunError, match=re.escape(file)):
        summary_table([run])


def test_a_page_that_cannot_be_written_is_named(runs: dict[str, Path], tmp_path: Path) -> None:
    """The file is said, and what to do; a folder is no file."""
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file/page\.html: was not written \(.*the runs are kept"):
        write_report([runs["Oracle"]], tmp_path / "file" / "page.html")
    with pytest.raises(RunError, match=r"is a folder; wanted a file to write\. Give --out .*report\.html"):
        write_report([runs["Oracle"]], tmp_path)


def test_heads_break_where_a_reader_would(data: Path, tmp_path: Path) -> None:
    """Five long names stand in eighty columns, broken at hyphens alone, without how weights were packed."""
    first = evaluate(EvalConfig(model="uniform", data=str(data), out=tmp_path / "uniform")).folder
    about = json.loads((first / "run.json").read_text())
    names = ["SmolLM2-135M-Instruct.Q4_1", "uniform", "most-frequent", "longest-option", "elimination"]
    folders = [Path(shutil.copytree(first, tmp_path / name.partition(".")[0] / "run")) for name in names]
    for folder, name in zip(folders, names, strict=True):
        (folder / "run.json").write_text(json.dumps({**about, "model": name}))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(summary_table(folders))
    head = [line.split() for line in console.export_text().splitlines() if line.strip()][:2]

    assert head == [
        ["SmolLM2-135M-", "longest-"],
        ["task", "Instruct", "uniform", "most-frequent", "option", "elimination"],
    ]


def test_the_table_fits_into_eighty_columns(runs: dict[str, Path]) -> None:
    """Tasks and averages down, runs across, nothing cut; a run that is not complete says so."""
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(summary_table(list(runs.values())))
    text = console.export_text()

    for title in ("Au", "Te→Vi", "Single", "Cross", "Overall", "oracle", "complete"):
        assert title in text
    assert "…" not in text
    assert re.search(r"Overall .*100\.0", text)
