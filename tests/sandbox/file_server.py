"""A server of files on loopback, over https with a certificate that nobody signed (`loopback.pem`)."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "loopback.pem"


@dataclass(frozen=True)
class File:
    """What is served; `declared` is the length that is announced, where it is not that of the content."""

    content: bytes
    content_type: str
    status: int = 200
    declared: int | None = None


class FileServer:
    """Serves `files` by their paths, and counts what it was asked for."""

    def __init__(self, files: dict[str, File]) -> None:
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                file = files.get(self.path, File(b"", "text/plain", 404))
                self.send_response(file.status)
                self.send_header("Content-Type", file.content_type)
                self.send_header("Content-Length", str(file.declared or len(file.content)))
                self.send_header("Location", "https://elsewhere.example/")
                self.end_headers()
                self.wfile.write(file.content)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def log_error(self, format: str, *args: object) -> None:
                """Nor when the other side has read enough."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"https://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
