"""A dataset goes to the Hub with what belongs to it, and clips go nowhere that their licence does not let them."""

import json
import shutil
from pathlib import Path

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.hub.folders import export_annotations, export_for_viewer
from crossomni.hub.licences import OPEN, media_may_go
from crossomni.hub.pushing import planned, push
from crossomni.testing.hub_server import HubServer
from tests.hub.conftest import TVQA, names
from tests.small_corpus import small

pytestmark = pytest.mark.usefixtures("quiet")
ROWS = ["README.md", "clips.jsonl", "croissant.json", "data.json", "eval.yaml", "test.jsonl", "train.jsonl"]


LINE = {"speaker": "Ada", "text": "How you doing?", "start_seconds": 0, "end_seconds": 1}


@pytest.fixture
def rows(television: Corpus, tmp_path: Path) -> Path:
    """Annotations of clips that may not go, free to be changed."""
    return export_annotations(television, tmp_path / "annotations")


def send(data: object, hub: HubServer, **more) -> str:
    """Push to one repository, and give the commit's address."""
    return push(str(data), "me/plays", token="hf_me", endpoint=hub.url, **more)[1]


def test_free_data_go_whole(plays):
    """Clips, tables and truth, byte for byte, with Croissant and benchmark beside them."""
    with HubServer() as hub:
        address = send(plays.folder, hub)
        there = hub.files("me/plays", "dataset")
    assert f"{hub.url}/datasets/me/plays/commit/" in address
    assert sorted([*names(plays.folder), "croissant.json", "eval.yaml"]) == sorted(there)
    assert {name: (plays.folder / name).read_bytes() for name in names(plays.folder) if name != "data.json"} == {
        name: there[name] for name in names(plays.folder) if name != "data.json"
    }
    assert "https://huggingface.co/datasets/me/plays" == json.loads(there["croissant.json"])["url"]


def test_of_clips_with_a_licence_of_their_own_the_rows_go_alone(television):
    """No clip, no table with sound in it, no truth, nothing that is said, no folder of this machine."""
    with HubServer() as hub:
        plan, _ = push(str(television.folder), "me/plays", token="hf_me", endpoint=hub.url)
        there = hub.files("me/plays", "dataset")
    assert ROWS == sorted(there)
    assert not any(b"How you doing?" in content or b"/home/me" in content for content in there.values())
    assert {*names(television.folder)} == {*plan.staying}
    assert {"of clips under the licence tvqa; the rows go alone"} == {*plan.staying.values()}


def test_annotations_go(rows):
    """As they are."""
    with planned(str(rows)) as plan:
        assert ROWS == [*plan.going]
        assert ROWS == names(plan.folder)


def test_parquet_of_free_data_goes(plays, tmp_path):
    """As the Hub's viewer wants it."""
    folder = export_for_viewer(plays, tmp_path / "viewer")
    with planned(str(folder)) as plan:
        assert names(folder) == [*plan.going]
        assert plan.bytes == sum(path.stat().st_size for path in plan.folder.rglob("*") if path.is_file())


def test_parquet_of_other_clips_is_refused(television, tmp_path):
    """They are inside of it."""
    folder = export_for_viewer(television, tmp_path / "viewer")
    with (
        pytest.raises(InputError, match=r"\(tvqa\) does not allow .*train-00000-of-00001\.parquet"),
        planned(str(folder)),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("play0.mp4", r"play0.mp4 \(.mp4 by its name\)"),
        ("sound.WAV", r"sound.WAV \(.WAV by its name\)"),
        ("deep/er/still.jpg", r"still.jpg \(.jpg by its name\)"),
        ("validation.jsonl", r"validation.jsonl \(the clip play0 by its hash\)"),
        ("notes", r"notes \(the clip play0 by its hash\)"),
        ("subtitles.srt", r"subtitles.srt \(.srt by its name\)"),
    ],
)
def test_a_clip_among_annotations_is_refused(rows, television, name, known):
    """By its name, and under any other name by its hash: also where it would have stayed."""
    (rows / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(next(television.folder.glob("*/videos/play0.mp4")), rows / name)
    with HubServer() as hub, pytest.raises(InputError, match=known):
        send(rows, hub)
    assert {} == hub.repositories


def test_a_part_of_a_clip_is_refused(rows, television):
    """Its hash is nobody's, but it is no text."""
    clip = next(television.folder.glob("*/videos/play0.mp4")).read_bytes()
    (rows / "notes").write_bytes(clip[: len(clip) // 2])
    with pytest.raises(InputError, match=r"notes \(no text, as rows are\)"), planned(str(rows)):
        pass


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("subtitles.jsonl", {"text": "How you doing?"}, "subtitles.jsonl, line 1"),
        ("test.jsonl", {"said": "How you doing?"}, "'said' is no column of a row"),
        ("clips.jsonl", {"lines": [LINE]}, "tells what is said in clip 'play"),
    ],
)
def test_what_is_said_in_a_clip_is_refused(rows, name, line, said):
    """Under any name: of such clips the rows go and nothing else."""
    path = rows / name
    first, *others = path.read_text(encoding="utf-8").splitlines() if path.exists() else ["{}"]
    path.write_text("\n".join([json.dumps(json.loads(first) | line), *others]), encoding="utf-8")
    with pytest.raises(InputError, match=said), planned(str(rows)):
        pass


@pytest.mark.parametrize("names", [{"source": "my TVQA cut"}, {"source": "mine", "licence_name": "tvqa"}])
def test_television_is_known_by_any_of_its_names(names):
    """Whatever licence stands beside it."""
    assert not media_may_go(names | {"licence": "mit"})


def test_a_note_does_not_free_television(rows):
    """Clips of TVQA stay, whatever data.json says of their licence."""
    (rows / "data.json").write_text(json.dumps(TVQA | {"licence": "mit"}))
    (rows / "a.mp4").write_bytes(b"clip")
    with pytest.raises(InputError, match="by its name"), planned(str(rows)):
        pass


@pytest.mark.parametrize(("licence", "goes"), [*((name, True) for name in OPEN), ("other", False), ("unknown", False)])
def test_only_an_open_licence_lets_clips_go(licence, goes):
    """What is not known to be open is not."""
    assert goes is media_may_go({"source": "mine", "licence": licence})


def test_what_is_not_on_the_list_stays(plays, tmp_path):
    """Labels, keys, links and hidden files; it is said of each."""
    folder = Path(shutil.copytree(plays.folder, tmp_path / "data"))
    strange = ("labels.jsonl", ".env", ".git/config", "train/notes.txt", "train/videos/.hidden.mp4", "truth/a/b.json")
    for name in strange:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("secret")
    (tmp_path / "secret").write_text("secret")
    (folder / "lineage.jsonl").symlink_to(tmp_path / "secret")
    with HubServer() as hub:
        plan, _ = push(str(folder), "me/plays", token="hf_me", endpoint=hub.url)
        there = hub.files("me/plays", "dataset")
    assert not [name for name, content in there.items() if b"secret" == content]
    assert "a link: what it leads to may be anything" == plan.staying["lineage.jsonl"]
    assert {*strange, "lineage.jsonl"} == {*plan.staying}


def test_hidden_labels_do_not_go(tmp_path):
    """Of data whose labels are held back no answer, no seed and no secret is in what is sent."""
    made = small(tmp_path / "media")
    data = made.export(tmp_path / "data", hide_answers=True)
    apart = json.loads((tmp_path / "data-labels" / "data.json").read_text())
    with HubServer() as hub:
        send(data, hub)
        there = hub.files("me/plays", "dataset")
    assert "labels.jsonl" not in there
    assert not any(apart["secret"].encode() in content for content in there.values())
    assert "seed" not in json.loads(there["data.json"])
    ids = [row.id for split in made.splits.values() for row in split]
    assert not any(name.encode() in content for name in ids for content in there.values())
    with pytest.raises(InputError, match="wanted a dataset"), planned(str(tmp_path / "data-labels")):
        pass


@pytest.mark.parametrize("private", [True, False])
def test_a_new_repository_is_private_unless_said(plays, private):
    """One that is there is left as it is."""
    with HubServer() as hub:
        send(plays.folder, hub, private=private)
        send(plays.folder, hub, private=not private)
    assert private is hub.repository("me/plays", "dataset").private
    assert {"Bearer hf_me"} == hub.tokens


def test_a_push_goes_on(plays):
    """After a refusal the same call sends what is missing, and once all is there nothing more."""
    with HubServer(refuses_commits=403) as hub:
        with pytest.raises(InputError, match=r"the Hub refused it \(403"):
            send(plays.folder, hub)
        hub.refuses_commits = 0
        send(plays.folder, hub)
        branch = hub.repository("me/plays", "dataset").branches["main"]
        commits = len(branch)
        send(plays.folder, hub)
        assert commits == len(branch)
        changed = dict(branch[-1].files)
        del changed["README.md"]
        branch.append(type(branch[-1])(oid="1" * 40, message="lost", files=changed))
        send(plays.folder, hub)
        assert ("README.md",) == branch[-1].sent


def test_a_refusal_is_told_with_its_status(plays):
    """A token that may not write."""
    with HubServer(refuses=403) as hub, pytest.raises(InputError, match=r"push to me/plays: the Hub refused it \(403"):
        send(plays.folder, hub)


def test_no_network_is_told_in_one_line(plays):
    """Nobody listens there."""
    with HubServer() as hub:
        pass
    with pytest.raises(InputError, match=r"the Hub was not reached .* the same command goes on") as told:
        send(plays.folder, hub)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["me/pl ays", "plays", "me/plays/too", ""])
def test_a_name_that_is_none_is_refused(plays, name):
    """Before anything is sent."""
    with HubServer() as hub, pytest.raises(InputError, match="Give OWNER/NAME"):
        push(str(plays.folder), name, token="hf_me", endpoint=hub.url)
    assert 0 == hub.requests


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "wanted a dataset"),
        ({"test.jsonl": "{}"}, r"no data\.json tells its source"),
        ({"test.jsonl": "{}", "data.json": "{}"}, "names no source"),
    ],
)
def test_a_folder_that_is_no_dataset_is_refused(tmp_path, files, said):
    """Or one whose licence nobody knows."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said), planned(str(tmp_path)):
        pass
