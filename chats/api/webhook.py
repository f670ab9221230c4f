"""The webhook door: verify, store, answer; everything else happens afterwards (law 6)."""

from __future__ import annotations

import json
import logging
import math
from typing import Any

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from chats import clock
from chats.api import signing
from chats.engine import wake
from chats.v3.signatures import BadSignature
from chats.v3.times import parse_time

log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
TOO_LONG = "An event can be 1 MiB at the most."
UNTYPED = "untyped"
# By hand, because it is all that the door does: the ORM takes three statements and as long as everything else here.
_INSERT = """
INSERT INTO chats_webhookevent
    (event_id, event_type, version, payload, trace_id, state, happened_at, received_at, due_at, attempts, error)
VALUES
    (%(event_id)s, %(event_type)s, %(version)s, %(payload)s::jsonb, %(trace_id)s, 'pending', %(happened_at)s, %(now)s,
     %(now)s, 0, '')
ON CONFLICT (event_id) DO NOTHING
"""


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
        signing.check(request.headers, body)
    except BadSignature as problem:
        return _refusal(401, str(problem))
    except Error as problem:
        # Never with its traceback: the database quotes the values it was given.
        log.error("The signing secrets could not be read: %s", type(problem).__name__)
        return _refusal(503, "The event could not be checked. Try again.")
    try:
        payload, text = _read(body)
    except (ValueError, RecursionError):
        return _refusal(400, "The body is not JSON.")
    # The id of the delivery is the event's own (linq-v3, 4.1), and without it nothing is believed.
    event_id = str(payload.get("event_id") or request.headers["webhook-id"])
    event_type = str(payload.get("event_type") or UNTYPED)
    try:
        _store(event_id, event_type, payload, text)
    except Error as problem:
        log.error("An event could not be stored: %s", type(problem).__name__)
        return _refusal(503, "The event could not be stored. Try again.")
    return JsonResponse({"stored": True})


def _read(body: bytes) -> tuple[dict[str, Any], str]:
    """The body, and how it is stored. Raises `ValueError` or, too deep, `RecursionError` for what is not JSON."""
    payload = json.loads(body)
    if not isinstance(payload, dict):
        # Signed and JSON, so it is kept like every event that nothing here uses.
        payload = {"body": payload}
    try:
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
        text.encode()
        if "\\u0000" not in text:
            return payload, text
    except ValueError:
        pass
    payload = _storable(payload)
    return payload, json.dumps(payload)


def _store(event_id: str, event_type: str, payload: dict[str, Any], text: str) -> None:
    """Keep an event, unless we have it already: the unique id decides, in one statement."""
    now = clock.now()
    created = str(payload.get("created_at") or "")
    try:
        happened_at = parse_time(created) if created else None
    except ValueError:
        happened_at = None
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "event_id": event_id[:100],
                "event_type": event_type[:80],
                "version": str(payload.get("webhook_version") or "")[:20],
                "payload": text,
                "trace_id": str(payload.get("trace_id") or "")[:64],
                "happened_at": happened_at,
                "now": now,
            },
        )
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
