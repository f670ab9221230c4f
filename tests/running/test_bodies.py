"""How large a request may be, decided before Django writes it to disk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dashboard.bodies import LARGEST, LARGEST_FILE, LimitBodies


class Listener:
    """An application that reads the whole body, and what came of a request to it."""

    def __init__(self) -> None:
        self.read = 0
        self.gone = False
        self.sent: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                self.gone = True
                # What is still said after that is dropped.
                break
            self.read += len(event["body"])
            if not event["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def ask(self, path: str, pieces: list[int], headers: list[tuple[bytes, bytes]]) -> list[int]:
        """The statuses of the answers to a request of so many bytes."""
        bodies = [{"type": "http.request", "body": bytes(size), "more_body": True} for size in pieces]
        bodies.append({"type": "http.request", "body": b"", "more_body": False})

        async def receive() -> Any:
            return bodies.pop(0)

        async def send(event: Any) -> None:
            self.sent.append(event)

        scope: Any = {"type": "http", "path": path, "headers": headers}
        asyncio.run(LimitBodies(self)(scope, receive, send))
        return [event["status"] for event in self.sent if event["type"] == "http.response.start"]


@pytest.mark.parametrize(("path", "most"), [("/inbox/7/files/", LARGEST_FILE), ("/inbox/7/send/", LARGEST)])
def test_a_promise_that_is_too_large_is_refused_unread(path: str, most: int) -> None:
    listener = Listener()
    assert listener.ask(path, [1], [(b"content-length", str(most + 1).encode())]) == [413]
    assert (listener.read, listener.gone) == (0, False)
    assert listener.sent[1]["body"] == b"The request is too large."
    assert Listener().ask(path, [1], [(b"content-length", str(most).encode())]) == [200]


@pytest.mark.parametrize("length", [b"-1", b"many", b"1e3", b""])
def test_a_length_that_is_none_is_refused(length: bytes) -> None:
    assert Listener().ask("/", [1], [(b"content-length", length)]) == [413]


def test_more_than_was_promised_is_cut_off() -> None:
    listener = Listener()
    half = LARGEST // 2 + 1
    assert listener.ask("/inbox/7/send/", [half, half], []) == [413]
    assert (listener.read, listener.gone) == (half, True)


def test_what_is_no_request_passes() -> None:
    heard: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["type"])

    asyncio.run(LimitBodies(application)({"type": "lifespan"}, None, None))  # type: ignore[arg-type, typeddict-item]
    assert heard == ["lifespan"]
