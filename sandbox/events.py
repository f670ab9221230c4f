"""Events: recorded in the world's log, and put into the post for every subscription that wants them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from sandbox import alarms, blocklist, clock, ids
from sandbox.copying import Table, text
from sandbox.faults import in_force
from sandbox.models import Delivery, Event, Subscription
from sandbox.versions import OLD_VERSION


@dataclass(frozen=True)
class News:
    """Something that happened, before it is recorded."""

    type: str
    phone_number: str
    trace_id: str
    data: dict[str, Any]
    # the payload of the older version where it is another one, made only while somebody wants it
    data_2025: Callable[[], dict[str, Any]] | None = None
    chat_id: UUID | None = None
    at: datetime | None = None
    # the handle of who did it, where it is told only unless they are blocked
    actor: str | None = None


def tell(news: Sequence[News], *, only: Subscription | None = None) -> None:
    """Record events and their deliveries. Call it inside the transaction that made them happen.

    `only` sends them to one subscription, as when people introduce themselves to a new one. What a blocked handle
    does is not told at all.
    """
    news = [each for each in news if each.actor is None or not blocklist.is_blocked(each.actor)]
    if not news:
        return
    now = clock.now()
    subscriptions = [only] if only else list(Subscription.objects.filter(is_active=True).order_by("created_at", "id"))
    recorded = [(ids.new(), each.at or now, each) for each in news]
    _write(recorded, old_too=any(each.version == OLD_VERSION for each in subscriptions))
    deliveries = [
        [str(event), str(subscription.id), text(due), state]
        for event, at, each in recorded
        for subscription in subscriptions
        if wants(subscription, each)
        for due, state in _deliveries(at)
    ]
    if deliveries:
        _deliveries_table().write(deliveries)
        transaction.on_commit(alarms.post.ring)


def _write(recorded: Sequence[tuple[UUID, datetime, News]], *, old_too: bool) -> None:
    """Record the events; the older payload only while somebody wants it."""
    _table().write(
        [
            str(event), each.type, text(at), each.trace_id, each.phone_number, text(each.chat_id), text(each.data),
            text(each.data_2025() if old_too and each.data_2025 else None),
        ]
        for event, at, each in recorded
    )  # fmt: skip


@functools.cache
def _deliveries_table() -> Table:
    return Table(Delivery, "event_id", "subscription_id", "due_at", "state")


@functools.cache
def _table() -> Table:
    return Table(Event, "id", "type", "created_at", "trace_id", "phone_number", "chat_id", "data", "data_2025")


def wants(subscription: Subscription, news: News) -> bool:
    """Whether this goes to this subscription."""
    if news.type not in subscription.subscribed_events:
        return False
    if news.type == "message.edited" and subscription.version == OLD_VERSION:
        return False
    # What is of no number, but of the account, passes every filter by numbers.
    return not subscription.phone_numbers or news.phone_number in ("", *subscription.phone_numbers)


def _deliveries(at: datetime) -> list[tuple[datetime, str]]:
    """When an event of this moment is due at one subscription, and in what state: twice if the faults ask for it."""
    copies = 2 if in_force.happens(in_force.faults.webhook_duplicate_rate) else 1
    dropped = in_force.happens(in_force.faults.webhook_drop_rate)
    state = Delivery.State.DROPPED if dropped else Delivery.State.WAITING
    return [(alarms.later(at, in_force.delivery_delay()), state.value) for _ in range(copies)]
