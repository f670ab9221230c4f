"""Posts bodies over HTTP/1.1 with connections that are kept: no more than webhooks need, because there are so many.

A client that does everything spent more on each delivery than the whole sandbox does on the send that causes it.
Proxies and redirects are not followed, and what is in the body of an answer is nobody's business.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import httptools
from urllib3.exceptions import LocationValueError
from urllib3.util import parse_url

CONNECTIONS = 32  # at once, to all receivers together
MOST_BODY = 1 << 20

Origin = tuple[str, str, int]


class Failed(Exception):
    """There was no answer; a later try may get one."""


class Hopeless(Failed):
    """There is no such address."""


@dataclass(frozen=True)
class Answer:
    """What the receiver answered. The names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Target:
    origin: Origin
    head: str


@functools.lru_cache(maxsize=256)
def _target(url: str) -> _Target:
    """Where an address leads. Raises `Hopeless` when it is none."""
    try:
        parts = parse_url(url)
    except LocationValueError as wrong:
        raise Hopeless(str(wrong)) from None
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise Hopeless("The address names no host.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.host if parts.port is None else f"{parts.host}:{parts.port}"
    head = f"POST {parts.request_uri} HTTP/1.1\r\nHost: {host}\r\n"
    return _Target((parts.scheme, parts.host.strip("[]"), port), head)


class Courier:
    """The client. Everything happens on one event loop. `timeout`: seconds for a whole try."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._idle: defaultdict[Origin, list[_Connection]] = defaultdict(list)
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._tls: ssl.SSLContext | None = None

    async def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """Post a body. Raises `Failed`."""
        target = _target(url)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        request = f"{target.head}Content-Length: {len(body)}\r\n{lines}\r\n".encode("latin-1") + body
        async with self._room:
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._try(target.origin, request)
            except socket.gaierror as gone:
                raise Hopeless(f"The name {target.origin[1]} leads nowhere: {gone.strerror}") from None
            except TimeoutError:
                raise Failed(f"No answer within {self._timeout:g} seconds") from None
            except OSError as failed:
                raise Failed(f"{type(failed).__name__}: {failed}") from None

    async def _try(self, origin: Origin, request: bytes) -> Answer:
        idle = self._idle[origin]
        connection = idle.pop() if idle else None
        while connection is not None and connection.is_closed:
            connection = idle.pop() if idle else None
        if connection is None:
            connection = await self._connect(origin)
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.can_be_kept:
            idle.append(connection)
        else:
            connection.close()
        return answer

    async def _connect(self, origin: Origin) -> _Connection:
        scheme, host, port = origin
        if scheme == "https" and self._tls is None:
            self._tls = ssl.create_default_context()
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            _Connection, host, port, ssl=self._tls if scheme == "https" else None
        )
        return connection

    def close(self) -> None:
        """Close what is kept open."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()


@dataclass
class _Coming:
    """The answer that is awaited."""

    whole: asyncio.Future[Answer]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    size: int = 0

    def is_here(self) -> None:
        if not self.whole.done():
            self.whole.set_result(Answer(self.status, self.headers))


class _Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self.is_closed = False
        self.can_be_kept = False
        self._coming: _Coming | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own are no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        coming = self._coming
        if coming is None or coming.whole.done():
            return
        if coming.status:  # a body without a length ends with the connection
            coming.is_here()
        else:
            coming.whole.set_exception(ConnectionResetError("The connection was closed without an answer"))

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and wait for its answer."""
        self._coming = _Coming(asyncio.get_running_loop().create_future())
        self._parser = httptools.HttpResponseParser(self)
        self.can_be_kept = False
        self._transport.write(request)
        return await self._coming.whole

    def close(self) -> None:
        """Cut it."""
        self.is_closed = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        coming = self._coming
        if coming is None or coming.whole.done():
            self.close()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as wrong:
            if not coming.whole.done():
                coming.whole.set_exception(ConnectionError(f"The answer is no HTTP: {wrong}"))

    # what the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        assert self._coming is not None  # noqa: S101 - it is parsing an answer
        self._coming.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        assert self._coming is not None  # noqa: S101 - it is parsing an answer
        status = self._parser.get_status_code()
        if status >= 200:
            self._coming.status = status

    def on_body(self, body: bytes) -> None:
        coming = self._coming
        assert coming is not None  # noqa: S101 - it is parsing an answer
        coming.size += len(body)
        if coming.size > MOST_BODY:
            coming.is_here()

    def on_message_complete(self) -> None:
        coming = self._coming
        assert coming is not None  # noqa: S101 - it is parsing an answer
        if coming.status and not coming.whole.done():
            self.can_be_kept = self._parser.should_keep_alive()
            coming.is_here()
        elif not coming.status:
            coming.headers.clear()  # of a 1xx, before the answer itself
