"""A remote that answers at once: every send is accepted, and every list is served from a table made beforehand.

It runs in a process of its own, `python -m benchmarks.sink`, prints the port that it listens on, and ends with its
standard input. It reads just enough of HTTP/1.1 to serve the clients measured here, so that it is never what they
wait for.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import cast

import uvloop

_SENT = """{"chat_id":"%s","message":{"id":"%s","created_at":"2026-07-03T12:00:00.000Z","delivery_status":"pending",\
"is_read":false,"parts":[{"type":"text","value":"Hello","reactions":null}],"sent_at":null,"delivered_at":null,\
"service":"iMessage","from_handle":null},"trace_id":"%s"}"""
_HEAD = "HTTP/1.1 %s\r\ncontent-type: application/json\r\nx-trace-id: %s\r\ncontent-length: %d\r\n\r\n"
_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Counted:
    """The sends since the last GET /forget, which GET /counted tells."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.count = 0
        self.first = self.last = 0.0

    def one_more(self) -> None:
        self.last = time.perf_counter()
        if not self.count:
            self.first = self.last
        self.count += 1

    def told(self) -> str:
        return json.dumps({"count": self.count, "seconds": self.last - self.first})


class Sink(asyncio.Protocol):
    """One connection. `pages` maps a path with its query to the body that answers it."""

    def __init__(self, pages: dict[str, str], counted: Counted) -> None:
        self._pages = pages
        self._counted = counted
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            length = _length(head)
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._transport.write(self._answer(head.split(b" ", 2)))

    def _answer(self, start: list[bytes]) -> bytes:
        method, target = start[0].decode(), start[1].decode()
        status = "200 OK"
        if method == "POST":
            # /api/partner/v3/chats/{id}/messages
            self._counted.one_more()
            status, body = "202 Accepted", _SENT % (target.split("/")[-2], uuid.uuid4(), _TRACE)
        elif target == "/counted":
            body = self._counted.told()
        elif target == "/forget":
            body = self._counted.told()
            self._counted.forget()
        elif target in self._pages:
            body = self._pages[target]
        else:
            status, body = "404 Not Found", '{"error":{"status":404,"code":2001,"message":"no such page"}}'
        content = body.encode()
        return (_HEAD % (status, _TRACE, len(content))).encode() + content


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    return int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def serve(pages: dict[str, str]) -> None:
    loop, counted = asyncio.get_running_loop(), Counted()
    server = await loop.create_server(lambda: Sink(pages, counted), "127.0.0.1", 0)
    ended = asyncio.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(serve(json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else {}))
