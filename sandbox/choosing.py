"""Which line to use next: the healthiest, and of those the one that was used longest ago (linq-v3, 1.8).

A suggestion counts as use, and so does everything the line sends. The moment of the last send is read from its
newest chats, because a counter on the line would make every send of the account wait for the one before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sandbox import clock
from sandbox.models import Chat, Line, Message, Use
from sandbox.models.chat import identity

SUGGESTION = "suggestion"
BY_REPUTATION = {"HEALTHY": 0, "AT_RISK": 1, "CRITICAL": 2}


def usable(*, excluded: Collection[str] = (), line_type: str | None = None) -> list[Line]:
    """The lines that can send, best first."""
    rows = Line.objects.filter(status="ACTIVE").exclude(phone_number__in=excluded)
    if line_type is not None:
        rows = rows.filter(line_type=line_type)
    return sorted(rows, key=_rank)


def chat_with(handles: Sequence[str], lines: Collection[Line]) -> Chat | None:
    """The chat of one of these lines with exactly these people that was active last."""
    keys = [identity(line.phone_number, handles) for line in lines]
    return Chat.objects.select_related("line").filter(reuse_key__in=keys).order_by("-updated_at", "-id").first()


def suggest(line: Line) -> None:
    """Remember that a line was suggested. Call it in a transaction."""
    Use.objects.filter(kind=SUGGESTION, subject=line.phone_number).delete()
    Use.objects.create(kind=SUGGESTION, subject=line.phone_number, at=clock.now())


def _rank(line: Line) -> tuple[int, bool, float, str]:
    used = last_used(line)
    return BY_REPUTATION[line.reputation], used is not None, used.timestamp() if used else 0.0, line.phone_number


def last_used(line: Line) -> datetime | None:
    """When a line last sent something or was suggested."""
    suggested = Use.objects.filter(kind=SUGGESTION, subject=line.phone_number).order_by("-at").first()
    latest = suggested.at if suggested else None
    for chat in Chat.objects.filter(line=line, outbound__gt=0).order_by("-updated_at", "-id").iterator(50):
        # A chat was changed last no earlier than it was sent to, so no later one can hold a newer send.
        if latest is not None and chat.updated_at <= latest:
            break
        sent = Message.objects.filter(chat=chat, is_from_me=True).order_by("-created_at", "-id").first()
        if sent is not None and (latest is None or sent.created_at > latest):
            latest = sent.created_at
    return latest
