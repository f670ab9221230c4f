"""The report of a reputation audit, written from what the sandbox knows of a line.

Its thresholds are the published drivers of a line's reputation (linq-v3, 6.3). What severity they add up to is not
decided here: that is the line's own reputation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import health
from sandbox.models import Chat, Line, Message

ACTIVE_DAYS = 7
UNHEALTHY_FROM = 5  # fewer unhealthy chats than this are no driver
UNHEALTHY_SHARE = 1 / 3
NEW_CONVERSATIONS = 50
SPIKE = 3.0  # times the daily norm
SPIKE_FROM = 100  # messages in a day; a small line's norm says little
LOW_REPLIES = 0.25  # messages that came in for each that went out
MOST_CHATS = 15


@dataclass(frozen=True)
class _Driver:
    key: str
    summary: str
    metric: str
    title: str
    detail: str
    impact: str


def write(line: Line, now: datetime) -> dict[str, Any]:
    """The report of a line as it stands now."""
    active = list(Chat.objects.filter(line=line, updated_at__gt=now - timedelta(days=ACTIVE_DAYS), outbound__gt=0))
    judged = [(health.of(chat), chat) for chat in active]
    unhealthy = sorted(
        ((found, chat) for found, chat in judged if found.status != "HEALTHY"),
        key=lambda pair: (pair[0].score, -pair[1].unanswered, pair[1].id),
    )
    stopped = sorted((chat for chat in active if chat.opted_out and chat.unanswered), key=lambda c: -c.unanswered)
    drivers = [
        driver
        for driver in (
            _flagged(line),
            _conversations(len(unhealthy), len(active)),
            _new_conversations(line, now),
            _volume(line, now),
            _opt_outs(stopped),
        )
        if driver
    ]
    if not drivers and line.reputation != "HEALTHY":
        drivers.append(_other(line))
    return {
        "severity": line.reputation,
        "primary_driver": drivers[0].key if drivers else "",
        "drivers": [{"key": each.key, "summary": each.summary, "metric": each.metric} for each in drivers],
        "action_items": [
            {"priority": place, "title": each.title, "detail": each.detail, "expected_impact": each.impact}
            for place, each in enumerate(drivers, 1)
        ],
        "evidence": {
            "opt_out_chats": [
                {"chat_id": str(chat.id), "messages_after_stop": chat.unanswered} for chat in stopped[:MOST_CHATS]
            ],
            "unhealthy_chats": [
                {
                    "chat_id": str(chat.id),
                    "status": found.status,
                    "driver_keys": ["opt_out_handling" if found.status == "OPTED_OUT" else "low_engagement"],
                }
                for found, chat in unhealthy[:MOST_CHATS]
            ],
        },
        "summary_markdown": _summary(line, drivers),
    }


def _flagged(line: Line) -> _Driver | None:
    if line.status != "FLAGGED":
        return None
    return _Driver(
        "flagged",
        "The line is flagged and cannot send.",
        "FLAGGED",
        "Move traffic to other lines",
        "Stop sending from this line until it is active again, and come back slowly.",
        "high",
    )


def _conversations(unhealthy: int, active: int) -> _Driver | None:
    if unhealthy < UNHEALTHY_FROM or unhealthy < active * UNHEALTHY_SHARE:
        return None
    return _Driver(
        "overall_conversation_health",
        "Many of the line's conversations of the last seven days are not healthy.",
        f"{unhealthy} of {active} active chats are unhealthy",
        "Pause the chats that nobody answers",
        "Stop following up where there was no reply, and ask questions where there may be one.",
        "high",
    )


def _new_conversations(line: Line, now: datetime) -> _Driver | None:
    opened = Chat.objects.filter(line=line, first_outbound_at__gt=now - timedelta(hours=24)).count()
    if opened < NEW_CONVERSATIONS:
        return None
    return _Driver(
        "new_conversation_rate",
        "The line opened too many new conversations in one day.",
        f"{opened} new conversations in 24 hours",
        "Open fewer conversations a day",
        f"Stay below {NEW_CONVERSATIONS} new conversations in any 24 hours, and spread them over your lines.",
        "high",
    )


def _volume(line: Line, now: datetime) -> _Driver | None:
    day, week = now - timedelta(days=1), now - timedelta(days=8)
    ours = Message.objects.filter(chat__line=line, is_from_me=True)
    today = ours.filter(created_at__gt=day).count()
    if today < SPIKE_FROM:
        return None
    norm = ours.filter(created_at__gt=week, created_at__lte=day).count() / 7
    heard = Message.objects.filter(chat__line=line, is_from_me=False, created_at__gt=day).count()
    if today < SPIKE * norm or heard >= LOW_REPLIES * today:
        return None
    return _Driver(
        "volume_spike",
        "The line sent far more than it usually does, and few people answered.",
        f"{today} messages in 24 hours, {norm:.0f} a day before",
        "Raise the volume slowly",
        "Come back to the usual volume and grow it over weeks.",
        "medium",
    )


def _opt_outs(stopped: list[Chat]) -> _Driver | None:
    if not stopped:
        return None
    after = sum(chat.unanswered for chat in stopped)
    return _Driver(
        "opt_out_handling",
        "People who asked to stop were written to again.",
        f"{after} messages after a stop, in {len(stopped)} chats",
        "Honor every request to stop",
        "Do not write to these people until they write to you.",
        "high",
    )


def _other(line: Line) -> _Driver:
    return _Driver(
        "other",
        "Nothing recent explains the line's reputation; it recovers as time passes.",
        line.reputation,
        "Keep going calmly",
        "Write to people who answer, and let the line recover.",
        "low",
    )


def _summary(line: Line, drivers: list[_Driver]) -> str:
    lines = [f"## {line.phone_number}: {line.reputation}", ""]
    lines += [f"- **{each.key}**: {each.summary} ({each.metric})" for each in drivers]
    return "\n".join(lines if drivers else [*lines, "Nothing drags this line down."])
