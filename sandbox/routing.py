"""Delivery affinity: the chat's id and the receiver's own routing token, as headers of a delivery (linq-v3, 1.12).

The token is opaque: whatever the receiver put into that header of its last 2xx answer about a chat comes back to it
with the next event of that chat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import IntegrityError, transaction

from sandbox.models import RoutingToken, Subscription

DEFAULT_ID_HEADER = "Linq-Chat-Id"
MAX_TOKEN = 1024


def tokens(pairs: Iterable[tuple[UUID, UUID | None]]) -> dict[tuple[UUID, UUID], str]:
    """What receivers asked for, by subscription and chat, for those of these pairs where something is known."""
    wanted = {(subscription, chat) for subscription, chat in pairs if chat is not None}
    if not wanted:
        return {}
    rows = RoutingToken.objects.filter(
        subscription_id__in={subscription for subscription, _ in wanted}, chat_id__in={chat for _, chat in wanted}
    )
    return {(row.subscription_id, row.chat_id): row.token for row in rows}


def headers(chat_id: UUID | None, subscription: Subscription, token: str | None) -> dict[str, str]:
    """The routing headers of a delivery; none without affinity or for an event of no chat."""
    if not subscription.routing_key_header or chat_id is None:
        return {}
    found = {subscription.routing_id_header or DEFAULT_ID_HEADER: str(chat_id)}
    if token is not None:
        found[subscription.routing_key_header] = token
    return found


def learn(chat_id: UUID | None, subscription: Subscription, answer: Mapping[str, str]) -> None:
    """Keep the token of a 2xx answer. One that is missing or too long leaves what was known."""
    if not subscription.routing_key_header or chat_id is None:
        return
    token = answer.get(subscription.routing_key_header.lower(), "").strip()
    if not token or len(token) > MAX_TOKEN or not token.isprintable():
        return
    try:
        with transaction.atomic():
            RoutingToken.objects.update_or_create(subscription=subscription, chat_id=chat_id, defaults={"token": token})
    except IntegrityError:
        pass  # the subscription is gone, or another answer about this chat came at the same time
