"""What each webhook event changes here. Every handler can run any number of times and in any order."""

from __future__ import annotations

from collections.abc import Callable

from chats.engine.events import contacts, groups, lines, locations, messages, typing
from chats.models import WebhookEvent

HANDLERS: dict[str, Callable[[WebhookEvent], None]] = {
    "message.sent": messages.message_moved,
    "message.received": messages.message_moved,
    "message.delivered": messages.message_moved,
    "message.read": messages.message_moved,
    "message.failed": messages.message_failed,
    "message.edited": messages.message_edited,
    "reaction.added": messages.reaction_added,
    "reaction.removed": messages.reaction_removed,
    "chat.created": groups.chat_created,
    "chat.group_name_updated": groups.name_or_icon_updated,
    "chat.group_icon_updated": groups.name_or_icon_updated,
    "chat.group_name_update_failed": groups.name_or_icon_failed,
    "chat.group_icon_update_failed": groups.name_or_icon_failed,
    "participant.added": groups.participant_changed,
    "participant.removed": groups.participant_changed,
    "chat.typing_indicator.started": typing.typing_changed,
    "chat.typing_indicator.stopped": typing.typing_changed,
    "contact_card.received": contacts.card_received,
    "contact_card.created": lines.card_changed,
    "contact_card.updated": lines.card_changed,
    "contact_card.deleted": lines.card_changed,
    "phone_number.status_updated": lines.status_updated,
    "phone_number.forwarding_updated": lines.forwarding_updated,
    "location.sharing.started": locations.sharing_changed,
    "location.sharing.stopped": locations.sharing_changed,
}
"""By event type. Types that are not here are kept as they came and change nothing."""
