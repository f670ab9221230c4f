"""The report of a reputation audit, written from what `sandbox.reputation` reckons a line's reputation from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import health, reputation
from sandbox.models import Chat, Line
from sandbox.reputation import MODEL, Drivers

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
    since = now - timedelta(days=MODEL.active_days)
    judged = [
        (health.of(chat), chat)
        for chat in Chat.objects.filter(line=line, updated_at__gt=since).exclude(health="HEALTHY")
    ]
    judged.sort(key=lambda pair: (pair[0].score, -pair[1].unanswered, pair[1].id))
    stopped = sorted(
        Chat.objects.filter(line=line, updated_at__gt=since, opted_out=True, unanswered__gt=0),
        key=lambda chat: (-chat.unanswered, chat.id),
    )
    found = reputation.drivers(line, now)
    candidates = (
        _flagged(line),
        _conversations(found),
        _new_conversations(found),
        _volume(line, found),
        _opt_outs(stopped),
    )
    drivers = [each for each in candidates if each]
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
                    "status": state.status,
                    "driver_keys": ["opt_out_handling" if state.status == "OPTED_OUT" else "low_engagement"],
                }
                for state, chat in judged[:MOST_CHATS]
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


def _conversations(found: Drivers) -> _Driver | None:
    if found.unhealthy_share < MODEL.healthy_below:
        return None
    unhealthy = found.at_risk_chats + found.critical_chats
    return _Driver(
        "overall_conversation_health",
        "Many of the line's conversations of the last seven days are not healthy.",
        f"{unhealthy} of {found.active_chats} active chats are unhealthy",
        "Pause the chats that nobody answers",
        "Stop following up where there was no reply, and ask questions where there may be one.",
        "high",
    )


def _new_conversations(found: Drivers) -> _Driver | None:
    if found.new_conversations_24h < MODEL.new_conversations:
        return None
    return _Driver(
        "new_conversation_rate",
        "The line opened too many new conversations in one day.",
        f"{found.new_conversations_24h} new conversations in 24 hours",
        "Open fewer conversations a day",
        f"Stay below {MODEL.new_conversations} new conversations in any 24 hours, and spread them over your lines.",
        "high",
    )


def _volume(line: Line, found: Drivers) -> _Driver | None:
    if not found.few_replies or (line.spike < MODEL.several_fold and found.sent_24h < MODEL.thousands):
        return None
    return _Driver(
        "volume_spike",
        "The line sent far more than it usually does, and few people answered.",
        f"{found.sent_24h} messages in 24 hours, {found.norm:.0f} on an ordinary day",
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
