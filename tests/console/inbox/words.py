"""Short ways to say what the inbox's tests say often."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from django.test import Client
from django.utils import timezone

from chats.models import Chat, Message, Operation
from tests.people import NOON

HTMX = {"HX-Request": "true"}
THREAD = HTMX | {"HX-Target": "thread"}
LIST = HTMX | {"HX-Target": "chat-list"}


def write(chat: Chat, text: str = "Hello", *, ours: bool = False, at: datetime = NOON, **fields: Any) -> Message:
    """A message as the remote told it; `ours` makes it an outgoing one."""
    sender = None if ours else chat.participants.filter(is_me=False).order_by("pk")[0].handle
    fields.setdefault("parts", [{"type": "text", "value": text}])
    fields.setdefault("delivery_status", "delivered" if ours else "received")
    return Message.objects.create(
        chat=chat,
        remote_id=uuid.uuid4(),
        direction="outbound" if ours else "inbound",
        sender=sender,
        text=text,
        happened_at=at,
        **fields,
    )


def send(client: Client, chat: Chat, text: str, *, key: object = "", seen: object = None, **headers: str) -> Any:
    newest = Message.objects.filter(chat=chat).order_by("-pk").values_list("pk", flat=True).first() or 0
    data = {"text": text, "key": str(key or uuid.uuid4()), "seen": newest if seen is None else seen}
    return client.post(f"/inbox/{chat.pk}/send/", data, headers=headers or HTMX)


def fail(message: Message, **fields: Any) -> None:
    """As the engine leaves a message that the remote refused."""
    fields = {"error": "The remote refused it.", "error_code": 4001, "trace_id": "trace-1"} | fields
    Message.objects.filter(pk=message.pk).update(delivery_status="failed", failed_at=NOON, **fields)
    Operation.objects.filter(message=message).update(
        state="failed", error="The remote refused it.", settled_at=timezone.now(), due_at=None
    )


def rows_of(response: Any) -> list[int]:
    """The chats of the list, in their order."""
    return [int(pk) for pk in re.findall(r'<li data-chat="(\d+)"', response.content.decode())]


def bubbles_of(response: Any) -> list[int]:
    """The messages of the thread, in their order."""
    return [int(pk) for pk in re.findall(r'data-message="(\d+)"', response.content.decode())]
