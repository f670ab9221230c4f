"""Webhook subscriptions: where the remote sends its events."""

from __future__ import annotations

from collections.abc import Collection

from chats.v3.resources import Accepted, Page, WebhookSubscription
from chats.v3.resources.reading import texts
from chats.v3.transport import Transport, given, path


class WebhookSubscriptions:
    """`client.webhook_subscriptions`. There is no new secret for one: delete it and create another."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, *, target_url: str, subscribed_events: Collection[str], phone_numbers: Collection[str] = ()
    ) -> WebhookSubscription:
        """Subscribe an https URL to events, of some lines or of all. Only this answer has the signing secret."""
        body = given(
            target_url=target_url,
            subscribed_events=list(subscribed_events),
            phone_numbers=list(phone_numbers) or None,
        )
        answer = self._transport.request("POST", "/v3/webhook-subscriptions", body=body)
        return answer.read(lambda data: WebhookSubscription.from_json(data, answer.trace_id))

    def list(self) -> list[WebhookSubscription]:
        """Every subscription of the account."""
        answer = self._transport.request("GET", "/v3/webhook-subscriptions")
        page = answer.read(
            lambda data: Page.from_json(
                data, "subscriptions", lambda item: WebhookSubscription.from_json(item, answer.trace_id)
            )
        )
        return page.items

    def retrieve(self, subscription_id: str) -> WebhookSubscription:
        """One subscription. Code 2010 when it does not exist."""
        answer = self._transport.request("GET", path("webhook-subscriptions", subscription_id))
        return answer.read(lambda data: WebhookSubscription.from_json(data, answer.trace_id))

    def update(
        self,
        subscription_id: str,
        *,
        target_url: str | None = None,
        subscribed_events: Collection[str] | None = None,
        phone_numbers: Collection[str] | None = None,
        is_active: bool | None = None,
    ) -> WebhookSubscription:
        """Change what is given; the events are replaced as a whole, and no phone numbers means all lines."""
        body = given(
            target_url=target_url,
            subscribed_events=None if subscribed_events is None else list(subscribed_events),
            phone_numbers=None if phone_numbers is None else list(phone_numbers),
            is_active=is_active,
        )
        answer = self._transport.request("PUT", path("webhook-subscriptions", subscription_id), body=body)
        return answer.read(lambda data: WebhookSubscription.from_json(data, answer.trace_id))

    def delete(self, subscription_id: str) -> Accepted:
        """End a subscription at once. Its secret is gone with it."""
        answer = self._transport.request("DELETE", path("webhook-subscriptions", subscription_id))
        return Accepted.from_json(answer.data, answer.trace_id)


class WebhookEvents:
    """`client.webhook_events`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> list[str]:
        """The names of all events that the remote can send."""
        return texts(self._transport.request("GET", "/v3/webhook-events").data, "events")
