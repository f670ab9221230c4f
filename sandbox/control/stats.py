"""What was accepted and delivered since the world was made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, IntegerField, Max, Sum, Value, When
from django.db.models.functions import Coalesce

from sandbox import clock
from sandbox.models import Chat, Delivery, Event, Line, Message

_DUPLICATES = """
    SELECT coalesce(sum(n - 1), 0) FROM (
        SELECT count(*) AS n FROM sandbox_message WHERE accepted GROUP BY chat_id, md5(parts::text) HAVING count(*) > 1
    ) AS repeated
"""


def stats() -> dict[str, Any]:
    """Accepted sends, lines and webhooks, in numbers."""
    return {
        "accepted": _accepted(),
        "lines": _lines(),
        "webhooks": _webhooks(),
        "events": Event.objects.count(),
        "messages": Message.objects.count(),
    }


def _accepted() -> dict[str, int]:
    rows = Message.objects.filter(accepted=True)
    keyed = rows.exclude(idempotency_key=None).values("idempotency_key").annotate(n=Count("id"))
    with connection.cursor() as cursor:
        cursor.execute(_DUPLICATES)
        duplicates = int(cursor.fetchone()[0])
    return {
        "total": rows.count(),
        "distinct_idempotency_keys": keyed.count(),
        "largest_count_for_one_key": keyed.aggregate(most=Max("n"))["most"] or 0,
        "duplicates_by_content_and_recipient": duplicates,
    }


def _lines() -> list[dict[str, Any]]:
    since = clock.now() - timedelta(hours=24)
    sends = dict(Message.objects.filter(accepted=True).values_list("chat__line_id").annotate(n=Count("id")).order_by())
    opened = dict(
        Chat.objects.filter(first_outbound_at__gt=since).values_list("line_id").annotate(n=Count("id")).order_by()
    )
    return [
        {
            "phone_number": line.phone_number,
            "sends": sends.get(line.id, 0),
            "new_conversations_24h": opened.get(line.id, 0),
            "status": line.status,
            "reputation": line.reputation,
        }
        for line in Line.objects.order_by("phone_number")
    ]


def _webhooks() -> dict[str, int]:
    by_state = dict(Delivery.objects.values_list("state").annotate(n=Count("id")).order_by())
    retries = Case(When(attempts__gt=1, then=F("attempts") - 1), default=Value(0), output_field=IntegerField())
    tries = Delivery.objects.aggregate(sent=Coalesce(Sum("attempts"), 0), retried=Coalesce(Sum(retries), 0))
    return {
        "sent": tries["sent"],
        "delivered": by_state.get(Delivery.State.DELIVERED, 0),
        "retried": tries["retried"],
        "given_up": by_state.get(Delivery.State.GIVEN_UP, 0),
        "waiting": by_state.get(Delivery.State.WAITING, 0),
        "dropped": by_state.get(Delivery.State.DROPPED, 0),
    }
