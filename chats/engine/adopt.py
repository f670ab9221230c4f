"""Joining a chat that we started with the one that the remote made of it."""

from __future__ import annotations

import uuid

from django.db import connection

from chats.engine import store
from chats.models import AuditRecord, Chat, Message, Operation, Participant, WebhookEvent
from chats.models.operation import OPEN, Kind
from chats.v3 import resources

# The first of the two numbers of an advisory lock says what is locked; the second is the line's id.
_STARTS = 1


def take_remote_chat(chat: Chat, theirs: resources.Chat) -> None:
    """Give our chat its remote id and what the remote says of it. Call it inside a transaction.

    A second row that a webhook or a sync has made of the same remote chat is joined into ours, because
    ours is the one that somebody has open.
    """
    remote_id = uuid.UUID(theirs.id)
    row = Chat.objects.select_for_update(no_key=True).get(pk=chat.pk)
    if row.remote_id != remote_id:
        twin = Chat.objects.select_for_update(no_key=True).filter(remote_id=remote_id).exclude(pk=row.pk).first()
        if twin is not None:
            _join(twin, row)
        row.remote_id = remote_id
        row.save(update_fields=["remote_id"])
    store.save_chats([theirs])


def hold_starts(line_id: int) -> None:
    """Let nobody else start a chat on this line, or tell of one, until the transaction ends.

    A lock of its own and not the line's row: who writes a result holds its chat and then counts on the line.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_STARTS, line_id])


def chat_being_started(line_id: int, handles: set[str]) -> Chat | None:
    """Our chat without a remote id on this line with exactly these people, if one is being started."""
    starting = Operation.objects.filter(
        kind=Kind.CREATE_CHAT,
        state__in=OPEN,
        chat__in=Chat.objects.filter(line=line_id, remote_id__isnull=True).values("pk"),
    ).select_related("chat")
    for operation in starting.order_by("pk"):
        if operation.chat is not None and set(operation.payload.get("to", [])) == handles:
            return operation.chat
    return None


def _join(twin: Chat, row: Chat) -> None:
    """Move all that belongs to `twin` to `row`, and delete it."""
    Participant.objects.filter(chat=row).delete()
    Participant.objects.filter(chat=twin).update(chat=row)
    Message.objects.filter(chat=twin).update(chat=row)
    Operation.objects.filter(chat=twin).update(chat=row)
    WebhookEvent.objects.filter(chat=twin).update(chat=row)
    AuditRecord.objects.filter(chat=twin).update(chat=row)
    Chat.objects.filter(pk=row.pk).update(unread_count=twin.unread_count)
    twin.delete()
