"""Webhook events: their names, their envelope, and one shape for what they say.

Two versions of the `message.*` payloads are about, 2026-02-03 and 2025-01-01; `read_message` makes the same
`MessageEvent` of both. Readers raise `Unreadable` for data that says nothing about anything, and take whatever
else they find: an event is stored before it is read, so nothing is lost either way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chats.v3.codes import CODES
from chats.v3.resources import Chat, ChatHandle, Effect, HealthStatus, ReplyTo
from chats.v3.resources.chats import read_handle, read_health_status
from chats.v3.resources.reading import (
    Json,
    Unreadable,
    flag,
    need,
    need_object,
    number,
    objects,
    optional_object,
    text,
)
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
        if name.startswith(("message.", "reaction.", "participant.", "phone_number.", "location."))
        or (name.startswith("chat.") and "background" not in name)
        or name in ("contact_card.received", "webhook_subscription.disabled")
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


@dataclass(frozen=True)
class MessageEvent:
    """A message at one stage of its life: message.sent, .received, .delivered or .read, in either version."""

    message_id: str
    chat_id: str
    is_group: bool | None
    """None where the remote did not say."""
    owner_handle: str | None
    """Our line."""
    direction: str
    """inbound or outbound."""
    sender_handle: str | None
    """Whoever wrote it; our line for an outbound one."""
    parts: list[dict[str, object]]
    service: str | None
    preferred_service: str | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    effect: Effect | None
    reply_to: ReplyTo | None
    idempotency_key: str | None
    reconciled_at: datetime | None
    """When it was recovered after having been missed: history, not news."""
    zero_retention: bool
    """Whether the parts were left out because the line keeps nothing."""
    health_status: HealthStatus | None
    trace_id: str | None


def read_message(envelope: Envelope) -> MessageEvent:
    """The message of a message.sent, .received, .delivered or .read event."""
    # By shape, not by the version's name: a replay may carry one version in the other's envelope.
    return _message_v2(envelope) if optional_object(envelope.data, "chat") else _message_v1(envelope)


def _message_v2(envelope: Envelope) -> MessageEvent:
    data = envelope.data
    chat = need_object(data, "chat")
    owner, sender = read_handle(chat, "owner_handle"), read_handle(data, "sender_handle")
    is_group = chat.get("is_group")
    return MessageEvent(
        message_id=need(data, "id"),
        chat_id=need(chat, "id"),
        is_group=is_group if isinstance(is_group, bool) else None,
        owner_handle=owner.handle if owner else None,
        direction=text(data, "direction") or ("inbound" if envelope.event_type == "message.received" else "outbound"),
        sender_handle=sender.handle if sender else None,
        parts=objects(data, "parts"),
        service=text(data, "service"),
        preferred_service=text(data, "preferred_service"),
        sent_at=parse_optional_time(data.get("sent_at")),
        delivered_at=parse_optional_time(data.get("delivered_at")),
        read_at=parse_optional_time(data.get("read_at")),
        effect=Effect.read(data),
        reply_to=ReplyTo.read(data),
        idempotency_key=text(data, "idempotency_key"),
        reconciled_at=parse_optional_time(data.get("reconciled_at")),
        zero_retention=flag(data, "zero_retention"),
        health_status=read_health_status(chat),
        trace_id=envelope.trace_id,
    )


def _message_v1(envelope: Envelope) -> MessageEvent:
    data = envelope.data
    message = optional_object(data, "message") or {}
    sender = read_handle(data, "from_handle")
    sender_handle = sender.handle if sender else text(data, "from")
    outbound = flag(data, "is_from_me")
    recipient = optional_object(data, "recipient_handle")
    recipient_handle = text(recipient, "handle") if recipient else text(data, "recipient_handle")
    is_group = data.get("is_group")

    def moment(name: str) -> datetime | None:
        return parse_optional_time(data.get(name)) or parse_optional_time(message.get(name))

    return MessageEvent(
        message_id=text(message, "id") or need(data, "message_id"),
        chat_id=need(data, "chat_id"),
        is_group=is_group if isinstance(is_group, bool) else None,
        owner_handle=sender_handle if outbound else recipient_handle or text(data, "recipient_phone"),
        direction="outbound" if outbound else "inbound",
        sender_handle=sender_handle,
        parts=objects(message, "parts"),
        service=text(data, "service"),
        preferred_service=text(data, "preferred_service"),
        sent_at=moment("sent_at") or (None if outbound else parse_optional_time(data.get("received_at"))),
        delivered_at=moment("delivered_at"),
        read_at=moment("read_at"),
        effect=Effect.read(message),
        reply_to=ReplyTo.read(message),
        idempotency_key=text(data, "idempotency_key"),
        reconciled_at=moment("reconciled_at"),
        zero_retention=flag(data, "zero_retention"),
        health_status=None,
        trace_id=envelope.trace_id,
    )


@dataclass(frozen=True)
class FailedEvent:
    """message.failed. It may still be followed by message.delivered."""

    message_id: str
    chat_id: str | None
    code: int | None
    reason: str | None
    """The remote's own words."""
    sentence: str
    """What happened, for a person, in ours."""
    failed_at: datetime | None
    service: str | None
    trace_id: str | None


def read_failed(envelope: Envelope) -> FailedEvent:
    """The failure that message.failed tells, in either version."""
    data = envelope.data
    code = number(data, "code")
    known = CODES.get(code) if code is not None else None
    return FailedEvent(
        message_id=need(data, "message_id"),
        chat_id=text(data, "chat_id"),
        code=code,
        reason=text(data, "reason"),
        sentence=f"{known.meaning if known else 'The message could not be delivered'}.",
        failed_at=parse_optional_time(data.get("failed_at")),
        service=text(data, "service"),
        trace_id=envelope.trace_id,
    )


@dataclass(frozen=True)
class EditedEvent:
    """message.edited: the new text of one part. It comes for our own edits too."""

    message_id: str
    chat_id: str
    part_index: int
    text: str
    """Empty when `zero_retention` is set: the line keeps no text."""
    direction: str
    zero_retention: bool
    edited_at: datetime | None
    health_status: HealthStatus | None


def read_edited(envelope: Envelope) -> EditedEvent:
    """The edit that message.edited tells."""
    data, chat, part = envelope.data, need_object(envelope.data, "chat"), need_object(envelope.data, "part")
    return EditedEvent(
        message_id=need(data, "id"),
        chat_id=need(chat, "id"),
        part_index=number(part, "index") or 0,
        text=text(part, "text") or "",
        direction=text(data, "direction") or "inbound",
        zero_retention=flag(data, "zero_retention"),
        edited_at=parse_optional_time(data.get("edited_at")),
        health_status=read_health_status(chat),
    )


@dataclass(frozen=True)
class ReactionEvent:
    """reaction.added or reaction.removed, ours and other people's."""

    added: bool
    chat_id: str
    message_id: str
    part_index: int
    type: str
    custom_emoji: str | None
    sticker: dict[str, object] | None
    is_from_me: bool
    handle: str | None
    reaction_id: str | None
    reacted_at: datetime | None


def read_reaction(envelope: Envelope) -> ReactionEvent:
    """The reaction that came or went."""
    data = envelope.data
    person = read_handle(data, "from_handle")
    sticker = optional_object(data, "sticker")
    return ReactionEvent(
        added=envelope.event_type == "reaction.added",
        chat_id=need(data, "chat_id"),
        message_id=need(data, "message_id"),
        part_index=number(data, "part_index") or 0,
        type=need(data, "reaction_type"),
        custom_emoji=text(data, "custom_emoji"),
        sticker=dict(sticker) if sticker else None,
        is_from_me=flag(data, "is_from_me"),
        handle=person.handle if person else text(data, "from"),
        reaction_id=text(data, "reaction_id"),
        reacted_at=parse_optional_time(data.get("reacted_at")),
    )


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
}


def read_event(envelope: Envelope) -> Event | None:
    """What an event says, by its type; None for a type that has no reader here. Raises `Unreadable`."""
    reader = _READERS.get(envelope.event_type)
    return reader(envelope) if reader else None
