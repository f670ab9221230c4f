"""The rest of the control API: acting as a person, and the logs of requests and webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_clock import advance, stopped
from tests.sandbox_server import SandboxServer

Subscribe = Callable[..., dict[str, Any]]
ANA = "ana@example.com"


def test_a_person_may_say_more_than_a_text(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("message.received")
    parts = [{"type": "text", "value": "Look"}, {"type": "media", "url": "https://files.example.com/cat.jpg"}]
    said = sandbox.control(f"people/{ANA}/say", {"line": LINES[0], "parts": parts})
    assert [part["type"] for part in said["message"]["parts"]] == ["text", "media"]
    heard = receiver.wait("message.received").data["parts"]
    assert (heard[0]["value"], heard[1]["filename"]) == ("Look", "cat.jpg")


def test_a_person_may_react(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    stopped(sandbox)
    subscribe("reaction.added")
    sandbox.control("habits", {"reacts": 0, "replies": 0})
    message = open_chat(sandbox, ANA)["message"]["id"]
    advance(sandbox, 10)
    made = sandbox.control(f"people/{ANA}/react", {"message_id": message, "type": "custom", "custom_emoji": "🌱"})
    data = receiver.wait("reaction.added").data
    assert (data["reaction_id"], data["reaction_type"], data["custom_emoji"]) == (made["reaction_id"], "custom", "🌱")
    answer = requests.post(f"{sandbox.url}/sandbox/people/{ANA}/react", json={"message_id": message}, timeout=10)
    refused(answer, 409, 2015)


def test_a_person_may_share_their_location(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    stopped(sandbox)
    subscribe("location.sharing.started", "location.sharing.stopped")
    chat = open_chat(sandbox, ANA)["id"]
    sandbox.control(f"people/{ANA}/share_location", {"chat_id": chat, "seconds": 3600})
    assert receiver.wait("location.sharing.started").data["shared_by"] == ANA
    assert len(sandbox.api("GET", f"chats/{chat}/location").json()["data"]["features"]) == 1
    advance(sandbox, 3601)
    assert receiver.wait("location.sharing.stopped").data["shared_with"] == LINES[0]
    assert sandbox.api("GET", f"chats/{chat}/location").json()["data"]["features"] == []
    sandbox.control(f"people/{ANA}/share_location", {"chat_id": chat})
    sandbox.control(f"people/{ANA}/share_location", {"chat_id": chat, "stop": True})
    assert sandbox.api("GET", f"chats/{chat}/location").json()["data"]["features"] == []


def test_who_wrote_cannot_report(sandbox: SandboxServer) -> None:
    chat = sandbox.say(ANA, "Hello", line=LINES[0])["chat_id"]
    refused(requests.post(f"{sandbox.url}/sandbox/people/{ANA}/report", json={"chat_id": chat}, timeout=10), 409, 2015)


def test_a_person_can_be_given_other_habits(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    chat = open_chat(sandbox, ANA)["id"]
    shown = sandbox.control(f"people/{ANA}/habits", {"reachable": False})
    assert shown["habits"]["reachable"] is False
    advance(sandbox, 10)
    assert sandbox.control(f"chats/{chat}")["messages"][0]["delivery_status"] == "failed"


def test_requests_are_kept_with_their_outcome(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    lost = sandbox.api("GET", "chats/nonsense")
    sandbox.control("faults", {"drop_before_rate": 1})
    with pytest.raises(requests.ConnectionError):
        sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Lost")})
    sandbox.control("faults", {"error_rate": 1, "error_codes": [3005]})
    sandbox.api("GET", "chats")
    seen = sandbox.control("requests")["requests"]
    prefix = "/api/partner/v3"
    assert [(each["method"], each["path"], each["status"], each["code"]) for each in seen] == [
        ("GET", f"{prefix}/chats", 504, 3005),
        ("POST", f"{prefix}/chats/{chat}/messages", 0, None),
        ("GET", f"{prefix}/chats/nonsense", 400, 1005),
        ("POST", f"{prefix}/chats", 201, None),
    ]
    assert seen[2]["trace_id"] == lost.headers["X-Trace-ID"]
    assert len(sandbox.control("requests?limit=2")["requests"]) == 2
    refused(requests.get(f"{sandbox.url}/sandbox/requests?limit=0", timeout=10), 400, 1005)


def test_deliveries_are_kept_with_their_outcome(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    stopped(sandbox)
    subscription = subscribe("chat.created")
    receiver.answers = [404]
    for handle in (ANA, "ben@example.com"):
        open_chat(sandbox, handle)
        advance(sandbox, 1)
    newest, oldest = sandbox.control("webhooks")["webhooks"]
    assert (newest["state"], newest["attempts"], newest["status"]) == ("delivered", 1, 200)
    assert (oldest["state"], oldest["attempts"], oldest["status"]) == ("given_up", 1, 404)
    assert newest["subscription_id"] == subscription["id"]
    assert newest["event_id"] == receiver.got[1].event["event_id"]
    assert sandbox.control("webhooks?state=given_up")["webhooks"] == [oldest]
    refused(requests.get(f"{sandbox.url}/sandbox/webhooks?state=lost", timeout=10), 400, 1005)
