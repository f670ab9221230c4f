"""Blocked handles: the list, and what it keeps out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

Subscribe = Callable[..., dict[str, Any]]
MAIL, OTHER = "ana@example.com", "ben@example.com"


def test_the_list_is_newest_first_and_idempotent(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    assert sdk.blocked_handles.list().blocked_handles == []
    first = sdk.blocked_handles.block(handle=" Ana@Example.COM ", reason="Abuse").blocked_handle
    assert (first.handle, first.reason) == (MAIL, "Abuse")
    for sender in ("+13055550123", "72345", "ACME"):
        assert sdk.blocked_handles.block(handle=sender).blocked_handle.handle == sender
    again = sdk.blocked_handles.block(handle=MAIL).blocked_handle
    assert again == first
    assert [row.handle for row in sdk.blocked_handles.list().blocked_handles] == [
        "ACME", "72345", "+13055550123", MAIL,
    ]  # fmt: skip
    answer = sandbox.api("DELETE", "blocked_handles", {"handle": "ANA@example.com"})
    assert (answer.status_code, answer.content) == (204, b"")
    sdk.blocked_handles.unblock(handle=MAIL)  # once more does no harm
    assert len(sdk.blocked_handles.list().blocked_handles) == 3


@pytest.mark.parametrize(("reason", "code"), [(7, 1003), ("x" * 501, 1005), ("a\x00b", 1005), ("a\ud800b", 1005)])
def test_a_bad_reason_is_refused(sandbox: SandboxServer, reason: object, code: int) -> None:
    refused(sandbox.api("POST", "blocked_handles", {"handle": MAIL, "reason": reason}), 400, code)
    assert sandbox.api("GET", "blocked_handles").json() == {"blocked_handles": []}


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("body", "code"),
    [({}, 1001), ({"handle": 7}, 1003), ({"handle": "+1 (305) 555-0123"}, 1002), ({"handle": ""}, 1002)],
)
def test_a_bad_handle_is_refused(sandbox: SandboxServer, method: str, body: dict[str, Any], code: int) -> None:
    refused(sandbox.api(method, "blocked_handles", body), 400, code)


def test_nothing_is_sent_to_a_blocked_handle_from_any_line(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.api("POST", "blocked_handles", {"handle": MAIL})
    refused(sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Hi"), "override_optout": True}), 403, 2026)
    for line in LINES[:2]:
        refused(sandbox.api("POST", "chats", {"from": line, "to": [MAIL], "message": text("Hi")}), 403, 2026)
    refused(sandbox.api("POST", "messages", {"to": [MAIL], "message": text("Hi")}), 403, 2026)
    assert sandbox.stats()["accepted"]["total"] == 1
    assert len(sandbox.api("GET", "chats").json()["chats"]) == 1
    sandbox.api("DELETE", "blocked_handles", {"handle": MAIL})
    assert sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Hi")}).status_code == 202


def test_a_group_is_free_while_anybody_in_it_is_not_blocked(sandbox: SandboxServer) -> None:
    group = open_chat(sandbox, MAIL, OTHER)["id"]
    sandbox.api("POST", "blocked_handles", {"handle": MAIL})
    assert sandbox.api("POST", f"chats/{group}/messages", {"message": text("Hi")}).status_code == 202
    sandbox.api("POST", "blocked_handles", {"handle": OTHER})
    refused(sandbox.api("POST", f"chats/{group}/messages", {"message": text("Hi")}), 403, 2026)


def test_what_a_blocked_handle_says_is_not_heard(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, "STOP", chat_id=chat)
    wait_for(lambda: sandbox.api("GET", f"messages/{sent(sandbox, chat)}").json()["delivery_status"] != "pending")
    sandbox.api("POST", "blocked_handles", {"handle": MAIL})
    before = sandbox.control(f"chats/{chat}")
    subscribe("message.received", "contact_card.received", "chat.typing_indicator.started")
    assert sandbox.say(MAIL, "I changed my mind", chat_id=chat) == {"chat_id": chat, "message": None}
    after = sandbox.control(f"chats/{chat}")
    assert after["inbound"] == before["inbound"] == 1
    assert len(after["messages"]) == len(before["messages"])
    assert [row["opted_out_at"] is None for row in sandbox.people()] == [False]  # not even that
    sandbox.say(OTHER, "Hello", line=LINES[0])
    heard = receiver.wait("message.received").data
    assert heard["sender_handle"]["handle"] == OTHER
    wait_for(lambda: sandbox.stats()["webhooks"]["waiting"] == 0)
    assert len(receiver.of("message.received")) == 1


def sent(server: SandboxServer, chat: str) -> str:
    messages = server.api("GET", f"chats/{chat}/messages").json()["messages"]
    return next(str(message["id"]) for message in messages if message["is_from_me"])


def test_the_list_survives_nothing_but_a_new_world(sandbox: SandboxServer) -> None:
    sandbox.api("POST", "blocked_handles", {"handle": MAIL})
    sandbox.reset()
    open_chat(sandbox, MAIL)
    assert sandbox.api("GET", "blocked_handles").json() == {"blocked_handles": []}


def test_what_a_blocked_handle_does_is_not_told(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("chat.typing_indicator.started")
    chats = {handle: open_chat(sandbox, handle)["id"] for handle in (MAIL, OTHER)}
    sandbox.control("clock", {"advance_seconds": 600})  # their own answers are over
    sandbox.api("POST", "blocked_handles", {"handle": MAIL})
    wait_for(lambda: sandbox.stats()["webhooks"]["waiting"] == 0)
    before = len(receiver.got)
    for handle, chat in chats.items():
        sandbox.control(f"people/{handle}/typing", {"chat_id": chat})
    wait_for(lambda: len(receiver.got) > before, what="the other one's typing")
    wait_for(lambda: sandbox.stats()["webhooks"]["waiting"] == 0)
    assert [each.data["actor_handle"]["handle"] for each in receiver.got[before:]] == [OTHER]
