"""What came in and what went out lately."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sandbox import requests_seen
from sandbox.api import base, shapes
from sandbox.api.errors import ApiError
from sandbox.models import Delivery, Event

MOST = 1000


class Requests(APIView):
    """GET /sandbox/requests `?limit=100`."""

    def get(self, request: Request) -> Response:
        """The latest requests to the API, newest first; they are forgotten when the sandbox ends."""
        limit = base.whole_number(request, "limit", default=100, most=requests_seen.KEPT)
        return Response({"requests": [each.as_json() for each in requests_seen.latest(limit)]})


class Webhooks(APIView):
    """GET /sandbox/webhooks `?limit=100&state=`."""

    def get(self, request: Request) -> Response:
        """The latest deliveries, newest first, with how often they were tried and what came back."""
        limit = base.whole_number(request, "limit", default=100, most=MOST)
        state = request.query_params.get("state")
        if state is not None and state not in Delivery.State.values:
            raise ApiError(1005, f"state must be one of {', '.join(Delivery.State.values)}")
        return Response({"webhooks": [delivery_shape(row) for row in deliveries(limit, state)]})


class Events(APIView):
    """GET /sandbox/events `?limit=100&after=`."""

    def get(self, request: Request) -> Response:
        """What happened in the world, oldest first, whether or not anybody was told."""
        limit = base.whole_number(request, "limit", default=100, most=MOST)
        rows = Event.objects.order_by("created_at", "id")
        cursor = base.read_cursor(request)
        if cursor:
            rows = rows.filter(created_at__gte=cursor[0]).exclude(created_at=cursor[0], id__lte=cursor[1])
        page = list(rows[: limit + 1])
        more, page = len(page) > limit, page[:limit]
        return Response(
            {
                "events": [_event(row) for row in page],
                "next_cursor": base.write_cursor(page[-1].created_at, page[-1].id) if more else None,
            }
        )


def deliveries(limit: int, state: str | None = None) -> list[Delivery]:
    """The latest deliveries, newest first."""
    rows = Delivery.objects.select_related("event", "subscription").order_by("-id")
    return list((rows.filter(state=state) if state else rows)[:limit])


def delivery_shape(row: Delivery) -> dict[str, Any]:
    """A delivery."""
    return {
        "event_id": str(row.event_id),
        "event_type": row.event.type,
        "created_at": shapes.when(row.event.created_at),
        "subscription_id": str(row.subscription_id),
        "target_url": row.subscription.target_url,
        "state": row.state,
        "attempts": row.attempts,
        "status": row.last_status,
        "error": row.last_error or None,
        "next_try_at": shapes.when(row.due_at) if row.state == Delivery.State.WAITING else None,
        "settled_at": shapes.when(row.settled_at),
    }


def _event(row: Event) -> dict[str, Any]:
    return {
        "event_id": str(row.id),
        "event_type": row.type,
        "created_at": shapes.when(row.created_at),
        "trace_id": row.trace_id,
        "phone_number": row.phone_number,
        "data": row.data,
    }
