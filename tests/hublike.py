"""A server on loopback that answers as the Hub does, for repositories that a test makes, and fails in the ways in which it fails.

Only what `from_pretrained` asks for: /api/models/..., HEAD and GET of /resolve/, with commit, etag, ranges, and a redirect for
large files. Not the Hub: no search, no uploads, no accounts.
"""

import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT, OFFERED = "c0ffee" + "0" * 34, "0ffe4ed" + "0" * 33
OFFER = "refs/pr/1"
FAULTS = {"gone": (404, "RepoNotFound"), "private": (401, "RepoNotFound"), "gated": (403, "GatedRepo"), "busy": (429, ""),
          "ill": (503, "")}  # fmt: skip
ROUTES = (
    (re.compile(r"/api/models/([^/]+/[^/]+)/discussions"), "offers"),
    (re.compile(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?"), "about"),
    (re.compile(r"/api/models/([^/]+/[^/]+)/tree/(.+)"), "tree"),
    (re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)"), "file"),
    (re.compile(r"/cdn/([^/]+/[^/]+)/([^/]+)/(.+)"), "large"),
)


class Hub:
    """`folders`: id -> folder. `faults`: id -> a name in FAULTS, or "breaks" (weights stop in the middle), for as long as it is set."""

    def __init__(self, folders):
        self.folders, self.faults, self.offers, self.asked = dict(folders), {}, {}, []

    @contextmanager
    def serving(self):
        """The address to use as HF_ENDPOINT."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": self}))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        """Nothing in the tests' output."""

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path))
        if self.control(path):
            return
        for pattern, name in ROUTES:
            if found := pattern.fullmatch(path):
                return self.repository(name, *found.groups())
        self.answer(404, code="RepoNotFound")

    do_HEAD = do_GET

    def control(self, path):
        """/control/owner/name/fault sets a fault, "well" takes it away: the test's own switch."""
        found = re.fullmatch(r"/control/([^/]+/[^/]+)/(\w+)", path)
        if found:
            self.hub.faults[found[1]] = found[2]
            self.answer(200)
        return found

    def repository(self, name, repo, *rest):
        fault = self.hub.faults.get(repo, "well" if repo in self.hub.folders else "gone")
        if fault in FAULTS:
            status, code = FAULTS[fault]
            return self.answer(status, code=code)
        getattr(self, name)(repo, *rest)

    def files(self, repo, revision):
        folder = self.hub.offers[repo][1] if revision in (OFFER, OFFERED) else self.hub.folders[repo]
        return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir()) if p.is_file()}

    def offers(self, repo):
        """Open pull requests: `offers` is id -> (who, folder)."""
        who = self.hub.offers.get(repo, ("", ""))[0]
        offer = {"title": "Adding `safetensors` variant of this model", "num": 1, "author": {"name": who}, "status": "open",
                 "createdAt": "2024-01-01T00:00:00.000Z", "repo": {"name": repo, "type": "model"}, "isPullRequest": True}  # fmt: skip
        self.json({"discussions": [offer] if who else [], "count": int(bool(who)), "start": 0})

    def about(self, repo, revision):
        names = [{"rfilename": name} for name in self.files(repo, revision)]
        sha = OFFERED if revision == OFFER else COMMIT
        self.json({"id": repo, "modelId": repo, "sha": sha, "private": False, "gated": False, "siblings": names})

    def tree(self, repo, revision):
        self.json(
            [
                {"type": "file", "path": name, "size": len(data), "oid": etag(data)}
                for name, data in self.files(repo, revision).items()
            ]
        )

    def file(self, repo, revision, name):
        files = self.files(repo, revision)
        if name not in files:
            return self.answer(404, code="EntryNotFound", extra={"X-Repo-Commit": revision})
        data = files[name]
        facts = {"X-Repo-Commit": OFFERED if revision in (OFFER, OFFERED) else COMMIT, "ETag": f'"{etag(data)}"'}
        if not name.endswith(".safetensors"):
            return self.answer(200, data, extra=facts)
        linked = {
            "X-Linked-ETag": f'"{etag(data)}"',
            "X-Linked-Size": str(len(data)),
            "Location": f"http://localhost:{self.server.server_port}/cdn/{repo}/{revision}/{name}",
        }
        self.answer(302, extra={**facts, **linked})

    def large(self, repo, revision, name):
        """Weights; with the fault "breaks" the first answer stops in the middle, and those that follow bring nothing."""
        data = self.files(repo, revision)[name]
        start = int(found[1]) if (found := re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
        broken = self.hub.faults.get(repo) == "breaks"
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", f'"{etag(data)}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[start : len(data) // 2] if broken else data[start:])
        self.close_connection = broken

    def json(self, value):
        self.answer(200, json.dumps(value).encode(), extra={"Content-Type": "application/json"})

    def answer(self, status, data=b"", code="", extra=None):
        self.send_response(status)
        headers = {**(extra or {}), **({"X-Error-Code": code} if code else {}), "Content-Length": str(len(data))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


def etag(data):
    return hashlib.sha1(data).hexdigest()
