"""The `data` of events about messages and chats (linq-v3, 4.5), in both payload versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chats.v3.times import format_time
from sandbox import health, ids
from sandbox.api import shapes
from sandbox.events import News
from sandbox.models import Chat, Line, Message, Participant, Person, Reaction
from sandbox.poll_shapes import poll_failed_news, poll_stage_news

# which moments each stage of a message names
_STAGES = {
    "sent": ("sent_at",),
    "received": ("sent_at",),
    "delivered": ("sent_at", "delivered_at"),
    "read": ("sent_at", "delivered_at", "read_at"),
}


def message_news(stage: str, chat: Chat, me: Participant, message: Message, sender: Participant) -> News:
    """`message.sent`, `.received`, `.delivered` or `.read`, or the same of a poll. `me` is our line in the chat."""
    if message.kind == "poll":
        return poll_stage_news(stage, chat, me, message, sender)
    return News(
        type=f"message.{stage}",
        phone_number=me.handle,
        trace_id=message.trace_id,
        chat_id=chat.id,
        data=_message(stage, chat, me, message, sender),
        data_2025=lambda: _message_2025(stage, chat, me, message, sender),
    )


def _message(stage: str, chat: Chat, me: Participant, message: Message, sender: Participant) -> dict[str, Any]:
    named = _STAGES[stage]
    return {
        "id": str(message.id),
        "chat": {
            "id": str(chat.id),
            "is_group": chat.is_group,
            "owner_handle": shapes.handle(me, chat.line.line_type),
            "health_status": health.status_shape(chat),
        },
        "direction": "outbound" if message.is_from_me else "inbound",
        "sender_handle": shapes.handle(sender, chat.line.line_type),
        "parts": shapes.bare_parts(message),
        "service": message.service,
        "preferred_service": message.preferred_service,
        "sent_at": shapes.when(message.sent_at) if "sent_at" in named else None,
        "delivered_at": shapes.when(message.delivered_at) if "delivered_at" in named else None,
        "read_at": shapes.when(message.read_at) if "read_at" in named else None,
        "effect": message.effect,
        "reply_to": message.reply_to,
        "idempotency_key": message.idempotency_key,
    }


def _message_2025(stage: str, chat: Chat, me: Participant, message: Message, sender: Participant) -> dict[str, Any]:
    # Who received it: our line for what came in, the other person for what went out (none in a group).
    recipient = me.handle if not message.is_from_me else (chat.peer.handle if chat.peer else None)
    whole: dict[str, Any] = {
        "chat_id": str(chat.id),
        "from": sender.handle,
        "from_handle": shapes.handle(sender, chat.line.line_type),
        "is_from_me": message.is_from_me,
        "is_group": chat.is_group,
        "idempotency_key": message.idempotency_key,
        "message": {
            "id": str(message.id),
            "created_at": format_time(message.created_at),
            "updated_at": format_time(message.updated_at),
            "parts": shapes.bare_parts(message),
            "effect": message.effect,
            "reply_to": message.reply_to,
            "sent_at": shapes.when(message.sent_at),
            "delivered_at": shapes.when(message.delivered_at),
            "read_at": shapes.when(message.read_at),
            "is_delivered": message.delivered_at is not None,
            "is_read": message.read_at is not None,
        },
        "preferred_service": message.preferred_service,
        "received_at": shapes.when(message.sent_at),
        "recipient_handle": recipient,
        "recipient_phone": recipient,
        "service": message.service,
    }
    if stage in {"delivered", "read"}:
        whole["message_id"] = str(message.id)
        whole[f"{stage}_at"] = shapes.when(getattr(message, f"{stage}_at"))
    return whole


def failed_news(chat: Chat, message: Message, code: int, reason: str, at: datetime) -> News:
    """`message.failed`, the same in both versions, or `poll.failed`."""
    if message.kind == "poll":
        return poll_failed_news(chat, message, code, reason, at)
    return News(
        type="message.failed",
        phone_number=chat.line.phone_number,
        trace_id=message.trace_id,
        chat_id=chat.id,
        data={
            "message_id": str(message.id),
            "chat_id": str(chat.id),
            "code": code,
            "reason": reason,
            "failed_at": format_time(at),
            "service": message.service,
            "preferred_service": message.preferred_service,
        },
    )


def edited_news(chat: Chat, me: Participant, message: Message, index: int, at: datetime, trace_id: str) -> News:
    """`message.edited`, which only ever goes to the version 2026-02-03. `me` is our line in the chat."""
    sender = message.sender
    return News(
        type="message.edited",
        actor=sender.handle,
        phone_number=me.handle,
        trace_id=trace_id,
        chat_id=chat.id,
        data={
            "id": str(message.id),
            "chat": {
                "id": str(chat.id),
                "is_group": chat.is_group,
                "owner_handle": shapes.handle(me, chat.line.line_type),
                "health_status": health.status_shape(chat),
            },
            "direction": "outbound" if sender.is_me else "inbound",
            "sender_handle": shapes.handle(sender, chat.line.line_type),
            "part": {"index": index, "text": message.parts[index]["value"]},
            "edited_at": format_time(at),
        },
    )


def reaction_news(chat: Chat, message: Message, reaction: Reaction, trace_id: str, *, removed: bool = False) -> News:
    """`reaction.added` or `reaction.removed`; on a poll `poll.reaction.added`, which has no counterpart."""
    participant = reaction.participant
    kind = "poll.reaction.added" if message.kind == "poll" else f"reaction.{'removed' if removed else 'added'}"
    return News(
        type=kind,
        actor=participant.handle,
        phone_number=chat.line.phone_number,
        trace_id=trace_id,
        chat_id=chat.id,
        data={
            "chat_id": str(chat.id),
            "message_id": str(message.id),
            "part_index": reaction.part_index,
            "reaction_type": reaction.type,
            "custom_emoji": reaction.custom_emoji,
            "is_from_me": participant.is_me,
            "from": participant.handle,
            "from_handle": shapes.handle(participant, chat.line.line_type),
            "reaction_id": str(reaction.id),
            "service": message.service or chat.service,
            "reacted_at": format_time(reaction.created_at),
            "sticker": shapes.sticker(reaction),
        },
    )


def participant_news(chat: Chat, participant: Participant, at: datetime, trace_id: str) -> News:
    """`participant.added` for an active participant, `participant.removed` for one who left or was removed."""
    added = participant.status == "active"
    return News(
        type="participant.added" if added else "participant.removed",
        phone_number=chat.line.phone_number,
        trace_id=trace_id,
        chat_id=chat.id,
        data={
            "chat_id": str(chat.id),
            "handle": participant.handle,
            "participant": shapes.handle(participant, chat.line.line_type),
            "added_at" if added else "removed_at": format_time(at),
        },
    )


def chat_created_news(chat: Chat, participants: Sequence[Participant], trace_id: str) -> News:
    """`chat.created`."""
    whole = shapes.chat(chat, participants)
    return News(
        type="chat.created",
        phone_number=chat.line.phone_number,
        trace_id=trace_id,
        chat_id=chat.id,
        data={key: value for key, value in whole.items() if key not in {"is_archived", "group_chat_icon"}},
    )


def group_changed_news(
    chat: Chat, what: str, old: str | None, new: str | None, by: Participant, at: datetime, trace_id: str
) -> News:
    """`chat.group_name_updated` or `chat.group_icon_updated`; `what` is `name` or `icon`."""
    return News(
        type=f"chat.group_{what}_updated",
        phone_number=chat.line.phone_number,
        trace_id=trace_id,
        chat_id=chat.id,
        data={
            "chat_id": str(chat.id),
            "old_value": old,
            "new_value": new,
            "changed_by_handle": shapes.handle(by, chat.line.line_type),
            "updated_at": format_time(at),
        },
    )


def group_refused_news(chat: Chat, what: str, code: int, at: datetime, trace_id: str) -> News:
    """`chat.group_name_update_failed` or `chat.group_icon_update_failed`."""
    return News(
        type=f"chat.group_{what}_update_failed",
        phone_number=chat.line.phone_number,
        trace_id=trace_id,
        chat_id=chat.id,
        data={"chat_id": str(chat.id), "error_code": code, "failed_at": format_time(at)},
    )


def typing_news(chat: Chat, actor: Participant, started: bool, trace_id: str) -> News:
    """`chat.typing_indicator.started` or `.stopped`."""
    return News(
        type=f"chat.typing_indicator.{'started' if started else 'stopped'}",
        actor=actor.handle,
        phone_number=chat.line.phone_number,
        trace_id=trace_id,
        chat_id=chat.id,
        data={"chat_id": str(chat.id), "actor_handle": shapes.handle(actor, chat.line.line_type)},
    )


def line_news(what: str, line: Line, at: datetime) -> News:
    """`phone_number.assigned` or `.released`."""
    data = {"phone_number": line.phone_number, "changed_at": format_time(at)}
    return News(type=f"phone_number.{what}", phone_number=line.phone_number, trace_id=ids.trace(), data=data)


def card_news(person: Person, line_number: str, trace_id: str) -> News:
    """`contact_card.received`: a person's name and picture, for one line."""
    return News(
        type="contact_card.received",
        actor=person.handle,
        phone_number=line_number,
        trace_id=trace_id,
        data={
            "owner_handle": line_number,
            "sender_handle": person.handle,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "media_url": None,
        },
    )
