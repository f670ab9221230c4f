"""Chats that begin here: the rows of a chat that the remote makes with its first message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from chats.engine import titles
from chats.models import Chat, Handle, Line, Operation, Participant
from chats.models.operation import OPEN, Kind


def started(line: Line) -> QuerySet[Chat]:
    """The line's chats but those whose start has failed: the remote never made them."""
    starting = Operation.objects.filter(chat=OuterRef("pk"), kind=Kind.CREATE_CHAT, state__in=OPEN)
    return Chat.objects.filter(Q(remote_id__isnull=False) | Exists(starting), line=line)


def direct_chats(line: Line, handle_ids: Collection[int]) -> dict[int, Chat]:
    """The latest direct chat of the line with each of these handles, where there is one."""
    them = Participant.objects.filter(handle__in=handle_ids, is_me=False, chat__in=started(line).filter(is_group=False))
    rows = them.select_related("chat").order_by("handle_id", "-chat__sort_at", "-chat_id").distinct("handle_id")
    return {row.handle_id: row.chat for row in rows}


def open_direct_chats(line: Line, handles: Sequence[Handle], *, now: datetime) -> list[Chat]:
    """A new direct chat with each handle, in their order, still unknown to the remote. The line must be locked."""
    ours, _ = Handle.objects.get_or_create(value=line.phone_number)
    chats = [Chat(line=line, is_group=False, sort_at=now, messages_synced_at=now) for _ in handles]
    Chat.objects.bulk_create(chats)
    people = [Participant(chat=chat, handle=ours, is_me=True, joined_at=now) for chat in chats]
    people += [
        Participant(chat=chat, handle=handle, joined_at=now) for chat, handle in zip(chats, handles, strict=True)
    ]
    Participant.objects.bulk_create(people)
    titles.refresh([chat.pk for chat in chats])
    return chats
