"""Deleting a message: it leaves the API, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from linq import LinqAPIV3

from tests.sandbox.conftest import ANA, LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"


def test_a_deleted_message_is_gone_from_every_answer(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    chat = open_chat(sandbox, MAIL)
    message = chat["message"]["id"]
    body = {"message": text("And", reply_to={"message_id": message})}
    reply = sandbox.api("POST", f"chats/{chat['id']}/messages", body).json()["message"]["id"]
    sdk.messages.delete(message)
    refused(sandbox.api("GET", f"messages/{message}"), 404, 2002)
    refused(sandbox.api("DELETE", f"messages/{message}"), 404, 2002)
    refused(sandbox.api("GET", f"messages/{message}/thread"), 404, 2002)
    refused(sandbox.api("POST", f"chats/{chat['id']}/messages", body), 404, 2002)
    listed = sandbox.api("GET", f"chats/{chat['id']}/messages").json()["messages"]
    assert message not in [each["id"] for each in listed]
    thread = sandbox.api("GET", f"messages/{reply}/thread").json()["messages"]
    assert [each["id"] for each in thread] == [reply]


def test_the_people_still_get_it_and_nobody_is_told(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe()
    message = open_chat(sandbox, MAIL)["message"]["id"]
    assert sandbox.api("DELETE", f"messages/{message}").status_code == 204
    assert receiver.wait("message.delivered").data["id"] == message
    assert [each.type for each in receiver.got if "delete" in each.type] == []


def test_what_they_said_can_be_deleted_too(sandbox: SandboxServer) -> None:
    heard = sandbox.say(MAIL, "Hello", line=LINES[0])["message"]["id"]
    assert sandbox.api("DELETE", f"messages/{heard}").status_code == 204
    refused(sandbox.api("GET", f"messages/{heard}"), 404, 2002)


def test_the_key_of_a_deleted_message_is_never_sent_again(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    sent = sandbox.api("POST", f"chats/{chat}/messages", {"message": text("One", idempotency_key="k1")})
    created = {"from": LINES[1], "to": [ANA], "message": text("Two", idempotency_key="k2")}
    opened = sandbox.api("POST", "chats", created)
    chosen = {"to": [ANA], "message": text("Three", idempotency_key="k3")}
    picked = sandbox.api("POST", "messages", chosen)
    ids = [sent.json()["message"]["id"], opened.json()["chat"]["message"]["id"], picked.json()["message"]["id"]]
    for each in ids:
        assert sandbox.api("DELETE", f"messages/{each}").status_code == 204
    again = {"message": text("One", idempotency_key="k1")}
    refused(sandbox.api("POST", f"chats/{chat}/messages", again), 404, 2002)
    refused(sandbox.api("POST", "chats", created), 404, 2002)
    refused(sandbox.api("POST", "messages", chosen), 404, 2002)
    assert sandbox.stats()["accepted"]["total"] == 4


def test_what_is_not_there_is_not_deleted(sandbox: SandboxServer) -> None:
    refused(sandbox.api("DELETE", f"messages/{uuid.uuid4()}"), 404, 2002)
    refused(sandbox.api("DELETE", "messages/nonsense"), 400, 1005)
