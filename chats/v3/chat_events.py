"""Events about chats and lines: people who come and go, names and icons, typing, the state of a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chats.v3.codes import CODES
from chats.v3.envelope import Envelope
from chats.v3.resources import Chat, ChatHandle
from chats.v3.resources.chats import read_handle
from chats.v3.resources.reading import need, number, text
from chats.v3.times import parse_optional_time


@dataclass(frozen=True)
class ParticipantEvent:
    """participant.added or participant.removed. The removed one may be our own line, which then has left."""

    added: bool
    chat_id: str
    handle: str
    participant: ChatHandle | None
    changed_at: datetime | None


def read_participant(envelope: Envelope) -> ParticipantEvent:
    """The person who came or went."""
    data, added = envelope.data, envelope.event_type == "participant.added"
    participant = read_handle(data, "participant")
    return ParticipantEvent(
        added=added,
        chat_id=need(data, "chat_id"),
        handle=participant.handle if participant else need(data, "handle"),
        participant=participant,
        changed_at=parse_optional_time(data.get("added_at" if added else "removed_at")),
    )


def read_chat_created(envelope: Envelope) -> Chat:
    """The chat that chat.created tells of."""
    return Chat.from_json(envelope.data)


@dataclass(frozen=True)
class GroupChangedEvent:
    """chat.group_name_updated or chat.group_icon_updated, whoever changed it."""

    chat_id: str
    field: str
    """name or icon."""
    old_value: str | None
    new_value: str | None
    changed_by: str | None
    """The handle of whoever did it; None where the remote did not say."""
    updated_at: datetime | None


def read_group_changed(envelope: Envelope) -> GroupChangedEvent:
    """The new name or icon of a group."""
    data = envelope.data
    person = read_handle(data, "changed_by_handle")
    return GroupChangedEvent(
        chat_id=need(data, "chat_id"),
        field=_name_or_icon(envelope),
        old_value=text(data, "old_value"),
        new_value=text(data, "new_value"),
        changed_by=person.handle if person else None,
        updated_at=parse_optional_time(data.get("updated_at")),
    )


@dataclass(frozen=True)
class GroupChangeFailedEvent:
    """chat.group_name_update_failed or chat.group_icon_update_failed. It does not say which request failed."""

    chat_id: str
    field: str
    """name or icon."""
    code: int | None
    sentence: str
    failed_at: datetime | None
    trace_id: str | None


def read_group_change_failed(envelope: Envelope) -> GroupChangeFailedEvent:
    """The change of a group's name or icon that did not happen."""
    data = envelope.data
    field, code = _name_or_icon(envelope), number(envelope.data, "error_code")
    known = CODES.get(code) if code is not None else None
    return GroupChangeFailedEvent(
        chat_id=need(data, "chat_id"),
        field=field,
        code=code,
        sentence=f"The group's {field} was not changed. {known.meaning + '.' if known else ''}".strip(),
        failed_at=parse_optional_time(data.get("failed_at")),
        trace_id=envelope.trace_id,
    )


def _name_or_icon(envelope: Envelope) -> str:
    return "icon" if "group_icon" in envelope.event_type else "name"


@dataclass(frozen=True)
class TypingEvent:
    """chat.typing_indicator.started or .stopped."""

    started: bool
    chat_id: str
    handle: str | None
    """Who types; None where the remote did not say."""


def read_typing(envelope: Envelope) -> TypingEvent:
    """Who began or stopped typing."""
    person = read_handle(envelope.data, "actor_handle")
    return TypingEvent(
        started=envelope.event_type.endswith(".started"),
        chat_id=need(envelope.data, "chat_id"),
        handle=person.handle if person else None,
    )


@dataclass(frozen=True)
class LineStatusEvent:
    """phone_number.status_updated: the only place where a line's ACTIVE or FLAGGED is told."""

    phone_number: str
    previous_status: str | None
    new_status: str | None
    """ACTIVE or FLAGGED."""
    previous_reputation: str | None
    new_reputation: str | None
    """HEALTHY, AT_RISK or CRITICAL."""
    changed_at: datetime | None


def read_line_status(envelope: Envelope) -> LineStatusEvent:
    """The new status or reputation of a line."""
    data = envelope.data
    return LineStatusEvent(
        phone_number=need(data, "phone_number"),
        previous_status=text(data, "previous_status"),
        new_status=text(data, "new_status"),
        previous_reputation=text(data, "previous_reputation"),
        new_reputation=text(data, "new_reputation"),
        changed_at=parse_optional_time(data.get("changed_at")),
    )
