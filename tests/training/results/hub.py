"""A stand-in for the Hub on this machine: it takes a commit and shows what was in it."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Hub:
    """What came: repositories that were made, and the files of each commit by name."""

    refuses: int = 0  # the status that every request gets; 0: none
    made: list[dict] = field(default_factory=list)
    committed: dict[str, bytes] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hub.tokens.add(self.headers.get("authorization", ""))
                status, said = (hub.refuses, {"error": "no"}) if hub.refuses else (200, hub.answer(self.path, body))
                content = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, body: bytes) -> dict:
        """As the Hub's own addresses do."""
        if path == "/api/repos/create":
            self.made.append(json.loads(body))
            return {"url": f"{self.url}/me/mine"}
        if path == "/api/validate-yaml":
            return {"errors": [], "warnings": []}
        if "/preupload/" in path:
            asked = json.loads(body)["files"]
            return {"files": [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False} for each in asked]}
        lines = [json.loads(line) for line in body.splitlines()]
        for line in lines:
            if line["key"] == "file":
                self.committed[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        return {"success": True, "commitOid": "0" * 40, "commitUrl": f"{self.url}/me/mine/commit/{'0' * 40}"}
