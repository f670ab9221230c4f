"""POST /v3/messages: the line and the chat are chosen, and said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from linq import LinqAPIV3

from tests.sandbox.conftest import ANA, BEN, LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"


def send(server: SandboxServer, *to: str, value: str = "Hello there", **more: Any) -> requests.Response:
    headers = more.pop("headers", {})
    return server.api("POST", "messages", {"to": list(to), "message": text(value), **more}, headers=headers)


def flag(server: SandboxServer, *lines: str) -> None:
    for line in lines:
        server.control(f"lines/{line}/flag", {})


def test_people_without_a_chat_get_one_on_a_line_that_can_send(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("chat.created", "message.sent")
    answer = sdk.messages.create(
        to=[MAIL], message={"parts": [{"type": "link", "value": "https://example.com/hello"}]}, idempotency_key="k1"
    )
    assert answer.from_ in LINES
    assert (answer.from_selection.reason, answer.from_selection.reused_existing_chat) == ("new_best_number", False)
    assert (answer.created_new_chat, answer.previous_chat_id) == (True, None)
    assert (answer.is_group, answer.service) == (False, "iMessage")
    assert [handle.handle for handle in answer.handles] == [answer.from_, MAIL]
    assert receiver.wait("chat.created").data["id"] == answer.chat_id
    sent = receiver.wait("message.sent").data
    assert (sent["id"], sent["idempotency_key"]) == (answer.message.id, "k1")


def test_the_answer_is_202_with_every_field(sandbox: SandboxServer) -> None:
    answer = send(sandbox, ANA)
    assert answer.status_code == 202
    assert set(answer.json()) == {
        "chat_id", "created_new_chat", "from", "from_selection", "handles", "is_group", "message", "service",
        "previous_chat_id",
    }  # fmt: skip


def test_an_existing_chat_is_used_on_its_line(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA, BEN, line=LINES[3])
    answer = send(sandbox, BEN, ANA).json()
    assert (answer["chat_id"], answer["from"], answer["is_group"]) == (chat["id"], LINES[3], True)
    assert answer["from_selection"] == {"reason": "reused_active_chat", "reused_existing_chat": True}
    assert (answer["created_new_chat"], answer["previous_chat_id"]) == (False, None)
    assert sandbox.control(f"chats/{chat['id']}")["messages"][-1]["id"] == answer["message"]["id"]


def test_of_two_chats_the_one_that_was_active_last_is_used(sandbox: SandboxServer) -> None:
    older = open_chat(sandbox, ANA, line=LINES[0])["id"]
    newer = open_chat(sandbox, ANA, line=LINES[1])["id"]
    assert send(sandbox, ANA).json()["chat_id"] == newer
    sandbox.api("POST", f"chats/{older}/messages", {"message": text("Back here")})
    assert send(sandbox, ANA).json()["chat_id"] == older


def test_new_chats_go_round_the_lines(sandbox: SandboxServer) -> None:
    used = [send(sandbox, f"person{number}@example.com").json()["from"] for number in range(5)]
    assert sorted(used) == LINES


def test_an_unhealthy_line_is_the_last_choice(sandbox: SandboxServer) -> None:
    for line in LINES[:4]:
        sandbox.control(f"lines/{line}/reputation", {"reputation": "AT_RISK"})
    used = [send(sandbox, f"person{number}@example.com").json()["from"] for number in range(3)]
    assert used == [LINES[4]] * 3


def test_a_chat_on_a_flagged_line_is_abandoned_for_a_new_one(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    flag(sandbox, LINES[0])
    answer = send(sandbox, ANA, value="As I said").json()
    assert answer["from_selection"] == {"reason": "failover_flagged", "reused_existing_chat": False}
    assert answer["previous_chat_id"] == chat
    assert answer["created_new_chat"] is True
    assert answer["from"] in LINES[1:]
    assert [part["value"] for part in answer["message"]["parts"]] == ["As I said"]
    again = send(sandbox, ANA).json()
    assert (again["chat_id"], again["from_selection"]["reason"]) == (answer["chat_id"], "reused_active_chat")


def test_the_continuation_is_sent_on_failover_only(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    more = {"continuation_message": {"text": "Writing from a new number"}}
    used = send(sandbox, ANA, value="First", **more).json()
    assert (used["chat_id"], used["message"]["parts"][0]["value"]) == (chat, "First")
    new = send(sandbox, BEN, value="First", **more).json()
    assert (new["from_selection"]["reason"], new["message"]["parts"][0]["value"]) == ("new_best_number", "First")
    flag(sandbox, LINES[0])
    moved = send(sandbox, ANA, value="Second", **more).json()
    assert moved["message"]["parts"][0]["value"] == "Writing from a new number"
    assert len(sandbox.control(f"chats/{moved['chat_id']}")["messages"]) == 1


def test_an_excluded_line_is_not_picked_but_keeps_its_live_chat(sandbox: SandboxServer) -> None:
    assert send(sandbox, ANA, exclude_from=LINES[:4]).json()["from"] == LINES[4]
    kept = send(sandbox, ANA, exclude_from=[LINES[4], "+12025550199"]).json()
    assert (kept["from"], kept["from_selection"]["reason"]) == (LINES[4], "reused_active_chat")
    other = open_chat(sandbox, ANA, line=LINES[0])["id"]
    send(sandbox, ANA, exclude_from=[LINES[0]])
    assert send(sandbox, ANA, exclude_from=[LINES[4]]).json()["chat_id"] == other


def test_excluding_every_line_is_refused(sandbox: SandboxServer) -> None:
    refused(send(sandbox, ANA, exclude_from=LINES), 400, 1005)
    flag(sandbox, LINES[0])
    refused(send(sandbox, ANA, exclude_from=LINES[1:]), 400, 1005)
    assert sandbox.stats()["messages"] == 0


def test_no_line_that_can_send_is_a_conflict(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    flag(sandbox, *LINES)
    refused(send(sandbox, BEN), 409, 2027)
    refused(send(sandbox, ANA), 409, 2027)
    assert len(sandbox.control(f"chats/{chat}")["messages"]) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"message": text("Hello")}, 1001),
        ({"to": [ANA]}, 1001),
        ({"to": ANA, "message": text("Hello")}, 1003),
        ({"to": [], "message": text("Hello")}, 1005),
        ({"to": [f"a{number}@example.com" for number in range(32)], "message": text("Hello")}, 1005),
        ({"to": ["202 555 0199"], "message": text("Hello")}, 1002),
        ({"to": [ANA], "message": text("Hello"), "exclude_from": "+12025550101"}, 1003),
        ({"to": [ANA], "message": text("Hello"), "exclude_from": ["2025550101"]}, 1002),
        ({"to": [ANA], "message": text("Hello"), "continuation_message": "Hi"}, 1003),
        ({"to": [ANA], "message": text("Hello"), "continuation_message": {}}, 1001),
        ({"to": [ANA], "message": text("Hello"), "continuation_message": {"text": ""}}, 1005),
        ({"to": [ANA], "message": text("Hello"), "override_optout": "yes"}, 1003),
        ({"to": [ANA], "message": {"parts": [{"type": "text", "value": ""}]}}, 1005),
    ],
)
def test_a_bad_request_is_refused(sandbox: SandboxServer, body: dict[str, Any], code: int) -> None:
    refused(sandbox.api("POST", "messages", body), 400, code)
    assert sandbox.stats()["messages"] == 0


def test_whoever_opted_out_is_not_written_to(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, "STOP", chat_id=chat)
    refused(send(sandbox, MAIL), 403, 2024)
    assert send(sandbox, MAIL, override_optout=True).status_code == 202


def test_a_mention_needs_somebody_who_is_there(sandbox: SandboxServer) -> None:
    mention = {"message": {"parts": [{"type": "text", "value": "Ben", "mention": BEN}]}}
    refused(sandbox.api("POST", "messages", {"to": [ANA], **mention}), 409, 2023)
    refused(sandbox.api("POST", "messages", {"to": [ANA, MAIL], **mention}), 409, 2023)
    assert sandbox.api("POST", "messages", {"to": [ANA, BEN], **mention}).status_code == 202


def test_a_key_is_answered_once_whether_in_the_header_or_in_the_body(sandbox: SandboxServer) -> None:
    first = send(sandbox, ANA, headers={"Idempotency-Key": "k1"})
    again = send(sandbox, ANA, value="Other", message=text("Other", idempotency_key="k1"))
    assert (again.status_code, again.json()) == (202, first.json())
    # With one in each place, the one in the body counts.
    body = send(sandbox, ANA, message=text("New", idempotency_key="k2"), headers={"Idempotency-Key": "k1"})
    assert body.json()["message"]["id"] != first.json()["message"]["id"]
    assert sandbox.stats()["accepted"]["total"] == 2


def test_a_blocked_handle_is_not_written_to(sandbox: SandboxServer) -> None:
    assert sandbox.api("POST", "blocked_handles", {"handle": MAIL}).status_code == 200
    refused(send(sandbox, MAIL), 403, 2026)
    assert sandbox.api("GET", "chats", params={"to": MAIL}).json()["chats"] == []


def test_the_thirty_first_message_in_a_minute_has_to_wait(sandbox: SandboxServer) -> None:
    for _ in range(30):
        assert send(sandbox, MAIL).status_code == 202
    error = refused(send(sandbox, MAIL), 429, 1007)
    assert 1 <= error["retry_after"] <= 60
    chat = sandbox.api("GET", "chats", params={"to": MAIL}).json()["chats"][0]["id"]
    poll = {"poll": {"options": [{"text": "x"}, {"text": "y"}]}}
    refused(sandbox.api("POST", f"chats/{chat}/polls", poll), 429, 1007)
    memo = {"voice_memo_url": "https://files.example.com/a.m4a"}
    refused(sandbox.api("POST", f"chats/{chat}/voicememo", memo), 429, 1007)
    assert sandbox.stats()["accepted"]["total"] == 30


@pytest.mark.parametrize(
    "message",
    [
        text("Hello", effect={"name": "a\x00", "type": "screen"}),
        text("Hello", effect={"name": "\ud800", "type": "screen"}),
        text("Hello", idempotency_key="\ud800"),
        text("Hello", idempotency_key="a\x00"),
        text("\ud800"),
    ],
)
def test_what_cannot_be_kept_is_refused(sandbox: SandboxServer, message: dict[str, Any]) -> None:
    refused(sandbox.api("POST", "messages", {"to": [ANA], "message": message}), 400, 1005)


def test_what_is_not_part_of_a_message_is_left_out(sandbox: SandboxServer) -> None:
    decoration = {"range": [0, 5], "style": "bold", "colour": "red\x00"}
    part = {"type": "text", "value": "Hello", "text_decorations": [decoration], "font": "x"}
    message = {"parts": [part], "effect": {"name": "slam", "type": "bubble", "loud": True}}
    sent = sandbox.api("POST", "messages", {"to": [ANA], "message": message}).json()["message"]
    assert sent["parts"][0]["text_decorations"] == [{"range": [0, 5], "style": "bold"}]
    assert "font" not in sent["parts"][0]
    assert sent["effect"] == {"name": "slam", "type": "bubble"}
