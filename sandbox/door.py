"""The sandbox's front door: it stands between the server and Django.

It gives every request a trace id, makes happen the faults that only show on the wire, and runs Django
in a few threads that each keep their database connection.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from asgiref.typing import HTTPScope, Scope
from django.core.handlers.wsgi import WSGIHandler
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox import background, express, files, guard, ids, requests_seen
from sandbox.api.errors import TRACE_KEY, ApiError, envelope, headers
from sandbox.faults import in_force
from sandbox.storage import Storage

CUT = "sandbox.cut"
THREADS = 8
MAX_BODY = 16 * 1024 * 1024  # files do not come this way, and no message is half as large
API_PREFIXES = ("/api/partner/v3/", "/v3/")
OPEN_PREFIXES = ("/vcards/", "/schema")  # neither the API nor the control of it: whoever has the address may look
JSON = (b"content-type", b"application/json")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which also lets the application cut the connection without an answer."""

    def on_message_begin(self) -> None:
        """Start a request, and put the means to cut it into its scope."""
        super().on_message_begin()
        self.scope["extensions"] = {CUT: {"abort": self.transport.abort}}


class Door:
    """The ASGI application."""

    def __init__(self) -> None:
        self._django = WSGIHandler()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        self._storage = Storage(self._threads)
        self._express = express.Express()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop what runs in the background."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            if scope["path"].startswith(files.PREFIX):
                await self._storage.answer(scope, receive, send, ids.request_trace(writes=False))
            else:
                await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await asyncio.to_thread(background.start)
                self._express.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(self._express.stop)
                await asyncio.to_thread(background.stop)
                self._threads.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        if body is None:
            return
        is_api = scope["path"].startswith(API_PREFIXES)
        is_write = scope["method"] in WRITES
        trace_id = ids.request_trace(writes=is_api and is_write)
        began = time.perf_counter()

        def seen(status: int, content: bytes = b"") -> None:
            if is_api:
                milliseconds = (time.perf_counter() - began) * 1000
                requests_seen.note(
                    method=scope["method"], path=scope["path"], status=status, content=content,
                    trace_id=trace_id, ms=milliseconds,
                )  # fmt: skip

        if not is_api and not scope["path"].startswith(OPEN_PREFIXES):
            refused = guard.refusal(scope["headers"])
            if refused is not None:
                await send_answer(send, 403, trace_id, *_json(ApiError(2005, refused), trace_id))
                return
        if is_api:
            wait = in_force.latency()
            if wait:
                await asyncio.sleep(wait)
            if is_write and in_force.happens(in_force.faults.drop_before_rate):
                seen(0)
                await _cut(scope, receive)
                return
            error = _injected(is_write)
            if error is not None:
                lines, content = _json(error, trace_id)
                seen(error.status, content)
                await send_answer(send, error.status, trace_id, lines, content)
                return
        status, lines, content = await self._answer_of(scope, body, trace_id)
        if is_api and is_write and in_force.happens(in_force.faults.drop_after_rate):
            seen(0)
            await _cut(scope, receive)
            return
        seen(status, content)
        await send_answer(send, status, trace_id, lines, content)

    async def _answer_of(self, scope: HTTPScope, body: bytes, trace_id: str) -> tuple[int, Headers, bytes]:
        try:
            send = express.read(scope, body, trace_id)
            answer = None if send is None else await self._express.take(send)
        except ApiError as refused:
            answer = refused
        if isinstance(answer, ApiError):
            return answer.status, *_json(answer, trace_id)
        if answer is not None:
            return answer.status, [JSON], _compact(answer.body).encode()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, answer_with_django, self._django, scope, body, trace_id
        )


def answer_with_django(
    handler: WSGIHandler, scope: HTTPScope, body: bytes, trace_id: str
) -> tuple[int, Headers, bytes]:
    """The status, headers and body of Django's answer. Blocks, so it is for a thread."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, lines: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        started.append((status, lines))
        return lambda _: None

    response = handler(_environ(scope, body, trace_id), start)
    try:
        content = b"".join(response)
    finally:
        response.close()
    status, lines = started[0]
    return int(status[:3]), [(name.lower().encode(), value.encode("latin-1")) for name, value in lines], content


def _injected(is_write: bool) -> ApiError | None:
    if is_write and in_force.over_rate():
        return ApiError(1007, "Rate limited. Try again in 1 seconds.", retry_after=1)
    if in_force.happens(in_force.faults.error_rate):
        code = in_force.pick_code()
        return ApiError(code, "A fault that the control API asked for.", retry_after=1 if code == 1007 else None)
    return None


def _json(error: ApiError, trace_id: str) -> tuple[Headers, bytes]:
    lines = [(name.lower().encode(), value.encode()) for name, value in headers(error).items()]
    return [JSON, *lines], json.dumps(envelope(error, trace_id)).encode()


async def read_body(receive: Receive) -> bytes | None:
    """The whole body; None when the client went away."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def send_answer(send: Send, status: int, trace_id: str, lines: Headers, content: bytes) -> None:
    lines = [line for line in lines if line[0] != b"content-length"]
    if status != 204:
        lines.append((b"content-length", str(len(content)).encode()))
    lines.append((b"x-trace-id", trace_id.encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": content})


async def _cut(scope: HTTPScope, receive: Receive) -> None:
    """Close the connection without a word. Returns when it is closed, so that no answer is made up for it."""
    abort = (scope.get("extensions") or {})[CUT]["abort"]
    assert callable(abort)  # noqa: S101 - put there by CuttableProtocol
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _environ(scope: HTTPScope, body: bytes, trace_id: str) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str((scope["server"] or ("", 0))[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": (scope["client"] or ("127.0.0.1", 0))[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        TRACE_KEY: trace_id,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ["CONTENT_TYPE"] = value.decode("latin-1")
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value.decode("latin-1")
    return environ
