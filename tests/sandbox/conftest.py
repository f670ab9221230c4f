"""One sandbox process for this folder; every test starts with a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from linq import LinqAPIV3

from chats.v3.envelope import EVENT_TYPES
from tests.sandbox.documented import fits_the_document
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import TOKEN, SandboxServer

LINES = [f"+1202555010{index}" for index in range(1, 6)]
ANA, BEN, CARA, DEV, ELLA = (f"+1305555012{index}" for index in range(5))


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    """The process."""
    running = SandboxServer(tokens="second-token").start("empty")
    yield running
    running.stop()


@pytest.fixture
def sandbox(server: SandboxServer) -> SandboxServer:
    """An empty world: five lines, nobody in it."""
    server.reset("empty")
    return server


@pytest.fixture
def demo(server: SandboxServer) -> SandboxServer:
    """The demo world."""
    server.reset("demo")
    return server


@pytest.fixture
def sdk(server: SandboxServer) -> Iterator[LinqAPIV3]:
    """The official SDK, which refuses answers that do not fit its types."""
    with LinqAPIV3(api_key=TOKEN, base_url=server.base_url, max_retries=0, _strict_response_validation=True) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody to deliver webhooks to."""
    listening = Receiver()
    yield listening
    listening.close()
    for each in listening.got:  # whatever a test is about, no event is outside the document
        fits_the_document(each.event)


@pytest.fixture
def subscribe(server: SandboxServer, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    """Subscribe the receiver; answers the subscription with its secret."""

    def create(*events: str, version: str = "2026-02-03", **more: Any) -> dict[str, Any]:
        body = {
            "target_url": receiver.url(version),
            "subscribed_events": list(events) or sorted(EVENT_TYPES),
            **more,
        }
        answer = server.api("POST", "webhook-subscriptions", body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    return create


def text(value: str, **more: Any) -> dict[str, Any]:
    """A message of one text part."""
    return {"parts": [{"type": "text", "value": value}], **more}


def open_chat(server: SandboxServer, *to: str, line: str = LINES[0], message: Any = None) -> dict[str, Any]:
    """Create a chat by its first message and return it."""
    answer = server.api("POST", "chats", {"from": line, "to": list(to), "message": message or text("Hello there")})
    assert answer.status_code == 201, answer.text
    chat: dict[str, Any] = answer.json()["chat"]
    return chat


def refused(answer: requests.Response, status: int, code: int) -> dict[str, Any]:
    """Assert that an answer is this error in the whole envelope, and return its `error`."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert sorted(body) == ["error", "success", "trace_id"]
    assert body["success"] is False
    assert body["trace_id"] == answer.headers["X-Trace-ID"]
    error: dict[str, Any] = body["error"]
    assert error["code"] == code, error
    assert error["status"] == status
    assert error["message"]
    assert error["doc_url"] == f"https://docs.linqapp.com/error/codes/{code // 1000}xxx/{code}/"
    if status == 429:
        assert answer.headers["Retry-After"] == str(error["retry_after"])
    return error
