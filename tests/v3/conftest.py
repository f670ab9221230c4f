"""A small HTTP server that records what it is asked, and a client that asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from chats.v3.client import Client

TOKEN = "token-that-nobody-may-see"
BASE_PATH = "/api/partner"


@dataclass(frozen=True)
class Asked:
    """One request that the server got."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body) if self.body else None


@dataclass
class Recorder:
    """Records requests and answers each with `status`, `headers` and `content`, or as `behave` says."""

    status: int = 200
    content: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    behave: Callable[[BaseHTTPRequestHandler], None] | None = None
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    @property
    def base_url(self) -> str:
        return self.address + BASE_PATH

    def answer(self, content: object, status: int = 200, **headers: str) -> None:
        """Answer from now on with this: bytes as they are, anything else as JSON."""
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.content = content if isinstance(content, bytes) else json.dumps(content).encode()


@pytest.fixture
def remote() -> Iterator[Recorder]:
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = parse_qs(parts.query, keep_blank_values=True)
            headers = {name.lower(): value for name, value in self.headers.items()}
            recorder.asked.append(Asked(self.command, unquote(parts.path), query, headers, body))
            if recorder.behave:
                recorder.behave(self)
                return
            self.send_response(recorder.status)
            for name, value in recorder.headers.items():
                self.send_header(name, value)
            if recorder.status != 204:
                self.send_header("Content-Length", str(len(recorder.content)))
            self.end_headers()
            if recorder.status != 204:
                self.wfile.write(recorder.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    recorder.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield recorder
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def client(remote: Recorder) -> Iterator[Client]:
    client = Client(remote.base_url, TOKEN, timeout=(2, 5))
    yield client
    client.close()
