"""A scripted remote: an HTTP server in a thread that answers as a test says and remembers what it was asked.

    remote.on("POST", "/v3/chats/.+/messages", Answer(429, wrong(1007), {"Retry-After": "45"}), Answer(202, body))

Answers of a rule are given one after the other, the last one for ever. A request that no rule expects
is answered with 501 and fails the test when the fixture ends.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pytest
from pytest_django import Settings

from chats.engine import remote as engine_remote

PREFIX = "/api/partner"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass(frozen=True)
class Asked:
    """One request, as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def key(self) -> str:
        """The idempotency key of a send."""
        return str(self.body["message"]["idempotency_key"])


@dataclass(frozen=True)
class Answer:
    """What to answer. `cut` breaks the connection instead: "unanswered" after the whole request was read,
    "halfway" in the middle of the answer. `after` is an event that the answer waits for.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: Literal["", "unanswered", "halfway"] = ""
    after: threading.Event | None = None


Script = Answer | Callable[[Asked], Answer]


def wrong(code: int, message: str = "No.") -> dict[str, Any]:
    """The body of an error."""
    return {"success": False, "error": {"code": code, "message": message}, "trace_id": TRACE}


class Remote:
    """The server's script and memory."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.origin}{PREFIX}"
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Start anew: no rules, nothing asked."""
        self.asked: list[Asked] = []
        self.unexpected: list[Asked] = []
        self._rules: dict[tuple[str, str], list[Script]] = {}

    def on(self, method: str, path: str, *answers: Script) -> None:
        """Answer `method` on a path, a regular expression below the base URL; replaces an earlier rule for both."""
        with self._lock:
            self._rules.pop((method, path), None)
            # The newest rule counts first.
            self._rules = {(method, path): list(answers), **self._rules}

    def calls(self, method: str, path: str) -> list[Asked]:
        """What was asked of a path, oldest first."""
        with self._lock:
            return [one for one in self.asked if one.method == method and re.fullmatch(path, one.path)]

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            script: Script | None = None
            for (method, path), answers in self._rules.items():
                if method == asked.method and re.fullmatch(path, asked.path):
                    script = answers.pop(0) if len(answers) > 1 else answers[0]
                    break
            if script is None:
                self.unexpected.append(asked)
                return Answer(501)
        return script(asked) if callable(script) else script


def _read(raw: bytes, content_type: str) -> Any:
    """JSON as what it says; a file that is uploaded as its bytes."""
    if not raw:
        return None
    return json.loads(raw) if content_type == "application/json" else raw


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    remote: Remote

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        parts = urlsplit(self.path)
        asked = Asked(
            self.command,
            parts.path.removeprefix(PREFIX),
            dict(parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
            _read(raw, self.headers.get("Content-Type", "")),
        )
        answer = self.server.remote.answer(asked)  # type: ignore[attr-defined]
        if answer.after is not None:
            answer.after.wait(10)
        if answer.cut == "unanswered":
            self._hang_up()
            return
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"X-Trace-ID": TRACE, "Content-Length": str(len(content)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.cut == "halfway":
            self.wfile.write(content[: len(content) // 2])
            self._hang_up()
            return
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test that fails shows what was asked."""


@pytest.fixture(scope="session")
def remote_server() -> Iterator[Remote]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.remote = Remote(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server.remote  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def remote(remote_server: Remote, settings: Settings) -> Iterator[Remote]:
    """The remote that the engine's client talks to in this test."""
    remote_server.forget()
    settings.LINQ_BASE_URL = remote_server.base_url
    settings.LINQ_API_KEY = "test-token"
    engine_remote.client.cache_clear()
    yield remote_server
    engine_remote.client().close()
    engine_remote.client.cache_clear()
    assert remote_server.unexpected == []
