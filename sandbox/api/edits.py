"""Editing a message: our own, on iMessage, a text, at most five times, within 15 minutes of sending (linq-v3, 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chats.v3.limits import MAX_TEXT_LENGTH
from sandbox import clock
from sandbox.api import base, sending
from sandbox.api.errors import ApiError
from sandbox.api.own_handle import own_handle_with_chat
from sandbox.event_shapes import edited_news
from sandbox.events import tell
from sandbox.models import Chat, Message, Participant

MOST_EDITS = 5
TIME = timedelta(minutes=15)


def read(body: Mapping[str, Any]) -> tuple[str, int]:
    """The text and the part of a request. Raises `ApiError`."""
    text, index = body.get("text"), body.get("part_index", 0)
    if text is None:
        raise ApiError(1001, "text is required")
    if not isinstance(text, str):
        raise ApiError(1003, "text must be a string")
    if not 1 <= len(text) <= MAX_TEXT_LENGTH:
        raise ApiError(1005, f"text must have from 1 to {MAX_TEXT_LENGTH:,} characters")
    if not base.is_clean(text):
        raise ApiError(1005, "text holds a character that cannot be sent")
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise ApiError(1005, "part_index must be a whole number from 0")
    return text, index


def edit(message: Message, text: str, index: int, trace_id: str) -> Message:
    """Change the text of a part and tell of it. Call it in a transaction. Raises `ApiError`.

    Assumption (8.2 3): what cannot be edited any more answers 400 with code 1005. Decorations, mentions and inline
    stickers belong to the old text and go with it.
    """
    row = Message.objects.select_related("sender").select_for_update(of=("self",)).get(id=message.id)
    me = own_handle_with_chat(row.chat_id)
    if not row.is_from_me:
        raise ApiError(2005, "Only your own messages can be edited")
    sending.check_open(me.chat)
    if (row.service or me.chat.service) != "iMessage":
        raise ApiError(1005, "Only an iMessage can be edited")
    if row.delivery_status == "failed":
        raise ApiError(1005, "A message that failed cannot be edited")
    check(row, index)
    change(me.chat, me, row, text, index, trace_id)
    return row


def check(row: Message, index: int) -> None:
    """Raise `ApiError` unless this part of a message can be given another text now, whoever wrote it."""
    if index >= len(row.parts):
        raise ApiError(1005, "The message has no such part")
    if row.parts[index]["type"] != "text":
        raise ApiError(1004, "Only a text can be edited")
    if clock.now() - (row.sent_at or row.created_at) > TIME:
        raise ApiError(1005, "A message can be edited for 15 minutes after it was sent")
    if row.edits >= MOST_EDITS:
        raise ApiError(1005, f"A message can be edited at most {MOST_EDITS} times")


def change(chat: Chat, me: Participant, row: Message, text: str, index: int, trace_id: str) -> None:
    """Give a part of a message another text now, and tell of it. `me` is our line in the chat."""
    row.parts[index] = dict.fromkeys(row.parts[index]) | {"type": "text", "value": text}
    row.edits += 1
    row.updated_at = clock.now()
    row.save(update_fields=["parts", "edits", "updated_at"])
    tell([edited_news(chat, me, row, index, row.updated_at, trace_id)])
