"""Contact cards of lines: made, changed, shared, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from linq import APIStatusError, LinqAPIV3
from linq.types import ContactCardCreatedWebhookEvent, ContactCardUpdatedWebhookEvent

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer

Subscribe = Callable[..., dict[str, Any]]
MAIL = "ana@example.com"
PICTURE = "https://images.example.com/shop.png"


def make(server: SandboxServer, line: str = LINES[0], **more: Any) -> dict[str, Any]:
    answer = server.api("POST", "contact_card", {"phone_number": line, "first_name": "Shop", **more})
    assert answer.status_code == 200, answer.text
    card: dict[str, Any] = answer.json()
    return card


def test_a_card_is_made_read_and_changed(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("contact_card.created", "contact_card.updated")
    made = sdk.contact_card.create(phone_number=LINES[0], first_name="Shop", last_name="North")
    assert (made.first_name, made.last_name, made.image_url, made.is_active) == ("Shop", "North", None, True)
    assert sdk.contact_card.retrieve(phone_number=LINES[0]).contact_cards[0].to_dict() == made.to_dict()
    created = receiver.wait("contact_card.created").data
    assert set(created) == {"summary", "occurred_at", "actor", "origin", "phone_number", "contact_card"}
    assert (created["actor"], created["origin"], created["phone_number"]) == ({"type": "api"}, "api", LINES[0])
    assert created["contact_card"]["first_name"] == "Shop"

    changed = sdk.contact_card.update(phone_number=LINES[0], first_name="The shop", image_url=PICTURE)
    assert (changed.first_name, changed.last_name, changed.image_url) == ("The shop", "North", PICTURE)
    updated = receiver.wait("contact_card.updated").data
    ContactCardCreatedWebhookEvent.model_validate(receiver.of("contact_card.created")[0].event)
    ContactCardUpdatedWebhookEvent.model_validate(receiver.of("contact_card.updated")[0].event)
    assert updated["change"] == {
        "first_name": {"from": "Shop", "to": "The shop"},
        "image_url": {"from": None, "to": PICTURE},
    }
    assert updated["contact_card"]["id"] == created["contact_card"]["id"]
    make(sandbox, LINES[1])
    assert [card.phone_number for card in sdk.contact_card.retrieve().contact_cards] == LINES[:2]


def test_a_card_is_made_once(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    make(sandbox)
    with pytest.raises(APIStatusError) as twice:
        sdk.contact_card.create(phone_number=LINES[0], first_name="Other")
    assert twice.value.status_code == 409
    again = sandbox.api("POST", "contact_card", {"phone_number": LINES[0], "first_name": "Other"})
    refused(again, 409, 2014)
    assert sdk.contact_card.retrieve().contact_cards[0].first_name == "Shop"


def test_a_missing_card_is_not_found(sandbox: SandboxServer) -> None:
    assert sandbox.api("GET", "contact_card").json() == {"contact_cards": []}
    refused(sandbox.api("GET", "contact_card", params={"phone_number": LINES[0]}), 404, 2012)
    changes = {"first_name": "Shop"}
    refused(sandbox.api("PATCH", "contact_card", changes, params={"phone_number": LINES[0]}), 404, 2012)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"first_name": "Shop"}, 400, 1001),
        ({"phone_number": LINES[0]}, 400, 1001),
        ({"phone_number": "12025550101", "first_name": "Shop"}, 400, 1002),
        ({"phone_number": LINES[0], "first_name": " "}, 400, 1005),
        ({"phone_number": LINES[0], "first_name": 7}, 400, 1003),
        ({"phone_number": LINES[0], "first_name": "Shop\x00"}, 400, 1005),
        ({"phone_number": LINES[0], "first_name": "Shop", "image_url": "https://a.example.com/\x00"}, 400, 5007),
        ({"phone_number": LINES[0], "first_name": "Shop", "image_url": "http://a.example.com/a.png"}, 400, 5007),
        ({"phone_number": LINES[0], "first_name": "Shop", "image_url": "https://a.example.com/a.pdf"}, 400, 5006),
        ({"phone_number": "+13055550199", "first_name": "Shop"}, 403, 2005),
    ],
)
def test_a_bad_card_is_refused(sandbox: SandboxServer, body: dict[str, Any], status: int, code: int) -> None:
    refused(sandbox.api("POST", "contact_card", body), status, code)
    assert sandbox.api("GET", "contact_card").json() == {"contact_cards": []}


def test_a_change_needs_something_and_a_number(sandbox: SandboxServer) -> None:
    make(sandbox)
    refused(sandbox.api("PATCH", "contact_card", {}, params={"phone_number": LINES[0]}), 400, 1001)
    refused(sandbox.api("PATCH", "contact_card", {"first_name": "Shop"}), 400, 1001)


def test_a_number_has_three_calls_in_ten_minutes(sandbox: SandboxServer) -> None:
    make(sandbox)

    def change(name: str, line: str = LINES[0]) -> Any:
        return sandbox.api("PATCH", "contact_card", {"first_name": name}, params={"phone_number": line})

    assert [change(name).status_code for name in ("A", "B")] == [200, 200]
    error = refused(change("C"), 429, 1007)
    assert 590 <= error["retry_after"] <= 600
    make(sandbox, LINES[1])  # another number has calls of its own
    assert change("D", LINES[1]).status_code == 200
    sandbox.control("clock", {"advance_seconds": error["retry_after"]})
    assert change("E").status_code == 200
    assert sandbox.api("GET", "contact_card").json()["contact_cards"][0]["first_name"] == "E"


def test_a_card_is_shared_every_five_minutes(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    make(sandbox)
    chat, other = (open_chat(sandbox, handle)["id"] for handle in (MAIL, "ben@example.com"))
    path = f"chats/{chat}/share_contact_card"
    answer = sandbox.api("POST", path)
    assert (answer.status_code, answer.content) == (204, b"")
    error = refused(sandbox.api("POST", path), 429, 1007)
    assert 290 <= error["retry_after"] <= 300
    sdk.chats.share_contact_card(other)
    sandbox.control("clock", {"advance_seconds": error["retry_after"]})
    sdk.chats.share_contact_card(chat)


def test_sharing_needs_a_card(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    make(sandbox, LINES[1])
    refused(sandbox.api("POST", f"chats/{chat}/share_contact_card"), 404, 2012)


def test_sharing_needs_a_message_of_ours(sandbox: SandboxServer) -> None:
    make(sandbox)
    chat = sandbox.say(MAIL, "Hello?", line=LINES[0])["chat_id"]
    refused(sandbox.api("POST", f"chats/{chat}/share_contact_card"), 409, 2015)


def test_sharing_needs_imessage(demo: SandboxServer) -> None:
    chats = demo.api("GET", "chats", params={"limit": 100}).json()["chats"]
    chat = next(each for each in chats if each["service"] == "SMS")
    make(demo, next(each["handle"] for each in chat["handles"] if each["is_me"]))
    refused(demo.api("POST", f"chats/{chat['id']}/share_contact_card"), 409, 2017)
