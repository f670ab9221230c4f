"""Lines that are shared, or of a sandbox account: people have to write first (403, code 2008)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer

A, B, C = (f"{name}@example.com" for name in ("ann", "bob", "cem"))


def inbound_first(server: SandboxServer, *lines: str) -> None:
    for line in lines:
        server.control(f"lines/{line}/settings", {"inbound_first": True})


@pytest.mark.parametrize("first", ["STOP it", "Hello"])
def test_nobody_is_written_to_before_they_wrote_to_the_line(sandbox: SandboxServer, first: str) -> None:
    inbound_first(sandbox, LINES[0])
    send = {"from": LINES[0], "to": [A], "message": text("Hi")}
    refused(sandbox.api("POST", "chats", send), 403, 2008)
    assert sandbox.stats()["accepted"]["total"] == 0
    assert sandbox.api("GET", "chats").json()["chats"] == []
    sandbox.say(A, first, line=LINES[1])  # another line is no help
    refused(sandbox.api("POST", "chats", send), 403, 2008)
    sandbox.say(A, first, line=LINES[0])
    assert sandbox.api("POST", "chats", send).status_code == 201


def test_it_holds_for_everything_that_is_sent(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, A)["id"]
    inbound_first(sandbox, *LINES)
    sends: list[tuple[str, dict[str, Any]]] = [
        (f"chats/{chat}/messages", {"message": text("Hi")}),
        (f"chats/{chat}/voicememo", {"voice_memo_url": "https://files.example.com/a.m4a"}),
        (f"chats/{chat}/polls", {"poll": {"options": [{"text": "x"}, {"text": "y"}]}}),
        ("messages", {"to": [A], "message": text("Hi")}),
        ("messages", {"to": [B], "message": text("Hi")}),
    ]
    for path, body in sends:
        refused(sandbox.api("POST", path, body), 403, 2008)
    assert sandbox.stats()["accepted"]["total"] == 1
    sandbox.control(f"lines/{LINES[0]}/settings", {"inbound_first": False})
    assert sandbox.api("POST", *sends[0]).status_code == 202


def test_in_a_group_everybody_must_have_written(sandbox: SandboxServer) -> None:
    inbound_first(sandbox, LINES[0])
    send = {"from": LINES[0], "to": [A, B], "message": text("Hi")}
    sandbox.say(A, "Hello", line=LINES[0])
    refused(sandbox.api("POST", "chats", send), 403, 2008)
    sandbox.say(B, "Hello", line=LINES[0])
    group = sandbox.api("POST", "chats", send).json()["chat"]["id"]
    refused(sandbox.api("POST", f"chats/{group}/participants", {"handle": C}), 403, 2008)
    sandbox.say(C, "Hello", line=LINES[0])
    assert sandbox.api("POST", f"chats/{group}/participants", {"handle": C}).status_code == 202


def test_a_setting_is_true_or_false(sandbox: SandboxServer) -> None:
    for value in (1, "yes", None):
        answer = sandbox.control_answer(f"lines/{LINES[0]}/settings", {"inbound_first": value})
        refused(answer, 400, 1005)
    shown = sandbox.control(f"lines/{LINES[0]}/settings", {"inbound_first": True})
    assert shown == {"phone_number": LINES[0], "line_type": "iMessage", "rcs": "ready", "inbound_first": True}
