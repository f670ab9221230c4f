"""A webhook receiver in a thread: keeps what it gets and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.sandbox_server import wait_for


@dataclass(frozen=True)
class Delivered:
    """One request that came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The envelope."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def type(self) -> str:
        """The event's name."""
        return str(self.event["event_type"])

    @property
    def data(self) -> dict[str, Any]:
        """The event's own data."""
        parsed: dict[str, Any] = self.event["data"]
        return parsed


class Receiver:
    """Listens on a free port of loopback. `answers` holds the statuses of the next answers; then 200.

    `answer_headers` go with every answer. `before_answer` is called with each delivery before it is answered.
    """

    def __init__(self) -> None:
        self.got: list[Delivered] = []
        self.answers: list[int] = []
        self.answer_headers: dict[str, str] = {}
        self.before_answer: Callable[[Delivered], object] = lambda _: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                delivered = Delivered({k.lower(): v for k, v in self.headers.items()}, body)
                receiver.got.append(delivered)
                receiver.before_answer(delivered)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                for name, value in receiver.answer_headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def url(self, version: str = "2026-02-03") -> str:
        """Where it listens, asking for this payload version."""
        return f"http://127.0.0.1:{self._server.server_port}/hook?version={version}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def of(self, kind: str) -> list[Delivered]:
        """What came of one type of event."""
        return [each for each in list(self.got) if each.type == kind]

    def wait(
        self, kind: str, matches: Callable[[dict[str, Any]], bool] = lambda data: True, *, seconds: float = 15
    ) -> Delivered:
        """The first delivery of this type whose data matches; waits for it."""
        return wait_for(
            lambda: next((each for each in self.of(kind) if matches(each.data)), None), seconds=seconds, what=kind
        )
