"""Finding a message of ours at the remote when nobody ever told us its id.

It is looked for by whom it was to, what it says and when it was sent. A message that we know to be another one
of ours is never taken for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q

from chats.models import Message, Operation
from chats.v3 import content, resources
from chats.v3.client import Client

# The remote's clock and ours are not the same.
CLOCKS_DIFFER_BY = timedelta(minutes=2)
MOST_PAGES = 20
PAGE = 100


def in_chat(client: Client, chat_id: str, message: Message, operation: Operation) -> resources.Message | None:
    """Our message among those of a chat: the one with its text that is nearest to when it first left."""
    sent_at = operation.first_sent_at or operation.created_at
    alike = [one for one in _ours_since(client, chat_id, sent_at - CLOCKS_DIFFER_BY) if _says(one) == message.text]
    taken = set(
        Message.objects.filter(remote_id__in=[uuid.UUID(one.id) for one in alike], key__isnull=False)
        .exclude(pk=message.pk)
        .values_list("remote_id", flat=True)
    )
    free = [one for one in alike if uuid.UUID(one.id) not in taken]
    return min(free, key=lambda one: abs(_at(one, sent_at) - sent_at), default=None)


def memo_in_chat(client: Client, chat_id: str, operation: Operation) -> resources.Message | None:
    """Our voice memo among the messages of a chat: a lone file of ours, nearest to when it first left.

    The remote renames files and addresses, so a memo that nobody here sent at the same time cannot be told apart;
    what left before this one, or is known to be another message of ours, is never taken for it.
    """
    sent_at = operation.first_sent_at or operation.created_at
    alike = [
        one
        for one in _ours_since(client, chat_id, sent_at - CLOCKS_DIFFER_BY)
        if [part.get("type") for part in one.parts] == ["media"]
    ]
    rows = Message.objects.filter(remote_id__in=[uuid.UUID(one.id) for one in alike])
    # A row that an event or a reading has made of it is ours to take; one that has a key or is older is not.
    taken = set(
        rows.filter(Q(key__isnull=False) | Q(created_at__lt=sent_at - CLOCKS_DIFFER_BY))
        .exclude(operation=operation)
        .values_list("remote_id", flat=True)
    )
    free = [one for one in alike if uuid.UUID(one.id) not in taken]
    return min(free, key=lambda one: abs(_at(one, sent_at) - sent_at), default=None)


def chats_with(client: Client, line: str, handles: set[str]) -> Iterator[resources.Chat]:
    """The line's chats with exactly these people."""
    cursor = None
    for _ in range(MOST_PAGES):
        page = client.chats.list(from_=line, to=min(handles), limit=PAGE, cursor=cursor)
        for chat in page.items:
            if {one.handle for one in chat.handles if not one.is_me} == handles:
                yield chat
        cursor = page.next_cursor
        if cursor is None:
            return


def _ours_since(client: Client, chat_id: str, since: datetime) -> list[resources.Message]:
    """What left our line in a chat since then. The order of the list is not promised, so pages are read to the end."""
    found: list[resources.Message] = []
    cursor = None
    for _ in range(MOST_PAGES):
        page = client.messages.list(chat_id, limit=PAGE, cursor=cursor)
        found += [one for one in page.items if one.is_from_me and _at(one, since) >= since]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _at(message: resources.Message, otherwise: datetime) -> datetime:
    return message.created_at or message.sent_at or otherwise


def _says(message: resources.Message) -> str:
    return content.plain_text(message.parts)
