"""Statements of `inflow` and `reading` that give many chats each their own values at once: see `batch_sql`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from chats.models import Chat, Message

PREVIEW_LENGTH = 160

_SHOW = """
UPDATE chats_chat AS chat
SET sort_at = greatest(chat.sort_at, told.at), last_message_text = told.words, last_message_is_ours = told.is_ours
FROM unnest(%(chats)s::bigint[], %(times)s::timestamptz[], %(words)s::text[], %(ours)s::boolean[])
    AS told (id, at, words, is_ours)
WHERE chat.id = told.id
    AND NOT EXISTS (SELECT 1 FROM chats_message WHERE chat_id = told.id AND happened_at > told.at)
"""

_NOTE = """
UPDATE chats_chat AS chat
SET messages_synced_at = told.at, messages_read_as_of = coalesce(told.as_of, chat.messages_read_as_of)
FROM unnest(%(chats)s::bigint[], %(times)s::timestamptz[], %(states)s::timestamptz[]) AS told (id, at, as_of)
WHERE chat.id = told.id
"""


def show_as_latest(latest: Sequence[tuple[Chat, Message]]) -> None:
    """Let the inbox show these messages as the last of their chats, where a chat holds no later one."""
    if not latest:
        return
    told: dict[str, Any] = {
        "chats": [chat.pk for chat, _ in latest],
        "times": [message.happened_at for _, message in latest],
        "words": [message.text[:PREVIEW_LENGTH] for _, message in latest],
        "ours": [message.is_ours for _, message in latest],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SHOW, told)


def note_read(read: Sequence[tuple[Chat, datetime, datetime | None]]) -> None:
    """Write when chats were read, and of which change at the remote that tells; None leaves that as it was."""
    chats, times, states = zip(*read, strict=True)
    told = {"chats": [chat.pk for chat in chats], "times": list(times), "states": list(states)}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, told)
