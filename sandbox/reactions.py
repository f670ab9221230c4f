"""Our reactions: asked for by the API, carried out a moment later, and told of by an event like anybody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from sandbox import alarms, clock, happenings
from sandbox.event_shapes import reaction_news
from sandbox.events import News, tell
from sandbox.happenings import Payload, handles, happening
from sandbox.models import Message, Participant, Reaction

# The same for all: what is asked for first happens first.
DELAY = 0.2


def ask_for(operation: str, message: Message, me: Participant, trace_id: str, **what: Any) -> None:
    """Plan to `add` or `remove` a reaction; `what` is the type and everything else that makes it."""
    at = alarms.later(clock.now(), DELAY)
    payload: Payload = {
        "message": str(message.id),
        "me": str(me.id),
        "operation": operation,
        "trace_id": trace_id,
        "what": what,
    }
    with transaction.atomic():
        happenings.plan([happening("reaction.ours", at, **payload)])


@handles("reaction.ours")
def _ours(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        message = Message.objects.select_related("chat__line", "chat__peer").filter(id=UUID(payload["message"])).first()
        me = Participant.objects.filter(id=UUID(payload["me"])).first()
        if message is None or me is None:
            continue
        change = _add if payload["operation"] == "add" else _remove
        tell(change(message, me, payload["what"], payload["trace_id"]))


def _add(message: Message, me: Participant, what: Payload, trace_id: str) -> list[News]:
    """Stickers stack. A tapback takes the place of the one before it, which is told of as removed.

    Assumption (8.2): the same tapback once more changes nothing, and nobody is told.
    """
    row = Reaction(message=message, participant=me, created_at=clock.now(), **what)
    news = []
    if row.sticker is None:
        before = _tapback(message, me, row.part_index)
        if before is not None and _is_same(before, what):
            return []
        if before is not None:
            news += _take_away(message, before, trace_id)
    row.save(force_insert=True)
    return [*news, reaction_news(message.chat, message, row, trace_id)]


def _remove(message: Message, me: Participant, what: Payload, trace_id: str) -> list[News]:
    """Assumption (8.2): removing a tapback that is not there changes nothing, and nobody is told."""
    row = _tapback(message, me, what["part_index"])
    if row is None or not _is_same(row, what):
        return []
    return _take_away(message, row, trace_id)


def _take_away(message: Message, row: Reaction, trace_id: str) -> list[News]:
    # There is no event for a reaction that is taken off a poll.
    told = [] if message.kind == "poll" else [reaction_news(message.chat, message, row, trace_id, removed=True)]
    row.delete()
    return told


def _tapback(message: Message, me: Participant, part_index: int) -> Reaction | None:
    rows = Reaction.objects.select_related("participant").exclude(type="sticker")
    return rows.filter(message=message, participant=me, part_index=part_index).first()


def _is_same(row: Reaction, what: Payload) -> bool:
    return (row.type, row.custom_emoji) == (what["type"], what.get("custom_emoji"))
