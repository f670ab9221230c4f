"""What subscriptions tell about themselves, and delivery affinity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3
from linq.types import WebhookSubscriptionCreatedWebhookEvent

from chats.v3.envelope import EVENT_TYPES
from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

Subscribe = Callable[..., dict[str, Any]]
ABOUT = sorted(name for name in EVENT_TYPES if name.startswith("webhook_subscription."))
TARGET = "https://user:pass@hooks.example.com/in?version=2026-02-03#top"
BARE = "https://hooks.example.com/in"


def make(server: SandboxServer, **more: Any) -> dict[str, Any]:
    body = {"target_url": TARGET, "subscribed_events": ["message.sent"], **more}
    answer = server.api("POST", "webhook-subscriptions", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_subscription_hears_of_its_own_creation(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    # A filter by numbers does not hold back what is about the account.
    created = subscribe(*ABOUT, phone_numbers=[LINES[0]])
    got = receiver.wait("webhook_subscription.created")
    WebhookSubscriptionCreatedWebhookEvent.model_validate(got.event)
    data = got.data
    assert set(data) == {"summary", "occurred_at", "actor", "origin", "webhook_subscription"}
    assert (data["actor"], data["origin"]) == ({"type": "api"}, "api")
    about = data["webhook_subscription"]
    assert (about["id"], about["events"]) == (created["id"], ABOUT)
    assert about["target_url"] == created["target_url"].partition("?")[0]


@pytest.mark.parametrize(
    ("change", "event", "expected"),
    [
        (
            {"target_url": "https://other.example.com/in"},
            "target_url_changed",
            {"from": BARE, "to": "https://other.example.com/in"},
        ),
        (
            {"subscribed_events": ["message.read"]},
            "events.updated",
            {"from": ["message.sent"], "to": ["message.read"]},
        ),
        ({"phone_numbers": [LINES[0]]}, "phone_numbers.updated", {"from": None, "to": [LINES[0]]}),
        (
            {"routing_key_header": "X-Route"},
            "routing_headers_set",
            {"from": None, "to": {"routing_key_header": "X-Route", "routing_id_header": None}},
        ),
        ({"is_active": False}, "disabled", None),
    ],
)
def test_each_change_is_told_once(
    sandbox: SandboxServer,
    sdk: LinqAPIV3,
    receiver: Receiver,
    subscribe: Subscribe,
    change: dict[str, Any],
    event: str,
    expected: dict[str, Any] | None,
) -> None:
    made = make(sandbox)
    subscribe(*[name for name in ABOUT if name != "webhook_subscription.created"])
    for _ in range(2):  # the second time nothing changes
        sdk.webhook_subscriptions.update(made["id"], **change)
    data = receiver.wait(f"webhook_subscription.{event}").data
    assert data["webhook_subscription"]["id"] == made["id"]
    assert data.get("change") == expected
    wait_for(lambda: sandbox.stats()["webhooks"]["waiting"] == 0)
    assert len(receiver.got) == 1


def test_what_was_set_is_cleared_and_gone(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    made = make(sandbox, routing_key_header="X-Route", routing_id_header="X-Chat", phone_numbers=[LINES[1]])
    subscribe(*[name for name in ABOUT if name != "webhook_subscription.created"])
    path = f"webhook-subscriptions/{made['id']}"
    sandbox.api("PUT", path, {"is_active": False})
    body = {"is_active": True, "routing_key_header": None, "phone_numbers": None}
    changed = sandbox.api("PUT", path, body).json()
    assert (changed["routing_key_header"], changed["phone_numbers"], changed["is_active"]) == (None, None, True)
    assert sandbox.api("DELETE", path).status_code == 204
    wait_for(lambda: len(receiver.got) == 5, what="five events")
    assert sorted(each.type.removeprefix("webhook_subscription.") for each in receiver.got) == [
        "deleted", "disabled", "enabled", "phone_numbers.updated", "routing_headers_cleared",
    ]  # fmt: skip
    cleared = receiver.of("webhook_subscription.routing_headers_cleared")[0].data["change"]
    assert cleared == {"from": {"routing_key_header": "X-Route", "routing_id_header": "X-Chat"}, "to": None}
    gone = receiver.of("webhook_subscription.deleted")[0].data
    assert gone["webhook_subscription"] == {"id": made["id"], "target_url": BARE}


def test_a_second_subscription_hears_the_same_event(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("chat.created")
    subscribe("chat.created", version="2025-01-01")
    open_chat(sandbox, "ana@example.com")
    wait_for(lambda: len(receiver.got) == 2, what="both deliveries")
    assert len({each.event["event_id"] for each in receiver.got}) == 1
    assert len({each.headers["webhook-signature"] for each in receiver.got}) == 2


def test_without_affinity_no_chat_is_named(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("chat.created", routing_id_header="X-Chat")
    open_chat(sandbox, "ana@example.com")
    headers = receiver.wait("chat.created").headers
    assert not {"x-chat", "linq-chat-id"} & set(headers)


def test_a_token_comes_back_with_the_next_event_of_its_chat(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    made = subscribe("message.received", routing_key_header="X-Route")
    receiver.answer_headers = {"X-Route": "cluster-7"}
    chat = sandbox.say("ana@example.com", "One", line=LINES[0])["chat_id"]
    first = receiver.wait("message.received").headers
    assert (first["linq-chat-id"], "x-route" in first) == (chat, False)
    delivered(sandbox, 1)
    receiver.answer_headers = {"X-Route": "cluster-8"}
    assert said(sandbox, receiver, chat, "Two")["x-route"] == "cluster-7"
    delivered(sandbox, 2)
    receiver.answer_headers = {}
    assert said(sandbox, receiver, chat, "Three")["x-route"] == "cluster-8"
    delivered(sandbox, 3)
    assert said(sandbox, receiver, chat, "Four")["x-route"] == "cluster-8"  # silence forgets nothing
    other = sandbox.say("ben@example.com", "Five", line=LINES[0])["chat_id"]
    found = receiver.wait("message.received", lambda data: data["chat"]["id"] == other).headers
    assert "x-route" not in found
    path = f"webhook-subscriptions/{made['id']}"
    for header in (None, "X-Route"):  # switched off and on again, the tokens are gone
        assert sandbox.api("PUT", path, {"routing_key_header": header}).status_code == 200
    assert "x-route" not in said(sandbox, receiver, chat, "Six")


def delivered(server: SandboxServer, count: int) -> None:
    wait_for(lambda: server.stats()["webhooks"]["delivered"] == count, what=f"delivery {count}")


def said(server: SandboxServer, receiver: Receiver, chat: str, words: str) -> dict[str, str]:
    """Let the person say something, and return the headers of its delivery."""
    message = server.say("ana@example.com", words, chat_id=chat)["message"]["id"]
    return receiver.wait("message.received", lambda data: data["id"] == message).headers


@pytest.mark.parametrize(
    "target",
    [
        "https://192.168.1.2/in", "https://169.254.1.1/in", "https://[fd00::1]/in", "https://0.0.0.0/in",
        "https://printer.local/in", "https://", "http://hooks.example.com/in", "hooks.example.com", 7,
        "https://hooks.example.com/\x00", "https://hooks.example.com/\ud800",
    ],
)  # fmt: skip
def test_a_target_must_be_public_https(sandbox: SandboxServer, target: object) -> None:
    body = {"target_url": target, "subscribed_events": ["message.sent"]}
    refused(sandbox.api("POST", "webhook-subscriptions", body), 400, 1005)
    made = make(sandbox)
    refused(sandbox.api("PUT", f"webhook-subscriptions/{made['id']}", {"target_url": target}), 400, 1005)
    assert sandbox.api("GET", f"webhook-subscriptions/{made['id']}").json()["target_url"] == TARGET


def test_a_change_to_a_taken_target_changes_nothing(sandbox: SandboxServer) -> None:
    make(sandbox)
    other = make(sandbox, target_url="https://other.example.com/in")
    path = f"webhook-subscriptions/{other['id']}"
    refused(sandbox.api("PUT", path, {"target_url": TARGET, "is_active": False}), 400, 1005)
    after = sandbox.api("GET", path).json()
    assert (after["target_url"], after["is_active"]) == ("https://other.example.com/in", True)


def test_the_sdk_manages_subscriptions(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    made = sdk.webhook_subscriptions.create(target_url=BARE, subscribed_events=["message.sent"])
    assert made.signing_secret.startswith("whsec_")
    assert [row.id for row in sdk.webhook_subscriptions.list().subscriptions] == [made.id]
    assert sdk.webhook_subscriptions.retrieve(made.id).target_url == BARE
    sdk.webhook_subscriptions.delete(made.id)
    assert sdk.webhook_subscriptions.list().subscriptions == []
    assert set(sdk.webhook_events.list().events) == set(EVENT_TYPES)
    refused(sandbox.api("PUT", f"webhook-subscriptions/{made.id}", {}), 404, 2010)
    refused(sandbox.api("DELETE", f"webhook-subscriptions/{made.id}"), 404, 2010)


def test_only_known_versions_are_taken(sandbox: SandboxServer) -> None:
    made = make(sandbox)
    body = {"target_url": f"{BARE}?version=2030-01-01"}
    refused(sandbox.api("PUT", f"webhook-subscriptions/{made['id']}", body), 400, 1005)
    assert sandbox.api("GET", f"webhook-subscriptions/{made['id']}").json()["target_url"] == TARGET
