"""Delivery affinity: the chat's id and the receiver's own routing token, as headers of a delivery (linq-v3, 1.12).

The token is opaque: whatever the receiver put into that header of its last 2xx answer about a chat comes back to it
with the next event of that chat.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from sandbox.models import Event, RoutingToken, Subscription

DEFAULT_ID_HEADER = "Linq-Chat-Id"
MAX_TOKEN = 1024


def headers(event: Event, subscription: Subscription) -> dict[str, str]:
    """The routing headers of a delivery; none without affinity or for an event of no chat."""
    if not subscription.routing_key_header or event.chat_id is None:
        return {}
    found = {subscription.routing_id_header or DEFAULT_ID_HEADER: str(event.chat_id)}
    known = RoutingToken.objects.filter(subscription=subscription, chat_id=event.chat_id).first()
    if known is not None:
        found[subscription.routing_key_header] = known.token
    return found


def learn(event: Event, subscription: Subscription, answer: Mapping[str, str]) -> None:
    """Keep the token of a 2xx answer. One that is missing or too long leaves what was known."""
    if not subscription.routing_key_header or event.chat_id is None:
        return
    token = answer.get(subscription.routing_key_header, "").strip()
    if not token or len(token) > MAX_TOKEN or not token.isprintable():
        return
    try:
        with transaction.atomic():
            RoutingToken.objects.update_or_create(
                subscription=subscription, chat_id=event.chat_id, defaults={"token": token}
            )
    except IntegrityError:
        pass  # the subscription is gone, or another answer about this chat came at the same time
