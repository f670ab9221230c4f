"""Idempotency keys: one key, one effect, the same answer every time (linq-v3, 2.4).

Assumption (8.2 7): a key belongs to the account and a family of endpoints; the same key with another body gets
the first answer; of requests that come at once the first one acts and the others wait for its answer. A key in
the body goes before one in the header. A request that was refused leaves its key unused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.content import MAX_IDEMPOTENCY_KEY_LENGTH
from sandbox.api.errors import ApiError
from sandbox.models import Answer, Message


@dataclass(frozen=True)
class Outcome:
    """What an endpoint answers after it has acted."""

    status: int
    body: dict[str, Any]


def key_of(request: Request, message: Mapping[str, Any]) -> str | None:
    """The key of a request, from `idempotency_key` or from the header `Idempotency-Key`."""
    key = message.get("idempotency_key")
    if key is None:
        key = request.META.get("HTTP_IDEMPOTENCY_KEY") or None
    if key is None:
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH or "\x00" in key:
        raise ApiError(1005, f"idempotency_key must be a text of 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} characters")
    return key


def once(family: str, key: str | None, act: Callable[[], Outcome]) -> Response:
    """Act in a transaction and answer; with a key that was used before, give that answer and do nothing.

    `act` must make its changes in the database only.
    """
    if key is None:
        with transaction.atomic():
            outcome = act()
        return Response(outcome.body, status=outcome.status)
    # Looked at twice: most repeats come long after the first request and need no lock.
    earlier = _earlier(family, key)
    if earlier is not None:
        return earlier
    with transaction.atomic():
        _take_turn(family, key)
        earlier = _earlier(family, key)
        if earlier is not None:
            return earlier
        outcome = act()
        Answer.objects.create(family=family, key=key, status=outcome.status, body=outcome.body)
    return Response(outcome.body, status=outcome.status)


def _take_turn(family: str, key: str) -> None:
    """Wait until no other request with this key is at work; holds until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{family}\n{key}"])


def _earlier(family: str, key: str) -> Response | None:
    answer = Answer.objects.filter(family=family, key=key).first()
    if answer is None:
        return None
    message = answer.body.get("message") or answer.body["chat"]["message"]
    if not Message.objects.filter(id=UUID(message["id"])).exists():
        raise ApiError(2002, "The message of this idempotency key is gone")
    return Response(answer.body, status=answer.status)
