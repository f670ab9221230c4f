"""Clients that send as fast as they are answered, each a process of its own with one connection."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.sandbox_server import TOKEN

MESSAGE = '{"message":{"parts":[{"type":"text","value":"Hello there, number %d"}],"idempotency_key":"%s"}}'


@dataclass(frozen=True)
class Sent:
    """What came of it: answers of 202, other answers, and the real seconds it took."""

    accepted: int
    refused: int
    seconds: float


def send(port: int, paths: Sequence[str], *, clients: int, most: int, seconds: float) -> Sent:
    """POST a message to each of the paths in turn: at most `most` in all, and for at most so many seconds."""
    with ProcessPoolExecutor(clients) as pool:
        done = [
            pool.submit(_client, port, paths[index::clients], most // clients, time.monotonic() + seconds)
            for index in range(clients)
        ]
        results = [each.result() for each in done]
    took = max(ended for *_, ended in results) - min(began for *_, began, _ in results)
    return Sent(sum(each[0] for each in results), sum(each[1] for each in results), took)


def _client(port: int, paths: Sequence[str], most: int, until: float) -> tuple[int, int, float, float]:
    accepted = refused = 0
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(most):
            if time.monotonic() > until:
                break
            body = MESSAGE % (number, uuid.uuid4())
            head = (
                f"POST {paths[number % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            connection.sendall((head + body).encode())
            if _status(connection) == 202:
                accepted += 1
            else:
                refused += 1
    return accepted, refused, began, time.monotonic()


def _status(connection: socket.socket) -> int:
    """Read one whole answer and return its status."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _some(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += _some(connection)
    return int(head[9:12])


def _some(connection: socket.socket) -> bytes:
    got = connection.recv(65536)
    if not got:
        raise ConnectionError("The server closed the connection.")
    return got
