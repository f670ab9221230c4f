"""Deliveries in the database: what is due is taken out many at once, and what came of it is put back many at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from sandbox import routing
from sandbox.models import Delivery, Subscription
from sandbox.versions import OLD_VERSION

_DUE = "delivery.state = 'waiting' AND NOT delivery.id = ANY (%(held)s)"
_TAKE = f"""
    SELECT delivery.id, attempts, first_tried_at, due_at, subscription_id, event.id, event.type, event.created_at,
        event.trace_id, event.chat_id,
        CASE WHEN subscription.version = %(old)s THEN coalesce(data_2025, data) ELSE data END::text
    FROM sandbox_delivery AS delivery
    JOIN sandbox_event AS event ON event.id = delivery.event_id
    JOIN sandbox_subscription AS subscription ON subscription.id = delivery.subscription_id
    WHERE {_DUE} AND due_at <= %(now)s ORDER BY due_at, delivery.id LIMIT %(most)s
"""  # noqa: S608 - made of constants
_SUBSCRIPTION, _CHAT = 4, 9  # where they are in those rows
_NEXT = f"SELECT min(due_at) FROM sandbox_delivery AS delivery WHERE {_DUE}"  # noqa: S608 - made of constants
_SETTLE = """
    UPDATE sandbox_delivery AS delivery SET state = new.state, attempts = delivery.attempts + 1,
        first_tried_at = new.first_tried_at, due_at = new.due_at, last_status = new.status, last_error = new.error,
        settled_at = new.settled_at
    FROM json_to_recordset(%s::json) AS new (delivery_id bigint, state text, first_tried_at timestamptz,
        due_at timestamptz, status smallint, error text, settled_at timestamptz)
    WHERE delivery.id = new.delivery_id
"""


@dataclass(frozen=True)
class Letter:
    """A delivery on its way."""

    delivery_id: int
    attempts: int
    first_tried_at: datetime | None
    due_at: datetime
    subscription_id: UUID
    event_id: UUID
    event_type: str
    event_at: datetime
    trace_id: str
    chat_id: UUID | None
    data: str  # JSON, in the version that the subscription wants
    subscription: Subscription | None  # None: it is no longer active
    token: str | None  # what the receiver asked for in the routing header


@dataclass(frozen=True)
class Result:
    """What came of a try."""

    delivery_id: int
    state: str
    first_tried_at: datetime
    due_at: datetime
    status: int | None
    error: str
    settled_at: datetime | None


def take(now: datetime, most: int, held: Collection[int]) -> list[Letter]:
    """What is due and not held already, oldest first, at most so much."""
    values: Mapping[str, Any] = {"held": list(held), "old": OLD_VERSION, "now": now, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        rows = cursor.fetchall()
    if not rows:
        return []
    active = {each.id: each for each in Subscription.objects.filter(is_active=True)}
    routed = {each.id for each in active.values() if each.routing_key_header}
    tokens = routing.tokens((row[_SUBSCRIPTION], row[_CHAT]) for row in rows if row[_SUBSCRIPTION] in routed)
    known = [(*row, active.get(row[_SUBSCRIPTION]), tokens.get((row[_SUBSCRIPTION], row[_CHAT]))) for row in rows]
    return [Letter(*each) for each in known]


def next_at(held: Collection[int]) -> datetime | None:
    """When the next delivery is due, apart from those that are held."""
    with connection.cursor() as cursor:
        values: Mapping[str, Any] = {"held": list(held)}
        cursor.execute(_NEXT, values)
        found: datetime | None = cursor.fetchone()[0]
    return found


def settle(results: Sequence[Result]) -> None:
    """Record what came of deliveries."""
    rows = [_plain(vars(each)) for each in results]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [json.dumps(rows)])


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


WAITING, DELIVERED, GIVEN_UP = Delivery.State.WAITING, Delivery.State.DELIVERED, Delivery.State.GIVEN_UP
