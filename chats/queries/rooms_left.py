"""How much room the lines have left for automatic messages, as a forecast reads it."""

from __future__ import annotations

from datetime import datetime

from chats.campaigns.forecast import LineRoom
from chats.engine import pacing
from chats.models import Departure, Line
from chats.models.operation import Priority


def rooms_left(now: datetime) -> list[LineRoom]:
    """Every line of the account, by the budgets that will hold its messages back. A query or two for each line."""
    return [_room(line, now) for line in Line.objects.filter(is_active=True).order_by("pk")]


def _room(line: Line, now: datetime) -> LineRoom:
    new = pacing.most_new(line, Priority.AUTOMATIC)
    return LineRoom(
        line_id=line.pk,
        new_a_day=new,
        messages_a_day=_automatic(line.messages_a_day, line),
        messages_a_minute=_automatic(line.messages_a_minute, line),
        gap_seconds=line.gap_seconds,
        new_today=len(pacing.new_conversations(line, now=now)) if new is not None else 0,
        sent_today=Departure.objects.filter(line=line, at__gt=now - pacing.DAY).count(),
        is_usable=not line.is_paused
        and line.status != Line.Status.FLAGGED
        and line.reputation != Line.Reputation.CRITICAL,
    )


def _automatic(limit: int | None, line: Line) -> int | None:
    return None if limit is None else pacing.for_automatic(limit, line)
