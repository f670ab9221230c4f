"""Idempotency keys: one key, one message, the same answer every time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.sandbox.conftest import ANA, BEN, LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer


def counted(server: SandboxServer) -> dict[str, int]:
    found: dict[str, int] = server.stats()["accepted"]
    return found


def test_a_send_is_repeated_with_its_first_answer(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    first = sandbox.api("POST", f"chats/{chat}/messages", {"message": text("One", idempotency_key="k1")})
    again = sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Another text", idempotency_key="k1")})
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert counted(sandbox) == {
        "total": 2,
        "distinct_idempotency_keys": 1,
        "largest_count_for_one_key": 1,
        "duplicates_by_content_and_recipient": 0,
    }


def test_a_create_is_repeated_with_its_first_answer(sandbox: SandboxServer) -> None:
    body = {"from": LINES[0], "to": [ANA], "message": text("One", idempotency_key="k1")}
    first, again = sandbox.api("POST", "chats", body), sandbox.api("POST", "chats", body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert counted(sandbox)["total"] == 1


def test_the_key_may_come_in_the_header(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    answers = [
        sandbox.api("POST", f"chats/{chat}/messages", {"message": text("One")}, headers={"Idempotency-Key": "h1"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert sandbox.control(f"chats/{chat}")["messages"][-1]["idempotency_key"] == "h1"
    assert counted(sandbox)["total"] == 2


def test_creates_and_sends_do_not_share_keys(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA, message=text("One", idempotency_key="k1"))
    sent = sandbox.api("POST", f"chats/{chat['id']}/messages", {"message": text("Two", idempotency_key="k1")})
    assert sent.status_code == 202
    assert sent.json()["message"]["id"] != chat["message"]["id"]
    assert counted(sandbox)["largest_count_for_one_key"] == 2


def test_without_a_key_every_request_is_a_message(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    for _ in range(3):
        assert sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Same")}).status_code == 202
    assert counted(sandbox) == {
        "total": 4,
        "distinct_idempotency_keys": 0,
        "largest_count_for_one_key": 0,
        "duplicates_by_content_and_recipient": 2,
    }


def test_twenty_sends_at_once_with_one_key_are_one_message(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]

    def send(_: int) -> Any:
        return sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Once", idempotency_key="k20")})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert [answer.status_code for answer in answers] == [202] * 20
    assert len({answer.json()["message"]["id"] for answer in answers}) == 1
    keys = [message["idempotency_key"] for message in sandbox.control(f"chats/{chat}")["messages"]]
    assert keys.count("k20") == 1


def test_twenty_creates_at_once_with_one_key_are_one_chat_and_message(sandbox: SandboxServer) -> None:
    def create(_: int) -> Any:
        body = {"from": LINES[0], "to": [ANA, BEN], "message": text("Once", idempotency_key="k20")}
        return sandbox.api("POST", "chats", body)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(20)))
    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.json()["chat"]["message"]["id"] for answer in answers}) == 1
    assert counted(sandbox)["total"] == 1


def test_a_refused_send_leaves_its_key_free(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    refused(sandbox.api("POST", f"chats/{chat}/messages", {"message": text("", idempotency_key="k1")}), 400, 1005)
    sent = sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Full", idempotency_key="k1")})
    assert sent.status_code == 202
    assert sent.json()["message"]["parts"][0]["value"] == "Full"


def test_a_key_that_is_too_long_is_refused(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    body = {"message": text("Hello", idempotency_key="k" * 256)}
    refused(sandbox.api("POST", f"chats/{chat}/messages", body), 400, 1005)
    assert counted(sandbox)["total"] == 1
