"""The background of a chat's transcript (linq-v3, 1.7): set and reset later than it is asked for.

Nothing in the API reads it back; it shows only in its events. RCS and SMS chats take the request and do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from chats.v3.times import format_time
from sandbox import alarms, chance, clock, happenings, world
from sandbox.api import shapes
from sandbox.events import News, tell
from sandbox.happenings import Payload, handles, happening
from sandbox.models import Chat, Participant

DELAY = (0.3, 0.9)


def ask_for(chat: Chat, background: dict[str, Any] | None, trace_id: str) -> None:
    """Plan another background; None takes it away."""
    if chat.service != "iMessage":
        return
    delay = chance.between(*DELAY, world.current().seed, "background", chat.id, background)
    at = alarms.later(clock.now(), delay)
    with transaction.atomic():
        happenings.plan([happening("chat.background", at, chat=str(chat.id), background=background, trace_id=trace_id)])


@handles("chat.background")
def _change(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        me = Participant.objects.select_related("chat__line").get(chat_id=UUID(payload["chat"]), is_me=True)
        # Our line may have left, or been flagged, since it asked.
        if me.status != "active" or me.chat.line.status == "FLAGGED":
            tell([_failed(me.chat, 4001, payload["trace_id"])])
        else:
            tell([_updated(me, payload["background"], payload["trace_id"])])


def _updated(me: Participant, background: dict[str, Any] | None, trace_id: str) -> News:
    """`chat.background_updated`."""
    chat, owner = me.chat, shapes.handle(me, me.chat.line.line_type)
    return News(
        type="chat.background_updated",
        phone_number=me.handle,
        trace_id=trace_id,
        chat_id=chat.id,
        data={
            "chat": {"id": str(chat.id), "is_group": chat.is_group, "owner_handle": owner},
            "actor_handle": owner,
            "background": background,
        },
    )


def _failed(chat: Chat, code: int, trace_id: str) -> News:
    """`chat.background_update_failed`."""
    return News(
        type="chat.background_update_failed",
        phone_number=chat.line.phone_number,
        trace_id=trace_id,
        chat_id=chat.id,
        data={"chat_id": str(chat.id), "error_code": code, "failed_at": format_time(clock.now())},
    )
