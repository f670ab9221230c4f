"""Taking a message for sending: the checks, the row, the chat's counters and what follows."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from rest_framework.request import Request

from chats.v3.content import check_message
from sandbox import alarms, clock, health, ids
from sandbox.api import allowance, base, eligibility, parts, shapes
from sandbox.api.errors import ApiError
from sandbox.models import Chat, Happening, Message, Participant
from sandbox.people import life

PAIR_LIMIT = 30
PAIR_SECONDS = 60

# when the thirtieth newest message of the last minute was sent, if there were so many
_THIRTIETH = """
    SELECT created_at FROM sandbox_message WHERE chat_id = %s AND created_at > %s AND is_from_me AND accepted
    ORDER BY created_at DESC OFFSET %s LIMIT 1
"""
# The chat comes first: inserting the message share-locks it, and two of those could not both go on to change it.
_ACCEPT = """
    WITH counted AS (
        UPDATE sandbox_chat SET outbound = outbound + 1, unanswered = unanswered + 1, updated_at = %(now)s,
            health = %(health)s, health_at = %(health_at)s, first_outbound_at = coalesce(first_outbound_at, %(now)s)
        WHERE id = %(chat)s RETURNING id
    ), written AS (
        INSERT INTO sandbox_message (id, chat_id, sender_id, is_from_me, parts, effect, reply_to, idempotency_key,
            preferred_service, delivery_status, created_at, updated_at, trace_id, accepted, kind)
        SELECT %(id)s, id, %(sender)s, true, %(parts)s::jsonb, %(effect)s::jsonb, %(reply_to)s::jsonb, %(key)s,
            %(preferred)s, 'pending', %(now)s, %(now)s, %(trace_id)s, true, %(kind)s FROM counted
    )
    INSERT INTO sandbox_happening (at, kind, payload) VALUES (%(due_at)s, %(due_kind)s, %(due_payload)s::jsonb)
"""


def message_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `message` of a request."""
    message = body.get("message")
    if message is None:
        raise ApiError(1001, "message is required")
    if not isinstance(message, dict):
        raise ApiError(1003, "message must be an object")
    return parts.with_own_files_named(message)


def check_content(
    message: Mapping[str, Any], *, opens_chat: bool, is_group: bool, participants: list[str] | None = None
) -> None:
    """Raise `ApiError` for the first rule that the message breaks."""
    found = check_message(message, opens_chat=opens_chat, is_group=is_group, participants=participants)
    if found:
        raise ApiError(found[0].code, found[0].message)


def check_may_send(request: Request, chat: Chat, *, override_optout: bool) -> None:
    """Raise `ApiError` when nothing can be sent into this chat now."""
    check_open(chat)
    eligibility.check_chat(request, chat, override_optout=override_optout)
    check_pair(chat)
    allowance.check()


def check_open(chat: Chat) -> None:
    """Raise `ApiError` unless our line is in the chat and able to act.

    Assumption (8.2 2): the reference names sends, reactions, typing and group actions for 2027, and says that reads
    keep working. Whatever else goes out from the line counts as one of the former: edits, receipts (POST …/read),
    backgrounds, votes, location, the contact card.
    """
    if chat.left_at is not None:
        raise ApiError(2013, "This chat is not available: your line left it")
    if chat.line.status == "FLAGGED":
        raise ApiError(2027, "This line cannot send right now")


def check_pair(chat: Chat) -> None:
    """Raise `ApiError` (429) at 30 messages in 60 seconds from this line to this recipient.

    Assumption (8.2 8): a group counts as one recipient.
    """
    since = clock.now() - timedelta(seconds=PAIR_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(_THIRTIETH, [chat.id, since, PAIR_LIMIT - 1])
        found = cursor.fetchone()
    if found:
        wait = max(1, math.ceil((found[0] - since).total_seconds()))
        raise ApiError(1007, f"Rate limited. Try again in {wait} seconds.", retry_after=wait)


def take(request: Request, chat: Chat, me: Participant, message: Mapping[str, Any], key: str | None) -> Message:
    """Accept a checked message. Call it in a transaction; everything else happens when it is due."""
    return accept(
        request,
        chat,
        me,
        parts.stored(message, me.handle),
        key=key,
        effect=_effect(message.get("effect")),
        reply_to=_reply_to(chat, message.get("reply_to")),
        preferred_service=message.get("preferred_service"),
    )


def accept(
    request: Request,
    chat: Chat,
    me: Participant,
    kept_parts: list[dict[str, Any]],
    *,
    kind: str = "message",
    key: str | None = None,
    effect: Mapping[str, Any] | None = None,
    reply_to: Mapping[str, Any] | None = None,
    preferred_service: str | None = None,
) -> Message:
    """Accept a message whose parts are in the form they are kept in; `kind` is message, poll or memo."""
    now = clock.now()
    row = Message(
        id=ids.new(),
        chat=chat,
        sender=me,
        is_from_me=True,
        parts=kept_parts,
        effect=effect,
        reply_to=reply_to,
        idempotency_key=key,
        preferred_service=preferred_service,
        delivery_status="pending",
        created_at=now,
        updated_at=now,
        trace_id=base.trace_id(request),
        accepted=True,
        kind=kind,
    )
    _write(chat, row, life.accepted(row))
    return row


def _write(chat: Chat, message: Message, next_step: Happening) -> None:
    """Everything that accepting a message changes, in one statement, because this is the busiest path there is."""
    now = message.created_at
    chat.outbound += 1
    chat.unanswered += 1
    chat.updated_at = now
    chat.first_outbound_at = chat.first_outbound_at or now
    health.note(chat, now)
    values: dict[str, Any] = {
        "chat": chat.id,
        "now": now,
        "health": chat.health,
        "health_at": chat.health_at,
        "id": message.id,
        "sender": message.sender_id,
        "parts": json.dumps(message.parts),
        "effect": _json_or_null(message.effect),
        "reply_to": _json_or_null(message.reply_to),
        "key": message.idempotency_key,
        "preferred": message.preferred_service,
        "trace_id": message.trace_id,
        "kind": message.kind,
        "due_at": next_step.at,
        "due_kind": next_step.kind,
        "due_payload": json.dumps(next_step.payload),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, values)
    transaction.on_commit(alarms.happenings.ring)


def _json_or_null(value: object) -> str | None:
    return None if value is None else json.dumps(value)


def sent_shape(message: Message, me: Participant) -> dict[str, Any]:
    """The SentMessage of an accepted message."""
    return shapes.sent_message(message, me)


def _effect(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A checked effect without anything that is no part of one. Names that are not known are tolerated."""
    if given is None:
        return None
    if not base.is_clean(given["name"]):
        raise ApiError(1005, "The name of the effect holds a character that cannot be sent")
    return {"name": given["name"], "type": given["type"]}


def _reply_to(chat: Chat, reply: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if reply is None:
        return None
    message_id = str(uuid.UUID(reply["message_id"]))
    if not Message.objects.filter(id=message_id, chat=chat, deleted_at=None).exists():
        raise ApiError(2002, "The message to reply to was not found")
    return {"message_id": message_id, "part_index": reply.get("part_index", 0)}
