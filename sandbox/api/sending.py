"""Taking a message for sending: the checks, and the row. What is written, and what follows, is in `written`."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from rest_framework.request import Request

from chats.v3.content import check_message
from sandbox import clock, ids
from sandbox.api import allowance, base, eligibility, parts, shapes, written
from sandbox.api.errors import ApiError
from sandbox.models import Chat, Message, Participant

PAIR_LIMIT = 30
PAIR_SECONDS = 60

# when the thirtieth newest message of the last minute was sent, if there were so many
_THIRTIETH = """
    SELECT created_at FROM sandbox_message WHERE chat_id = %s AND created_at > %s AND is_from_me AND accepted
    ORDER BY created_at DESC OFFSET %s LIMIT 1
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
        raise too_many(found[0], since)


def too_many(thirtieth: datetime, since: datetime) -> ApiError:
    """The answer while the thirtieth newest message is younger than a minute, which began at `since`."""
    wait = max(1, math.ceil((thirtieth - since).total_seconds()))
    return ApiError(1007, f"Rate limited. Try again in {wait} seconds.", retry_after=wait)


def take(request: Request, chat: Chat, me: Participant, message: Mapping[str, Any], key: str | None) -> Message:
    """Accept a checked message. Call it in a transaction; everything else happens when it is due."""
    row = compose(base.trace_id(request), chat, me, message, key)
    _accept(row)
    return row


def compose(trace_id: str, chat: Chat, me: Participant, message: Mapping[str, Any], key: str | None) -> Message:
    """The row of a checked message, not yet written."""
    return _row(
        trace_id,
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
) -> Message:
    """Accept a message whose parts are in the form they are kept in; `kind` is message, poll or memo."""
    row = _row(base.trace_id(request), chat, me, kept_parts, kind=kind, key=key)
    _accept(row)
    return row


def _accept(row: Message) -> None:
    written.write([written.counted(row)])


def _row(
    trace_id: str,
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
    now = clock.now()
    return Message(
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
        trace_id=trace_id,
        accepted=True,
        kind=kind,
    )


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
