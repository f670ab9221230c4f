"""What the remote answers with, as frozen values.

Fields that are not known are ignored, and an optional one that is missing or malformed is None: an answer is
never lost for the sake of a detail. Only what a value cannot be without, such as an id, is insisted on.
"""

from __future__ import annotations

from chats.v3.resources.chats import Chat, ChatHandle, HealthScore, HealthStatus, Location
from chats.v3.resources.lines import (
    Attachment,
    AvailableNumber,
    BlockedHandle,
    Capability,
    ContactCard,
    PhoneNumber,
    ReputationAudit,
    UploadSlot,
)
from chats.v3.resources.messages import (
    Accepted,
    CreatedChat,
    Effect,
    Message,
    Reaction,
    ReplyTo,
    RoutedMessage,
    Sent,
    SentMessage,
    VoiceMemo,
)
from chats.v3.resources.reading import Json, Page, Unreadable
from chats.v3.resources.webhooks import WebhookSubscription

__all__ = [
    "Accepted",
    "Attachment",
    "AvailableNumber",
    "BlockedHandle",
    "Capability",
    "Chat",
    "ChatHandle",
    "ContactCard",
    "CreatedChat",
    "Effect",
    "HealthScore",
    "HealthStatus",
    "Json",
    "Location",
    "Message",
    "Page",
    "PhoneNumber",
    "Reaction",
    "ReplyTo",
    "ReputationAudit",
    "RoutedMessage",
    "Sent",
    "SentMessage",
    "Unreadable",
    "UploadSlot",
    "VoiceMemo",
    "WebhookSubscription",
]
