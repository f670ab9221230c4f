"""The names of all webhook events, and the envelope that each comes in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chats.v3.resources.reading import Json, Unreadable, need, need_object, text
from chats.v3.times import parse_optional_time

# The version the console pins in the address of its subscription.
WEBHOOK_VERSION: Final = "2026-02-03"

_NAMES: Final = {
    "message": "sent received read delivered failed edited",
    "reaction": "added removed",
    "poll": "received failed sent delivered read updated vote.added vote.removed reaction.added",
    "participant": "added removed",
    "chat": "created group_name_updated group_icon_updated group_name_update_failed group_icon_update_failed "
    "background_updated background_update_failed typing_indicator.started typing_indicator.stopped",
    "phone_number": "status_updated assigned released forwarding_updated",
    "contact_card": "received created updated deleted",
    "call": "initiated ringing answered ended failed declined no_answer",
    "location": "sharing.started sharing.stopped",
    "payment": "succeeded canceled expired declined authorized",
    "connection": "created revoked",
    "zero_day_retention": "updated",
    "environment": "created renamed deleted line_moved",
    "api_token": "created renamed expiry_scheduled expired activated deleted",
    "webhook_subscription": "created deleted target_url_changed enabled disabled events.updated "
    "phone_numbers.updated routing_headers_set routing_headers_cleared",
    "team_member": "added signed_in signed_out",
}
EVENT_TYPES: Final = frozenset(f"{subject}.{what}" for subject, names in _NAMES.items() for what in names.split())

MESSAGE_EVENTS: Final = frozenset(f"message.{stage}" for stage in ("sent", "received", "delivered", "read"))
# What a console has to hear of to show chats, groups, lines and health as they are.
CONSOLE_EVENTS: Final = tuple(
    sorted(
        name
        for name in EVENT_TYPES
        if name.startswith(("message.", "reaction.", "participant.", "phone_number.", "location.", "contact_card."))
        or (name.startswith("chat.") and "background" not in name)
        or name == "webhook_subscription.disabled"
    )
)


@dataclass(frozen=True)
class Envelope:
    """What every event comes in."""

    event_id: str
    """The same on every repeat of the event, and on every subscription that gets it."""
    event_type: str
    webhook_version: str
    created_at: datetime | None
    trace_id: str | None
    """That of the request which caused it, for what we sent."""
    data: Json


def parse_envelope(body: bytes) -> Envelope:
    """Read the body of a delivery. Raises `Unreadable`; the type of the event may be unknown."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise Unreadable("The body of the delivery is not a JSON object.")
    return Envelope(
        event_id=need(parsed, "event_id"),
        event_type=need(parsed, "event_type"),
        webhook_version=text(parsed, "webhook_version") or "2025-01-01",
        created_at=parse_optional_time(parsed.get("created_at")),
        trace_id=text(parsed, "trace_id"),
        data=need_object(parsed, "data"),
    )
