"""The named points of a send, at which a worker dies as if it were killed with `kill -9` in that very moment.

Nothing in the product knows of them. They are found by what goes through the libraries below it: the commit of the
transaction that claims, the bytes of a request on their socket, the answer that comes back.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any

POINT = "CHAOS_DIES_AT"
DIED = "CHAOS_DIED"
KEY = b'"idempotency_key"'


class Point(StrEnum):
    """Where a worker dies, in the order of a send."""

    BEFORE_CLAIM = "before the claim's commit"
    AFTER_CLAIM = "after the claim's commit"
    HALF_WRITTEN = "request half written"
    UNANSWERED = "accepted but unanswered"
    UNRECORDED = "answered but unrecorded"


def arm(point: Point) -> None:
    """Let this process die at the first send that comes to `point`. Call it when Django is set up."""
    if point in {Point.BEFORE_CLAIM, Point.AFTER_CLAIM}:
        _around_the_claim(point)
    elif point is Point.UNRECORDED:
        _when_answered(point)
    else:
        _on_the_socket(point)


def _die(point: Point) -> None:
    with Path(os.environ[DIED]).open("a") as note:
        note.write(f"{point}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def _around_the_claim(point: Point) -> None:
    from django.db.backends.postgresql.base import DatabaseWrapper
    from django.db.backends.signals import connection_created

    claiming: set[int] = set()

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if _claims(sql, params):
            claiming.add(id(context["connection"]))
        return execute(sql, params, many, context)

    def begin(connection: Any, **_: object) -> None:
        if watch not in connection.execute_wrappers:
            connection.execute_wrappers.append(watch)

    commit = DatabaseWrapper._commit

    @wraps(commit)
    def committed(self: DatabaseWrapper) -> None:
        claims = id(self) in claiming
        claiming.discard(id(self))
        if claims and point is Point.BEFORE_CLAIM:
            _die(point)
        commit(self)
        if claims:
            _die(point)

    connection_created.connect(begin, weak=False)
    DatabaseWrapper._commit = committed


def _claims(sql: str, params: Any) -> bool:
    """Whether a statement makes operations `sending`."""
    what, _, _ = str(sql).partition(" WHERE ")
    if not what.lstrip().startswith("UPDATE") or "chats_operation" not in what:
        return False
    return "'sending'" in what or "sending" in list(params or [])[: what.count("%s")]


def _on_the_socket(point: Point) -> None:
    from urllib3.connection import HTTPConnection

    send, getresponse = HTTPConnection.send, HTTPConnection.getresponse

    @wraps(send)
    def sent(self: Any, data: Any) -> None:
        self.chaos_sends = isinstance(data, bytes) and KEY in data
        if self.chaos_sends and point is Point.HALF_WRITTEN:
            self.sock.sendall(data[: len(data) // 2])
            _die(point)
        send(self, data)

    @wraps(getresponse)
    def answered(self: Any) -> Any:
        if point is Point.UNANSWERED and getattr(self, "chaos_sends", False):
            with suppress(OSError):
                # It is there, and nobody has read it: the remote has done what it was asked for.
                if self.sock.recv(12, socket.MSG_PEEK).startswith(b"HTTP/1.1 20"):
                    _die(point)
        return getresponse(self)

    HTTPConnection.send = sent  # type: ignore[method-assign]
    HTTPConnection.getresponse = answered  # type: ignore[method-assign]


def _when_answered(point: Point) -> None:
    from chats.v3.transport import Transport

    request = Transport.request

    @wraps(request)
    def answered(self: Transport, method: str, path: str, **more: Any) -> Any:
        answer = request(self, method, path, **more)
        if KEY.decode().strip('"') in str(more.get("body")):
            _die(point)
        return answer

    Transport.request = answered  # type: ignore[method-assign]
