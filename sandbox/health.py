"""How healthy a chat is: a model of ours, because the remote publishes none (Assumption 8.2 9).

Every chat starts at 100 points. What the remote says drives health is the reply ratio, most of all how long
nobody has answered, so points are lost in two ways:

- `PER_UNANSWERED` for each message we sent since their last one, beyond the first `FREE_UNANSWERED`;
- up to `RATIO_WEIGHT` for a poor ratio: all of it when nothing was ever answered, none from one reply
  to `GOOD_RATIO` messages on. It counts from `RATIO_FROM` messages of ours on.

From `AT_RISK_BELOW` down the chat is AT_RISK, from `CRITICAL_BELOW` down CRITICAL. A keyword makes it OPTED_OUT
until they write again. Groups are judged by the same numbers and are never OPTED_OUT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chats.v3.times import format_time
from sandbox.models import Chat

FREE_UNANSWERED = 2
PER_UNANSWERED = 9
RATIO_FROM = 4
GOOD_RATIO = 3.0
RATIO_WEIGHT = 30
AT_RISK_BELOW = 70
CRITICAL_BELOW = 40

DOC_URL = "https://docs.linqapp.com/channel/imessage/guides/chats/chat-health"
ANCHORS = {"HEALTHY": "healthy", "AT_RISK": "at-risk", "CRITICAL": "critical", "OPTED_OUT": "opted-out"}


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
    score = 100 - PER_UNANSWERED * max(0, chat.unanswered - FREE_UNANSWERED)
    if chat.outbound >= RATIO_FROM:
        missing = 1 - min(1.0, chat.inbound * GOOD_RATIO / chat.outbound)
        score -= round(RATIO_WEIGHT * missing)
    score = max(0, score)
    if score < CRITICAL_BELOW:
        return Health("CRITICAL", score, "Almost no engagement")
    if score < AT_RISK_BELOW:
        return Health("AT_RISK", score, "Not enough engagement")
    return Health("HEALTHY", score, "" if score == 100 else "Some messages are not answered")


def status_shape(chat: Chat) -> dict[str, Any]:
    """Today's `health_status`."""
    status = of(chat).status
    return {"status": status, "doc_url": f"{DOC_URL}#{ANCHORS[status]}", "updated_at": format_time(chat.health_at)}


def score_shape(chat: Chat) -> dict[str, Any]:
    """The older `health_score`, still sent."""
    health = of(chat)
    return {"score": health.score, "reason": health.reason, "updated_at": format_time(chat.health_at)}
