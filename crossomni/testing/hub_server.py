"""A Hub that keeps what it is given in memory, and refuses where it is told to. It runs in a thread, on this machine.

    with HubServer() as hub:
        api = HfApi(endpoint=hub.url, token="hf_me")
        api.create_repo("me/plays", repo_type="dataset")
        api.upload_folder(repo_id="me/plays", repo_type="dataset", folder_path="data")
        hub.files("me/plays", "dataset")

It answers what ``HfApi`` and ``HfFileSystem`` (``hf://``) ask of the Hub for repositories, their files, commits and
pull requests. Every file is small enough for it: it goes within the commit, never through LFS or Xet. Anybody may do
anything, private or not, unless it knows one token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

MAIN = "main"
_KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
_API = re.compile(r"/api/(?P<kind>models|datasets|spaces)/(?P<id>[^/]+/[^/]+)(?:/(?P<verb>[a-z-]+)(?:/(?P<rest>.*))?)?")
_RESOLVE = re.compile(r"/(?:(?P<kind>datasets|spaces)/)?(?P<id>[^/]+/[^/]+)/resolve/(?P<rest>.+)")
_WHEN = "2026-01-01T00:00:00.000Z"


@dataclass(frozen=True, kw_only=True)
class Commit:
    """All files of a repository at one moment."""

    oid: str  # 40 hex digits
    message: str
    files: Mapping[str, bytes]  # by path
    sent: tuple[str, ...] = ()  # the paths that this commit brought


@dataclass(kw_only=True)
class Repository:
    """A repository, with the commits of each of its branches, the first one empty."""

    id: str  # OWNER/NAME
    kind: str  # model, dataset, space
    private: bool
    branches: dict[str, list[Commit]] = field(default_factory=dict)  # "main", and "refs/pr/N" for a pull request

    def head(self, revision: str) -> Commit | None:
        """The commit that a branch's name or a commit's id means."""
        if revision in self.branches:
            return self.branches[revision][-1]
        commits = (commit for branch in self.branches.values() for commit in branch)
        return next((commit for commit in commits if commit.oid == revision), None)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def _json(value: Any, status: int = 200, **headers: str) -> _Answer:
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): told for name, told in headers.items()}}
    return _Answer(status=status, body=json.dumps(value).encode(), headers=given)


def _missing(what: str) -> _Answer:
    return _json({"error": f"{what} not found"}, 404, X_Error_Code=f"{what}NotFound", X_Error_Message=f"{what} missing")


class HubServer:
    """A stand-in for the Hub, for as long as the ``with`` block lasts.

    Args:
        refuses: the status that every request gets, 403 say; 0: none.
        refuses_commits: the status that every commit gets.
        token: who comes with another one, or none, may only read; empty: everybody may write.
    """

    def __init__(self, *, refuses: int = 0, refuses_commits: int = 0, token: str = "") -> None:
        self.token = token
        self.refuses = refuses
        self.refuses_commits = refuses_commits
        self.url = ""
        self.repositories: dict[tuple[str, str], Repository] = {}  # by kind and id
        self.made: list[dict[str, Any]] = []  # what was said of each new repository
        self.tokens: set[str] = set()  # the headers that came with requests: "Bearer hf_…"
        self.requests = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = _Listener(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="hub-server")
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def repository(self, repo_id: str, kind: str = "model") -> Repository:
        """A repository that was made.

        Raises:
            KeyError: when it was not.
        """
        return self.repositories[kind, repo_id]

    def files(self, repo_id: str, kind: str = "model", revision: str = MAIN) -> dict[str, bytes]:
        """The files of a branch, by path.

        Raises:
            KeyError: when there is no such repository.
        """
        return dict(self.repository(repo_id, kind).branches[revision][-1].files)

    def merge(self, repo_id: str, kind: str, number: int) -> None:
        """Take what a pull request brought into the main branch."""
        branches = self.repository(repo_id, kind).branches
        brought = branches[f"refs/pr/{number}"][-1]
        files = {**branches[MAIN][-1].files, **{path: brought.files[path] for path in brought.sent}}
        oid = _oid(f"{branches[MAIN][-1].oid} {brought.oid}")
        branches[MAIN].append(Commit(oid=oid, message=f"Merge #{number}", files=files, sent=brought.sent))

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        """What is said to one request."""
        with self._lock:
            self.requests += 1
            if "authorization" in headers:
                self.tokens.add(headers["authorization"])
            if self.refuses:
                return _json({"error": "no"}, self.refuses)
            if method == "POST" and self.token and headers.get("authorization") != f"Bearer {self.token}":
                return _json({"error": "Invalid username or password."}, 401)
            parts = urlsplit(target)
            asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            return self._at(method, parts.path, asked, headers, body)

    def _at(self, method: str, path: str, asked: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> _Answer:
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return _json({"errors": [], "warnings": []})
        if path == "/api/whoami-v2":
            return _json({"type": "user", "name": "me", "fullname": "Me", "orgs": []})
        if found := _RESOLVE.fullmatch(path):
            return self._resolve(method, found, headers)
        if found := _API.fullmatch(path):
            repository = self.repositories.get((_KINDS[found["kind"]], found["id"]))
            if repository is None:
                return _missing("Repo")
            return self._api(repository, found["verb"] or "revision", found["rest"] or "", asked, body)
        return _json({"error": f"nothing at {method} {path}"}, 404)

    def _create(self, wanted: dict[str, Any]) -> _Answer:
        repo_id, kind = f"{wanted.get('organization') or 'me'}/{wanted['name']}", wanted.get("type") or "model"
        prefix = "" if kind == "model" else f"{kind}s/"
        address = {"url": f"{self.url}/{prefix}{repo_id}", "name": repo_id, "id": repo_id}
        if (kind, repo_id) in self.repositories:
            return _json({"error": "You already created this repository", **address}, 409)
        private = bool(wanted.get("private", wanted.get("visibility") == "private"))
        first = Commit(oid=_oid(f"{kind} {repo_id}"), message="initial commit", files={})
        made = Repository(id=repo_id, kind=kind, private=private, branches={MAIN: [first]})
        self.repositories[kind, repo_id] = made
        self.made.append(wanted)
        return _json(address)

    def _api(self, repository: Repository, verb: str, rest: str, asked: Mapping[str, str], body: bytes) -> _Answer:
        if verb == "refs":
            return _json(_refs(repository))
        revision, _, path = rest.partition("/")
        revision, path = unquote(revision) or MAIN, unquote(path).strip("/")
        head = repository.head(revision)
        if head is None:
            return _missing("Revision")
        if verb == "commit":
            return self._commit(repository, revision, [json.loads(line) for line in body.splitlines()], asked)
        if verb == "preupload":
            return _json({"files": [_upload(head, each["path"]) for each in json.loads(body)["files"]]})
        if verb == "tree":
            return _tree(head, path, deep=asked.get("recursive", "").lower() in ("true", "1"))
        if verb == "paths-info":
            wanted = _paths(body)
            return _json([entry for entry in _entries(head, deep=True) if entry["path"] in wanted])
        if verb == "revision":
            return _json(_about(repository, head))
        if verb == "commits":
            return _json([_told(commit) for commit in reversed(repository.branches.get(revision, [head]))])
        return _json({"error": f"nothing is done by {verb}"}, 404)

    def _commit(
        self, repository: Repository, revision: str, lines: list[dict[str, Any]], asked: Mapping[str, str]
    ) -> _Answer:
        if self.refuses_commits:
            return _json({"error": "no"}, self.refuses_commits)
        before = repository.branches[revision][-1]
        told = lines[0]["value"]
        if told.get("parentCommit") not in (None, before.oid):
            return _json({"error": "A commit has happened since. Please refresh and try again."}, 412)
        files, sent = dict(before.files), []
        for line in lines[1:]:
            path = line["value"]["path"]
            if line["key"] == "file":
                files[path] = base64.b64decode(line["value"]["content"])
                sent.append(path)
            elif line["key"] in ("deletedFile", "deletedFolder"):
                files = {name: held for name, held in files.items() if name != path and not _below(name, path)}
        count = sum(len(branch) for branch in repository.branches.values())
        commit = Commit(oid=_oid(f"{before.oid} {count}"), message=told["summary"], files=files, sent=tuple(sent))
        prefix = "" if repository.kind == "model" else f"{repository.kind}s/"
        said = {"success": True, "commitOid": commit.oid}
        said["commitUrl"] = f"{self.url}/{prefix}{repository.id}/commit/{commit.oid}"
        if asked.get("create_pr"):
            number = len(repository.branches)
            repository.branches[f"refs/pr/{number}"] = [before, commit]
            said["pullRequestUrl"] = f"{self.url}/{prefix}{repository.id}/discussions/{number}"
        else:
            repository.branches[revision].append(commit)
        return _json(said)

    def _resolve(self, method: str, found: re.Match[str], headers: Mapping[str, str]) -> _Answer:
        repository = self.repositories.get((_KINDS[found["kind"] or "models"], found["id"]))
        if repository is None:
            return _missing("Repo")
        revision, _, path = found["rest"].partition("/")
        head = repository.head(unquote(revision))
        if head is None:
            return _missing("Revision")
        content = head.files.get(unquote(path))
        if content is None:
            return _missing("Entry")
        given = {"ETag": f'"{_blob(content)}"', "X-Repo-Commit": head.oid, "Accept-Ranges": "bytes"}
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
        if part and method == "GET":
            first, last = int(part[1]), min(int(part[2] or len(content) - 1), len(content) - 1)
            given["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            return _Answer(status=206, body=content[first : last + 1], headers=given)
        return _Answer(body=content, headers=given)


class _Listener(ThreadingHTTPServer):
    request_queue_size = 1024  # many clients at once are not turned away
    daemon_threads = True


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = hub.answer(self.command, self.path, headers, body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    for method in ("GET", "HEAD", "POST"):
        setattr(Handler, f"do_{method}", Handler.respond)
    return Handler


def _entries(head: Commit, *, deep: bool, below: str = "") -> Iterator[dict[str, Any]]:
    folders: set[str] = set()
    for path, content in sorted(head.files.items()):
        if below and not _below(path, below):
            continue
        inside = path[len(below) + 1 :] if below else path
        parts = inside.split("/")
        for depth in range(1, len(parts)) if deep else range(1, min(2, len(parts))):
            folder = "/".join(([below] if below else []) + parts[:depth])
            if folder not in folders:
                folders.add(folder)
                yield {"type": "directory", "oid": _oid(folder), "size": 0, "path": folder}
        if deep or len(parts) == 1:
            yield {"type": "file", "oid": _blob(content), "size": len(content), "path": path}


def _tree(head: Commit, path: str, *, deep: bool) -> _Answer:
    found = list(_entries(head, deep=deep, below=path))
    return _json(found) if found or not path else _missing("Entry")


def _upload(head: Commit, path: str) -> dict[str, Any]:
    there = {"oid": _blob(head.files[path])} if path in head.files else {}
    return {"path": path, "uploadMode": "regular", "shouldIgnore": False, **there}


def _paths(body: bytes) -> list[str]:
    text = body.decode()
    if not text.startswith("{"):
        return parse_qs(text).get("paths", [])
    wanted = json.loads(text)["paths"]
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _refs(repository: Repository) -> dict[str, Any]:
    heads = {name: branch[-1].oid for name, branch in repository.branches.items()}
    pulls = [{"name": name, "ref": name, "targetCommit": oid} for name, oid in heads.items() if name != MAIN]
    main = {"name": MAIN, "ref": f"refs/heads/{MAIN}", "targetCommit": heads[MAIN]}
    return {"branches": [main], "converts": [], "tags": [], "pullRequests": pulls}


def _about(repository: Repository, head: Commit) -> dict[str, Any]:
    siblings = [{"rfilename": path} for path in sorted(head.files)]
    return {"id": repository.id, "sha": head.oid, "private": repository.private, "siblings": siblings, "tags": []}


def _told(commit: Commit) -> dict[str, Any]:
    return {"id": commit.oid, "title": commit.message, "message": "", "authors": [], "date": _WHEN}


def _below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def _blob(content: bytes) -> str:
    """The id that git gives to a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _oid(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()
