"""How healthy a chat is: a model of ours, because the remote publishes none (Assumption 8.2 9).

The remote names four drivers (linq-v3, 6.1): the reply ratio, which is the strongest, the cadence, delivery signals,
and words that ask to stop. Every chat starts at 100 points and loses some to each of them; what is lost, and from
where on a chat is AT_RISK or CRITICAL, is in `Parameters`. A keyword makes a chat OPTED_OUT until they write again.
Groups are judged by the same numbers and are never OPTED_OUT. A tapback of theirs counts as a reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chats.v3.times import format_time
from sandbox.models import Chat


@dataclass(frozen=True)
class Parameters:
    """All numbers of the model."""

    # Reply ratio: points for each message we sent since their last one, beyond the first few …
    free_unanswered: int = 2
    per_unanswered: int = 9
    # … and up to `ratio_weight` for a poor ratio: all of it when nothing was ever answered, none from one reply to
    # `good_ratio` messages on. It counts from `ratio_from` messages of ours on.
    ratio_from: int = 4
    good_ratio: float = 3.0
    ratio_weight: int = 30
    # Cadence: points for each message we sent within `rapid_within` of the one before, without a reply.
    rapid_within: timedelta = timedelta(minutes=2)
    free_rapid: int = 2
    per_rapid: int = 2
    most_for_rapid: int = 10
    # Delivery: points for each message in a row that failed, or that was sent and never delivered where the
    # service has receipts.
    free_undelivered: int = 1
    per_undelivered: int = 15
    most_for_undelivered: int = 60
    # Words: points while their last message asks us to stop without being a keyword.
    for_asking_to_stop: int = 45
    at_risk_below: int = 70
    critical_below: int = 40


MODEL = Parameters()

DOC_URL = "https://docs.linqapp.com/channel/imessage/guides/chats/chat-health"
ANCHORS = {"HEALTHY": "healthy", "AT_RISK": "at-risk", "CRITICAL": "critical", "OPTED_OUT": "opted-out"}
# what people say who want no more, other than by a keyword
_ASKS_TO_STOP = re.compile(
    r"\bstop (texting|messaging|writing|sending|contacting)|\b(don'?t|do not) (text|message|write|contact)"
    r"|\bplease stop\b|\b(remove|take) me (from|off)\b|\bleave me alone\b|\bwrong number\b|\bnot interested\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Health:
    """A chat's health in both shapes the remote has used."""

    status: str
    score: int
    reason: str


def of(chat: Chat) -> Health:
    """The health of a chat now."""
    if chat.opted_out:
        return Health("OPTED_OUT", 0, "The recipient opted out")
    replies = _for_replies(chat)
    cadence = min(MODEL.most_for_rapid, MODEL.per_rapid * max(0, chat.rapid - MODEL.free_rapid))
    delivery = _for_delivery(chat)
    words = MODEL.for_asking_to_stop if chat.asked_to_stop else 0
    score = max(0, 100 - replies - cadence - delivery - words)
    if score == 100:
        return Health("HEALTHY", 100, "")
    worst = max((words, "The recipient asked you to stop"), (delivery, "Messages do not arrive"), (replies, ""))[1]
    if score < MODEL.critical_below:
        return Health("CRITICAL", score, worst or "Almost no engagement")
    if score < MODEL.at_risk_below:
        return Health("AT_RISK", score, worst or "Not enough engagement")
    return Health("HEALTHY", score, worst or "Some messages are not answered")


def _for_replies(chat: Chat) -> int:
    points = MODEL.per_unanswered * max(0, chat.unanswered - MODEL.free_unanswered)
    if chat.outbound >= MODEL.ratio_from:
        replies = chat.inbound + chat.tapbacks
        missing = 1 - min(1.0, replies * MODEL.good_ratio / chat.outbound)
        points += round(MODEL.ratio_weight * missing)
    return points


def _for_delivery(chat: Chat) -> int:
    points = MODEL.per_undelivered * max(0, chat.undelivered - MODEL.free_undelivered)
    return min(MODEL.most_for_undelivered, points)


def note(chat: Chat, at: datetime) -> bool:
    """Put the health on the chat after its counters changed; true when its status became another one. Save it."""
    status = of(chat).status
    if status == chat.health:
        return False
    chat.health, chat.health_at = status, at
    return True


def answered(chat: Chat) -> None:
    """They did something about our messages: wrote, or reacted."""
    chat.unanswered = 0
    chat.rapid = 0
    chat.undelivered = 0


def asks_to_stop(text: str) -> bool:
    """Whether a message asks us to stop in words that are not a keyword."""
    return _ASKS_TO_STOP.search(text) is not None


def status_shape(chat: Chat) -> dict[str, Any]:
    """Today's `health_status`."""
    status = of(chat).status
    return {"status": status, "doc_url": f"{DOC_URL}#{ANCHORS[status]}", "updated_at": format_time(chat.health_at)}


def score_shape(chat: Chat) -> dict[str, Any]:
    """The older `health_score`, still sent."""
    health = of(chat)
    return {"score": health.score, "reason": health.reason, "updated_at": format_time(chat.health_at)}
