"""A flagged line: nothing can be done from it (403, code 2027), everything can be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import ANA, BEN, LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer

A, B, C = (f"{name}@example.com" for name in ("ann", "bob", "cem"))


@pytest.fixture
def world(sandbox: SandboxServer) -> dict[str, str]:
    """A group with a message and a poll in it, on a line that is then flagged."""
    chat = open_chat(sandbox, A, B, C)
    poll = sandbox.api("POST", f"chats/{chat['id']}/polls", {"poll": {"options": [{"text": "x"}, {"text": "y"}]}})
    sandbox.control(f"lines/{LINES[0]}/flag", {})
    option = poll.json()["poll"]["options"][0]["option_id"]
    return {
        "chat": chat["id"], "message": chat["message"]["id"], "poll": poll.json()["message_id"], "option": option
    }  # fmt: skip


ACTIONS: list[tuple[str, str, Any]] = [
    ("POST", "chats", {"from": LINES[0], "to": [ANA], "message": text("Hello")}),
    ("POST", "chats", {"from": LINES[0], "to": [A, B, C], "message": text("Hello")}),
    ("POST", "chats/{chat}/messages", {"message": text("Hello")}),
    ("POST", "chats/{chat}/voicememo", {"voice_memo_url": "https://files.example.com/a.m4a"}),
    ("POST", "chats/{chat}/polls", {"poll": {"options": [{"text": "x"}, {"text": "y"}]}}),
    ("POST", "chats/{chat}/typing", None),
    ("DELETE", "chats/{chat}/typing", None),
    ("POST", "chats/{chat}/participants", {"handle": BEN}),
    ("DELETE", "chats/{chat}/participants", {"handle": A}),
    ("POST", "chats/{chat}/leave", None),
    ("PUT", "chats/{chat}", {"display_name": "Crew"}),
    ("PATCH", "messages/{message}", {"text": "Hello again"}),
    ("POST", "messages/{message}/reactions", {"operation": "add", "type": "love"}),
    ("POST", "messages/{message}/reactions", {"operation": "add", "type": "sticker", "emoji": "⭐"}),
    ("POST", "messages/{poll}/poll/options", {"options": [{"text": "z"}]}),
    ("POST", "messages/{poll}/poll/votes", {"operation": "add", "option_id": "{option}"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ACTIONS)
def test_nothing_can_be_done(sandbox: SandboxServer, world: dict[str, str], method: str, path: str, body: Any) -> None:
    if body and body.get("option_id"):
        body = {**body, "option_id": world["option"]}
    before = sandbox.stats()["messages"]
    refused(sandbox.api(method, path.format(**world), body), 403, 2027)
    assert sandbox.stats()["messages"] == before


@pytest.mark.parametrize(
    "path",
    [
        "chats",
        "chats/{chat}",
        "chats/{chat}/messages",
        "messages/{message}",
        "messages/{message}/thread",
        "messages/{poll}/poll",
        "phone_numbers",
    ],
)
def test_everything_can_be_read(sandbox: SandboxServer, world: dict[str, str], path: str) -> None:
    assert sandbox.api("GET", path.format(**world)).status_code == 200


def test_other_lines_go_on_and_this_one_after_its_flag(sandbox: SandboxServer, world: dict[str, str]) -> None:
    assert open_chat(sandbox, ANA, line=LINES[1])["is_group"] is False
    sandbox.control(f"lines/{LINES[0]}/unflag", {})
    sent = sandbox.api("POST", f"chats/{world['chat']}/messages", {"message": text("Back")})
    assert sent.status_code == 202
