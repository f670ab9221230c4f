"""The door's limit under ASGI: what is too long is refused before it is read, the rest passes untouched."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chats.api.body_limit import limit_bodies
from chats.api.webhook import MAX_BODY

CHUNK = b"x" * 65536
TOO_LONG = {"stored": False, "error": "An event can be 1 MiB at the most."}


class Asked:
    """One request through the limit: what was received of it, what reached the application, what was answered."""

    def __init__(self, *chunks: bytes, path: str = "/webhooks/linq/", length: str | None = None) -> None:
        self.taken = 0
        self.passed: bytes | None = None
        self.answers: list[dict[str, Any]] = []
        self._messages = self._request(chunks)
        headers = [] if length is None else [(b"content-length", length.encode())]
        asyncio.run(
            limit_bodies(self._app)({"type": "http", "path": path, "headers": headers}, self._receive, self._send)
        )

    def _request(self, chunks: tuple[bytes, ...]) -> Iterator[dict[str, Any]]:
        for number, chunk in enumerate(chunks, 1):
            yield {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        yield {"type": "http.disconnect"}

    async def _receive(self) -> dict[str, Any]:
        message = next(self._messages)
        self.taken += len(message.get("body", b""))
        return message

    async def _send(self, message: Any) -> None:
        self.answers.append(dict(message))

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        assert (await receive())["type"] == "http.disconnect"
        self.passed = body

    @property
    def status(self) -> int | None:
        return self.answers[0]["status"] if self.answers else None


def test_what_fits_passes_untouched() -> None:
    asked = Asked(b'{"a"', b": 1}")
    assert (asked.passed, asked.answers) == (b'{"a": 1}', [])
    assert Asked(b"").passed == b""


@pytest.mark.parametrize("length", [None, str(MAX_BODY)])
def test_the_limit_itself_fits(length: str | None) -> None:
    asked = Asked(*[CHUNK] * 16, length=length)
    assert (len(asked.passed or b""), asked.status) == (MAX_BODY, None)


def test_a_length_that_is_too_long_is_refused_unread() -> None:
    asked = Asked(*[CHUNK] * 17, length=str(MAX_BODY + 1))
    assert (asked.status, asked.taken, asked.passed) == (413, 0, None)
    assert json.loads(asked.answers[1]["body"]) == TOO_LONG
    assert (b"connection", b"close") in asked.answers[0]["headers"]


@pytest.mark.parametrize("length", [None, "7", "many", "9" * 5000])
def test_no_more_is_read_than_the_limit_whatever_was_promised(length: str | None) -> None:
    asked = Asked(*[CHUNK] * 1000, length=length)
    assert (asked.status, asked.passed) == (413, None)
    assert asked.taken <= MAX_BODY + len(CHUNK)


def test_who_goes_in_the_middle_is_not_answered() -> None:
    class Gone(Asked):
        def _request(self, chunks: tuple[bytes, ...]) -> Iterator[dict[str, Any]]:
            yield {"type": "http.request", "body": CHUNK, "more_body": True}
            yield {"type": "http.disconnect"}

    assert (Gone().passed, Gone().answers) == (None, [])


def test_other_addresses_are_left_alone() -> None:
    asked = Asked(*[CHUNK] * 17, path="/chats/", length=str(MAX_BODY * 2))
    assert len(asked.passed or b"") == len(CHUNK) * 17
