"""`python -m workbench serve`: the endpoints of a hosted fine-tuning service, on this machine and for it alone.

Files, jobs, events, models and chat completions as the `openai` client calls them; jobs really train (tuning.py). It listens on
127.0.0.1, answers no other host name (so that no web page can reach it), wants no key and writes none down. Tuned models are
safetensors under `$WORKBENCH_HOME/served/` and are there again after a restart.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.remote.endpoints import Refused, Service

HOST, PORT = "127.0.0.1", 8765
MOST_BYTES = 50_000_000


class Handler(BaseHTTPRequestHandler):
    """HTTP around the service. Nothing is logged: headers hold keys."""

    service: Service
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server says by itself, as of a verb that it does not know, in the form of all other answers."""
        self._send(code, _failure(message or "this request is not served here"))

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""

    def _answer(self, verb: str) -> None:
        try:
            status, body = 200, self._route(verb)
        except Refused as refusal:
            status, body = refusal.status, _failure(refusal.words, refusal.parameter)
        except Exception as error:  # one request's trouble must not end the server
            status, body = 500, _failure(type(error).__name__, kind="server_error")
        self._send(status, body)

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status >= 400:
            self.send_header(
                "Connection", "close"
            )  # what was not read of the request must not be taken for the next one
            self.close_connection = True
        self.end_headers()
        self.wfile.write(content)

    def _route(self, verb: str) -> dict[str, Any]:
        from urllib.parse import parse_qs, unquote, urlsplit

        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in (HOST, "localhost") or self.headers.get("Origin"):
            raise Refused(403, "this server answers programs on its own machine only")
        asked = urlsplit(self.path)
        parts = [unquote(p) for p in asked.path.removeprefix("/v1").strip("/").split("/")]
        query, service = parse_qs(asked.query), self.service
        match (verb, *parts):
            case ("POST", "files"):
                return self._upload()
            case ("GET", "files", key):
                return service.file(key)
            case ("DELETE", "files", key):
                return service.delete_file(key)
            case ("POST", "fine_tuning", "jobs"):
                return service.create_job(self._json())
            case ("GET", "fine_tuning", "jobs", key):
                return service.job(key)
            case ("GET", "fine_tuning", "jobs", key, "events"):
                limit = query.get("limit", ["20"])[0]
                return service.job_events(key, query.get("after", [None])[0], int(limit) if limit.isdigit() else 20)
            case ("POST", "fine_tuning", "jobs", key, "cancel"):
                return service.cancel(key)
            case ("GET", "models"):
                return service.list_models()
            case ("DELETE", "models", *name):
                return service.delete_model("/".join(name))
            case ("POST", "chat", "completions"):
                return service.complete(self._json())
        raise Refused(404, f"{verb} {asked.path[:80]} is not served here")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            raise Refused(411, "a request with a body must say its length")
        if int(length) > MOST_BYTES:
            raise Refused(413, f"{int(length):,} bytes: at most {MOST_BYTES:,}")
        return self.rfile.read(int(length))

    def _json(self) -> dict[str, Any]:
        try:
            body = json.loads(self._body() or b"{}")
        except (ValueError, RecursionError):
            raise Refused(400, "the body is not JSON") from None
        if not isinstance(body, dict):
            raise Refused(400, "the body is not an object")
        return body

    def _upload(self) -> dict[str, Any]:
        """multipart/form-data with `purpose` and `file`."""
        head = f"Content-Type: {self.headers.get('Content-Type', '')}\r\n\r\n".encode()
        try:
            message = BytesParser(policy=HTTP).parsebytes(head + self._body())
        except RecursionError:
            raise Refused(400, "parts within parts within parts", "file") from None
        if not message.is_multipart():
            raise Refused(400, "an upload must be multipart/form-data", "file")
        fields: dict[str, Any] = {}
        for part in message.iter_parts():
            disposition = part["Content-Disposition"]
            if disposition is not None and "name" in disposition.params:
                fields[disposition.params["name"]] = (part.get_filename(), part.get_payload(decode=True) or b"")
        if "file" not in fields or "purpose" not in fields:
            raise Refused(400, "an upload needs the fields 'file' and 'purpose'", "file")
        name, content = fields["file"]
        return self.service.add_file(str(name or "file"), fields["purpose"][1].decode("utf-8", "replace"), content)


def _failure(words: str, parameter: str | None = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": words, "type": kind, "param": parameter, "code": None}}


class _Http(ThreadingHTTPServer):
    """What spares other systems a wait for a port that was just closed would let two servers share it on Windows."""

    allow_reuse_address = os.name != "nt"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle of an answer is nobody's trouble, and nothing is logged."""


class Server:
    """The service behind a port of this machine. `url` is what `base_url=` takes."""

    def __init__(self, port: int = 0, models: tuple[str, ...] = ("gpt-mini",), home: Path | None = None) -> None:
        self.service = Service(models, home)
        handler = type("Here", (Handler,), {"service": self.service})
        try:
            self._http = _Http((HOST, port), handler)
        except (OSError, OverflowError) as error:
            raise WorkbenchError(f"port {port} cannot be used ({getattr(error, 'strerror', None) or error})", "a free port from 1024 to 65535",
                                 "--port 0 takes any free one") from error  # fmt: skip
        self._http.daemon_threads = True
        self.url = f"http://{HOST}:{self._http.server_address[1]}/v1"
        self._thread: threading.Thread | None = None

    def start(self) -> Server:
        """Listen in the background; once it does, there is nothing left to do, so `with wb.serve() as server` is fine as well."""
        if self._thread is not None:
            return self
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True, name="workbench-serve")
        self._thread.start()
        return self

    def stop(self) -> None:
        """End running jobs at their next step and close the port."""
        self.service.closed.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<a fine-tuning service at {self.url} for {', '.join(self.service.models)}>"


def serve(port: int = 0, models: tuple[str, ...] | list[str] = ("gpt-mini",)) -> Server:
    """Start a fine-tuning service in this process and return it: `base_url=wb.serve().url`. `stop()` ends it.

    `models`: bundled names, folders or Hub ids of causal models that may be fine-tuned. It listens on 127.0.0.1 only.
    """
    if isinstance(models, str):
        models = (models,)
    if isinstance(port, bool) or not isinstance(port, int):
        raise WorkbenchError(
            f"port is {port!r:.60}", "a number from 1024 to 65535, or 0 for any free one", "wb.serve()"
        )
    if not isinstance(models, list | tuple) or not models or not all(isinstance(m, str) for m in models):
        raise WorkbenchError(f"models is {models!r:.60}", "names of causal models", 'wb.serve(models=["gpt-mini"])')
    _all_write(models)
    return Server(port, tuple(models)).start()


def _all_write(models: tuple[str, ...] | list[str]) -> None:
    """An error where a name is no model's, or the model does not write from left to right; only its config is read."""
    from workbench import families
    from workbench.models import pairing, zoo

    for model in models:
        if pairing.kind(zoo.config(zoo.source(model))) != families.WRITER:
            raise WorkbenchError(f"{model} does not write from left to right", "a causal model",
                                 'wb.serve(models=["gpt-mini"])')  # fmt: skip


def main(argv: list[str]) -> int:
    """`python -m workbench serve`: until Ctrl-C."""
    p = argparse.ArgumentParser(prog="python -m workbench serve", description="A fine-tuning service on this machine.")
    p.add_argument("--port", type=int, default=PORT)
    p.add_argument("--model", nargs="+", default=["gpt-mini"], help="causal models that may be fine-tuned")
    asked = p.parse_args(argv)
    _all_write(asked.model)
    with Server(asked.port, tuple(asked.model)) as server:
        print(f"{server.url}   (Ctrl-C ends it)", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("", file=sys.stderr)
    return 0
