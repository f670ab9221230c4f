"""Idempotency keys: one key, one effect, the same answer every time (linq-v3, 2.4).

Assumption (8.2 7): a key belongs to the account and a family of endpoints; the same key with another body gets
the first answer; of requests that come at once the first one acts and the others wait for its answer. A key in
the body goes before one in the header. A request that was refused leaves its key unused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.content import MAX_IDEMPOTENCY_KEY_LENGTH
from sandbox import clock
from sandbox.api.base import is_clean
from sandbox.api.errors import ApiError
from sandbox.models import Answer, Message

_CLAIM = """
    INSERT INTO sandbox_answer (family, key, status, body, created_at) VALUES (%s, %s, 0, 'null', %s)
    ON CONFLICT (family, key) DO NOTHING
"""
_KEEP = "UPDATE sandbox_answer SET status = %s, body = %s::jsonb WHERE family = %s AND key = %s"


@dataclass(frozen=True)
class Outcome:
    """What an endpoint answers after it has acted."""

    status: int
    body: dict[str, Any]


def key_of(request: Request, message: Mapping[str, Any]) -> str | None:
    """The key of a request, from `idempotency_key` or from the header `Idempotency-Key`."""
    return key_in(message, request.META.get("HTTP_IDEMPOTENCY_KEY", ""))


def key_in(message: Mapping[str, Any], header: str) -> str | None:
    """The key of a message that came with this value of the header `Idempotency-Key`, empty when there was none."""
    key = message.get("idempotency_key")
    if key is None:
        key = header or None
    if key is None:
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH or not is_clean(key):
        raise ApiError(1005, f"idempotency_key must be a text of 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} characters")
    return key


def once(family: str, key: str | None, act: Callable[[], Outcome]) -> Response:
    """Act in a transaction and answer; with a key that was used before, give that answer and do nothing.

    `act` must make its changes in the database only. The key's row is written first: whoever comes at the same
    time with the same key waits for this transaction, and finds either the answer or, if it was refused, the key free.
    """
    with transaction.atomic():
        if key is None:
            outcome = act()
        elif _claim(family, key):
            outcome = act()
            _keep(family, key, outcome)
        else:
            outcome = _earlier(family, key)
    return Response(outcome.body, status=outcome.status)


def _claim(family: str, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [family, key, clock.now()])
        return cursor.rowcount == 1


def _keep(family: str, key: str, outcome: Outcome) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [outcome.status, json.dumps(outcome.body), family, key])


def is_known(family: str, key: str | None) -> bool:
    """Whether there is an answer for this key already."""
    return key is not None and Answer.objects.filter(family=family, key=key).exists()


def _earlier(family: str, key: str) -> Outcome:
    answer = Answer.objects.get(family=family, key=key)
    return again(answer.status, answer.body)


def again(status: int, body: dict[str, Any]) -> Outcome:
    """The answer given to a key before. Raises `ApiError` (2002) when its message was deleted since."""
    if not Message.objects.filter(id=_message_in(body), deleted_at=None).exists():
        raise ApiError(2002, "The message of this idempotency key is gone")
    return Outcome(status, body)


def _message_in(body: Mapping[str, Any]) -> UUID:
    """The message that an answer is about: a poll's answer names it, others hold it."""
    if "message_id" in body:
        return UUID(body["message_id"])
    message = body.get("message") or body["chat"]["message"]
    return UUID(message["id"])
