"""A small stand-in of the Hub's HTTP interface: one dataset repository, its files, and pull requests to it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c" * 40


class HubServer:
    """The repository ``owner/board``, for as long as the ``with`` block lasts. Who has no token may only read."""

    def __init__(self, token: str = "hf_stand_in") -> None:
        self.token = token
        self.files: dict[str, bytes] = {}  # of the branch main
        self.requests: list[dict[str, bytes]] = []  # the files of each pull request, the first has the number 1
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def merge(self, number: int) -> None:
        """Take a pull request's files into main."""
        self.files |= self.requests[number - 1]


def _entry(path: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    api, resolve = "/api/datasets/owner/board", "/datasets/owner/board/resolve/main/"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            if path in (api, f"{api}/revision/main"):
                self._json({"id": "owner/board", "sha": COMMIT, "private": False, "tags": [], "siblings": []})
            elif path.startswith(f"{api}/tree/main"):
                self._tree(path.removeprefix(f"{api}/tree/main").strip("/"))
            elif path.startswith(resolve) and path.removeprefix(resolve) in hub.files:
                self._send(200, hub.files[path.removeprefix(resolve)])
            else:
                self._json({"error": "Entry not found"}, 404, "EntryNotFound" if "board" in path else "RepoNotFound")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            if self.headers.get("Authorization") != f"Bearer {hub.token}":
                self._json({"error": "Invalid username or password."}, 401)
            elif path.startswith(f"{api}/paths-info/"):
                wanted = json.loads(body)["paths"] if body[:1] == b"{" else []
                found = [_entry(name, hub.files[name]) for name in wanted if name in hub.files]
                folders = [name for name in wanted if any(file.startswith(f"{name}/") for file in hub.files)]
                self._json(
                    found + [{"type": "directory", "path": name, "oid": "0" * 40, "size": 0} for name in folders]
                )
            elif path.startswith(f"{api}/preupload/"):
                files = [
                    {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for one in json.loads(body)["files"]
                ]
                self._json({"files": files})
            elif path.startswith(f"{api}/commit/"):
                self._commit(body, "create_pr=1" in query)
            else:
                self._json({"error": "Not found"}, 404)

        def _commit(self, body: bytes, as_request: bool) -> None:
            lines = [json.loads(line) for line in body.splitlines()]
            files = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            answer = {
                "success": True,
                "commitUrl": f"{hub.endpoint}/datasets/owner/board/commit/{COMMIT}",
                "commitOid": COMMIT,
            }
            if as_request:
                hub.requests.append(files)
                answer["pullRequestUrl"] = f"{hub.endpoint}/datasets/owner/board/discussions/{len(hub.requests)}"
            else:
                hub.files |= files
            self._json(answer)

        def _tree(self, folder: str) -> None:
            below = {
                name: content for name, content in hub.files.items() if name.startswith(f"{folder}/" if folder else "")
            }
            if folder and not below:
                self._json({"error": "Entry not found"}, 404, "EntryNotFound")
                return
            start = len(folder) + 1 if folder else 0
            files = [_entry(name, content) for name, content in below.items() if "/" not in name[start:]]
            folders = {name[: start + name[start:].index("/")] for name in below if "/" in name[start:]}
            self._json(
                files + [{"type": "directory", "path": name, "oid": "0" * 40, "size": 0} for name in sorted(folders)]
            )

        def _json(self, data: Any, status: int = 200, error: str = "") -> None:
            self._send(status, json.dumps(data).encode(), {"X-Error-Code": error} if error else {})

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            sent = {"Content-Type": "application/json", "Content-Length": str(len(body)), "X-Repo-Commit": COMMIT}
            for name, value in (sent | {"ETag": f'"{hashlib.sha1(body).hexdigest()}"'} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler
