"""Chats, the handles in them, and their health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chats.v3.resources.reading import Json, flag, need, objects, optional_object, text
from chats.v3.times import parse_optional_time


@dataclass(frozen=True)
class HealthStatus:
    """A chat's health as the remote tells it today."""

    status: str
    """HEALTHY, AT_RISK, CRITICAL or OPTED_OUT, always in capitals."""
    doc_url: str | None
    updated_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> HealthStatus:
        """Read the object under `health_status`. For a while the remote wrote the status in small letters."""
        return cls(need(data, "status").upper(), text(data, "doc_url"), parse_optional_time(data.get("updated_at")))


@dataclass(frozen=True)
class HealthScore:
    """A chat's health as the remote told it until June 2026. No rule turns it into a status."""

    score: float
    """From 0 to 100."""
    reason: str
    """Why it is not 100, or "". """
    updated_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> HealthScore | None:
        """Read the object under `health_score`; None without a number from 0 to 100 in it."""
        score = data.get("score")
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 100:
            return None
        return cls(score, text(data, "reason") or "", parse_optional_time(data.get("updated_at")))


def read_health_status(data: Json) -> HealthStatus | None:
    """The health status of the chat in `data`, where it has one."""
    health = optional_object(data, "health_status")
    return HealthStatus.from_json(health) if health and text(health, "status") else None


@dataclass(frozen=True)
class ChatHandle:
    """A person, or our line, in a chat."""

    handle: str
    id: str | None
    service: str | None
    is_me: bool
    """Whether this is our own line."""
    status: str | None
    """active, left or removed. Those who went stay in the list of a chat."""
    joined_at: datetime | None
    left_at: datetime | None
    line_type: str | None
    """iMessage or RCS, for our own lines."""

    @classmethod
    def from_json(cls, data: Json) -> ChatHandle:
        """Read one entry of `handles`, or any other field of the remote's that holds a handle."""
        return cls(
            handle=need(data, "handle"),
            id=text(data, "id"),
            service=text(data, "service"),
            is_me=flag(data, "is_me"),
            status=text(data, "status"),
            joined_at=parse_optional_time(data.get("joined_at")),
            left_at=parse_optional_time(data.get("left_at")),
            line_type=text(data, "line_type"),
        )


def read_handle(data: Json, key: str) -> ChatHandle | None:
    """The handle under a key, where there is one."""
    handle = optional_object(data, key)
    return ChatHandle.from_json(handle) if handle and text(handle, "handle") else None


@dataclass(frozen=True)
class Chat:
    """A conversation of one line with one person or a group."""

    id: str
    is_group: bool
    display_name: str | None
    handles: list[ChatHandle]
    """Everybody who is or was in it, our line included."""
    health_status: HealthStatus | None
    health_score: HealthScore | None
    service: str | None
    group_chat_icon: str | None
    is_archived: bool
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> Chat:
        """Read a chat of a list, of its own, of an answer to a first message, or of `chat.created`."""
        score = optional_object(data, "health_score")
        return cls(
            id=need(data, "id"),
            is_group=flag(data, "is_group"),
            display_name=text(data, "display_name"),
            handles=[ChatHandle.from_json(handle) for handle in objects(data, "handles")],
            health_status=read_health_status(data),
            health_score=HealthScore.from_json(score) if score else None,
            service=text(data, "service"),
            group_chat_icon=text(data, "group_chat_icon"),
            is_archived=flag(data, "is_archived"),
            created_at=parse_optional_time(data.get("created_at")),
            updated_at=parse_optional_time(data.get("updated_at")),
        )

    @property
    def own_handle(self) -> ChatHandle | None:
        """Our line in this chat."""
        return next((handle for handle in self.handles if handle.is_me), None)


@dataclass(frozen=True)
class Location:
    """Where a participant who shares their location was last seen."""

    handle: str
    longitude: float
    latitude: float
    altitude: float | None
    """Metres, where the remote sent it."""
    address: str | None
    locality: str | None
    updated_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> Location | None:
        """Read one GeoJSON feature; None for one without a person or a point."""
        properties = optional_object(data, "properties") or {}
        point = (optional_object(data, "geometry") or {}).get("coordinates")
        handle = text(properties, "handle")
        if not handle or not isinstance(point, list) or len(point) < 2:
            return None
        if any(isinstance(axis, bool) or not isinstance(axis, (int, float)) for axis in point):
            return None
        return cls(
            handle=handle,
            longitude=point[0],
            latitude=point[1],
            altitude=point[2] if len(point) > 2 else None,
            address=text(properties, "address"),
            locality=text(properties, "locality"),
            updated_at=parse_optional_time(properties.get("updated_at")),
        )
