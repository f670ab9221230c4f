"""Webhook events: what each says, by its type.

Readers raise `Unreadable` for data that says nothing about anything, and take whatever else they find: an event
is stored before it is read, so nothing is lost either way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chats.v3.account_events import (
    CardEvent,
    ForwardingEvent,
    LocationSharingEvent,
    read_card,
    read_forwarding,
    read_location_sharing,
)
from chats.v3.chat_events import (
    GroupChangedEvent,
    GroupChangeFailedEvent,
    LineStatusEvent,
    ParticipantEvent,
    TypingEvent,
    read_chat_created,
    read_group_change_failed,
    read_group_changed,
    read_line_status,
    read_participant,
    read_typing,
)
from chats.v3.envelope import CONSOLE_EVENTS, EVENT_TYPES, MESSAGE_EVENTS, WEBHOOK_VERSION, Envelope, parse_envelope
from chats.v3.message_events import (
    EditedEvent,
    FailedEvent,
    MessageEvent,
    ReactionEvent,
    read_edited,
    read_failed,
    read_message,
    read_reaction,
)
from chats.v3.resources import Chat, Unreadable

__all__ = [
    "CONSOLE_EVENTS",
    "EVENT_TYPES",
    "MESSAGE_EVENTS",
    "WEBHOOK_VERSION",
    "CardEvent",
    "EditedEvent",
    "Envelope",
    "Event",
    "FailedEvent",
    "ForwardingEvent",
    "GroupChangeFailedEvent",
    "GroupChangedEvent",
    "LineStatusEvent",
    "LocationSharingEvent",
    "MessageEvent",
    "ParticipantEvent",
    "ReactionEvent",
    "TypingEvent",
    "Unreadable",
    "parse_envelope",
    "read_card",
    "read_chat_created",
    "read_edited",
    "read_event",
    "read_failed",
    "read_forwarding",
    "read_group_change_failed",
    "read_group_changed",
    "read_line_status",
    "read_location_sharing",
    "read_message",
    "read_participant",
    "read_reaction",
    "read_typing",
]

Event = (
    MessageEvent
    | FailedEvent
    | EditedEvent
    | ReactionEvent
    | ParticipantEvent
    | Chat
    | GroupChangedEvent
    | GroupChangeFailedEvent
    | TypingEvent
    | LineStatusEvent
    | LocationSharingEvent
    | ForwardingEvent
    | CardEvent
)
_READERS: Final[dict[str, Callable[[Envelope], Event]]] = {
    **dict.fromkeys(MESSAGE_EVENTS, read_message),
    "message.failed": read_failed,
    "message.edited": read_edited,
    "reaction.added": read_reaction,
    "reaction.removed": read_reaction,
    "participant.added": read_participant,
    "participant.removed": read_participant,
    "chat.created": read_chat_created,
    "chat.group_name_updated": read_group_changed,
    "chat.group_icon_updated": read_group_changed,
    "chat.group_name_update_failed": read_group_change_failed,
    "chat.group_icon_update_failed": read_group_change_failed,
    "chat.typing_indicator.started": read_typing,
    "chat.typing_indicator.stopped": read_typing,
    "phone_number.status_updated": read_line_status,
    "phone_number.forwarding_updated": read_forwarding,
    "location.sharing.started": read_location_sharing,
    "location.sharing.stopped": read_location_sharing,
    **dict.fromkeys(("contact_card.created", "contact_card.updated", "contact_card.deleted"), read_card),
}


def read_event(envelope: Envelope) -> Event | None:
    """What an event says, by its type; None for a type that has no reader here. Raises `Unreadable`."""
    reader = _READERS.get(envelope.event_type)
    return reader(envelope) if reader else None
