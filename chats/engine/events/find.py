"""Finding the chat that an event is about."""

from __future__ import annotations

import uuid
from typing import Any

from chats.models import Chat, Line, WebhookEvent


class UnknownChat(Exception):
    """The event is about a chat that we do not have yet: it has to be fetched first."""

    def __init__(self, remote_id: str) -> None:
        super().__init__("The chat of this event is not known here yet.")
        self.remote_id = remote_id


class Unusable(Exception):
    """The event can never be used; the message says why. It is kept, and not tried again."""


def data_of(event: WebhookEvent) -> dict[str, Any]:
    data = event.payload.get("data")
    if not isinstance(data, dict):
        raise Unusable("The event has no data.")
    return data


def chat_of(event: WebhookEvent, remote_id: object) -> Chat:
    """The event's chat, locked, and noted on the event, so that the activity page can be narrowed to it.

    Raises `UnknownChat` for one that has to be fetched and `Unusable` for an id that is none.
    """
    try:
        wanted = uuid.UUID(str(remote_id))
    except ValueError:
        raise Unusable("The event does not name a chat.") from None
    chat = Chat.objects.select_for_update(of=("self",)).select_related("line").filter(remote_id=wanted).first()
    if chat is None:
        raise UnknownChat(str(wanted))
    event.chat = chat
    event.line = chat.line
    return chat


def line_of(event: WebhookEvent, phone_number: object) -> Line | None:
    line = Line.objects.filter(phone_number=str(phone_number)).first()
    if line is not None:
        event.line = line
    return line
