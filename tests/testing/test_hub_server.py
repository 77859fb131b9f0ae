"""The Hub's stand-in answers the Hub's own client, and ``hf://``, as the Hub does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError

from crossomni.testing.hub_server import HubServer

pytestmark = pytest.mark.usefixtures("quiet")
REPO = {"repo_id": "me/plays", "repo_type": "dataset"}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """With a data set that holds two files."""
    with HubServer() as server:
        api = HfApi(endpoint=server.url, token="hf_me")
        api.create_repo("me/plays", repo_type="dataset", private=True)
        commit(server, a=b"one", b=b"two")
        yield server


def commit(hub: HubServer, **more) -> object:
    """Commit files of a folder."""
    kept = {name: more.pop(name) for name in ("create_pr", "parent_commit", "revision") if name in more}
    added = [CommitOperationAdd(f"s/{name}.txt", content) for name, content in more.items()]
    api = HfApi(endpoint=hub.url, token="hf_me")
    return api.create_commit(operations=added, commit_message="more", **REPO, **kept)


def system(hub: HubServer) -> HfFileSystem:
    """Files by ``hf://``, nothing remembered of another server."""
    return HfFileSystem(endpoint=hub.url, token="hf_me", skip_instance_cache=True, use_listings_cache=False)


def test_what_is_committed_is_there(hub, tmp_path):
    """By the server's own word, by the client's, and downloaded."""
    api = HfApi(endpoint=hub.url, token="hf_me")
    assert {"s/a.txt": b"one", "s/b.txt": b"two"} == hub.files("me/plays", "dataset")
    assert ["s/a.txt", "s/b.txt"] == api.list_repo_files(**REPO)
    path = api.hf_hub_download("me/plays", "s/a.txt", repo_type="dataset", local_dir=tmp_path)
    assert "one" == Path(path).read_text(encoding="utf-8")
    assert {"Bearer hf_me"} == hub.tokens


def test_a_repository_is_made_once(hub):
    """A second time only where that is said to be well."""
    api = HfApi(endpoint=hub.url, token="hf_me")
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_repo("me/plays", repo_type="dataset")
    api.create_repo("me/plays", repo_type="dataset", exist_ok=True)
    assert (1, True) == (len(hub.made), hub.repository("me/plays", "dataset").private)


def test_hf_paths_are_read_and_written(hub):
    """Listed, read in part, written, searched and removed."""
    fs = system(hub)
    assert ["datasets/me/plays/s"] == fs.ls("datasets/me/plays", detail=False)
    assert b"two" == fs.cat("datasets/me/plays/s/b.txt")
    assert b"wo" == fs.cat_file("datasets/me/plays/s/b.txt", start=1, end=3)
    with fs.open("datasets/me/plays/t/new.txt", "wb") as file:
        file.write(b"new")
    assert ["datasets/me/plays/s/a.txt", "datasets/me/plays/s/b.txt", "datasets/me/plays/t/new.txt"] == fs.glob(
        "datasets/me/plays/**/*.txt"
    )
    fs.rm("datasets/me/plays/s/a.txt")
    assert not fs.exists("datasets/me/plays/s/a.txt")
    assert {"s/b.txt": b"two", "t/new.txt": b"new"} == hub.files("me/plays", "dataset")


def test_a_pull_request_has_a_branch_of_its_own(hub):
    """The main one is as it was."""
    made = commit(hub, create_pr=True, c=b"three")
    assert (1, "refs/pr/1") == (made.pr_num, made.pr_revision)
    assert "s/c.txt" not in hub.files("me/plays", "dataset")
    assert b"three" == hub.files("me/plays", "dataset", "refs/pr/1")["s/c.txt"]
    assert b"three" == system(hub).cat("datasets/me/plays@refs/pr/1/s/c.txt")
    commit(hub, revision="refs/pr/1", d=b"four")
    assert b"four" == hub.files("me/plays", "dataset", "refs/pr/1")["s/d.txt"]


def test_a_commit_on_an_older_one_is_refused(hub):
    """Where its parent is named: two at once do not undo each other."""
    head = hub.repository("me/plays", "dataset").branches["main"][-1].oid
    commit(hub, parent_commit=head, c=b"three")
    with pytest.raises(HfHubHTTPError, match="412"):
        commit(hub, parent_commit=head, c=b"four")
    assert b"three" == hub.files("me/plays", "dataset")["s/c.txt"]


def test_what_is_unchanged_is_not_sent_again(hub):
    """The server tells the hash of what it has."""
    commit(hub, a=b"one", b=b"new")
    assert ("s/b.txt",) == hub.repository("me/plays", "dataset").branches["main"][-1].sent


def test_files_are_deleted(hub):
    """One alone, and a folder of them."""
    api = HfApi(endpoint=hub.url, token="hf_me")
    api.create_commit(operations=[CommitOperationDelete("s/a.txt")], commit_message="less", **REPO)
    assert ["s/b.txt"] == [*hub.files("me/plays", "dataset")]
    api.create_commit(operations=[CommitOperationDelete("s/")], commit_message="less", **REPO)
    assert {} == hub.files("me/plays", "dataset")


def test_what_is_missing_is_told_as_the_hub_does(hub, tmp_path):
    """A repository, and a file."""
    api = HfApi(endpoint=hub.url, token="hf_me")
    with pytest.raises(RepositoryNotFoundError):
        api.repo_info("me/nothing", repo_type="dataset")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download("me/plays", "nothing", repo_type="dataset", local_dir=tmp_path)


def test_it_refuses_where_it_is_told_to():
    """Every request, or commits alone."""
    with HubServer(refuses=403) as hub, pytest.raises(HfHubHTTPError, match="403"):
        HfApi(endpoint=hub.url, token="hf_me").create_repo("me/plays")
    with HubServer(refuses_commits=403) as hub:
        HfApi(endpoint=hub.url, token="hf_me").create_repo("me/plays", repo_type="dataset")
        with pytest.raises(HfHubHTTPError, match="403"):
            commit(hub, a=b"one")
