"""Faults on request: errors, cut connections, latency, limits, and webhooks that go astray."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

MAIL = "ana@example.com"
Subscribe = Callable[..., dict[str, Any]]


def test_errors_are_answered_instead(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.control("faults", {"error_rate": 1, "error_codes": [3005]})
    refused(sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Hello")}), 504, 3005)
    refused(sandbox.api("GET", "chats"), 504, 3005)
    sandbox.control("faults", {"error_rate": 1, "error_codes": [1007]})
    refused(sandbox.api("GET", "chats"), 429, 1007)
    sandbox.control("faults", {})
    assert sandbox.api("GET", "chats").status_code == 200
    assert sandbox.stats()["accepted"]["total"] == 1


def test_a_connection_cut_before_leaves_nothing_behind(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.control("faults", {"drop_before_rate": 1})
    with pytest.raises(requests.ConnectionError):
        sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Lost", idempotency_key="k1")})
    assert sandbox.api("GET", "chats").status_code == 200  # only writes are cut
    assert sandbox.stats()["accepted"]["total"] == 1


def test_a_connection_cut_after_leaves_the_message(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.control("faults", {"drop_after_rate": 1})
    body = {"message": text("Kept", idempotency_key="k1")}
    with pytest.raises(requests.ConnectionError):
        sandbox.api("POST", f"chats/{chat}/messages", body)
    sandbox.control("faults", {})
    kept = sandbox.control(f"chats/{chat}")["messages"][-1]
    assert kept["idempotency_key"] == "k1"
    again = sandbox.api("POST", f"chats/{chat}/messages", body)
    assert again.json()["message"]["id"] == kept["id"]
    assert sandbox.stats()["accepted"]["total"] == 2


def test_latency_is_waited(sandbox: SandboxServer) -> None:
    sandbox.control("faults", {"latency_ms": 300})
    began = time.monotonic()
    assert sandbox.api("GET", "chats").status_code == 200
    assert time.monotonic() - began >= 0.3


def test_writes_can_be_limited(sandbox: SandboxServer) -> None:
    sandbox.control("faults", {"rate_limit": 2})
    answers = [
        sandbox.api("POST", "chats", {"from": LINES[0], "to": [f"p{n}@example.com"], "message": text("Hi")})
        for n in range(6)
    ]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert answers[0].status_code == 201
    for answer in limited:
        assert refused(answer, 429, 1007)["retry_after"] == 1


def test_webhooks_can_come_twice(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("chat.created")
    sandbox.control("faults", {"webhook_duplicate_rate": 1})
    open_chat(sandbox, MAIL)
    wait_for(lambda: len(receiver.got) == 2)
    assert len({each.event["event_id"] for each in receiver.got}) == 1


def test_webhooks_can_be_lost(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("chat.created")
    sandbox.control("faults", {"webhook_drop_rate": 1})
    open_chat(sandbox, MAIL)
    assert sandbox.stats()["webhooks"]["dropped"] == 1
    sandbox.control("faults", {})
    second = open_chat(sandbox, "ben@example.com")
    receiver.wait("chat.created", lambda data: data["id"] == second["id"])
    assert len(receiver.got) == 1


def test_webhooks_can_be_late_and_out_of_order(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("chat.created")
    sandbox.control("faults", {"webhook_delay_ms": 400, "webhook_shuffle": True})
    made = [open_chat(sandbox, f"p{number}@example.com")["id"] for number in range(8)]
    began = time.monotonic()
    wait_for(lambda: len(receiver.got) == 8)
    assert time.monotonic() - began >= 0.3
    assert sorted(each.data["id"] for each in receiver.got) == sorted(made)
    assert [each.data["id"] for each in receiver.got] != made


@pytest.mark.parametrize(
    "body",
    [
        {"error_rate": 2},
        {"error_rate": -1},
        {"error_codes": [12]},
        {"error_codes": []},
        {"webhook_shuffle": 1},
        {"latency_ms": "long"},
        {"unknown": 1},
    ],
)
def test_faults_that_cannot_be_are_refused(sandbox: SandboxServer, body: dict[str, Any]) -> None:
    refused(requests.post(f"{sandbox.url}/sandbox/faults", json=body, timeout=10), 400, 1005)
    assert sandbox.control("faults") == {
        "error_rate": 0.0, "error_codes": [3006], "drop_before_rate": 0.0, "drop_after_rate": 0.0, "latency_ms": 0.0,
        "latency_jitter_ms": 0.0, "rate_limit": None, "webhook_duplicate_rate": 0.0, "webhook_shuffle": False,
        "webhook_drop_rate": 0.0, "webhook_delay_ms": 0.0,
    }  # fmt: skip
