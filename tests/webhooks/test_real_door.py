"""The door as it is run: a web process, and a PostgreSQL of its own that is really stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from django.conf import settings

from chats.v3.signatures import new_secret, sign
from dashboard.services.postgres import Postgres
from tests.bootstrap import PREFIX
from tests.console_server import served

SECRET = new_secret()
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Door:
    url: str
    server: Postgres

    def deliver(self, event_id: str, text: str = "Hello") -> requests.Response:
        raw = json.dumps({"event_id": event_id, "event_type": "call.ringing", "data": {"text": text}}).encode()
        return requests.post(self.url, raw, headers=self.headers(event_id, raw), timeout=20)

    def headers(self, event_id: str, raw: bytes) -> dict[str, str]:
        now = int(time.time())
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(SECRET, event_id, now, raw),
            "content-type": "application/json",
        }

    def stored(self) -> list[str]:
        with psycopg.connect(self.server.url("chatdeck")) as asking:
            rows = asking.execute("SELECT event_id FROM chats_webhookevent ORDER BY id").fetchall()
        return [row[0] for row in rows]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    # By this name a run that was killed is known, and the next one ends its server.
    state = tmp_path_factory.getbasetemp().parent / f"{PREFIX}{os.getpid()}-door"
    server = Postgres(Path(state), durable=False)
    try:
        server.start("chatdeck")
        environment = os.environ | {
            "DATABASE_URL": server.url("chatdeck"),
            "REDIS_URL": settings.REDIS_URL,
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        }
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, env=environment, cwd=settings.BASE_DIR, check=True)  # noqa: S603
        with served(database=server.url("chatdeck"), webhook_secret=SECRET) as (_, address):
            yield Door(f"{address}/webhooks/linq/?version=2026-02-03", server)
            # For the end of `served`, which looks whether its connections are gone.
            server.start()
    finally:
        server.stop()
        server.remove()


def test_it_says_503_while_the_database_is_stopped_and_only_then(door: Door) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    assert door.deliver(first).status_code == 200
    door.server.stop()
    # At once, by a connection that broke, and when there is none to be had.
    for _ in range(2):
        answer = door.deliver(second)
        assert answer.status_code == 503
        assert answer.json()["error"].endswith("Try again.")
    door.server.start()
    deadline = time.monotonic() + 30
    # The remote goes on trying for half an hour.
    while door.deliver(second).status_code == 503:
        assert time.monotonic() < deadline
    assert door.deliver(second).status_code == 200
    assert [one for one in door.stored() if one in {first, second}] == [first, second]


def upload(door: Door, headers: dict[str, str], chunk: bytes, times: int) -> tuple[bytes, int]:
    """Send a request piece by piece until an answer comes. Returns the answer's beginning and how much had left."""
    parts = urlsplit(door.url)
    assert parts.hostname is not None
    sent = 0
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as line:
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        line.sendall(head.encode() + "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode())
        line.sendall(b"\r\n")
        try:
            for _ in range(times):
                line.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass  # they have closed: what they said before may still be read
        try:
            return line.recv(4096), sent
        except OSError:
            return b"", sent


def chunk_of(raw: bytes) -> bytes:
    return f"{len(raw):x}\r\n".encode() + raw + b"\r\n"


def test_a_body_in_chunks_without_an_end_is_not_taken_in(door: Door) -> None:
    answer, sent = upload(door, {"Transfer-Encoding": "chunked"}, chunk_of(b"x" * 65536), 1600)
    assert sent < 100 * MEBIBYTE, "it was read to the end"
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")


def test_a_length_that_is_too_long_is_answered_before_anything_is_sent(door: Door) -> None:
    answer, sent = upload(door, {"Content-Length": str(MEBIBYTE + 1)}, b"", 0)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert sent == 0


def test_a_body_in_chunks_that_fits_is_stored(door: Door) -> None:
    event_id = str(uuid.uuid4())
    raw = json.dumps({"event_id": event_id, "event_type": "call.ringing", "data": {"text": "x" * 1000_000}}).encode()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(raw), 50_000):
            yield raw[start : start + 50_000]

    answer: Any = requests.post(door.url, pieces(), headers=door.headers(event_id, raw), timeout=20)
    assert answer.status_code == 200
    assert event_id in door.stored()
