"""Taking a message for sending: the checks, the row, the chat's counters and what follows."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import F
from rest_framework.request import Request

from chats.v3.content import check_message
from sandbox import clock, happenings, health
from sandbox.api import base, parts, shapes
from sandbox.api.errors import ApiError
from sandbox.models import Chat, Message, Participant, Person
from sandbox.people import life

PAIR_LIMIT = 30
PAIR_SECONDS = 60


def message_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `message` of a request."""
    message = body.get("message")
    if message is None:
        raise ApiError(1001, "message is required")
    if not isinstance(message, dict):
        raise ApiError(1003, "message must be an object")
    return message


def check_content(
    message: Mapping[str, Any], *, opens_chat: bool, is_group: bool, participants: list[str] | None = None
) -> None:
    """Raise `ApiError` for the first rule that the message breaks."""
    found = check_message(message, opens_chat=opens_chat, is_group=is_group, participants=participants)
    if found:
        raise ApiError(found[0].code, found[0].message)


def check_may_send(chat: Chat, *, override_optout: bool) -> None:
    """Raise `ApiError` when nothing can be sent into this chat now."""
    check_open(chat)
    check_recipient(chat.peer, override_optout=override_optout)
    check_pair(chat)


def check_open(chat: Chat) -> None:
    """Raise `ApiError` unless our line is in the chat and able to act."""
    if chat.left_at is not None:
        raise ApiError(2013, "This chat is not available: your line left it")
    if chat.line.status == "FLAGGED":
        raise ApiError(2027, "This line cannot send right now")


def check_recipient(person: Person | None, *, override_optout: bool) -> None:
    """Raise `ApiError` when the person of a direct chat opted out and the request does not override it."""
    if person is not None and person.opted_out_at is not None and not override_optout:
        raise ApiError(2024, "The recipient opted out of messages")


def check_pair(chat: Chat) -> None:
    """Raise `ApiError` (429) at 30 messages in 60 seconds from this line to this recipient.

    Assumption (8.2 8): a group counts as one recipient.
    """
    since = clock.now() - timedelta(seconds=PAIR_SECONDS)
    recent = Message.objects.filter(chat=chat, created_at__gt=since, is_from_me=True, accepted=True)
    times = list(recent.order_by("-created_at").values_list("created_at", flat=True)[:PAIR_LIMIT])
    if len(times) == PAIR_LIMIT:
        wait = max(1, math.ceil((times[-1] - since).total_seconds()))
        raise ApiError(1007, f"Rate limited. Try again in {wait} seconds.", retry_after=wait)


def take(request: Request, chat: Chat, me: Participant, message: Mapping[str, Any], key: str | None) -> Message:
    """Accept a checked message. Call it in a transaction; everything else happens when it is due."""
    now = clock.now()
    row = Message(
        id=uuid.uuid4(),
        chat=chat,
        sender=me,
        is_from_me=True,
        parts=parts.stored(message["parts"], me.handle),
        effect=message.get("effect"),
        reply_to=_reply_to(chat, message.get("reply_to")),
        idempotency_key=key,
        preferred_service=message.get("preferred_service"),
        delivery_status="pending",
        created_at=now,
        updated_at=now,
        trace_id=base.trace_id(request),
        accepted=True,
    )
    # The chat before the message: an insert first would share-lock the chat and could deadlock with a change of it.
    count_outbound(chat, now)
    row.save(force_insert=True)
    happenings.plan([life.accepted(row.id, now, chat.reuse_key, chat.outbound)])
    return row


def count_outbound(chat: Chat, now: Any) -> None:
    """Count a message of ours: for health, and for the order of the list."""
    before = health.of(chat).status
    chat.outbound += 1
    chat.unanswered += 1
    changes: dict[str, Any] = {
        "outbound": F("outbound") + 1,
        "unanswered": F("unanswered") + 1,
        "updated_at": now,
    }
    if chat.first_outbound_at is None:
        chat.first_outbound_at = changes["first_outbound_at"] = now
    if health.of(chat).status != before:
        chat.health_at = changes["health_at"] = now
    chat.updated_at = now
    Chat.objects.filter(id=chat.id).update(**changes)


def sent_shape(message: Message, me: Participant) -> dict[str, Any]:
    """The SentMessage of an accepted message."""
    return shapes.sent_message(message, me)


def _reply_to(chat: Chat, reply: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if reply is None:
        return None
    message_id = str(reply["message_id"])
    if not Message.objects.filter(id=message_id, chat=chat).exists():
        raise ApiError(2002, "The message to reply to was not found")
    return {"message_id": message_id, "part_index": reply.get("part_index", 0)}
