"""Reading a stored event, and finding the chat that it is about."""

from __future__ import annotations

from chats.engine import store
from chats.models import Chat, Line, WebhookEvent
from chats.v3.events import Envelope


class UnknownChat(Exception):
    """The event is about a chat that we do not have yet: it has to be fetched first."""

    def __init__(self, remote_id: str) -> None:
        super().__init__("The chat of this event is not known here yet.")
        self.remote_id = remote_id


class UnknownMessage(Exception):
    """The event is about a message that we do not have yet: its own event may be late, or it has to be fetched."""

    def __init__(self, remote_id: str) -> None:
        super().__init__("The message of this event is not known here yet.")
        self.remote_id = remote_id


class Unusable(Exception):
    """The event can never be used; the message says why. It is kept, and not tried again."""


def envelope_of(event: WebhookEvent) -> Envelope:
    data = event.payload.get("data")
    if not isinstance(data, dict):
        raise Unusable("The event has no data.")
    return Envelope(
        event_id=event.event_id,
        event_type=event.event_type,
        webhook_version=event.version,
        created_at=event.happened_at,
        trace_id=event.trace_id or None,
        data=data,
    )


def chat_of(event: WebhookEvent, remote_id: str) -> Chat:
    """The event's chat, locked, and noted on the event, so that the activity page can be narrowed to it.

    Raises `UnknownChat` for one that has to be fetched and `Unusable` for an id that is none.
    """
    wanted = store.uuid_of(remote_id)
    if wanted is None:
        raise Unusable("The event does not name a chat.")
    chat = (
        Chat.objects.select_for_update(no_key=True, of=("self",))
        .select_related("line")
        .filter(remote_id=wanted)
        .first()
    )
    if chat is None:
        raise UnknownChat(str(wanted))
    event.chat = chat
    event.line = chat.line
    return chat


def line_of(event: WebhookEvent, phone_number: str | None) -> Line | None:
    """The event's line, noted on the event; None for one that is not ours."""
    line = Line.objects.filter(phone_number=phone_number or "").first()
    if line is not None:
        event.line = line
    return line
