"""What the remote says, in its own shapes, of the rows that a test has made."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from chats.models import Chat, Message, Participant, WebhookEvent
from tests.people import NOON

HEALTH = {
    "status": "HEALTHY",
    "doc_url": "https://docs.linqapp.com/channel/imessage/guides/chats/chat-health#healthy",
    "updated_at": "2026-07-03T11:00:00Z",
}


def at(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def handle(value: str, *, me: bool = False, status: str = "active", **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, value)),
        "handle": value,
        "joined_at": at(NOON),
        "left_at": None,
        "service": "iMessage",
        "is_me": me,
        "status": status,
        **more,
    }


def new_chat(chat_id: str, line: str, *others: str, **more: Any) -> dict[str, Any]:
    """A chat as GET /v3/chats/{id} gives it."""
    return {
        "id": chat_id,
        "display_name": ",".join(others),
        "handles": [handle(line, me=True), *(handle(other) for other in others)],
        "is_group": len(others) > 1,
        "is_archived": False,
        "service": "iMessage",
        "health_status": HEALTH,
        "group_chat_icon": None,
        "created_at": at(NOON),
        "updated_at": at(NOON),
        **more,
    }


def chat_of(chat: Chat, **more: Any) -> dict[str, Any]:
    """One of our chats as the remote has it."""
    people = [
        handle(row.handle.value, me=row.is_me, status=row.status, joined_at=at(row.joined_at), left_at=at(row.left_at))
        for row in Participant.objects.filter(chat=chat).select_related("handle").order_by("pk")
    ]
    told = {"display_name": chat.display_name, "handles": people, "is_group": chat.is_group}
    return {**new_chat(str(chat.remote_id), chat.line.phone_number), **told, **more}


def sent(message_id: str, **more: Any) -> dict[str, Any]:
    """A message in the answer to a send."""
    return {
        "id": message_id,
        "created_at": at(NOON),
        "delivery_status": "pending",
        "is_read": False,
        "parts": [],
        "sent_at": None,
        "delivered_at": None,
        "service": None,
        **more,
    }


def message(message_id: str, chat_id: str, text: str = "Hello", *, sender: str = "", **more: Any) -> dict[str, Any]:
    """A message as it is listed or retrieved; ours without a sender."""
    return {
        "id": message_id,
        "chat_id": chat_id,
        "is_from_me": not sender,
        "from_handle": handle(sender) if sender else None,
        "parts": [{"type": "text", "value": text}],
        "delivery_status": "received" if sender else "sent",
        "created_at": at(NOON),
        "sent_at": at(NOON),
        "delivered_at": None,
        "read_at": None,
        "service": "iMessage",
        **more,
    }


def message_event(
    chat: Chat | str, message_id: str, /, *, text: str = "Hello", sender: str = "", key: str = "", **more: Any
) -> dict[str, Any]:
    """The data of message.sent, .received, .delivered or .read (2026-02-03); ours without a sender."""
    chat_id = str(chat.remote_id) if isinstance(chat, Chat) else chat
    return {
        "id": message_id,
        "chat": {"id": chat_id, "is_group": False, "owner_handle": None, "health_status": None},
        "direction": "inbound" if sender else "outbound",
        "sender_handle": handle(sender) if sender else None,
        "parts": [{"type": "text", "value": text}],
        "service": "iMessage",
        "preferred_service": None,
        "sent_at": at(NOON),
        "delivered_at": None,
        "read_at": None,
        "effect": None,
        "reply_to": None,
        "idempotency_key": key or None,
        **more,
    }


def store(
    event_type: str, data: dict[str, Any], *, moment: datetime = NOON, version: str = "2026-02-03"
) -> WebhookEvent:
    """An event as the door stores it: waiting to be processed."""
    return WebhookEvent.objects.create(
        event_id=str(uuid.uuid4()),
        event_type=event_type,
        version=version,
        payload={"event_type": event_type, "data": data},
        trace_id="5d5d0f0d5d0f0d5d0f0d5d0f0d5d0f0d",
        happened_at=moment,
        received_at=moment,
        due_at=moment,
    )


def ours(chat: Chat) -> Message:
    """The one message that we have sent in this chat."""
    return Message.objects.get(chat=chat, direction=Message.Direction.OUTBOUND)
