"""Events about messages: their stages, failures, edits, and the reactions to them.

Two versions of the `message.*` payloads are about, 2026-02-03 and 2025-01-01; `read_message` makes the same
`MessageEvent` of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chats.v3.codes import CODES
from chats.v3.envelope import Envelope
from chats.v3.resources import Effect, HealthStatus, ReplyTo
from chats.v3.resources.chats import read_handle, read_health_status
from chats.v3.resources.reading import flag, need, need_object, number, objects, optional_object, text
from chats.v3.times import parse_optional_time


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
