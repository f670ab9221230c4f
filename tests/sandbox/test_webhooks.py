"""Webhook subscriptions and deliveries: signatures, versions, filters, retries."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3
from standardwebhooks import Webhook

from chats.v3.envelope import EVENT_TYPES
from chats.v3.signatures import legacy_headers, verify
from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

MAIL = "ana@example.com"
Subscribe = Callable[..., dict[str, Any]]


def test_the_events_can_be_listed(sandbox: SandboxServer) -> None:
    answer = sandbox.api("GET", "webhook-events").json()
    assert sorted(answer) == ["doc_url", "events"]
    assert set(answer["events"]) == set(EVENT_TYPES)


def test_a_subscription_lives_from_creation_to_deletion(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    created = subscribe("message.sent", phone_numbers=[LINES[0]], routing_key_header="X-Route")
    secret = created.pop("signing_secret")
    assert secret.startswith("whsec_")
    assert set(created) == {
        "id", "target_url", "subscribed_events", "phone_numbers", "is_active", "created_at", "updated_at",
        "routing_key_header", "routing_id_header",
    }  # fmt: skip
    assert (created["phone_numbers"], created["is_active"], created["routing_key_header"]) == (
        [LINES[0]],
        True,
        "X-Route",
    )
    path = f"webhook-subscriptions/{created['id']}"
    assert sandbox.api("GET", path).json() == created
    assert sandbox.api("GET", "webhook-subscriptions").json() == {"subscriptions": [created]}

    changed = sandbox.api("PUT", path, {"phone_numbers": [], "is_active": False, "routing_key_header": ""}).json()
    assert changed["subscribed_events"] == ["message.sent"]
    assert (changed["phone_numbers"], changed["is_active"], changed["routing_key_header"]) == (None, False, None)

    assert sandbox.api("DELETE", path).status_code == 204
    refused(sandbox.api("GET", path), 404, 2010)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"subscribed_events": ["message.sent"]}, 1001),
        ({"target_url": "https://hooks.example.com/"}, 1001),
        ({"target_url": "http://hooks.example.com/", "subscribed_events": ["message.sent"]}, 1005),
        ({"target_url": "https://10.0.0.8/", "subscribed_events": ["message.sent"]}, 1005),
        ({"target_url": "ftp://127.0.0.1/", "subscribed_events": ["message.sent"]}, 1005),
        ({"target_url": "https://hooks.example.com/?version=2020-01-01", "subscribed_events": ["message.sent"]}, 1005),
        ({"target_url": "https://hooks.example.com/", "subscribed_events": []}, 1005),
        ({"target_url": "https://hooks.example.com/", "subscribed_events": ["message.opt_out"]}, 1005),
        (
            {"target_url": "https://a.example.com/", "subscribed_events": ["message.sent"], "phone_numbers": ["1"]},
            1002,
        ),
    ],
)
def test_a_bad_subscription_is_refused(sandbox: SandboxServer, body: dict[str, Any], code: int) -> None:
    refused(sandbox.api("POST", "webhook-subscriptions", body), 400, code)
    assert sandbox.api("GET", "webhook-subscriptions").json() == {"subscriptions": []}


def test_a_target_is_subscribed_once(sandbox: SandboxServer, subscribe: Subscribe, receiver: Receiver) -> None:
    subscribe("message.sent")
    body = {"target_url": receiver.url(), "subscribed_events": ["message.read"]}
    refused(sandbox.api("POST", "webhook-subscriptions", body), 400, 1005)
    assert subscribe("message.sent", version="2025-01-01")["id"]  # the query counts


def test_deliveries_are_signed_in_both_ways(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Subscribe
) -> None:
    created = subscribe("message.sent")
    secret = created["signing_secret"]
    chat = open_chat(sandbox, MAIL, message=text("Signed", idempotency_key="k1"))
    got = receiver.wait("message.sent")
    event = got.event
    assert set(event) == {
        "api_version", "webhook_version", "event_type", "event_id", "created_at", "trace_id", "partner_id", "data",
    }  # fmt: skip
    assert (event["api_version"], event["webhook_version"]) == ("v3", "2026-02-03")
    assert got.headers["webhook-id"] == event["event_id"]
    verify([secret], got.headers, got.body, now=time.time())
    Webhook(secret).verify(got.body, got.headers)
    parsed = sdk.webhooks.unwrap(got.body.decode(), headers=got.headers, key=secret)
    assert parsed.event_type == "message.sent"
    expected = legacy_headers(secret, "message.sent", created["id"], int(got.headers["x-webhook-timestamp"]), got.body)
    assert {name: got.headers[name.lower()] for name in expected} == expected
    assert event["data"]["id"] == chat["message"]["id"]


def test_the_new_version_of_a_message(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("message.sent", "message.delivered")
    answer = sandbox.api("POST", "chats", {"from": LINES[0], "to": [MAIL], "message": text("Hi", idempotency_key="k1")})
    sent = receiver.wait("message.sent")
    assert sent.event["trace_id"] == answer.headers["X-Trace-ID"]
    data = sent.data
    assert set(data) == {
        "id", "chat", "direction", "sender_handle", "parts", "service", "preferred_service", "sent_at", "delivered_at",
        "read_at", "effect", "reply_to", "idempotency_key",
    }  # fmt: skip
    assert set(data["chat"]) == {"id", "is_group", "owner_handle", "health_status"}
    assert data["chat"]["owner_handle"]["handle"] == LINES[0]
    assert (data["direction"], data["sender_handle"]["handle"]) == ("outbound", LINES[0])
    assert (data["service"], data["idempotency_key"]) == ("iMessage", "k1")
    assert "reactions" not in data["parts"][0]
    assert data["sent_at"]
    assert (data["delivered_at"], data["read_at"]) == (None, None)
    delivered = receiver.wait("message.delivered").data
    assert delivered["delivered_at"] > delivered["sent_at"]
    assert delivered["read_at"] is None


def test_the_old_version_of_a_message(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("message.sent", "message.delivered", version="2025-01-01")
    chat = open_chat(sandbox, MAIL)
    sent = receiver.wait("message.sent")
    assert sent.event["webhook_version"] == "2025-01-01"
    assert set(sent.data) == {
        "chat_id", "from", "from_handle", "is_from_me", "is_group", "idempotency_key", "message", "preferred_service",
        "received_at", "recipient_handle", "recipient_phone", "service",
    }  # fmt: skip
    assert (sent.data["chat_id"], sent.data["from"], sent.data["recipient_handle"]) == (chat["id"], LINES[0], MAIL)
    assert sent.data["message"]["id"] == chat["message"]["id"]
    delivered = receiver.wait("message.delivered").data
    assert set(delivered) - set(sent.data) == {"message_id", "delivered_at"}
    assert delivered["message_id"] == chat["message"]["id"]
    assert delivered["message"]["is_delivered"] is True


def test_a_subscription_hears_of_its_numbers_only(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("message.sent", phone_numbers=[LINES[1]])
    open_chat(sandbox, MAIL, line=LINES[0])
    heard = open_chat(sandbox, MAIL, line=LINES[1])
    receiver.wait("message.sent", lambda data: data["chat"]["id"] == heard["id"])
    wait_for(lambda: sandbox.stats()["webhooks"]["waiting"] == 0)
    assert [each.data["chat"]["id"] for each in receiver.got] == [heard["id"]]


def test_a_failed_delivery_is_tried_again_with_the_same_id(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    receiver.answers = [503, 429]
    subscribe("chat.created")
    open_chat(sandbox, MAIL)
    wait_for(lambda: len(receiver.got) == 3, what="the third try")
    assert len({each.headers["webhook-id"] for each in receiver.got}) == 1
    webhooks = wait_for(lambda: (found := sandbox.stats()["webhooks"])["delivered"] == 1 and found)
    assert (webhooks["sent"], webhooks["retried"], webhooks["given_up"]) == (3, 2, 0)


def test_a_refused_delivery_is_not_tried_again(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    receiver.answers = [404]
    subscribe("chat.created")
    open_chat(sandbox, MAIL)
    webhooks = wait_for(lambda: (found := sandbox.stats()["webhooks"])["given_up"] == 1 and found)
    assert (webhooks["sent"], webhooks["delivered"], webhooks["waiting"]) == (1, 0, 0)


def test_an_inactive_subscription_hears_nothing(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscription = subscribe("chat.created")
    sandbox.api("PUT", f"webhook-subscriptions/{subscription['id']}", {"is_active": False})
    open_chat(sandbox, MAIL)
    assert sandbox.stats()["webhooks"] == {
        "sent": 0, "delivered": 0, "retried": 0, "given_up": 0, "waiting": 0, "dropped": 0,
    }  # fmt: skip


def test_routing_names_the_chat(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("chat.created", routing_key_header="X-Route", routing_id_header="X-Chat")
    chat = open_chat(sandbox, MAIL)
    assert receiver.wait("chat.created").headers["x-chat"] == chat["id"]
