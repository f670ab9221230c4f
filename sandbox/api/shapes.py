"""The world's rows in the shapes the API answers with (linq-v3, 1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chats.v3.times import format_time
from sandbox import files, health
from sandbox.models import Chat, Line, Message, Participant, Reaction, Subscription

REPUTATION_DOC_URL = "https://docs.linqapp.com/channel/imessage/guides/phone-numbers/phone-reputation"


def when(moment: datetime | None) -> str | None:
    """A moment, or null."""
    return None if moment is None else format_time(moment)


def line(row: Line) -> dict[str, Any]:
    """One entry of GET /v3/phone_numbers."""
    anchor = row.reputation.lower().replace("_", "-")
    return {
        "id": str(row.id),
        "phone_number": row.phone_number,
        "reputation": {"status": row.reputation, "doc_url": f"{REPUTATION_DOC_URL}#{anchor}"},
        "forwarding_number": row.forwarding_number,
        "line_type": row.line_type,
    }


def handle(row: Participant, own_line_type: str = "iMessage") -> dict[str, Any]:
    """A ChatHandle. Only our own lines have a `line_type`."""
    shape = {
        "id": str(row.id),
        "handle": row.handle,
        "joined_at": format_time(row.joined_at),
        "service": row.service,
        "is_me": row.is_me,
        "left_at": when(row.left_at),
        "status": row.status,
    }
    if row.is_me:
        shape["line_type"] = own_line_type
    return shape


def chat(row: Chat, participants: Sequence[Participant]) -> dict[str, Any]:
    """A Chat, with both shapes of health and the deprecated fields."""
    return {
        "id": str(row.id),
        "created_at": format_time(row.created_at),
        "updated_at": format_time(row.updated_at),
        "display_name": shown_name(row, participants),
        "handles": [handle(each, row.line.line_type) for each in participants],
        "health_status": health.status_shape(row),
        "health_score": health.score_shape(row),
        "is_archived": False,
        "is_group": row.is_group,
        "group_chat_icon": row.icon,
        "service": row.service,
    }


def shown_name(row: Chat, participants: Sequence[Participant]) -> str:
    """The group's name, or its recipients' handles with commas."""
    if row.display_name is not None:
        return row.display_name
    return ", ".join(each.handle for each in participants if not each.is_me and each.status == "active")


def created_chat(row: Chat, participants: Sequence[Participant], message: dict[str, Any]) -> dict[str, Any]:
    """The chat in the answer of POST /v3/chats."""
    whole = chat(row, participants)
    keys = ("id", "display_name", "handles", "health_status", "health_score", "is_group", "service")
    return {key: whole[key] for key in keys} | {"message": message}


def reaction(row: Reaction) -> dict[str, Any]:
    """A Reaction on a part."""
    return {
        "id": str(row.id),
        "handle": handle(row.participant),
        "is_me": row.participant.is_me,
        "type": row.type,
        "custom_emoji": row.custom_emoji,
        "sticker": sticker(row),
    }


def sticker(row: Reaction) -> dict[str, Any] | None:
    """The sticker of a reaction; null for a tapback.

    Assumption (8.2): pictures are not looked into, so nobody knows how large they are, and an emoji that was made
    a sticker is named as a file but has no address.
    """
    if row.sticker is None:
        return None
    given = row.sticker
    return {
        "url": files.absolute(given["url"]) if given["url"] else None,
        "file_name": given["file_name"],
        "mime_type": given["mime_type"],
        "width": None,
        "height": None,
    }


def bare_parts(row: Message) -> list[dict[str, Any]]:
    """The parts of a message as events have them, without reactions. A poll has none: it is asked for by itself."""
    return [_part(part) for part in row.parts if part["type"] != "poll"]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "media":
        return {**part, "url": files.absolute(part["url"])}
    if part.get("inline_stickers"):
        stickers = [{**each, "url": files.absolute(each["url"])} for each in part["inline_stickers"]]
        return {**part, "inline_stickers": stickers}
    return dict(part)


def parts(row: Message, reactions: Sequence[Reaction] = ()) -> list[dict[str, Any]]:
    """The parts of a message with who reacted to each."""
    answer = []
    for index, part in enumerate(bare_parts(row)):
        found = [reaction(each) for each in reactions if each.part_index == index]
        answer.append({**part, "reactions": found or None})
    return answer


def sent_message(row: Message, sender: Participant) -> dict[str, Any]:
    """A SentMessage: the answer to a send."""
    return {
        "id": str(row.id),
        "created_at": format_time(row.created_at),
        "delivery_status": row.delivery_status,
        "is_read": row.read_at is not None,
        "parts": parts(row),
        "sent_at": when(row.sent_at),
        "delivered_at": when(row.delivered_at),
        "effect": row.effect,
        "from_handle": handle(sender),
        "preferred_service": row.preferred_service,
        "reply_to": row.reply_to,
        "service": row.service,
    }


def message(row: Message, sender: Participant, reactions: Sequence[Reaction] = ()) -> dict[str, Any]:
    """A Message, with the deprecated fields."""
    return {
        "id": str(row.id),
        "chat_id": str(row.chat_id),
        "created_at": format_time(row.created_at),
        "updated_at": format_time(row.updated_at),
        "delivery_status": row.delivery_status,
        "is_from_me": row.is_from_me,
        "is_delivered": row.delivered_at is not None,
        "is_read": row.read_at is not None,
        "from": sender.handle,
        "from_handle": handle(sender),
        "parts": parts(row, reactions),
        "sent_at": when(row.sent_at),
        "delivered_at": when(row.delivered_at),
        "read_at": when(row.read_at),
        "effect": row.effect,
        "reply_to": row.reply_to,
        "preferred_service": row.preferred_service,
        "service": row.service,
    }


def subscription(row: Subscription) -> dict[str, Any]:
    """A webhook subscription, without its secret."""
    return {
        "id": str(row.id),
        "target_url": row.target_url,
        "subscribed_events": row.subscribed_events,
        "phone_numbers": row.phone_numbers,
        "is_active": row.is_active,
        "created_at": format_time(row.created_at),
        "updated_at": format_time(row.updated_at),
        "routing_key_header": row.routing_key_header,
        "routing_id_header": row.routing_id_header,
    }
