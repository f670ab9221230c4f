"""App cards, App Clips and experiences: checked, then refused, because the account does not have them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sandbox.conftest import ANA, BEN, open_chat, refused
from tests.sandbox_server import SandboxServer

APP = {"name": "Chess", "team_id": "AB12CD34EF", "bundle_id": "com.example.chess"}
CARD = {"type": "imessage_app", "app": APP, "layout": {"caption": "Your move"}, "url": "https://example.com/game"}
CLIP = {"type": "app_clip", "value": "https://example.com/clip"}
EXPERIENCE = {"name": "pizza", "action": "order"}


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ({"parts": [CARD]}, 403, 2011),
        ({"parts": [CLIP]}, 403, 2011),
        ({"experience": EXPERIENCE}, 403, 2011),
        ({"parts": [{**CARD, "app": {**APP, "team_id": "short"}}]}, 400, 1008),
        ({"parts": [{**CARD, "layout": {}}]}, 400, 1008),
        ({"parts": [CARD, {"type": "text", "value": "x"}]}, 400, 1004),
        ({"parts": [CARD], "preferred_service": "SMS"}, 409, 2018),
        ({"parts": [CLIP], "preferred_service": "RCS"}, 409, 2028),
        ({"parts": [{"type": "app_clip"}]}, 400, 1001),
        ({"parts": [{"type": "app_clip", "value": "http://example.com"}]}, 400, 1005),
        ({"experience": {"name": "pizza"}}, 400, 1001),
        ({"experience": EXPERIENCE, "parts": [CARD]}, 400, 1004),
    ],
)
def test_none_of_them_is_sent_anywhere(sandbox: SandboxServer, message: dict[str, Any], status: int, code: int) -> None:
    chat = open_chat(sandbox, BEN)["id"]
    refused(sandbox.api("POST", f"chats/{chat}/messages", {"message": message}), status, code)
    refused(sandbox.api("POST", "messages", {"to": [BEN], "message": message}), status, code)
    refused(sandbox.api("POST", "messages", {"to": [ANA], "message": message}), status, code)
    assert sandbox.stats()["messages"] == 1
    assert sandbox.api("GET", "chats", params={"to": ANA}).json()["chats"] == []


def test_an_experience_has_one_recipient(sandbox: SandboxServer) -> None:
    body = {"to": [ANA, BEN], "message": {"experience": EXPERIENCE}}
    refused(sandbox.api("POST", "messages", body), 409, 2016)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"layout": {"caption": "Your move"}}, 403, 2011),
        ({"layout": {"caption": "Your move"}, "url": "https://example.com/2", "interactive": False}, 403, 2011),
        ({}, 400, 1001),
        ({"layout": {}}, 400, 1008),
        ({"layout": {"caption": "x"}, "url": "ftp://example.com"}, 400, 1008),
        ({"layout": {"caption": "x"}, "app": {"name": "Chess"}}, 400, 1008),
        ({"layout": {"caption": "x"}, "interactive": "no"}, 400, 1003),
    ],
)
def test_a_card_cannot_be_changed(sandbox: SandboxServer, body: dict[str, Any], status: int, code: int) -> None:
    message = open_chat(sandbox, BEN)["message"]["id"]
    refused(sandbox.api("POST", f"messages/{message}/update", body), status, code)


def test_a_card_that_is_not_there_cannot_be_changed(sandbox: SandboxServer) -> None:
    refused(sandbox.api("POST", f"messages/{uuid.uuid4()}/update", {"layout": {"caption": "x"}}), 404, 2002)
