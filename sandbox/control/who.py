"""Whom and which chat a control request is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import ids
from sandbox.api import base
from sandbox.api.chats import find_chat, make_chat
from sandbox.api.errors import ApiError
from sandbox.event_shapes import chat_created_news
from sandbox.events import tell
from sandbox.models import Chat, Line, Message, Participant
from sandbox.models.chat import identity
from sandbox.people import answers


def where(body: Mapping[str, Any], handle: str) -> tuple[Chat, Participant]:
    """The chat a person speaks in: the one named, or their direct chat with the line named, made if need be."""
    if body.get("chat_id") is not None:
        return member(body, handle)
    number = base.phone(body.get("line"), "chat_id or line")
    line = Line.objects.filter(phone_number=number).first()
    if line is None:
        raise ApiError(2019, f"There is no line {number}")
    key = identity(number, [handle])
    chat = Chat.objects.select_related("line", "peer").filter(reuse_key=key).first()
    if chat is None:
        chat = make_chat(line, [handle], key)
        members = list(chat.participants.order_by("-is_me"))
        tell([chat_created_news(chat, members, ids.trace())])
    return chat, participant(chat, handle)


def member(body: Mapping[str, Any], handle: str) -> tuple[Chat, Participant]:
    """The chat named, and the person as somebody who is in it."""
    chat = find_chat(str(body.get("chat_id") or ""))
    return chat, participant(chat, handle)


def group_member(body: Mapping[str, Any], handle: str) -> tuple[Chat, Participant]:
    """The group named, and the person as somebody who is in it."""
    chat, found = member(body, handle)
    if not chat.is_group:
        raise ApiError(1006, "This is a direct chat")
    return chat, found


def participant(chat: Chat, handle: str) -> Participant:
    """Somebody who is in this chat. Raises `ApiError` (1005) when they are not."""
    row = chat.participants.select_related("person").filter(handle=handle, status="active", is_me=False).first()
    if row is None:
        raise ApiError(1005, f"{handle} is not in this chat")
    return row


def message(body: Mapping[str, Any]) -> Message:
    """The message named, with its chat, that chat's line and peer, and its sender."""
    found = answers.find([base.identifier(str(body.get("message_id") or ""), "message_id")])
    if not found:
        raise ApiError(2002, "Message not found")
    return found[0]
