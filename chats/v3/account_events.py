"""Events about what is set for a line, and about who shares where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chats.v3.envelope import Envelope
from chats.v3.resources.reading import need, optional_object, text
from chats.v3.times import parse_optional_time


@dataclass(frozen=True)
class LocationSharingEvent:
    """location.sharing.started or .stopped. No event tells where somebody is."""

    started: bool
    shared_by: str
    shared_with: str
    """Our line."""
    chat_id: str | None
    began_at: datetime | None
    ends_at: datetime | None
    """When it will end by itself; None for never, or not said."""
    ended_at: datetime | None


def read_location_sharing(envelope: Envelope) -> LocationSharingEvent:
    """Who began or stopped to share where they are."""
    data = envelope.data
    return LocationSharingEvent(
        started=envelope.event_type.endswith(".started"),
        shared_by=need(data, "shared_by"),
        shared_with=need(data, "shared_with"),
        chat_id=text(data, "chat_id"),
        began_at=parse_optional_time(data.get("began_at")),
        ends_at=parse_optional_time(data.get("ends_at")),
        ended_at=parse_optional_time(data.get("ended_at")),
    )


@dataclass(frozen=True)
class ForwardingEvent:
    """phone_number.forwarding_updated, whoever changed it."""

    phone_number: str
    forwarding_number: str | None
    """None when calls are no longer forwarded."""
    changed_at: datetime | None


def read_forwarding(envelope: Envelope) -> ForwardingEvent:
    """Where calls to the line go now."""
    data = envelope.data
    return ForwardingEvent(
        phone_number=need(data, "phone_number"),
        forwarding_number=text(optional_object(data, "change") or {}, "to") or None,
        changed_at=parse_optional_time(data.get("occurred_at")),
    )


@dataclass(frozen=True)
class CardEvent:
    """contact_card.created, .updated or .deleted: of a line of ours, not of somebody who wrote to us."""

    exists: bool
    phone_number: str
    first_name: str
    last_name: str
    image_url: str
    changed_at: datetime | None


def read_card(envelope: Envelope) -> CardEvent:
    """The card as it is now."""
    data = envelope.data
    card = optional_object(data, "contact_card") or {}
    exists = not envelope.event_type.endswith(".deleted")
    return CardEvent(
        exists=exists,
        phone_number=text(data, "phone_number") or need(card, "phone_number"),
        first_name=text(card, "first_name") or "",
        last_name=text(card, "last_name") or "",
        image_url=text(card, "image_url") or "",
        changed_at=parse_optional_time(data.get("occurred_at")),
    )
