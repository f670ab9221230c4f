"""The webhook door: verify, store, answer; everything else happens afterwards (law 6)."""

from __future__ import annotations

import json
import logging
import math
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from chats import clock
from chats.engine import wake
from chats.models import WebhookEvent, WebhookSubscription
from chats.v3.signatures import BadSignature, verify
from chats.v3.times import parse_time

log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
TOO_LONG = "An event can be 1 MiB at the most."
UNTYPED = "untyped"
# What was signed before a subscription was replaced is tried again by the remote for a while.
RETIRED_SECRETS_COUNT_FOR = timedelta(minutes=10)


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """POST /webhooks/linq/: 200 once stored, also for one we have already; 400, 401 or 413 for what is no signed
    JSON of at most 1 MiB; 503 when it could not be stored, so that the remote tries again."""
    length = request.headers.get("content-length") or "0"
    if not length.isdecimal() or int(length) > MAX_BODY:
        return _refusal(413, TOO_LONG)
    # No further than the limit, whatever length was promised or left out.
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return _refusal(413, TOO_LONG)
    try:
        verify(secrets(), request.headers, body, now=clock.now().timestamp())
    except BadSignature as problem:
        return _refusal(401, str(problem))
    except Error as problem:
        # Never with its traceback: the database quotes the values it was given.
        log.error("The signing secrets could not be read: %s", type(problem).__name__)
        return _refusal(503, "The event could not be checked. Try again.")
    try:
        payload = _storable(json.loads(body))
    except (ValueError, RecursionError):
        return _refusal(400, "The body is not JSON.")
    if not isinstance(payload, dict):
        # Signed and JSON, so it is kept like every event that nothing here uses.
        payload = {"body": payload}
    # The id of the delivery is the event's own (linq-v3, 4.1), and without it nothing is believed.
    event_id = str(payload.get("event_id") or request.headers["webhook-id"])
    event_type = str(payload.get("event_type") or UNTYPED)
    try:
        _store(event_id, event_type, payload)
    except Error as problem:
        log.error("An event could not be stored: %s", type(problem).__name__)
        return _refusal(503, "The event could not be stored. Try again.")
    return JsonResponse({"stored": True})


def secrets() -> list[str]:
    """The signing secrets in force: of our subscription, of one just replaced, and one from the environment."""
    in_force = Q(retired_at__isnull=True) | Q(retired_at__gt=clock.now() - RETIRED_SECRETS_COUNT_FOR)
    told = WebhookSubscription.objects.filter(in_force).order_by("-pk").values_list("signing_secret", flat=True)
    return [secret for secret in (settings.LINQ_WEBHOOK_SECRET, *told) if secret]


def _store(event_id: str, event_type: str, payload: dict[str, Any]) -> None:
    now = clock.now()
    created = str(payload.get("created_at") or "")
    try:
        happened_at = parse_time(created) if created else None
    except ValueError:
        happened_at = None
    event = WebhookEvent(
        event_id=event_id[:100],
        event_type=event_type[:80],
        version=str(payload.get("webhook_version") or "")[:20],
        payload=payload,
        trace_id=str(payload.get("trace_id") or "")[:64],
        happened_at=happened_at,
        received_at=now,
        due_at=now,
    )
    # An event that we have already is no news: the unique id decides, in one statement.
    WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)
    wake.wake_events()


def _storable(value: Any) -> Any:
    """The value without what PostgreSQL's jsonb cannot hold: U+0000, half a surrogate pair, numbers that are none.

    Losing an event for one of these would be the worse loss, and refusing it would have it sent again and again.
    """
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    return value


def _refusal(status: int, sentence: str) -> JsonResponse:
    return JsonResponse({"stored": False, "error": sentence}, status=status)
