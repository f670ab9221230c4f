"""Webhook subscriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from chats.v3.resources.reading import Json, flag, need, text, texts
from chats.v3.times import parse_optional_time


@dataclass(frozen=True)
class WebhookSubscription:
    """Where the remote sends which events."""

    id: str
    target_url: str
    subscribed_events: list[str]
    phone_numbers: list[str]
    """Only events of these lines; empty for all."""
    is_active: bool
    created_at: datetime | None
    updated_at: datetime | None
    signing_secret: str | None = field(repr=False)
    """Told once, in the answer that creates the subscription."""
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> WebhookSubscription:
        """Read one subscription."""
        return cls(
            id=need(data, "id"),
            target_url=need(data, "target_url"),
            subscribed_events=texts(data, "subscribed_events"),
            phone_numbers=texts(data, "phone_numbers"),
            is_active=flag(data, "is_active"),
            created_at=parse_optional_time(data.get("created_at")),
            updated_at=parse_optional_time(data.get("updated_at")),
            signing_secret=text(data, "signing_secret"),
            trace_id=trace_id,
        )
