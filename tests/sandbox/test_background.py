"""The background of a chat's transcript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3
from linq.types import ChatBackgroundUpdatedWebhookEvent

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

Subscribe = Callable[..., dict[str, Any]]
UPDATED = "chat.background_updated"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"type": "color", "variant": "mango", "shades": ["#000000", "#FFFFFF"]},
            {"type": "color", "variant": "mango", "style": None, "shades": None, "image_url": None},
        ),
        (
            {"type": "color", "shades": ["#F2C4E1", "#F5A623"]},
            {"type": "color", "variant": "custom", "style": None, "shades": ["#F2C4E1", "#F5A623"], "image_url": None},
        ),
        (
            {"type": "dynamic", "style": "sky", "variant": "dusk"},
            {"type": "dynamic", "variant": "dusk", "style": "sky", "shades": None, "image_url": None},
        ),
        (
            {"type": "photo", "image_url": "https://images.example.com/sea.jpg"},
            {
                "type": "photo",
                "variant": None,
                "style": None,
                "shades": None,
                "image_url": "https://images.example.com/sea.jpg",
            },
        ),
    ],
)
def test_a_background_is_set_and_told(
    sandbox: SandboxServer,
    sdk: LinqAPIV3,
    receiver: Receiver,
    subscribe: Subscribe,
    body: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    subscribe(UPDATED)
    chat = open_chat(sandbox, "ana@example.com", "ben@example.com")["id"]  # groups have one too
    sdk.chats.background.set(chat, **body)
    told = receiver.wait(UPDATED)
    ChatBackgroundUpdatedWebhookEvent.model_validate(told.event)
    data = told.data
    assert set(data) == {"chat", "actor_handle", "background"}
    assert (data["chat"]["id"], data["chat"]["is_group"]) == (chat, True)
    assert data["chat"]["owner_handle"]["handle"] == data["actor_handle"]["handle"] == LINES[0]
    assert data["background"] == expected


def test_a_background_is_taken_away(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe(UPDATED)
    chat = open_chat(sandbox, "ana@example.com")["id"]
    answer = sandbox.api("DELETE", f"chats/{chat}/background")
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["trace_id"]) == ("accepted", answer.headers["X-Trace-ID"])
    told = receiver.wait(UPDATED)
    assert told.data["background"] is None
    assert told.event["trace_id"] == answer.headers["X-Trace-ID"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1001),
        ({"type": "video"}, 1005),
        ({"type": "color"}, 1001),
        ({"type": "color", "variant": "custom"}, 1001),
        ({"type": "color", "variant": "beige"}, 1005),
        ({"type": "color", "variant": "custom", "shades": ["#F2C4E1"]}, 1005),
        ({"type": "color", "shades": ["red", "blue"]}, 1005),
        ({"type": "dynamic", "variant": "dusk"}, 1001),
        ({"type": "dynamic", "style": "sky"}, 1001),
        ({"type": "dynamic", "style": "fire", "variant": "dusk"}, 1005),
        ({"type": "dynamic", "style": "water", "variant": "dusk"}, 1005),
        ({"type": "photo"}, 1001),
        ({"type": "photo", "image_url": "http://images.example.com/sea.jpg"}, 5007),
        ({"type": "photo", "image_url": "https://10.0.0.1/sea.jpg"}, 5007),
        ({"type": "photo", "image_url": "https://images.example.com/sea.pdf"}, 5006),
    ],
)
def test_a_bad_background_is_refused(sandbox: SandboxServer, body: dict[str, Any], code: int) -> None:
    chat = open_chat(sandbox, "ana@example.com")["id"]
    refused(sandbox.api("POST", f"chats/{chat}/background", body), 400, code)


def test_other_services_take_it_and_do_nothing(demo: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe(UPDATED, "chat.background_update_failed")
    chats = demo.api("GET", "chats", params={"limit": 100}).json()["chats"]
    plain = next(each["id"] for each in chats if each["service"] == "SMS")
    rich = next(each["id"] for each in chats if each["service"] == "iMessage")
    for chat in (plain, rich):
        body = {"type": "color", "variant": "ice"}
        assert demo.api("POST", f"chats/{chat}/background", body).status_code == 202
    receiver.wait(UPDATED)
    wait_for(lambda: demo.stats()["webhooks"]["waiting"] == 0)
    assert [each.data["chat"]["id"] for each in receiver.got] == [rich]


def test_a_background_needs_a_chat(sandbox: SandboxServer) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    refused(sandbox.api("POST", f"chats/{unknown}/background", {"type": "color", "variant": "ice"}), 404, 2001)
    refused(sandbox.api("DELETE", f"chats/{unknown}/background"), 404, 2001)
