"""The world's time: run faster, moved on, moved by hand; the same steps make the same world."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from chats.v3.times import parse_time
from tests.sandbox.conftest import open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

Subscribe = Callable[..., dict[str, Any]]
START = "2026-03-02T14:00:00Z"


def stopped(server: SandboxServer, world: Any = "empty", *, seed: int = 7, people: str = "friendly") -> None:
    """Start a world whose time stands still."""
    server.control("reset", {"world": world, "seed": seed, "people": people, "starts_at": START})


def advance(server: SandboxServer, seconds: float) -> dict[str, Any]:
    """Move the time on."""
    answer: dict[str, Any] = server.control("clock", {"advance_seconds": seconds})
    return answer


def events(server: SandboxServer) -> list[dict[str, Any]]:
    """Everything that happened, in order."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"&cursor={cursor.replace('+', '%2B')}" if cursor else ""
        page = server.control(f"events?limit=500{query}")
        found += page["events"]
        cursor = page["next_cursor"]
    return found


def test_the_time_is_the_systems_unless_told_otherwise(sandbox: SandboxServer) -> None:
    shown = sandbox.control("clock")
    assert (shown["mode"], shown["speed"]) == ("real", 1)
    assert abs(parse_time(shown["now"]).timestamp() - time.time()) < 30


def test_time_runs_faster_when_told_to(sandbox: SandboxServer) -> None:
    before = parse_time(sandbox.control("clock", {"speed": 3600})["now"])
    wait_for(lambda: parse_time(sandbox.control("clock")["now"]) - before > timedelta(minutes=10))
    assert sandbox.control("clock")["mode"] == "running"
    assert sandbox.control("clock", {"speed": 1})["speed"] == 1


def test_a_stopped_time_stands_still_until_it_is_moved(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    shown = sandbox.control("clock")
    assert (shown["now"], shown["mode"], shown["waiting"]) == (START, "step", 0)
    chat = open_chat(sandbox, "ana@example.com")
    assert sandbox.control("clock")["waiting"] == 1
    assert sandbox.control(f"chats/{chat['id']}")["messages"][0]["delivery_status"] == "pending"
    moved = advance(sandbox, 0.3)
    assert moved["now"] == "2026-03-02T14:00:00.300000Z"
    message = sandbox.control(f"chats/{chat['id']}")["messages"][0]
    assert message["delivery_status"] == "sent"
    assert parse_time(START) < parse_time(message["sent_at"]) < parse_time(moved["now"])


def test_moving_on_carries_out_everything_on_the_way_each_at_its_moment(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    open_chat(sandbox, "ana@example.com")
    moved = advance(sandbox, 60)
    assert moved["happened"] >= 5
    assert moved["now"] == "2026-03-02T14:01:00Z"
    stages = [each for each in events(sandbox) if each["event_type"].startswith("message.")]
    assert [each["event_type"] for each in stages] == [
        "message.sent", "message.delivered", "message.read", "message.received",
    ]  # fmt: skip
    moments = [parse_time(each["created_at"]) for each in stages]
    assert moments == sorted(set(moments))
    assert moments[-1] < parse_time("2026-03-02T14:00:12Z")


def test_one_long_step_and_many_short_ones_tell_the_same(sandbox: SandboxServer) -> None:
    def story(steps: list[float]) -> list[tuple[str, str]]:
        stopped(sandbox)
        for number in range(5):
            open_chat(sandbox, f"p{number}@example.com")
        for seconds in steps:
            advance(sandbox, seconds)
        return sorted((each["created_at"], each["event_type"]) for each in events(sandbox))

    assert story([60.0]) == story([0.5] * 120)


def test_another_seed_tells_another_story(sandbox: SandboxServer) -> None:
    def story(seed: int) -> list[str]:
        stopped(sandbox, seed=seed)
        open_chat(sandbox, "ana@example.com")
        advance(sandbox, 60)
        return [each["event_id"] for each in events(sandbox)]

    assert story(1) != story(2)


def test_webhooks_are_delivered_in_step_and_tried_again_in_the_worlds_time(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    stopped(sandbox)
    subscribe("message.sent")
    receiver.answers = [503, 503]
    open_chat(sandbox, "ana@example.com")
    began = time.monotonic()
    moved = advance(sandbox, 600)
    assert time.monotonic() - began < 20
    assert moved["delivered"] == 3
    assert len(receiver.got) == 3
    shown = sandbox.control("webhooks")["webhooks"][0]
    assert (shown["state"], shown["attempts"], shown["status"]) == ("delivered", 3, 200)
    waited = parse_time(shown["settled_at"]) - parse_time(shown["created_at"])
    assert timedelta(seconds=2.25) <= waited <= timedelta(seconds=3.75)


def test_limits_go_by_the_worlds_time(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    chat = open_chat(sandbox, "ana@example.com")["id"]
    for number in range(29):
        assert sandbox.api("POST", f"chats/{chat}/messages", {"message": text(f"{number}")}).status_code == 202
    refused(sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Too many")}), 429, 1007)
    advance(sandbox, 61)
    assert sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Later")}).status_code == 202


def test_the_time_survives_a_restart() -> None:
    own = SandboxServer()
    try:
        own.start("empty")
        stopped(own)
        advance(own, 3600)
        own.end()
        own.start()
        assert own.control("clock")["now"] == "2026-03-02T15:00:00Z"
        assert own.control("clock", {"step": False})["mode"] == "running"
        own.control("clock", {"advance_seconds": 86_400})
        own.end()
        own.start()
        shown = own.control("clock")
        assert (shown["mode"], shown["speed"]) == ("running", 1)
        assert datetime.fromisoformat("2026-03-03T15:00:00Z") < parse_time(shown["now"])
        assert parse_time(shown["now"]) < datetime.fromisoformat("2026-03-03T15:05:00Z")
    finally:
        own.stop()


def test_the_environment_sets_a_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SANDBOX_SPEED", "600")
    own = SandboxServer()
    try:
        own.start("empty")
        assert own.control("clock")["speed"] == 600
        own.reset("empty")
        assert own.control("clock")["speed"] == 600
    finally:
        own.stop()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"speed": 0},
        {"speed": -1},
        {"speed": "fast"},
        {"speed": 1e9},
        {"step": 1},
        {"step": True, "speed": 2},
        {"advance_seconds": -1},
        {"advance_seconds": 1e12},
        {"backwards": 5},
    ],
)
def test_a_clock_that_cannot_be_is_refused(sandbox: SandboxServer, body: dict[str, Any]) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/clock", json=body, timeout=10)
    refused(answer, 400, 1001 if not body else answer.json()["error"]["code"])
    assert sandbox.control("clock")["mode"] == "real"
