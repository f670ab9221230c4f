"""Sends into chats are taken many at once: each gets its own answer, and none sees less than those before it."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.sandbox.conftest import ANA, BEN, CARA, DEV, ELLA, open_chat, refused, text
from tests.sandbox_server import SandboxServer

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def at_once(server: SandboxServer, sends: list[tuple[str, dict[str, Any]]]) -> list[requests.Response]:
    """Send these bodies into these chats, all at the same time."""
    with ThreadPoolExecutor(len(sends)) as pool:
        return list(pool.map(lambda each: server.api("POST", f"chats/{each[0]}/messages", each[1]), sends))


def sent_into(server: SandboxServer, chat: str) -> list[str]:
    found = server.control(f"chats/{chat}")["messages"]
    return sorted(each["parts"][0]["value"] for each in found if each["is_from_me"])


def test_sends_at_once_each_arrive_once(sandbox: SandboxServer) -> None:
    sandbox.control("clock", {"step": True})
    chats = [open_chat(sandbox, handle)["id"] for handle in (ANA, BEN, CARA, DEV, ELLA)]
    texts = [(chat, f"{chat} {number}") for chat in chats for number in range(4)]
    answers = at_once(sandbox, [(chat, {"message": text(each, idempotency_key=each)}) for chat, each in texts])
    assert [each.status_code for each in answers] == [202] * 20
    assert [each.json()["message"]["parts"][0]["value"] for each in answers] == [each for _, each in texts]
    for chat in chats:
        assert sent_into(sandbox, chat) == sorted(["Hello there", *(each for owner, each in texts if owner == chat)])
    assert sandbox.stats()["accepted"] == {
        "total": 25,
        "distinct_idempotency_keys": 20,
        "largest_count_for_one_key": 1,
        "duplicates_by_content_and_recipient": 0,
    }


def test_what_is_refused_holds_up_nothing_else(sandbox: SandboxServer) -> None:
    good, group, gone = (
        open_chat(sandbox, ANA)["id"],
        open_chat(sandbox, BEN, CARA)["id"],
        open_chat(sandbox, DEV)["id"],
    )
    sandbox.control(f"people/{DEV}/opt_out", {"chat_id": gone})
    answers = at_once(
        sandbox,
        [
            (UNKNOWN, {"message": text("Nobody")}),
            (gone, {"message": text("Stop")}),
            (good, {"message": text("Good")}),
            (ELLA, {"message": text("No id")}),
            (group, {"message": text("@Ben", mention=BEN)}),
            (group, {"message": {"parts": []}}),
        ],
    )
    refused(answers[0], 404, 2001)
    refused(answers[1], 403, 2024)
    assert answers[2].status_code == 202
    refused(answers[3], 400, 1005)
    assert answers[4].status_code == 202
    refused(answers[5], 400, 1004)
    assert sandbox.stats()["accepted"]["total"] == 5


def test_the_limit_to_one_person_holds_for_sends_at_once(sandbox: SandboxServer) -> None:
    sandbox.control("clock", {"step": True})
    chat = open_chat(sandbox, ANA)["id"]
    answers = at_once(sandbox, [(chat, {"message": text(f"Number {number}")}) for number in range(34)])
    statuses = sorted(each.status_code for each in answers)
    assert statuses == [202] * 29 + [429] * 5
    assert sandbox.stats()["accepted"]["total"] == 30


def test_both_ways_in_answer_alike(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    body = {"message": text("Once", idempotency_key="k1")}
    short = sandbox.api("POST", f"chats/{chat}/messages", body)
    # a content type that is written otherwise goes through Django
    long = sandbox.api(
        "POST", f"chats/{chat}/messages", body, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    other = {"message": text("Twice")}
    whole = sandbox.api(
        "POST", f"chats/{chat}/messages", other, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert (short.status_code, long.status_code, whole.status_code) == (202, 202, 202)
    assert long.json() == short.json()
    assert list(whole.json()) == list(short.json())
    assert list(whole.json()["message"]) == list(short.json()["message"])
    assert sent_into(sandbox, chat) == ["Hello there", "Once", "Twice"]


def test_what_is_no_request_is_refused_as_everywhere(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    path = f"{sandbox.base_url}/v3/chats/{chat}/messages"
    known = {"Authorization": "Bearer sandbox-token", "Content-Type": "application/json"}
    for content in (b'{"message": ', b"[]", b'{"message": NaN}', b"\xff", b"\xef\xbb\xbf{}"):
        refused(requests.post(path, data=content, headers=known, timeout=30), 400, 1003)
    refused(requests.post(path, data=b"{}", headers=known | {"Authorization": "Bearer other"}, timeout=30), 401, 2004)
    refused(requests.post(path, data=b"{}", headers=known | {"Content-Type": "text/plain"}, timeout=30), 400, 1003)
    assert sandbox.stats()["accepted"]["total"] == 1


def test_an_answered_send_outlives_a_killed_process() -> None:
    own = SandboxServer()
    try:
        own.start("empty")
        chat = open_chat(own, ANA)["id"]
        answer = own.api("POST", f"chats/{chat}/messages", {"message": text("Kept", idempotency_key="k1")})
        os.kill(own.pid, signal.SIGKILL)
        own.end()
        own.start("empty")
        assert sent_into(own, chat) == ["Hello there", "Kept"]
        again = own.api("POST", f"chats/{chat}/messages", {"message": text("Kept", idempotency_key="k1")})
        assert again.json() == answer.json()
        assert own.stats()["accepted"]["total"] == 2
    finally:
        own.stop()
