"""What the page shows, read with few and small queries whatever the size of the world."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum

from sandbox import clock, happenings, requests_seen, world
from sandbox.api import shapes
from sandbox.control.logs import deliveries
from sandbox.faults import Faults, in_force
from sandbox.models import Chat, Event, Line, LineHour, Participant, Person

LATEST_CHATS = 300  # the busiest are looked for among these
CHATS, PEOPLE, ROWS, LINES = 12, 20, 20, 50


def everything() -> dict[str, Any]:
    """All panels."""
    return {
        "world": world.current(),
        "now": clock.now(),
        "clock": clock.setting(),
        "next_at": happenings.next_at(),
        "lines": _lines(),
        "chats": _chats(),
        "people": list(Person.objects.order_by("handle")[:PEOPLE]),
        "people_count": Person.objects.count(),
        "faults": _faults(),
        "requests": requests_seen.latest(ROWS),
        "webhooks": deliveries(ROWS),
        "events": list(Event.objects.order_by("-created_at", "-id")[:ROWS]),
    }


def choices() -> dict[str, Any]:
    """What the box to speak offers."""
    return {
        "handles": Person.objects.order_by("handle").values_list("handle", flat=True)[:500],
        "lines": Line.objects.order_by("phone_number").values_list("phone_number", flat=True)[:LINES],
        "chats": _chats(),
    }


def _lines() -> list[dict[str, Any]]:
    since = clock.now() - timedelta(hours=24)
    hours = LineHour.objects.filter(hour__gt=since).values("line_id")
    day = {row["line_id"]: row for row in hours.annotate(out=Sum("sent"), back=Sum("received"))}
    opened = dict(Chat.objects.filter(first_outbound_at__gt=since).values_list("line_id").annotate(n=Count("id")))
    rows = []
    for line in Line.objects.order_by("phone_number")[:LINES]:
        counts = day.get(line.id, {"out": 0, "back": 0})
        rows.append({"line": line, "sent": counts["out"], "received": counts["back"], "new": opened.get(line.id, 0)})
    return rows


def _chats() -> list[dict[str, Any]]:
    latest = list(Chat.objects.select_related("line").order_by("-updated_at", "-id")[:LATEST_CHATS])
    busiest = sorted(latest, key=lambda chat: chat.outbound + chat.inbound, reverse=True)[:CHATS]
    members: dict[Any, list[Participant]] = {}
    for member in Participant.objects.filter(chat__in=busiest).order_by("joined_at", "handle"):
        members.setdefault(member.chat_id, []).append(member)
    return [{"chat": chat, "name": shapes.shown_name(chat, members.get(chat.id, []))} for chat in busiest]


def _faults() -> list[tuple[str, Any]]:
    off = Faults().as_json()
    return [(name, value) for name, value in in_force.faults.as_json().items() if value != off[name]]
