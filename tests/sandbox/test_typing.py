"""Our line types, and reads, in every kind of chat; and what stops it."""

from __future__ import annotations

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox_server import SandboxServer

UNKNOWN = "00000000-0000-4000-8000-000000000000"
WRITES = [("POST", "typing"), ("DELETE", "typing"), ("POST", "read")]


def test_typing_is_taken_in_direct_chats_and_groups(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    for people in (["ana@example.com"], ["ana@example.com", "ben@example.com"]):
        chat = open_chat(sandbox, *people)["id"]
        sdk.chats.typing.start(chat)
        sdk.chats.typing.stop(chat)
        for method, path in WRITES:
            answer = sandbox.api(method, f"chats/{chat}/{path}")
            assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("service", ["iMessage", "RCS", "SMS"])
def test_typing_is_taken_on_every_service(demo: SandboxServer, service: str) -> None:
    chats = demo.api("GET", "chats", params={"limit": 100}).json()["chats"]
    chat = next(each["id"] for each in chats if each["service"] == service)
    for method, path in WRITES:
        assert demo.api(method, f"chats/{chat}/{path}").status_code == 204


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_an_unknown_chat_is_not_found(sandbox: SandboxServer, method: str, path: str) -> None:
    refused(sandbox.api(method, f"chats/{UNKNOWN}/{path}"), 404, 2001)
    refused(sandbox.api(method, f"chats/here/{path}"), 400, 1005)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "typing", None),
        ("DELETE", "typing", None),
        ("POST", "background", {"type": "color", "variant": "ice"}),
        ("DELETE", "background", None),
        ("POST", "location/request", None),
        ("POST", "share_contact_card", None),
    ],
)
def test_a_flagged_line_does_nothing_in_its_chats(
    sandbox: SandboxServer, method: str, path: str, body: dict[str, str] | None
) -> None:
    chat = open_chat(sandbox, "ana@example.com")["id"]
    sandbox.control(f"lines/{LINES[0]}/flag", {})
    refused(sandbox.api(method, f"chats/{chat}/{path}", body), 403, 2027)
    for reading in ("", "/location", "/messages"):  # what only reads goes on
        assert sandbox.api("GET", f"chats/{chat}{reading}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "typing", None),
        ("DELETE", "typing", None),
        ("POST", "read", None),
        ("POST", "background", {"type": "color", "variant": "ice"}),
        ("DELETE", "location", {"handle": "ana@example.com"}),
        ("POST", "share_contact_card", None),
    ],
)
def test_a_chat_that_was_left_is_not_available(
    sandbox: SandboxServer, method: str, path: str, body: dict[str, str] | None
) -> None:
    chat = open_chat(sandbox, *(f"{name}@example.com" for name in ("ana", "ben", "cara")))["id"]
    assert sandbox.api("POST", f"chats/{chat}/leave").status_code == 202
    sandbox.control("clock", {"advance_seconds": 5})
    refused(sandbox.api(method, f"chats/{chat}/{path}", body), 409, 2013)
