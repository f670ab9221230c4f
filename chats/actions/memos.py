"""Sending voice memos."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from chats.actions.messages import write_message
from chats.actions.operations import enqueue
from chats.actions.rules import Refused, record, require
from chats.models import Chat, Message
from chats.models.operation import Kind, Priority
from chats.v3.card_rules import is_url
from chats.v3.limits import MAX_LINK_LENGTH

FILE_NAME = "Voice memo"


def send_voice_memo(
    *,
    chat: Chat,
    by: User,
    key: uuid.UUID,
    url: str = "",
    attachment_id: uuid.UUID | None = None,
    priority: Priority = Priority.PERSON,
    send_before: datetime | None = None,
) -> Message:
    """Send a recording into a chat: one at a public https address, or one that was uploaded to the remote.

    A message like any other, but for the remote's not knowing its key: one whose answer is lost is looked for in
    the chat, and fails when it is not found. `key`, `priority` and `send_before` are those of `send_message`.

    Raises `NotAllowed` without `reply_to_chats`; `Refused` for both or neither of address and file, an address
    that is not https, a chat that is not there yet, or a group that our line has left.
    """
    require(by, "reply_to_chats", chat.line)
    if bool(url) == (attachment_id is not None):
        raise Refused("Give either the address of a recording or an uploaded file.", field="url")
    if url and (not is_url(url, "https") or len(url) > MAX_LINK_LENGTH):
        raise Refused("Give the address of a recording that starts with https://.", field="url")
    with transaction.atomic():
        chat = Chat.objects.select_for_update(of=("self",)).select_related("line").get(pk=chat.pk)
        already = Message.objects.filter(key=str(key)).first()
        if already is not None:
            if already.chat_id != chat.pk:
                raise Refused("This message was already sent in another chat.")
            return already
        if chat.left_at is not None:
            raise Refused("Our line has left this group, so nothing can be sent.")
        if chat.remote_id is None:
            raise Refused("The chat is still being made. Try again in a moment.")
        file = {"url": url} if url else {"id": str(attachment_id)}
        message = write_message(chat, [{"type": "media", "filename": FILE_NAME, **file}], by=by, key=key)
        enqueue(
            Kind.SEND_VOICE_MEMO,
            line=chat.line,
            chat=chat,
            by=by,
            message=message,
            key=key,
            payload={"url": url} if url else {"attachment_id": str(attachment_id)},
            priority=priority,
            send_before=send_before,
        )
        record(by, "message.send", line=chat.line, chat=chat, target=f"message {message.pk}")
    return message
